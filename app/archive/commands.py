"""lead-or-manage purge, audit verify, feedback export."""

import json
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlmodel import Session

from app.archive.audit import START, tenants, verify
from app.archive.labelled import training_records
from app.archive.purge import purge as purge_expired
from app.archive.tables import AuditHead
from app.database import current_database
from app.outputs import database_file, replacing
from app.settings import data_path, load_settings

audit = typer.Typer(name="audit", help="Check the audit of what is kept.", no_args_is_help=True)
feedback = typer.Typer(name="feedback", help="Take out what readers corrected.", no_args_is_help=True)


def _database() -> AbstractContextManager[Engine]:
    return current_database(load_settings().database_url, data_path("migrations"))


def purge() -> None:
    """Erase every kept assessment whose day has come; `serve` does it every ten minutes."""
    with _database() as engine:
        typer.echo(f"erased {purge_expired(engine)}")


@audit.command(name="verify")
def verify_audit() -> None:
    """Name every entry that was changed, moved or taken out. Write the last hash down elsewhere to prove it later."""
    faults = 0
    with _database() as engine, Session(engine.execution_options(readonly=True)) as session:
        for tenant in tenants(session):
            found = verify(session, tenant)
            head = session.get(AuditHead, tenant)
            number, last = (head.number, head.hash) if head else (0, START)
            faults += len(found)
            typer.echo(f"{tenant}\t{number} entries\t{'whole' if not found else 'BROKEN'}\t{last}")
            for fault in found:
                typer.echo(f"{tenant}\t{fault}")
    if faults:
        raise typer.Exit(1)


@feedback.command()
def export(
    tenant: Annotated[str, typer.Option(help="The organisation whose feedback it is")],
    out: Annotated[Path, typer.Option(help="File to write, such as feedback.jsonl")],
) -> None:
    """Write the last word on every assessment as labelled situations, for `train` and `evaluate --data`."""
    count, left_out = 0, Counter[str]()
    with (
        _database() as engine,
        Session(engine.execution_options(readonly=True)) as session,
        replacing(out, database_file(load_settings().database_url)) as file,
    ):
        for record in training_records(session, tenant, left_out):
            file.write(f"{json.dumps(record, ensure_ascii=False)}\n".encode())
            count += 1
    typer.echo(f"wrote {count} to {out}")
    for reason, number in left_out.items():
        typer.echo(f"left out {number}: {reason}")
