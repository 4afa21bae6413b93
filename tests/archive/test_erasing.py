"""Retention, and what is handed out and erased under a pseudonym."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select, update

from app import database
from app.access.keys import create
from app.archive.purge import Purger, purge
from app.archive.tables import AuditEntry, KeptAssessment
from app.settings import Settings
from tests.support.apps import running
from tests.support.databases import Databases
from tests.support.organisations import Organisation, actions

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
async def test_retention_ends_visibility_at_once_and_the_purge_erases_each_once(
    acme: Organisation, rows: Session, engine: Engine
) -> None:
    kept = (await acme.keep(subject_ref="p-1")).json()
    lasts = datetime.fromisoformat(kept["expires_at"]) - datetime.fromisoformat(kept["created_at"])
    assert lasts == timedelta(days=30)
    short = (await acme.keep(retention_days=2)).json()
    assert datetime.fromisoformat(short["expires_at"]) < datetime.fromisoformat(kept["expires_at"])
    long = await acme.keep(retention_days=31)
    assert (long.status_code, long.json()["errors"][0]["pointer"]) == (422, "/retention_days")
    mine = col(KeptAssessment.tenant) == acme.tenant
    rows.exec(update(KeptAssessment).where(mine).values(expires_at=datetime.now(UTC)))
    rows.commit()
    assert (await acme.ask("GET", f"/assessments/{kept['id']}")).status_code == 404
    assert (await acme.ask("GET", "/assessments")).json()["page"]["total"] == 0
    assert (await acme.ask("GET", "/subjects/p-1/export")).json()["assessments"] == []
    purgers = [threading.Thread(target=purge, args=(engine,)) for _ in range(4)]
    for purger in purgers:
        purger.start()
    for purger in purgers:
        purger.join()
    assert rows.exec(select(KeptAssessment).where(mine)).all() == []
    assert actions(rows, acme) == ["keep", "keep", "export_subject", "expire", "expire"]


@pytest.mark.both_databases
async def test_serve_purges_by_itself(acme: Organisation, rows: Session, engine: Engine) -> None:
    await acme.keep()
    mine = col(KeptAssessment.tenant) == acme.tenant
    rows.exec(update(KeptAssessment).where(mine).values(expires_at=datetime.now(UTC)))
    rows.commit()
    purger, deadline = Purger(engine), time.monotonic() + 20
    while rows.exec(select(KeptAssessment.id).where(mine)).all() and time.monotonic() < deadline:
        rows.rollback()
        await asyncio.sleep(0.05)
    purger.stop()
    assert rows.exec(select(KeptAssessment.id).where(mine)).all() == []


@pytest.mark.both_databases
async def test_what_is_kept_under_a_pseudonym_is_handed_out_and_erased_in_every_copy(
    acme: Organisation, rows: Session
) -> None:
    first = (await acme.keep(subject_ref="p-1", key="one")).json()
    stays = (await acme.keep(subject_ref="p-2", key="two")).json()
    said = (await acme.ask("POST", f"/assessments/{first['id']}/feedback", {"agree": True, "reason": "Yes."})).json()
    exported = (await acme.ask("GET", "/subjects/p-1/export")).json()
    assert exported["assessments"] == [{**first, "feedback": [said]}]
    receipt = (await acme.ask("DELETE", "/subjects/p-1")).json()
    assert (receipt["assessments"], receipt["feedback"], receipt["idempotency_keys"]) == (1, 1, 1)
    entry = rows.get(AuditEntry, (acme.tenant, receipt["audit_entry"]))
    assert entry and (entry.hash, entry.action) == (receipt["audit_hash"], "erase_subject")
    rows.rollback()  # lets others write
    again = await acme.ask("DELETE", "/subjects/p-1")
    assert (again.status_code, again.json()["assessments"]) == (200, 0)
    assert (await acme.ask("GET", f"/assessments/{first['id']}")).status_code == 404
    assert (await acme.ask("GET", f"/assessments/{stays['id']}")).status_code == 200
    assert (await acme.ask("DELETE", f"/assessments/{stays['id']}")).status_code == 204
    assert (await acme.ask("DELETE", f"/assessments/{stays['id']}")).status_code == 404
    for bad in ("anna@example.com", "Anna%20Berger"):
        assert (await acme.ask("DELETE", f"/subjects/{bad}")).status_code == 422


@pytest.mark.parametrize("wal", [False, True])
@pytest.mark.both_databases
async def test_erased_text_is_not_left_in_the_files_or_tables(
    databases: Databases, engines: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch, wal: bool
) -> None:
    monkeypatch.setattr(database, "wal_is_sound", lambda version: wal)
    settings = Settings(database_url=databases.seeded())
    engine = engines(settings.database_url)
    with Session(engine) as session:
        key, _ = create(session, name="a test", tenant="acme", scopes=["read", "write"])
        session.commit()
    async with running(settings) as c:
        acme = Organisation(c, lambda *scopes, **more: key)
        for number in range(24):
            situation = f"CANARY{number} must plan the night shift. " + "We merge two plants. " * (number % 7 * 40)
            who = "p-2" if number == 12 else "p-1"
            kept = (await acme.keep(situation, subject_ref=who, key=f"k{number}", id=f"CANARY-{number}")).json()
            reason = {"agree": True, "reason": f"CANARY {number}"}
            assert (await acme.ask("POST", f"/assessments/{kept['id']}/feedback", reason)).status_code == 201
            if number == 12:
                single = kept["id"]
        assert hits(engine, settings) > 24
        assert (await acme.ask("DELETE", "/subjects/p-1")).json()["assessments"] == 23
        assert (await acme.ask("DELETE", f"/assessments/{single}")).status_code == 204
        assert hits(engine, settings) == 0


def hits(engine: Engine, settings: Settings) -> int:
    """How often the canary stands in the files of SQLite, or in all rows of PostgreSQL."""
    if engine.dialect.name == "sqlite":
        path = Path(settings.database_url.removeprefix("sqlite:///"))
        return sum(file.read_bytes().count(b"CANARY") for file in path.parent.glob(f"{path.name}*"))
    tables = ("assessment", "feedback", "idempotency_key", "audit_entry", "audit_head")
    with engine.connect() as connection:
        found = [connection.execute(text(f"SELECT t::text FROM {table} t")).scalars().all() for table in tables]
    return str(found).count("CANARY")
