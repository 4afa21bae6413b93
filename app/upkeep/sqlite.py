"""Backup and restore of an SQLite database."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from app.presence import UpkeepError, alone
from app.upkeep.archive import Manifest, pack, require_known, unpack

PATIENCE_SECONDS = 60
COMPANIONS = ("", "-journal", "-wal", "-shm")


def backup(database: Path, target: Path) -> Manifest:
    """Copy one moment of the database while others write, check the copy, and pack it.

    The copy is made anew row by row (VACUUM INTO), so it holds no remains of what was deleted.
    """
    if not database.is_file():
        raise UpkeepError(f"there is no database {database} yet")
    with TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        copy = Path(folder, "copy.db")
        try:
            with closing(_open(database)) as connection:
                connection.execute("VACUUM INTO ?", (str(copy),))
        except sqlite3.DatabaseError as error:
            raise UpkeepError(f"{database} cannot be copied: {error}") from None
        return pack(copy, target, "sqlite", checked(copy))


def checked(file: Path) -> str:
    """The migration at which a database stands. Raises UpkeepError where it is damaged or not one of ours."""
    try:
        with closing(_open(file)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            if found != ["ok"] or connection.execute("PRAGMA foreign_key_check").fetchone():
                raise UpkeepError(f"the copy is damaged: {found[0]}")
            return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.DatabaseError, TypeError):
        raise UpkeepError("this is not a database of this service; has it ever been served?") from None


def restore(file: Path, database: Path) -> Path | None:
    """Put the copy of a backup in the place of the database. Answers where the former one is kept, if there was one.

    Raises UpkeepError where a service runs, the former database belongs to a newer release, or the copy is damaged.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with alone(database), TemporaryDirectory(dir=database.parent, prefix=".restore-") as folder:
        copy = Path(folder, "copy.db")
        unpack(file, copy)
        require_known(checked(copy), "the backup")
        kept = None
        if database.exists():
            _settle(database)
            shutil.copymode(database, copy)
            kept = database.with_name(f"{database.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
            for companion in COMPANIONS:
                part = database.with_name(database.name + companion)
                if part.exists():
                    os.replace(part, kept.with_name(kept.name + companion))
        os.replace(copy, database)
    return kept


def _settle(database: Path) -> None:
    """Bring everything into the one file, where it is a sound database; a damaged one is kept as it is."""
    try:
        with closing(_open(database, patience=5)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("BEGIN EXCLUSIVE")
            migration = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise UpkeepError(f"something writes to {database} just now; stop it first") from None
    except sqlite3.DatabaseError:
        return
    else:
        if migration:
            require_known(migration[0], f"the database {database}")


def _open(database: Path, patience: float = PATIENCE_SECONDS) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=patience, isolation_level=None)
