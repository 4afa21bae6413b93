"""At which migration a database stands, without Alembic, which takes long to load and is needed to migrate alone."""

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

_VERSION = table("alembic_version", column("version_num"))


def revisions(migrations: Path) -> list[str]:
    """The ids of the migrations of this release, oldest first: the numbers that their files begin with."""
    return sorted(file.name.partition("_")[0] for file in (migrations / "versions").glob("*_*.py"))


def current_revision(connection: Connection) -> str | None:
    """The id of the migration that a database stands at, or None where there is none."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.scalar(select(_VERSION.c.version_num))
    return found
