"""lead-or-manage backup | restore | where."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from app.presence import UpkeepError
from app.settings import load_settings
from app.upkeep import postgres, sqlite
from app.upkeep.archive import read_manifest, require_known
from app.upkeep.where import lines, shown

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup, one file")]


def backup(file: BackupFile) -> None:
    """Copy the database into one checked file, while the service runs; never over a file that is there."""
    url = make_url(load_settings().database_url)
    if not file.parent.is_dir():
        raise UpkeepError(f"there is no folder {file.parent}")
    try:
        if file.exists():
            raise FileExistsError
        if url.get_backend_name() == "sqlite":
            made = sqlite.backup(Path(str(url.database)), file)
        else:
            made = postgres.backup(url, file)
    except FileExistsError:
        raise UpkeepError(f"{file} is there already; name a new file") from None
    except OSError as error:
        raise UpkeepError(f"{file} cannot be written: {error.strerror}") from None
    size = file.stat().st_size
    typer.echo(f"Backed up {shown(url)} at migration {made.migration}: {file}, {size:,} bytes, read back and sound.")


def restore(file: BackupFile) -> None:
    """Bring a backup back. The former SQLite file is kept aside; a PostgreSQL database must be empty."""
    url = make_url(load_settings().database_url)
    manifest = read_manifest(file)
    if manifest.database != url.get_backend_name():
        raise UpkeepError(f"{file} is of {manifest.database}, but LOM_DATABASE_URL names {url.get_backend_name()}")
    require_known(manifest.migration, "the backup")
    kept = None
    if url.get_backend_name() == "sqlite":
        kept = sqlite.restore(file, Path(str(url.database)))
    else:
        postgres.restore(file, url)
    typer.echo(f"Restored {shown(url)} as of {manifest.made_at:%Y-%m-%d %H:%M}Z, migration {manifest.migration}.")
    if kept:
        typer.echo(f"The former database is kept as {kept}.")
    typer.echo("`lead-or-manage serve` brings it up to date. Delete again what was deleted since the backup was made.")


def where() -> None:
    """Where the database, the model and the seed are, and where each setting comes from."""
    for line in lines(load_settings()):
        typer.echo(line)
