"""Kept assessments: tenants, idempotency, retention, erasure, audit, feedback and the picture."""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select, update
from typer.testing import CliRunner

from app import database
from app.access.keys import create
from app.archive.audit import heads, verify
from app.archive.purge import Purger, purge
from app.archive.tables import AuditEntry, IdempotencyKey, KeptAssessment
from app.cli import cli
from app.main import create_app, set_up
from app.scoring.records import read_records
from app.settings import Settings
from tests.conftest import SITUATION, Databases

pytestmark = pytest.mark.anyio
MakeKey = Callable[..., str]
Answer = httpx.Response


class Organisation:
    """A client with a key of an organisation that keeps nothing yet."""

    def __init__(self, client: httpx.AsyncClient, make_key: MakeKey) -> None:
        self.tenant = uuid.uuid4().hex
        self._client, self._key = client, make_key("read", "write", tenant=self.tenant)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        headers = {"X-API-Key": self._key, "X-Request-ID": "the-same", **headers}
        return await self._client.request(method, f"/v1{path}", json=body, headers=headers)

    async def keep(self, situation: str = SITUATION, key: str | None = None, **more: Any) -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.ask("POST", "/assessments", {"text": situation, **more}, **headers)


@pytest.fixture
def acme(client: httpx.AsyncClient, make_key: MakeKey) -> Organisation:
    return Organisation(client, make_key)


@pytest.fixture
def other(client: httpx.AsyncClient, make_key: MakeKey) -> Organisation:
    return Organisation(client, make_key)


@pytest.fixture
def engine(settings: Settings, engines: Callable[[str], Engine]) -> Engine:
    return engines(settings.database_url)


@pytest.fixture
def rows(engine: Engine) -> Iterator[Session]:
    """The database itself, for what must or must not stand in it."""
    with Session(engine) as session:
        yield session


def actions(rows: Session, organisation: Organisation) -> list[str]:
    statement = select(AuditEntry.action).where(AuditEntry.tenant == organisation.tenant)
    return list(rows.exec(statement.order_by(col(AuditEntry.number))))


async def test_what_is_kept_is_what_scoring_answers_with_quotes_in_every_unit(
    acme: Organisation, client: httpx.AsyncClient
) -> None:
    situation = f"\U0001f984 Ünser Plan: {SITUATION}"
    for unit in ("unicode_code_point", "utf16", "utf8"):
        body = {"text": situation, "id": "case-1", "options": {"offset_unit": unit}}
        made = await acme.ask("POST", "/assessments", body)
        assert made.status_code == 201
        assert made.json()["result"] == (await client.post("/v1/score", json=body)).json()
        assert made.json()["text"] == situation
        got = await acme.ask("GET", made.headers["location"].removeprefix("/v1"))
        assert got.content == made.content
        assert got.headers["cache-control"] == "no-store"


async def test_another_organisation_cannot_tell_it_from_what_does_not_exist(
    acme: Organisation, other: Organisation
) -> None:
    mine = (await acme.keep(subject_ref="p-1", key="one")).json()["id"]
    unknown = uuid.uuid4().hex
    agree = {"agree": True}
    operations: list[tuple[str, str, Any]] = [
        ("GET", "/assessments/{}", None),
        ("GET", "/assessments/{}.svg", None),
        ("POST", "/assessments/{}/feedback", agree),
        ("GET", "/assessments/{}/feedback", None),
        ("DELETE", "/assessments/{}", None),
    ]
    for method, path, body in operations:
        foreign, missing = [await other.ask(method, path.format(one), body) for one in (mine, unknown)]
        assert foreign.status_code == 404, path
        assert foreign.content == missing.content, path
    assert (await other.ask("GET", "/assessments")).json() == {
        "items": [],
        "page": {"limit": 20, "total": 0, "next": None, "prev": None},
    }
    assert (await other.ask("GET", "/subjects/p-1/export")).json()["assessments"] == []
    assert (await other.ask("DELETE", "/subjects/p-1")).json()["assessments"] == 0
    theirs = (await other.keep("Forty invoices a day.", key="one")).json()["id"]
    assert theirs != mine
    assert [one["id"] for one in (await acme.ask("GET", "/assessments")).json()["items"]] == [mine]
    assert (await acme.ask("GET", f"/assessments/{mine}")).status_code == 200


async def test_the_list_is_newest_first_filtered_and_paged(acme: Organisation) -> None:
    texts = [SITUATION, "Forty invoices a day, each checked against the order before five.", "Hello."]
    kept = [(await acme.keep(one, subject_ref="p-9")).json() for one in (*texts, *texts)]
    newest = [one["id"] for one in reversed(kept)]
    seen, link, pages = [], "/assessments?limit=2", []
    while link:
        page = (await acme.ask("GET", link)).json()
        seen += [one["id"] for one in page["items"]]
        pages.append(page)
        link = (page["page"]["next"] or "").removeprefix("/v1")
    assert seen == newest
    back = (await acme.ask("GET", pages[-1]["page"]["prev"].removeprefix("/v1"))).json()
    assert back["items"] == pages[-2]["items"]
    assert pages[0]["page"]["total"] == 6
    assert "p-9" not in str(pages) and "invoices" not in str(pages)

    async def found(query: str) -> list[str]:
        return [one["id"] for one in (await acme.ask("GET", f"/assessments?{query}")).json()["items"]]

    verdict = kept[2]["result"]["verdict"]
    wanted = [one["id"] for one in reversed(kept) if one["result"]["verdict"] == verdict]
    assert await found(f"verdict={verdict}") == wanted
    assert await found("verdict=leadership&verdict=management&verdict=both&verdict=insufficient") == newest
    assert await found("status=unreadable") == []
    assert await found(f"model={kept[0]['result']['versions']['model']}") == newest
    assert await found("model=1999.1") == []
    assert await found(f"created_from={kept[4]['created_at']}") == newest[:2]
    assert await found(f"created_to={kept[4]['created_at']}") == newest[2:]


async def test_nothing_filters_groups_or_sorts_by_person(acme: Organisation) -> None:
    for query in ("subject_ref=p-1", "sort=subject_ref", "group=subject_ref", "created_to=0001-01-01T00:00:00%2B14:00"):
        assert (await acme.ask("GET", f"/assessments?{query}")).status_code == 422, query
    other_list = (await acme.ask("GET", "/assessments?limit=1&cursor=bm9wZQ")).json()
    assert other_list["code"] == "bad_cursor"


async def test_a_repeated_request_makes_nothing_twice(acme: Organisation, rows: Session) -> None:
    first = await acme.keep(key="one", subject_ref="p-1")
    again = await acme.keep(key="one", subject_ref="p-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    changed = await acme.keep("Something else is to be done.", key="one")
    assert (changed.status_code, changed.json()["code"]) == (422, "idempotency_key_reused")
    assert (await acme.keep(key="two")).json()["id"] != first.json()["id"]
    assert (await acme.ask("GET", "/assessments")).json()["page"]["total"] == 2
    stored = rows.exec(select(IdempotencyKey).where(IdempotencyKey.tenant == acme.tenant)).all()
    assert not any("one" in row.key or "merging" in str(row.model_dump()) for row in stored)


async def test_twenty_requests_at_once_make_one_row(acme: Organisation, rows: Session) -> None:
    answers = await asyncio.gather(*(acme.keep(key="rush") for _ in range(20)))
    statuses = {answer.status_code for answer in answers}
    assert 201 in statuses and statuses <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 409)
    assert (await acme.ask("GET", "/assessments")).json()["page"]["total"] == 1
    assert actions(rows, acme) == ["keep"]


async def test_a_key_is_free_again_after_a_failure_and_after_a_crash(acme: Organisation, rows: Session) -> None:
    refused = await acme.keep(key="one", options={"model_version": "1999.1"})
    assert refused.json()["code"] == "unknown_model_version"
    assert (await acme.keep(key="one")).status_code == 201
    now = datetime.now(UTC)
    mine = (col(IdempotencyKey.tenant) == acme.tenant,)
    rows.exec(update(IdempotencyKey).where(*mine).values(assessment_id=None, started_at=now))
    rows.commit()
    assert (await acme.keep(key="one")).json()["code"] == "request_running"
    rows.exec(update(IdempotencyKey).where(*mine).values(started_at=now - timedelta(seconds=61)))
    rows.commit()
    assert (await acme.keep(key="one")).status_code == 201


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
async def test_erased_text_is_not_left_in_the_files_or_tables(
    databases: Databases, engines: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch, wal: bool
) -> None:
    monkeypatch.setattr(database, "wal_is_sound", lambda version: wal)
    settings = Settings(database_url=databases.create())
    set_up(settings)
    engine = engines(settings.database_url)
    with Session(engine) as session:
        key, _ = create(session, name="a test", tenant="acme", scopes=["read", "write"])
        session.commit()
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test") as c:
        acme = Organisation(c, lambda *scopes, **more: key)
        for number in range(60):
            situation = f"CANARY{number} must plan the night shift. " + "We merge two plants. " * (number % 7 * 40)
            who = "p-2" if number == 30 else "p-1"
            kept = (await acme.keep(situation, subject_ref=who, key=f"k{number}", id=f"CANARY-{number}")).json()
            reason = {"agree": True, "reason": f"CANARY {number}"}
            assert (await acme.ask("POST", f"/assessments/{kept['id']}/feedback", reason)).status_code == 201
            if number == 30:
                single = kept["id"]
        assert hits(engine, settings) > 60
        assert (await acme.ask("DELETE", "/subjects/p-1")).json()["assessments"] == 59
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


async def test_the_audit_names_what_was_changed_moved_or_taken_out(
    acme: Organisation, rows: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        await acme.keep()

    def faults() -> list[str]:
        (head,) = [one for one in heads(rows) if one.tenant == acme.tenant]
        found = list(verify(rows, head))
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


async def test_feedback_is_appended_and_comes_out_as_training_records(
    acme: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    corrected, agreed, bare, greeting = [
        (await acme.keep(one, **more)).json()["id"]
        for one, more in (
            (SITUATION, {}),
            ("Half the crew no longer speaks to the other half since the layoffs.", {}),
            (SITUATION, {"options": {"include": []}}),
            ("Hello there.", {}),
        )
    ]
    correction = {
        "agree": False,
        "verdict": "both",
        "criteria": [
            {"slug": "change", "present": True, "evidence": [{"quote": "merging two plants"}]},
            {"slug": "creativity", "present": False, "evidence": [{"quote": "We do not need new product ideas"}]},
        ],
        "factors": [{"slug": "commitment", "present": True, "evidence": [{"quote": "Line managers"}]}],
        "recommendations": {"leadership_styles": [{"slug": "transformational-leadership"}]},
        "reason": "The merger is open.",
    }

    async def say(identifier: str, body: Any) -> Answer:
        return await acme.ask("POST", f"/assessments/{identifier}/feedback", body)

    first = await say(corrected, {"agree": True})
    second = await say(corrected, correction)
    assert second.status_code == 201
    quote = second.json()["criteria"][0]["evidence"][0]
    assert SITUATION[quote["start"] : quote["end"]] == quote["quote"] == "merging two plants"
    listed = (await acme.ask("GET", f"/assessments/{corrected}/feedback")).json()["items"]
    assert listed == [second.json(), first.json()]
    for identifier in (agreed, bare):
        await say(identifier, {"agree": True})
    await say(greeting, {"agree": False, "verdict": "insufficient"})

    monkeypatch.setenv("LOM_DATABASE_URL", settings.database_url)
    out = tmp_path / "feedback.jsonl"
    told = CliRunner().invoke(cli, ["feedback", "export", "--tenant", acme.tenant, "--out", str(out)])
    assert told.exit_code == 0 and "wrote 3" in told.stdout and "left out 1" in told.stdout
    whole, right, nothing = read_records(out)
    assert (whole.text, whole.verdict) == (SITUATION, "both")
    assert whole.criteria == {"change": ["merging two plants"]}
    assert whole.counter == {"creativity": ["We do not need new product ideas"]}
    assert whole.factors == {"commitment": ["Line managers"]}
    assert whole.leadership_styles == ["transformational-leadership"]
    assert (right.verdict, list(right.criteria)) == ("leadership", ["interpersonal"])
    assert right.leadership_styles
    assert (nothing.verdict, nothing.criteria) == ("insufficient", {})
    measured = CliRunner().invoke(cli, ["evaluate", "--data", str(out)])
    assert measured.exit_code == 0 and "on 3 situations (feedback.jsonl)" in measured.stdout


@pytest.mark.parametrize(
    "body",
    [
        {"agree": False},
        {"agree": True, "verdict": "both"},
        {"agree": False, "verdict": "both", "criteria": [{"slug": "change", "present": True}]},
        {"agree": False, "verdict": "both", "criteria": [{"slug": "charm", "present": False}]},
        {"agree": False, "verdict": "both", "criteria": [{"slug": "scale", "present": False}] * 2},
        {"agree": False, "verdict": "both", "factors": [{"slug": "urgency", "present": True, "evidence": ["x"]}]},
        {
            "agree": False,
            "verdict": "insufficient",
            "recommendations": {"management_styles": [{"slug": "managerial-management"}]},
        },
        {
            "agree": False,
            "verdict": "both",
            "criteria": [{"slug": "change", "present": True, "evidence": [{"quote": "Merging two plants"}]}],
        },
    ],
)
async def test_feedback_that_cannot_be_a_label_is_refused(acme: Organisation, body: Any) -> None:
    identifier = (await acme.keep()).json()["id"]
    refused = await acme.ask("POST", f"/assessments/{identifier}/feedback", body)
    assert refused.status_code == 422
    assert "Merging" not in refused.text and "charm" not in refused.text.replace("charm", "", 0).split("pattern")[0]
    assert (await acme.ask("GET", f"/assessments/{identifier}/feedback")).json()["items"] == []


@pytest.mark.parametrize(
    "situation",
    [SITUATION, "Hello.", "我们正在合并两家工厂，没有人知道最终的结构。", "<script>alert(1)</script> & \x07 a merger"],
)
async def test_the_picture_is_accessible_and_holds_no_script(acme: Organisation, situation: str) -> None:
    kept = (await acme.keep(situation)).json()
    drawn = await acme.ask("GET", f"/assessments/{kept['id']}.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    root = ElementTree.fromstring(drawn.content)
    space = "{http://www.w3.org/2000/svg}"
    assert (root.get("width"), root.get("role"), root.get("aria-labelledby")) == ("640", "img", "title desc")
    said = root.find(f"{space}desc")
    assert said is not None and said.text and "Demand for leadership" in said.text
    words = " ".join(part.text or "" for part in root.iter(f"{space}text"))
    for trait in kept["result"]["criteria"]:
        assert trait["slug"] in words and trait["slug"] in said.text
    assert {part.tag for part in root.iter()} == {f"{space}{name}" for name in ("svg", "title", "desc", "rect", "text")}
    assert "href" not in drawn.text and "style" not in drawn.text
