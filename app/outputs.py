"""Files that commands write: whole or not at all, and never over what they are made from."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import make_url

from app.failures import Failure


class OutputError(Failure):
    """The file cannot be written; the message says why. What stood there before stands there still."""


def database_file(database_url: str) -> Path | None:
    """The file of an SQLite database, which nothing may be written over."""
    url = make_url(database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def refuse_same(target: Path, *sources: Path | None) -> None:
    """Raises OutputError where the file to be written is, by whatever link, one of those that are read."""
    for source in sources:
        try:
            same = source is not None and os.path.samefile(target, source)
        except OSError:  # one of them does not exist, so they are not the same
            same = source is not None and os.path.realpath(target) == os.path.realpath(source)
        if same:
            raise OutputError(f"{target} is the file that is read; give the one to be written another name")
    if target.is_dir():
        raise OutputError(f"{target} is a folder; name a file in it")
    if not Path(os.path.realpath(target)).parent.is_dir():
        raise OutputError(f"there is no folder {target.parent}")


@contextmanager
def replacing(target: Path, *sources: Path | None) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `target` at the end; where anything is raised, nothing changes.

    A link stays one, and the file that it leads to is replaced. What is no regular file, such as /dev/stdout, is
    written to as it is. Raises OutputError.
    """
    refuse_same(target, *sources)
    real = Path(os.path.realpath(target))
    if real.exists() and not real.is_file():
        with _open(target, real, "wb") as file:
            yield file
        return
    part = real.with_name(f".{real.name[:100]}.{secrets.token_hex(4)}.part")
    file = _open(target, part, "xb")
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if real.exists():
            shutil.copymode(real, part)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            raise OutputError(f"{target} cannot be written: {error.strerror}") from None
        raise
    try:
        os.replace(part, real)
    except OSError as error:
        raise OutputError(f"{target} cannot be replaced: {error.strerror}; the result is in {part}") from None


def _open(target: Path, path: Path, mode: str) -> BinaryIO:
    try:
        return open(path, mode)  # type: ignore[return-value]
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror}") from None
