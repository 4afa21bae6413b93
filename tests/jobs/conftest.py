"""The parts that tests of jobs share: an organisation, its uploads, and a job that nobody works on."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from app.jobs import store
from app.jobs.items import Item
from app.jobs.tables import Job
from app.main import set_up
from app.settings import Settings
from tests.conftest import SITUATION, Databases
from tests.test_access import key

MakeKey = Callable[..., str]
NDJSON = {"content-type": "application/x-ndjson"}
TEXTS = (
    SITUATION,
    "Nobody trusts the new roster since the layoffs.",
    "Forty invoices a day, each checked before five.",
)
# the model does not read French, which takes a tenth of the time
QUICK = "La réorganisation de l'usine numéro {} inquiète toute l'équipe depuis le printemps."


@pytest.fixture(scope="module")
def mine(make_key: MakeKey) -> dict[str, str]:
    return key(make_key("read", "score", "write", tenant="jobs"))


def ndjson(*lines: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


async def ended(client: httpx.AsyncClient, job: dict[str, Any], mine: dict[str, str]) -> dict[str, Any]:
    for _ in range(600):
        job = (await client.get(job["href"], headers=mine)).json()
        if job["status"] in {"done", "cancelled"}:
            return job
        await asyncio.sleep(0.1)
    raise TimeoutError(job)


async def started(
    client: httpx.AsyncClient, mine: dict[str, str], body: Any, query: str = "", **headers: str
) -> dict[str, Any]:
    kind = {"content-type": headers.pop("kind", "application/x-ndjson")}
    answer = await client.post(f"/v1/jobs{query}", content=body, headers=mine | kind | headers)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == answer.json()["href"]
    found: dict[str, Any] = answer.json()
    return found


async def results(client: httpx.AsyncClient, job: dict[str, Any], mine: dict[str, str], query: str = "") -> list[Any]:
    answer = await client.get(f"{job['href']}/results{query}", headers=mine)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def fresh(databases: Databases, **more: Any) -> Settings:
    settings = Settings(database_url=databases.create(), **more)
    set_up(settings)
    return settings


@pytest.fixture
def waiting(databases: Databases, engines: Callable[[str], Engine]) -> tuple[Engine, str]:
    """A database that no service works on, with a job of three chunks."""
    engine, now = engines(fresh(databases).database_url), datetime.now(UTC)
    with Session(engine) as session:
        job = Job(id=store.new_id(), tenant="a", status="queued", options={}, request_id="r", created_at=now,
                  expires_at=now + store.KEPT, total=1200)  # fmt: skip
        session.add(job)
        session.commit()
        job_id = job.id
    for number, count in enumerate((500, 500, 200)):
        texts = [Item(f"{number * 500 + place}", None, f"{SITUATION} {place}") for place in range(count)]
        store.add_chunk(engine, job_id, number, texts)
    return engine, job_id


def wait_for(what: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)
