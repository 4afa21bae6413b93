"""An upload that is sent again makes no second job."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, update

from app.jobs import intake, routes, store
from app.jobs.tables import Job
from app.settings import Settings
from tests.support.jobs import NDJSON, ndjson

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
async def test_the_same_idempotency_key_gives_the_same_job(client: httpx.AsyncClient, mine: dict[str, str]) -> None:
    again = mine | NDJSON | {"idempotency-key": "once"}
    body = ndjson({"text": "A plan."})
    first = await client.post("/v1/jobs", content=body, headers=again)
    second = await client.post("/v1/jobs", content=body, headers=again)
    assert second.status_code == 202
    assert second.json()["id"] == first.json()["id"]
    assert "idempotency-replayed" not in first.headers and second.headers["idempotency-replayed"] == "true"
    other = await client.post("/v1/jobs", content=ndjson({"text": "Another."}), headers=again)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    other = await client.post("/v1/jobs?max_evidence=1", content=body, headers=again)
    assert other.status_code == 422
    assert (await client.delete(first.json()["href"], headers=mine)).status_code == 204
    third = await client.post("/v1/jobs", content=body, headers=again)
    assert third.json()["id"] != first.json()["id"]


@pytest.mark.both_databases
async def test_what_stands_at_its_default_is_the_same_upload(client: httpx.AsyncClient, mine: dict[str, str]) -> None:
    again = mine | NDJSON | {"idempotency-key": "default"}
    body = ndjson({"text": "A plan."})
    first = await client.post("/v1/jobs", content=body, headers=again)
    second = await client.post("/v1/jobs?catalogue=both&max_evidence=3", content=body, headers=again)
    assert (second.status_code, second.json()["id"]) == (202, first.json()["id"])
    other = await client.post("/v1/jobs?catalogue=own", content=body, headers=again)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


FIRST = (
    '{"text_column":"text","id_column":null,"group_column":null,"delimiter":"comma","include":["evidence",'
    '"recommendations"],"max_evidence":1,"max_recommendations":3,"offset_unit":"unicode_code_point","language":null,'
    '"model_version":null,"webhook":null}'
)
LATER = (
    '{"text_column":"text","id_column":null,"group_column":null,"delimiter":"comma","include":["evidence",'
    '"recommendations"],"max_evidence":1,"max_recommendations":3,"focus":null,"delivery":null,"pace":null,'
    '"max_months":null,"catalogue":"both","offset_unit":"unicode_code_point","language":null,"model_version":null,'
    '"webhook":null}'
)


@pytest.mark.parametrize("noted", [FIRST, LATER])
async def test_a_key_of_the_releases_before_finds_its_job(
    client: httpx.AsyncClient, mine: dict[str, str], settings: Settings, engines: Callable[[str], Engine], noted: str
) -> None:
    """Their digests began with the parameters as here."""
    name = f"old-{len(noted)}"
    again, body = mine | NDJSON | {"idempotency-key": name}, ndjson({"text": "A plan."})
    first = await client.post("/v1/jobs?max_evidence=1", content=body, headers=again)
    digest = hashlib.sha256(f"jobs\n{name}\napplication/x-ndjson\n{noted}\n".encode() + body).hexdigest()
    with Session(engines(settings.database_url)) as session:
        session.exec(update(Job).where(col(Job.id) == first.json()["id"]).values(digest=digest))
        session.commit()
    second = await client.post("/v1/jobs?max_evidence=1", content=body, headers=again)
    assert (second.status_code, second.json()["id"]) == (202, first.json()["id"])
    for query, other in (("?max_evidence=1&catalogue=own", body), ("?max_evidence=1", body + body)):
        refused = await client.post(f"/v1/jobs{query}", content=other, headers=again)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.both_databases
async def test_an_upload_that_is_on_its_way_is_to_be_sent_again_in_a_moment(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    arrived, answered = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        arrived.set()
        await answered.wait()
        yield ndjson({"text": "A plan."})

    again = mine | NDJSON | {"idempotency-key": "slow"}
    first = asyncio.create_task(client.post("/v1/jobs", content=slowly(), headers=again))
    await arrived.wait()
    second = await client.post("/v1/jobs", content=ndjson({"text": "A plan."}), headers=again)
    answered.set()
    made = await first
    assert (second.status_code, second.json()["code"]) == (409, "request_running")
    assert second.headers["retry-after"] == "1"
    third = await client.post("/v1/jobs", content=ndjson({"text": "A plan."}), headers=again)
    assert (third.status_code, third.json()["id"]) == (202, made.json()["id"])


@pytest.mark.both_databases
async def test_an_upload_that_died_with_its_process_gives_its_key_back_within_a_minute(
    client: httpx.AsyncClient, mine: dict[str, str], settings: Settings, engines: Callable[[str], Engine]
) -> None:
    headers = mine | NDJSON | {"idempotency-key": "killed"}
    job_id, now = store.new_id(), datetime.now(UTC)
    with Session(engines(settings.database_url)) as session:
        dead = Job(id=job_id, tenant="jobs", status="receiving", options={}, request_id="r", created_at=now,
                   expires_at=now + store.UPLOAD_PATIENCE, idempotency_key="killed")  # fmt: skip
        session.add(dead)
        session.commit()
        waiting = await client.post("/v1/jobs", content=ndjson({"text": "A plan."}), headers=headers)
        assert (waiting.status_code, waiting.json()["code"]) == (409, "request_running")
        dead.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        session.add(dead)
        session.commit()
    assert timedelta(seconds=60) >= store.UPLOAD_PATIENCE
    taken = await client.post("/v1/jobs", content=ndjson({"text": "A plan."}), headers=headers)
    assert taken.status_code == 202
    assert taken.json()["id"] != job_id
    assert (await client.get(f"/v1/jobs/{job_id}", headers=mine)).status_code == 404


async def test_an_upload_that_goes_on_says_so(
    client: httpx.AsyncClient, mine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[str] = []
    monkeypatch.setattr(routes, "RENEW_SECONDS", 0.0)
    monkeypatch.setattr(intake, "RENEW_SECONDS", 0.0)
    monkeypatch.setattr(store, "renew_upload", lambda engine, job_id: renewed.append(job_id))

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield ndjson({"text": "A plan."})

    made = await client.post("/v1/jobs", content=slowly(), headers=mine | NDJSON)
    assert made.status_code == 202
    assert len(renewed) >= 5
    assert set(renewed) == {made.json()["id"]}
