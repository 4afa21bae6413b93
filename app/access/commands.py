"""lead-or-manage keys create | list | rotate | revoke."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from sqlmodel import Session

from app.access import keys as store
from app.access.tables import ApiKey
from app.database import current_database
from app.settings import data_path, load_settings

keys = typer.Typer(name="keys", help="Make, list, rotate and revoke API keys.", no_args_is_help=True)
KeyId = Annotated[str, typer.Argument(help="The id that `keys list` shows")]


@contextmanager
def _session() -> Iterator[Session]:
    with current_database(load_settings().database_url, data_path("migrations")) as engine, Session(engine) as session:
        yield session
        session.commit()


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, such as `survey importer`")],
    tenant: Annotated[str, typer.Option(help="The organisation whose rows it sees")] = "local",
    scope: Annotated[
        list[str] | None, typer.Option(help="read, score, write or admin; repeat it [read, score]")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days until it expires [never]")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Requests a minute [LOM_RATE_LIMIT]")] = None,
) -> None:
    """Make a key and print it, once: only a hash of it is kept."""
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    with _session() as session:
        scopes = scope or ["read", "score"]
        plain, row = store.create(session, name=name, tenant=tenant, scopes=scopes, expires_at=expires_at, rate=rate)
        told = _line(row)
    typer.echo(told, err=True)
    typer.echo(plain)


@keys.command(name="list")
def list_() -> None:
    """Every key there ever was, with its state; never the keys themselves."""
    with _session() as session:
        for row in store.list_keys(session):
            typer.echo(_line(row))


@keys.command()
def rotate(
    key_id: KeyId,
    overlap: Annotated[int, typer.Option(min=0, max=24 * 90, help="Hours that the old key goes on working")] = 24,
) -> None:
    """Make a new key in place of an old one and print it, once; the old one goes on for a while."""
    with _session() as session:
        plain, row = store.rotate(session, key_id, timedelta(hours=overlap))
        told = _line(row)
    typer.echo(told, err=True)
    typer.echo(plain)


@keys.command()
def revoke(key_id: KeyId) -> None:
    """End a key for good; every worker knows within five seconds."""
    with _session() as session:
        told = _line(store.revoke(session, key_id))
    typer.echo(told)


def _line(row: ApiKey) -> str:
    ends = f"expires {row.expires_at:%Y-%m-%d %H:%M}Z" if row.expires_at else "does not expire"
    rate = f"{row.rate}/min" if row.rate else "-"
    return "\t".join(
        (row.id, store.state(row), row.tenant, " ".join(row.scopes), f"...{row.hint}", ends, rate, row.name)
    )
