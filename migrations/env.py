"""Alembic's entry: the service hands its own connection over; from the command line LOM_DATABASE_URL decides."""

from alembic import context
from sqlalchemy import Connection

import app.catalog.tables  # noqa: F401  fills the metadata
from app.database import Base, connect
from app.settings import load_settings


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    with connect(load_settings().database_url).begin() as connection:
        migrate(connection)
