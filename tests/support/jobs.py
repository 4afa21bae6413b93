"""Jobs over HTTP: uploads, waiting for the end, results."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from app.settings import Settings
from tests.support.databases import Databases
from tests.support.texts import SITUATION

MakeKey = Callable[..., str]
NDJSON = {"content-type": "application/x-ndjson"}
TEXTS = (
    SITUATION,
    "Nobody trusts the new roster since the layoffs.",
    "Forty invoices a day, each checked before five.",
)
# the model does not read French, which takes a tenth of the time
QUICK = "La réorganisation de l'usine numéro {} inquiète toute l'équipe depuis le printemps."


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
    """Settings of a seeded database that no other service works on."""
    return Settings(database_url=databases.seeded(), **more)


def wait_for(what: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)
