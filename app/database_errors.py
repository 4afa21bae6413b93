"""What a database that cannot be reached or written means to the operator."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.failures import Failure

SETTING = "LOM_DATABASE_URL"
_REASONS = {
    "unable to open": "cannot be opened; may this user write to its folder?",
    "readonly": "may not be written by this user, or its folder may not",
    "disk is full": "cannot be written: the disk is full",
    "not a database": "is not an SQLite database",
    "locked": "is held by another process; try again when that is done",
    "disk I/O error": "cannot be read or written: the disk fails or is full",
}


class DatabaseFailure(Failure):
    """The database cannot be reached or written; the message names the setting and the file."""


@contextmanager
def told(database_url: str) -> Iterator[None]:
    """Turns what goes wrong with a database into a DatabaseFailure; mistakes of our own pass."""
    url = make_url(database_url)
    try:
        yield
    except (IntegrityError, DataError):
        raise
    except DBAPIError as error:
        raise DatabaseFailure(_told(url, str(error.orig))) from None
    except sqlite3.OperationalError as error:
        raise DatabaseFailure(_told(url, str(error))) from None
    except PoolTimeoutError:
        raise DatabaseFailure(_told(url, "it answers too slowly")) from None
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        if url.get_backend_name() == "sqlite" or "psycopg" not in str(error):
            raise
        raise DatabaseFailure(f"{SETTING}: PostgreSQL needs the package installed with its extra `postgres`") from None


def folder_of(url: URL) -> None:
    """Make the folder of an SQLite file. Raises DatabaseFailure where that is not possible."""
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseFailure(
            f"{SETTING}: the folder {folder} cannot be made ({error.strerror}); name a place that this user may write"
        ) from None


def _told(url: URL, said: str) -> str:
    if url.get_backend_name() == "sqlite":
        reason = next((words for sign, words in _REASONS.items() if sign in said), f"fails: {said}")
        return f"{SETTING}: {url.database} {reason}"
    line = "; ".join(part.strip() for part in said.splitlines() if part.strip())
    for secret in (url.password, url.query.get("password")):
        line = line.replace(str(secret), "***") if secret else line
    return f"{SETTING}: no database answers as asked: {line[:500]}"
