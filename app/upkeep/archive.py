"""The one file of a backup: a ZIP of the database's copy and a manifest that says what it is."""

import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict

from app import __version__
from app.presence import UpkeepError
from app.revisions import revisions
from app.settings import data_path

FORMAT = 1
MANIFEST, DATA = "manifest.json", "database"
CHUNK = 1024 * 1024
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    LookupError,
    RuntimeError,
    ValueError,
    EOFError,
    OSError,
)
"""What reading a ZIP or its manifest raises where a bit of it has changed."""


class Manifest(BaseModel):
    """What a backup is."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    format: int
    """The kind of file, 1 so far."""
    database: Literal["sqlite", "postgresql"]
    """The database it was taken from, and can be restored into."""
    migration: str
    """The migration at which the data stands."""
    release: str
    """The release of the service that made it."""
    made_at: datetime
    """When it was made."""
    size: int
    """Bytes of the copy."""
    sha256: str
    """Of the copy."""


def require_known(migration: str, what: str) -> None:
    """Raise UpkeepError where this release does not know the migration: a newer release made it."""
    if migration not in revisions(data_path("migrations")):
        raise UpkeepError(
            f"{what} stands at migration {migration}, which release {__version__} does not know: it was written by a "
            "newer release; use that one or a later one"
        )


def pack(copy: Path, target: Path, database: Literal["sqlite", "postgresql"], migration: str) -> Manifest:
    """Write the backup file, then read it back and compare. Raises FileExistsError rather than overwrite."""
    with copy.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    manifest = Manifest(
        format=FORMAT,
        database=database,
        migration=migration,
        release=__version__,
        made_at=datetime.now(UTC).replace(microsecond=0),
        size=copy.stat().st_size,
        sha256=digest,
    )
    part = copy.with_name("backup.part")  # beside the copy, in a folder that goes whatever happens
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
            archive.write(copy, DATA)
        file.flush()
        os.fsync(file.fileno())
    read_manifest(part)
    _place(part, target)
    return manifest


def _place(part: Path, target: Path) -> None:
    """Give a file its name at once. Raises FileExistsError rather than overwrite."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        target.touch(exist_ok=False)
        os.replace(part, target)


def read_manifest(file: Path) -> Manifest:
    """What a backup file says that it is, once its contents have been compared with that. Raises UpkeepError."""
    with _opened(file) as (manifest, pieces):
        digest, size = hashlib.sha256(), 0
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
        if (size, digest.hexdigest()) != (manifest.size, manifest.sha256):
            raise UpkeepError(f"{file} is damaged: its contents are not those that its manifest names")
        return manifest


def unpack(file: Path, target: Path) -> None:
    """Write the copy that a backup holds to a new file, down to the disk."""
    with _opened(file) as (_, pieces), target.open("xb") as out:
        for piece in pieces:
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Manifest, Iterator[bytes]]]:
    """The manifest of a backup and its copy in pieces. Raises UpkeepError at whatever is wrong with the file."""
    with ExitStack() as stack:
        with _damage_told(file):
            archive = stack.enter_context(zipfile.ZipFile(file))
            manifest = Manifest.model_validate_json(archive.read(MANIFEST))
            if manifest.format != FORMAT:
                raise UpkeepError(f"{file} has the format {manifest.format}; this release reads {FORMAT}")
            data = stack.enter_context(archive.open(DATA))
        yield manifest, _pieces(file, data)


def _pieces(file: Path, data: IO[bytes]) -> Iterator[bytes]:
    with _damage_told(file):
        while piece := data.read(CHUNK):
            yield piece


@contextmanager
def _damage_told(file: Path) -> Iterator[None]:
    """Only reading stands in here: what writing raises says nothing of the backup."""
    try:
        yield
    except FileNotFoundError:
        raise UpkeepError(f"there is no file {file}") from None
    except DAMAGE:
        raise UpkeepError(f"{file} is not a whole backup of this service") from None
