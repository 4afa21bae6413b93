"""Requests that are sent again."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select, update

from app.archive.audit import keyed_hash
from app.archive.tables import IdempotencyKey
from tests.support.organisations import Organisation, actions

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
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


@pytest.mark.both_databases
async def test_what_stands_at_its_default_is_the_same_request(acme: Organisation) -> None:
    """So a release that adds an option knows the requests that were sent before it had that option."""
    first = await acme.keep(key="one")
    spelled = {"language": None, "catalogue": "both", "max_evidence": 3, "preferences": {"focus": None}}
    again = await acme.keep(key="one", options=spelled, retention_days=None)
    assert (again.status_code, again.content) == (201, first.content)
    changed = await acme.keep(key="one", options=spelled | {"max_evidence": 2})
    assert changed.json()["code"] == "idempotency_key_reused"


OLDER = (
    '{"text":"We merge two plants.","id":null,"options":{"include":["evidence","explanation","recommendations"],'
    '"max_evidence":3,"max_recommendations":3,"offset_unit":"unicode_code_point","language":null,"model_version":null,'
    '"preferences":{"focus":null,"delivery":null,"pace":null,"max_months":null},"catalogue":"both"},'
    '"subject_ref":null,"retention_days":null}',
    '{"text":"We merge\\n\\"two\\" plants: Köln\\u0001.","id":"a","options":{"include":["evidence"],"max_evidence":1,'
    '"max_recommendations":3,"offset_unit":"unicode_code_point","language":null,"model_version":null,'
    '"preferences":{"focus":"leadership","delivery":null,"pace":null,"max_months":null},"catalogue":"both"},'
    '"subject_ref":"p-1","retention_days":7}',
)
"""Requests as the release before wrote them down (commit 888230c), hashed into `body`."""


@pytest.mark.parametrize("noted", OLDER)
async def test_a_key_of_the_release_before_finds_its_answer(acme: Organisation, rows: Session, noted: str) -> None:
    sent = {name: value for name, value in json.loads(noted).items() if value is not None}
    sent["situation"] = sent.pop("text")
    first = await acme.keep(key="one", **sent)
    assert first.status_code == 201
    mine = update(IdempotencyKey).where(col(IdempotencyKey.tenant) == acme.tenant)
    rows.exec(mine.values(body=keyed_hash(rows, "body", noted)))
    rows.commit()
    again = await acme.keep(key="one", **sent)
    assert (again.status_code, again.content) == (201, first.content)
    other = await acme.keep(key="one", **sent | {"retention_days": 8})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.both_databases
async def test_twenty_requests_at_once_make_one_row(acme: Organisation, rows: Session) -> None:
    answers = await asyncio.gather(*(acme.keep(key="rush") for _ in range(20)))
    statuses = {answer.status_code for answer in answers}
    assert 201 in statuses and statuses <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 409)
    assert (await acme.ask("GET", "/assessments")).json()["page"]["total"] == 1
    assert actions(rows, acme) == ["keep"]


@pytest.mark.both_databases
async def test_a_key_is_free_again_after_a_failure_and_after_a_crash(acme: Organisation, rows: Session) -> None:
    refused = await acme.keep(key="one", options={"model_version": "1999.1"})
    assert refused.json()["code"] == "unknown_model_version"
    assert (await acme.keep(key="one")).status_code == 201
    now = datetime.now(UTC)
    mine = (col(IdempotencyKey.tenant) == acme.tenant,)
    rows.exec(update(IdempotencyKey).where(*mine).values(assessment_id=None, started_at=now))
    rows.commit()
    assert (await acme.keep(key="one")).json()["code"] == "request_running"
    for aside in (timedelta(seconds=-61), timedelta(hours=1)):  # the latter, as the clock was set back since
        rows.exec(update(IdempotencyKey).where(*mine).values(assessment_id=None, started_at=now + aside))
        rows.commit()
        assert (await acme.keep(key="one")).status_code == 201
    rows.exec(update(IdempotencyKey).where(*mine).values(started_at=now + timedelta(hours=1)))
    rows.commit()
    kept = (await acme.ask("GET", "/assessments")).json()["page"]["total"]
    assert (await acme.keep(key="one")).status_code == 201
    assert (await acme.ask("GET", "/assessments")).json()["page"]["total"] == kept
