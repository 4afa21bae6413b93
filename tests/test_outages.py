"""The database goes away and comes back: nothing is lost or doubled, nobody gets a 500, and keys are free again."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session, func, select

from app.access.keys import create
from app.archive.tables import KeptAssessment
from app.assessments.service import Assessor
from app.catalog.setup import set_up
from app.outages import reason, retry_after
from app.settings import Settings
from tests.support.apps import key, running
from tests.support.databases import Databases
from tests.support.jobs import NDJSON, QUICK, ndjson
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


@contextmanager
def locked(settings: Settings, how: str) -> Iterator[None]:
    """The SQLite file, locked as by another process: `IMMEDIATE` keeps writers out, `EXCLUSIVE` readers, too."""
    path = settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute(f"BEGIN {how}")
        yield


@pytest.fixture
def held(databases: Databases, engines: Callable[[str], Engine]) -> tuple[Settings, dict[str, str]]:
    """Settings of a database of its own, and the key of an organisation."""
    settings = Settings(database_url=databases.seeded())
    with Session(engines(settings.database_url)) as session:
        mine = key(create(session, name="k", tenant="a", scopes=["read", "score", "write"])[0])
        session.commit()
    return settings, mine


@pytest.mark.slow
async def test_forty_writers_that_wait_for_a_lock_hold_up_neither_reads_nor_scoring(
    held: tuple[Settings, dict[str, str]],
) -> None:
    settings, mine = held
    async with running(settings) as client:

        async def keep() -> tuple[int, float]:
            started = time.monotonic()
            answer = await client.post("/v1/assessments", json={"text": QUICK}, headers=mine)
            assert answer.headers["retry-after"]
            return answer.status_code, time.monotonic() - started

        assert (await client.post("/v1/assessments", json={"text": QUICK}, headers=mine)).status_code == 201
        with locked(settings, "IMMEDIATE"):
            writers = [asyncio.create_task(keep()) for _ in range(40)]
            turns = 0
            while not all(writer.done() for writer in writers):
                for path in (*READS, "/readyz"):
                    assert (await client.get(path, headers=mine)).status_code == 200
                assert (await client.post("/v1/score", json={"text": QUICK}, headers=mine)).status_code == 200
                turns += 1
            answers = await asyncio.gather(*writers)
        assert turns > 1
        assert {status for status, _ in answers} == {503}
        assert max(seconds for _, seconds in answers) < 6
        assert (await client.post("/v1/assessments", json={"text": QUICK}, headers=mine)).status_code == 201


@pytest.mark.slow
async def test_forty_writers_at_once_are_all_served_where_nothing_is_locked(
    held: tuple[Settings, dict[str, str]],
) -> None:
    settings, mine = held
    async with running(settings) as client:
        keeping = (client.post("/v1/assessments", json={"text": QUICK}, headers=mine) for _ in range(40))
        assert {answer.status_code for answer in await asyncio.gather(*keeping)} == {201}


async def test_scoring_goes_on_and_the_service_is_ready_while_the_whole_file_is_locked(
    held: tuple[Settings, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, mine = held
    monkeypatch.setattr("app.access.middleware.KEPT_SECONDS", 0.0)  # as if it were long ago that the key was looked up
    async with running(settings) as client:
        scored = await client.post("/v1/score", json={"text": QUICK}, headers=mine)
        with locked(settings, "EXCLUSIVE"):
            for _ in range(3):
                again = await client.post("/v1/score", json={"text": QUICK}, headers=mine)
                assert (again.status_code, again.content) == (200, scored.content)
            assert (await client.get("/readyz")).status_code == 200
            refused = await client.get("/v1/criteria")
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert refused.headers["retry-after"] == "1"
        assert (await client.get("/v1/criteria")).status_code == 200


async def test_a_key_whose_request_failed_is_free_as_soon_as_the_lock_is_gone(
    held: tuple[Settings, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, mine = held
    monkeypatch.setattr("app.database.LOCK_SECONDS", 0.2)
    headers = mine | {"Idempotency-Key": "one"}
    async with running(settings) as client:
        score = Assessor.score
        with ExitStack() as stack:

            def scores(*arguments: Any) -> dict[str, Any]:  # the key is held by now
                stack.enter_context(locked(settings, "IMMEDIATE"))
                return score(*arguments)

            monkeypatch.setattr(Assessor, "score", scores)
            assert (await client.post("/v1/assessments", json={"text": QUICK}, headers=headers)).status_code == 503
        monkeypatch.setattr(Assessor, "score", score)
        for _ in range(50):
            answer = await client.post("/v1/assessments", json={"text": QUICK}, headers=headers)
            if answer.status_code != 409:
                break
            await asyncio.sleep(0.1)
        assert answer.status_code == 201


async def test_an_upload_that_failed_frees_its_key_as_soon_as_the_lock_is_gone(
    held: tuple[Settings, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, mine = held
    monkeypatch.setattr("app.database.LOCK_SECONDS", 0.2)
    headers = mine | NDJSON | {"Idempotency-Key": "one"}
    async with running(settings) as client:
        with ExitStack() as stack:

            async def body() -> AsyncIterator[bytes]:
                stack.enter_context(locked(settings, "IMMEDIATE"))
                yield ndjson({"text": QUICK})

            assert (await client.post("/v1/jobs", content=body(), headers=headers)).status_code == 503
        for _ in range(50):
            answer = await client.post("/v1/jobs", content=ndjson({"text": QUICK}), headers=headers)
            if answer.status_code != 409:
                break
            await asyncio.sleep(0.1)
        assert answer.status_code == 202


@pytest.mark.both_databases
@pytest.mark.parametrize("kind", ["integrity", "programming", "data"])
async def test_what_no_retry_cures_is_a_500_with_its_place_in_the_log(
    held: tuple[Settings, dict[str, str]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    settings, _ = held
    statements = {
        "integrity": "INSERT INTO program_skill VALUES ('nope-7391', 'nope', 'editorial', 'why', 0)",
        "programming": "SELECT 'nope-7391' FROM no_such_table",
        "data": "INSERT INTO catalogue_version VALUES (7391, NULL)",
    }

    def broken(session: Session, *_: Any) -> None:
        session.connection().exec_driver_sql(statements[kind])
        session.commit()

    async with running(settings) as client:
        monkeypatch.setattr("app.catalog.routes.get_or_404", broken)
        answer = await client.get("/v1/criteria/change")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name.startswith("lead_or_manage")]
    told = {line["event"]: line for line in lines if line.get("request_id") == answer.headers["x-request-id"]}
    assert told["database_error"]["reason"]
    assert any("test_outages.py" in frame and "broken" in frame for frame in told["crash"]["frames"])
    assert "7391" not in caplog.text


ON_SQLITE = {
    "full": (("PRAGMA max_page_count = 1", "CREATE TABLE t AS SELECT zeroblob(1000000)"), 60),
    "read only": (("PRAGMA query_only = ON", "DELETE FROM style_factor"), 60),
    "no table": (("SELECT * FROM no_such_table",), None),
    "duplicate": (("INSERT INTO catalogue_version SELECT * FROM catalogue_version",), None),
}
ON_POSTGRESQL = {
    "lock timeout": (("SET LOCAL lock_timeout = 1", "LOCK TABLE style"), 1),
    "statement timeout": (("SET LOCAL statement_timeout = 1", "SELECT pg_sleep(1)"), 1),
    "shutdown": (("SELECT pg_terminate_backend(pg_backend_pid())",), 1),
    "read only": (("SET TRANSACTION READ ONLY", "DELETE FROM style_factor"), 60),
    "no table": (("SELECT * FROM no_such_table",), None),
    "wrong value": (("SELECT 1 / 0",), None),
    "duplicate": (("INSERT INTO catalogue_version SELECT * FROM catalogue_version",), None),
}


def met(engine: Engine, *statements: str) -> DBAPIError:
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return error
    raise AssertionError("nothing failed")


@pytest.mark.parametrize("name", ON_SQLITE)
def test_sqlite_tells_what_a_retry_cures(databases: Databases, engines: Callable[[str], Engine], name: str) -> None:
    statements, seconds = ON_SQLITE[name]
    error = met(engines(databases.seeded()), *statements)
    assert retry_after(error) == seconds
    assert str(reason(error)).startswith("SQLITE_")


@pytest.mark.parametrize("name", ON_POSTGRESQL)
def test_postgresql_tells_what_a_retry_cures(postgres: Databases, engines: Callable[[str], Engine], name: str) -> None:
    statements, seconds = ON_POSTGRESQL[name]
    url = postgres.seeded()
    with engines(url).begin() as other:
        if name == "lock timeout":
            other.exec_driver_sql("LOCK TABLE style")
        error = met(engines(url), *statements)
    assert retry_after(error) == seconds
    assert len(str(reason(error))) == 5


def test_no_server_is_an_outage(engines: Callable[[str], Engine]) -> None:
    assert retry_after(met(engines("postgresql+psycopg://nobody@127.0.0.1:1/none"))) == 1


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


def test_a_writer_that_finds_the_file_locked_meets_an_error_that_a_retry_cures(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    url = databases.seeded()
    engine = engines(url).execution_options(patience=0.05)
    path = url.removeprefix("sqlite:///")
    with engine.connect(), closing(sqlite3.connect(path, isolation_level=None)) as other:  # so the writer's is new
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OperationalError) as met, engine.begin():
            pass
    assert retry_after(met.value) == 1
    with engine.begin():
        pass
