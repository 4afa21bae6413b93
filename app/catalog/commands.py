"""lead-or-manage seed, programs export | import."""

from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, get_args

import typer
from sqlalchemy import Engine

from app.catalog.importing import Outcome, export_programs, import_programs
from app.catalog.setup import set_up
from app.catalog.spreadsheet import SheetError
from app.catalog.tables import TENANT_LENGTH
from app.database import current_database
from app.outputs import database_file, refuse_same, replacing
from app.settings import data_path, load_settings
from app.tabular.header import DELIMITERS

programs = typer.Typer(name="programs", help="Programs as CSV, out and in.", no_args_is_help=True)


def _fail(message: object) -> typer.Exit:
    typer.echo(f"lead-or-manage: {message}", err=True)
    return typer.Exit(2)


def _engine() -> AbstractContextManager[Engine]:
    return current_database(load_settings().database_url, data_path("migrations"))


@programs.command(name="export")
def export(
    file: Annotated[Path, typer.Argument(help="The CSV file to write")],
    tenant: Annotated[str | None, typer.Option(help="Whose own programs [the shared ones]")] = None,
) -> None:
    """Write programs as CSV in UTF-8 with a byte order mark, as spreadsheets like it."""
    refuse_same(file, database_file(load_settings().database_url))
    with _engine() as engine:
        table = export_programs(engine, tenant)
    with replacing(file) as out:
        out.write(table.encode())


@programs.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file with the columns that `programs export` writes")],
    tenant: Annotated[str, typer.Option(help="Whose programs they are")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing")] = False,
    delimiter: Annotated[str, typer.Option(help=f"Between cells: auto, {', '.join(DELIMITERS)}")] = "auto",
) -> None:
    """Add and change a tenant's programs, all rows or none; what the file does not name stays.

    A column that is missing stays as it is, an empty cell is cleared. Ends with 1 if a row is refused.
    """
    if not tenant or len(tenant) > TENANT_LENGTH or not tenant.isprintable():
        raise _fail(f"a tenant has 1 to {TENANT_LENGTH} printable characters")
    if delimiter not in {"auto", *DELIMITERS}:
        raise _fail(f"--delimiter is one of: auto, {', '.join(DELIMITERS)}")
    try:
        content = file.read_bytes()
        with _engine() as engine:
            steps = import_programs(engine, tenant, content, dry_run, DELIMITERS.get(delimiter))
    except OSError as error:
        raise _fail(f"{file} cannot be read: {error.strerror}") from None
    except SheetError as error:
        typer.echo(f"{file.name}: {error}", err=True)
        raise typer.Exit(1) from None
    for step in steps:
        typer.echo(str(step))
    found = Counter(step.outcome for step in steps)
    counts = ", ".join(f"{found[outcome]} {outcome}" for outcome in get_args(Outcome))
    refused = bool(found["refuse"])
    nothing = "; nothing was written" if refused or dry_run else ""
    typer.echo(f"{counts}{nothing}", err=refused)
    if refused:
        raise typer.Exit(1)


def seed(
    source: Annotated[Path | None, typer.Option("--from", help="Seed folder [the one that is shipped]")] = None,
) -> None:
    """Bring the catalogue of the database up to date with the seed files. Running it twice changes nothing."""
    report = set_up(load_settings(), source)
    for verb in ("added", "changed", "removed"):
        for slug in getattr(report, verb):
            typer.echo(f"{verb} {slug}")
    for slug in report.kept:
        typer.echo(f"kept {slug} (edited)")
    typer.echo(str(report))
