"""Alembic's entry: the service hands its own connection over; from the command line LOM_DATABASE_URL decides."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

import app.access.tables
import app.archive.tables
import app.catalog.tables
import app.jobs.tables  # noqa: F401  all fill the metadata
from app.database import Base, connect
from app.settings import load_settings


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
        include_object=lambda thing, *_: _belongs(thing, connection.dialect.name),
    )
    with context.begin_transaction():
        context.run_migrations()


def _belongs(thing: Any, dialect: str) -> bool:
    """Whether a table or one of its parts exists on this database."""
    return getattr(thing, "info", {}).get("dialect", dialect) == dialect


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    with connect(load_settings().database_url).begin() as connection:
        migrate(connection)
