"""The database goes away and comes back: nothing is lost or doubled, nobody gets a 500, and keys are free again."""

import asyncio
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from app.access.keys import create
from app.archive.tables import KeptAssessment
from app.main import set_up
from app.settings import Settings
from tests.support.apps import key, running
from tests.support.jobs import QUICK
from tests.support.missing import cannot_run
from tests.support.postgres import Postgres, own_postgres

pytestmark = pytest.mark.anyio
READS = ("/v1/criteria", "/v1/programs?limit=100", "/v1/catalogue", "/v1/assessments", "/v1/jobs")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    try:
        with own_postgres() as server:
            yield server
    except (ImportError, OSError, subprocess.CalledProcessError):
        cannot_run("PostgreSQL: no server could be started on this machine")


class Writer:
    """Keeps assessments, each under a key of its own, and sends what fails again until it is kept."""

    def __init__(self, client: httpx.AsyncClient, mine: dict[str, str]) -> None:
        self.client, self.mine, self.kept = client, mine, 0
        self.seen: list[tuple[int, str]] = []
        self.ended = asyncio.Event()

    async def run(self) -> None:
        while not self.ended.is_set():
            headers, body = self.mine | {"Idempotency-Key": uuid.uuid4().hex}, {"text": QUICK.format(self.kept)}
            send = partial(self.client.post, "/v1/assessments", json=body, headers=headers)
            while (answer := await send()).status_code != 201:
                self.seen.append((answer.status_code, answer.json()["code"]))
                assert answer.headers["retry-after"]
                await asyncio.sleep(0.05)
            self.kept += 1


async def read(client: httpx.AsyncClient, mine: dict[str, str], path: str, ended: asyncio.Event) -> set[int]:
    seen = set()
    while not ended.is_set():
        seen.add((await client.get(path, headers=mine)).status_code)
        await asyncio.sleep(0.02)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_restart_of_postgresql_is_503_and_loses_and_doubles_nothing(
    server: Postgres, engines: Callable[[str], Engine], how: signal.Signals
) -> None:
    settings = Settings(database_url=server.url)
    await asyncio.to_thread(set_up, settings)
    engine, tenant = engines(settings.database_url), uuid.uuid4().hex
    with Session(engine) as session:
        mine = key(create(session, name="k", tenant=tenant, scopes=["read", "score", "write"])[0])
        session.commit()
    async with running(settings) as client:
        writers = [Writer(client, mine) for _ in range(6)]
        ended = asyncio.Event()
        tasks = [asyncio.create_task(writer.run()) for writer in writers]
        reads = [asyncio.create_task(read(client, mine, path, ended)) for path in READS]
        for round in (1, 2):
            while any(writer.kept < round for writer in writers):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await asyncio.to_thread(server.stop, how)
            await asyncio.sleep(0.5)
            scored = await client.post("/v1/score", json={"text": QUICK}, headers=mine)
            assert scored.status_code == 200, scored.text
            await asyncio.to_thread(server.start)
        for writer in writers:
            writer.ended.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 10)  # a lease of a minute would hold them up
        ended.set()
        statuses = set().union(*await asyncio.gather(*reads))
    assert statuses <= {200, 503} and 200 in statuses
    refused = {seen for writer in writers for seen in writer.seen}
    assert refused <= {(503, "unavailable"), (409, "request_running")} and refused
    with Session(engine) as session:
        total = session.exec(select(func.count()).where(KeptAssessment.tenant == tenant)).one()
    assert total == sum(writer.kept for writer in writers)
