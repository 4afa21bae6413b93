"""The audit names what somebody has changed in it."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from typer.testing import CliRunner

from app.archive import audit
from app.archive.audit import Chain, verify
from app.catalog.setup import set_up
from app.cli import cli
from app.settings import Settings
from tests.support.databases import Databases
from tests.support.organisations import Organisation

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
async def test_the_audit_names_what_was_changed_moved_or_taken_out(
    acme: Organisation, rows: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        await acme.keep()

    def faults() -> list[str]:
        found = verify(rows, acme.tenant)
        rows.rollback()
        return found

    assert faults() == []
    own = f"tenant = '{acme.tenant}'"
    for change in (f"UPDATE audit_entry SET action = 'x' WHERE {own}", f"DELETE FROM audit_entry WHERE {own}"):
        with pytest.raises(DBAPIError, match="append-only"):
            rows.connection().execute(text(change))
        rows.rollback()
    tampered = [
        ("SET key_id = 'somebody' WHERE number = 2", ["entry 2 was changed"]),
        ("WHERE number = 3", ["entry 3 is missing"]),
        ("WHERE number IN (2, 5)", ["entry 2 is missing", "entry 5 is missing"]),
        ("SET hash = previous WHERE number = 6", ["entry 6 was changed"]),
        ("WHERE number >= 5", ["entry 5 is missing", "entry 6 is missing"]),
        (
            "SET number = CASE number WHEN 2 THEN 4 ELSE 2 END WHERE number IN (2, 4)",
            ["entry 2 was moved: it was written as 4", "entry 4 was moved: it was written as 2"],
        ),
    ]
    for change, named in tampered:
        take_triggers_off(rows)
        if "CASE" in change:  # one row at a time, as keys are checked at once
            for old, new in ((2, 99), (4, 2), (99, 4)):
                rows.connection().execute(text(f"UPDATE audit_entry SET number = {new} WHERE {own} AND number = {old}"))
        else:
            verb = "UPDATE audit_entry" if change.startswith("SET") else "DELETE FROM audit_entry"
            rows.connection().execute(text(f"{verb} {change} AND {own}"))
        assert faults() == named
    assert faults() == []
    monkeypatch.setenv("LOM_DATABASE_URL", settings.database_url)
    told = CliRunner().invoke(cli, ["audit", "verify"])
    assert told.exit_code == 0 and f"{acme.tenant}\t6 entries\twhole" in told.stdout


def take_triggers_off(rows: Session) -> None:
    """As somebody would who owns the database; the test's transaction is never committed."""
    if rows.connection().dialect.name == "sqlite":
        for change in ("update", "delete"):
            rows.connection().execute(text(f"DROP TRIGGER audit_no_{change}"))
    else:
        rows.connection().execute(text("DROP TRIGGER audit_is_append_only ON audit_entry"))


@pytest.mark.both_databases
async def test_the_audit_names_what_is_wrong_with_its_head(acme: Organisation, rows: Session) -> None:
    kept = [(await acme.keep()).json()["id"] for _ in range(4)]
    own = f"tenant = '{acme.tenant}'"

    def after(*changes: str) -> list[str]:
        take_triggers_off(rows)
        for change in changes:
            rows.connection().execute(text(f"{change} AND {own}" if "WHERE" in change else f"{change} WHERE {own}"))
        found = verify(rows, acme.tenant)
        rows.rollback()
        return found

    cut = "DELETE FROM audit_entry WHERE number = 4"
    back = "UPDATE audit_head SET number = 3"
    fitting = f", hash = (SELECT hash FROM audit_entry WHERE number = 3 AND {own}) WHERE {own}"
    beyond = "entry 4 stands beyond the head, which names 3"
    other = "entry 3 is not the one that was written last"
    assert after(back) == [beyond, other]
    assert after(back + fitting) == [beyond]
    assert after(cut, back) == [other]
    assert after(cut, back + fitting) == [f"assessment {kept[3]} is kept, but no entry says so"]
    assert after(cut) == ["entry 4 is missing"]
    assert after("UPDATE audit_head SET number = 0") == [
        *(f"entry {number} stands beyond the head, which names 0" for number in range(1, 5)),
        "entry 0 is not the one that was written last",
    ]
    assert after("DELETE FROM audit_head") == ["the head is missing: it should name entry 4"]
    assert after("UPDATE audit_head SET hash = 'x'") == ["entry 4 is not the one that was written last"]
    huge = after("UPDATE audit_head SET number = 2000000000")
    assert huge == ["each of the entries 5 to 2000000000 is missing"]
    everything = after("DELETE FROM audit_head", "DELETE FROM audit_entry")
    assert everything == [f"assessment {one} is kept, but no entry says so" for one in kept]
    assert after() == []


async def test_entries_in_the_wrong_places_are_named_without_trying_every_number(
    rows: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, count = uuid.uuid4().hex, 300
    chain = Chain(rows, tenant, None)
    for _ in range(count):
        chain.append("expire")
    rows.flush()
    take_triggers_off(rows)
    for change in (f"number + {10 * count}", f"{11 * count + 1} - number"):  # turned around, in two steps
        rows.connection().execute(text(f"UPDATE audit_entry SET number = {change} WHERE tenant = '{tenant}'"))
    rows.expire_all()
    tried, real = [], audit._hash
    monkeypatch.setattr(audit, "_hash", lambda entry, number: tried.append(number) or real(entry, number))
    found = verify(rows, tenant)
    rows.rollback()
    assert found == [f"entry {n} was moved: it was written as {count + 1 - n}" for n in range(1, count + 1)]
    assert len(tried) < 10 * count


@pytest.mark.both_databases
async def test_audit_verify_ends_with_1_where_the_chain_is_broken(
    databases: Databases, engines: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.create()
    monkeypatch.setenv("LOM_DATABASE_URL", url)
    set_up(Settings(database_url=url))
    with Session(engines(url)) as session:
        session.connection().execute(text("INSERT INTO audit_head (tenant, number, hash) VALUES ('acme', 1, 'x')"))
        session.commit()
    told = CliRunner().invoke(cli, ["audit", "verify"])
    assert told.exit_code == 1
    assert "acme\tentry 1 is missing" in told.stdout
    assert CliRunner().invoke(cli, ["purge"]).stdout == "erased 0\n"
