"""A mark that an SQLite database is in use, so that nothing is restored under a running service.

The mark is a lock on a file beside the database; it goes when the process goes, however that ends. PostgreSQL needs
none: a backup is restored there into an empty database only.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from app.database_errors import told
from app.failures import Failure

PATIENCE_SECONDS = 5
RESTORED = "the database is being restored just now; try again when that is done"


class UpkeepError(Failure):
    """A backup cannot be made or restored as asked; the message says why and what to do."""


def mark_of(database: Path) -> Path:
    """The file that carries the mark."""
    return database.with_name(f"{database.name}.running")


@contextmanager
def in_use(engine: Engine) -> Iterator[None]:
    """Mark the database as in use; many processes may at once. Raises UpkeepError while it is being restored."""
    if engine.dialect.name != "sqlite":
        yield
        return
    with _marked(Path(str(engine.url.database)), "BEGIN", RESTORED):
        yield


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Hold the database for oneself. Raises UpkeepError where a service runs on it."""
    with _marked(database, "BEGIN EXCLUSIVE", f"a service runs on {database}; stop it first"):
        yield


@contextmanager
def _marked(database: Path, begin: str, taken: str) -> Iterator[None]:
    url = f"sqlite:///{database}"
    with told(url):
        connection = _open(mark_of(database))
    with closing(connection):
        with told(url):
            try:
                connection.execute(begin)
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise UpkeepError(taken) from None
                raise
        yield


def _open(mark: Path) -> sqlite3.Connection:
    return sqlite3.connect(mark, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False)
