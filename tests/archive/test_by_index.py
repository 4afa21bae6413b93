"""What is kept is found by index, however much there is: the plans of both databases say so."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, insert, text
from sqlmodel import Session

from app.archive.audit import verify
from app.archive.purge import purge
from app.archive.tables import AuditEntry, Feedback, KeptAssessment
from app.settings import Settings
from tests.support.apps import key, key_maker, running
from tests.support.databases import Databases
from tests.support.statements import accesses, statements
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio

COUNT, EXPIRED = 3_000, 6
LIST, SUBJECT = ("assessment", "ix_assessment_tenant"), ("assessment", "ix_assessment_subject_ref")
ITEM, FEEDBACK = ("assessment", "key"), ("feedback", "ix_feedback_assessment_id")
KEPT = ("assessment", "feedback", "audit_entry")


def copies(row: KeptAssessment) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Many assessments like this one, of its tenant and of others, each with a word of a reader and an entry."""
    for number in range(COUNT):
        tenant = "big" if number % 2 else f"other-{number % 50}"
        identifier, moment = uuid.uuid4().hex, row.created_at - timedelta(seconds=number)
        ends = moment if number % (COUNT // EXPIRED) == 1 else row.expires_at
        own = {"id": identifier, "tenant": tenant, "created_at": moment, "expires_at": ends}
        named = {"subject_ref": f"s-{number}", "verdict": ("leadership", "both")[number % 3 == 0]}
        said = {"id": identifier, "assessment_id": identifier, "tenant": tenant, "key_id": "k", "created_at": moment}
        noted = {"tenant": f"noted-{tenant}", "number": number, "created_at": moment, "assessment_id": identifier}
        yield (
            row.model_dump() | own | named,
            said | {"agree": True, "labels": None, "reason": None},
            noted | {"key_id": None, "action": "keep", "model": None, "input": None, "previous": "", "hash": ""},
        )


async def filled(settings: Settings, engine: Engine, client: httpx.AsyncClient) -> dict[str, str]:
    """The id of an assessment of the tenant `big`, which keeps many."""
    make = key_maker(settings.database_url)
    headers = key(make("read", "write", tenant="big"))
    kept = await client.post("/v1/assessments", json={"text": SITUATION, "subject_ref": "s"}, headers=headers)
    with Session(engine) as session:
        rows = list(copies(session.get_one(KeptAssessment, kept.json()["id"])))
        for table, values in zip((KeptAssessment, Feedback, AuditEntry), zip(*rows, strict=True), strict=True):
            session.connection().execute(insert(table), list(values))
        session.commit()
    if engine.dialect.name == "postgresql":
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    return headers | {"id": kept.json()["id"]}


@pytest.mark.both_databases
async def test_lists_filters_exports_erasures_and_purges_go_by_index(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings = Settings(database_url=databases.seeded())
    engine = engines(settings.database_url)

    def used(sent: list[Any]) -> set[tuple[str, str]]:
        return {(table, index) for table, index in accesses(engine, sent) if table in KEPT}

    async with running(settings) as client:
        headers = await filled(settings, engine, client)
        kept, headers = headers["id"], {"X-API-Key": headers["X-API-Key"]}
        first = (await client.get("/v1/assessments?limit=5", headers=headers)).json()
        assert first["page"]["total"] == 1 + COUNT // 2 - EXPIRED
        day = (datetime.now(UTC) - timedelta(minutes=2)).isoformat(timespec="seconds").replace("+00:00", "Z")
        for method, path, expected in (
            ("GET", "/assessments?limit=5", {LIST}),
            ("GET", first["page"]["next"].removeprefix("/v1"), {LIST}),
            ("GET", "/assessments?verdict=leadership&verdict=both&status=judged", {LIST}),
            ("GET", "/assessments?verdict=insufficient", {LIST}),
            ("GET", "/assessments?model=none", {LIST}),
            ("GET", f"/assessments?created_from={day}", {LIST}),
            ("GET", f"/assessments/{kept}", {ITEM}),
            ("GET", f"/assessments/{kept}/feedback", {ITEM, FEEDBACK}),
            ("GET", "/subjects/s-7/export", {SUBJECT, FEEDBACK}),
            ("DELETE", "/subjects/s-7", {SUBJECT, FEEDBACK}),
            ("DELETE", f"/assessments/{kept}", {ITEM}),
        ):
            with statements(engine) as sent:
                answer = await client.request(method, f"/v1{path}", headers=headers)
            assert answer.status_code in {200, 204}, answer.text
            hanging = {FEEDBACK} if method == "DELETE" else set()  # SQLite tells what a deletion takes with it
            assert expected <= used(sent) <= expected | hanging, (path, sent)
    with statements(engine) as sent:
        assert purge(engine) == EXPIRED
    assert used(sent) - {FEEDBACK} == {("assessment", "ix_assessment_expires_at"), ITEM}


def test_the_audit_is_compared_with_what_is_kept_by_index(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    engine = engines(databases.seeded())
    with statements(engine) as sent, Session(engine) as session:
        assert verify(session, "nobody") == []
    assert ("audit_entry", "ix_audit_entry_assessment_id") in accesses(engine, sent)
