"""Backup and restore of a PostgreSQL database, by its own programs."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError

from app.database import connect
from app.presence import UpkeepError
from app.upkeep.archive import Manifest, pack, require_known, unpack

_MIGRATION = re.compile(r"^COPY \S*alembic_version .*\n(\w+)$", re.MULTILINE)
_TABLES = text(
    "SELECT count(*) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
)


def backup(url: URL, target: Path) -> Manifest:
    """Dump one moment of the database while others write, read the dump, and pack it."""
    dump = ("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--dbname={_plain(url)}")
    by_hand = f"pg_dump --format=custom --no-owner --no-privileges --dbname='{_plain(url)}' --file='{target}.pgdump'"
    with TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        copy = Path(folder, "copy.pgdump")
        _run(url, *dump, f"--file={copy}", by_hand=by_hand)
        return pack(copy, target, "postgresql", _migration(url, copy))


def restore(file: Path, url: URL) -> None:
    """Restore into an empty database; one that holds anything is left alone, and so is kept."""
    engine = connect(url.render_as_string(hide_password=False))
    try:
        with engine.connect() as connection:
            tables = connection.execute(_TABLES).scalar_one()
    except DBAPIError:
        raise UpkeepError(f"the database {url.database} does not answer") from None
    finally:
        engine.dispose()
    if tables:
        raise UpkeepError(
            f"the database {url.database} is not empty. Make a new one (`createdb NAME`), let LOM_DATABASE_URL name it "
            "and restore there; the old one stays as it is"
        )
    with TemporaryDirectory() as folder:
        copy = Path(folder, "copy.pgdump")
        unpack(file, copy)
        require_known(_migration(url, copy), "the backup")
        options = (
            "--exit-on-error",
            "--single-transaction",
            "--no-owner",
            "--no-privileges",
            f"--dbname={_plain(url)}",
        )
        _run(url, "pg_restore", *options, str(copy))


def _migration(url: URL, dump: Path) -> str:
    said = _run(url, "pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(dump))
    found = _MIGRATION.search(said)
    if not found:
        raise UpkeepError("this is not a database of this service; has it ever been served?")
    return found[1]


def _plain(url: URL) -> str:
    """The URL as libpq reads it, without a password: what stands in a command line is seen by others."""
    query = {name: value for name, value in url.query.items() if name != "password"}
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database, query).render_as_string()


def _run(url: URL, program: str, *arguments: str, by_hand: str = "") -> str:
    path = shutil.which(program)
    manual = f" Or run it where it is at hand:\n{by_hand}" if by_hand else ""
    if path is None:
        raise UpkeepError(f"{program} is not on the PATH. Install PostgreSQL's client programs.{manual}")
    password = url.password or url.query.get("password")
    given = {"PGPASSWORD": str(password)} if password else {}
    done = subprocess.run([path, *arguments], env=os.environ | given, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.strip().replace("\n", "; ")
        hint = " Install the client programs of the server's version." if "version mismatch" in said else ""
        raise UpkeepError(f"{program} failed: {said}.{hint}{manual}")
    return done.stdout
