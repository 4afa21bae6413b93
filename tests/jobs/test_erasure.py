"""No text outlives its scoring, nothing of a job its end."""

import asyncio
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from app.access.keys import create
from app.jobs.items import unpack
from app.jobs.tables import Chunk, Job
from app.settings import Settings
from tests.support.apps import key, running
from tests.support.databases import Databases
from tests.support.jobs import ended, fresh, ndjson, started

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
async def test_texts_are_gone_once_they_are_scored(databases: Databases, engines: Callable[[str], Engine]) -> None:
    settings = fresh(databases)
    engine = engines(settings.database_url)
    with Session(engine) as session:
        mine = key(create(session, name="k", tenant="a", scopes=["read", "score", "write"])[0])
        session.commit()
    canary = "Quokkas run the night shift since the layoffs, and nobody trusts the roster."
    async with running(settings) as client:
        upload = ndjson(*({"text": f"{canary} {n}"} for n in range(30)))
        client._transport.app.state.runner.stop()  # type: ignore[attr-defined]
        job = await started(client, mine, upload)
        with Session(engine) as session:
            packed = session.get_one(Chunk, (job["id"], 0)).texts
        assert packed and canary in (unpack(packed)[0].text or "")
    files = database_files(settings)
    assert not files or any(packed[20:60] in file.read_bytes() for file in files), "the test looks in the wrong place"
    async with running(settings) as client:
        await ended(client, job, mine)
        found = (await client.get(f"{job['href']}/results", headers=mine)).text
        assert "Quokkas" not in found and '"start":' in found
    for file in database_files(settings):
        content = file.read_bytes()
        assert packed[20:60] not in content and b"Quokkas" not in content, file.name
    with Session(engine) as session:
        chunk = session.get_one(Chunk, (job["id"], 0))
        assert chunk.texts is None
        assert b"Quokkas" not in zlib.decompress(chunk.results or b"")
        assert "Quokkas" not in json.dumps(chunk.tally) + json.dumps(session.get_one(Job, job["id"]).options)


def database_files(settings: Settings) -> list[Path]:
    """The files of an SQLite database; of PostgreSQL only its tables are looked at."""
    if not settings.database_url.startswith("sqlite"):
        return []
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    return [file for file in path.parent.glob(f"{path.name}*") if not file.name.endswith(".limits")]


@pytest.mark.both_databases
async def test_everything_of_a_job_goes_on_delete_and_after_its_time(
    client: httpx.AsyncClient, mine: dict[str, str], settings: Settings, engines: Callable[[str], Engine]
) -> None:
    engine = engines(settings.database_url)
    jobs = [await ended(client, await started(client, mine, ndjson({"text": "A plan."})), mine) for _ in range(2)]
    assert (await client.delete(jobs[0]["href"], headers=mine)).status_code == 204
    assert (await client.delete(jobs[0]["href"], headers=mine)).status_code == 404
    with Session(engine) as session:
        late = update(Job).where(col(Job.id) == jobs[1]["id"])
        session.execute(late.values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
        session.commit()
    for _ in range(100):
        if (await client.get(jobs[1]["href"], headers=mine)).status_code == 404:
            break
        await asyncio.sleep(0.1)
    with Session(engine) as session:
        ids = [job["id"] for job in jobs]
        assert not session.exec(select(Chunk).where(col(Chunk.job_id).in_(ids))).all()
        assert not session.exec(select(Job).where(col(Job.id).in_(ids))).all()
