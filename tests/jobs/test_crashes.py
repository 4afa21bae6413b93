"""Processes that are killed lose and double nothing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session, col
from typer.testing import CliRunner

from app.access.keys import create
from app.cli import cli
from app.jobs.tables import Chunk
from tests.support.apps import key
from tests.support.databases import Databases
from tests.support.jobs import NDJSON, QUICK, fresh, ndjson, wait_for
from tests.support.paths import ROOT
from tests.support.servers import Server


@pytest.mark.both_databases
@pytest.mark.slow
def test_a_server_killed_in_the_middle_loses_and_doubles_nothing(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings = fresh(databases)
    engine = engines(settings.database_url)
    with Session(engine) as session:
        mine = key(create(session, name="k", tenant="a", scopes=["read", "score"])[0])
        session.commit()
    with Server(settings.database_url) as server:
        server.wait()
        body = ndjson(*({"text": QUICK.format(n), "id": f"{n}"} for n in range(3300)))
        href = httpx.post(f"{server.url}/v1/jobs", content=body, headers=mine | NDJSON, timeout=60).json()["href"]
        wait_for(lambda: httpx.get(f"{server.url}{href}", headers=mine).json()["done"] >= 500)
        server.process.send_signal(signal.SIGKILL)
        server.end()
    with Session(engine) as session:  # as if a minute had passed
        session.execute(update(Chunk).where(col(Chunk.state) == "open").values(due=datetime.now(UTC)))
        session.commit()
    with Server(settings.database_url) as server:
        server.wait()
        wait_for(lambda: httpx.get(f"{server.url}{href}", headers=mine).json()["status"] == "done")
        job = httpx.get(f"{server.url}{href}", headers=mine).json()
        assert (job["done"], job["errors"], job["estimate"]) == (3300, 0, None)
        lines = httpx.get(f"{server.url}{href}/results", headers=mine).text.splitlines()
        assert [json.loads(line)["id"] for line in lines] == [f"{n}" for n in range(3300)]


@pytest.mark.postgresql
@pytest.mark.slow
def test_workers_share_the_queue_and_one_killed_loses_and_doubles_nothing(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings = fresh(databases, jobs="queue")
    engine = engines(settings.database_url)
    with Session(engine) as session:
        mine = key(create(session, name="k", tenant="a", scopes=["read", "score"])[0])
        session.commit()
    environment = os.environ | {"LOM_DATABASE_URL": settings.database_url, "LOM_JOBS": "queue", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app.cli", "worker"]
    with Server(settings.database_url, LOM_JOBS="queue") as server:
        server.wait()
        workers = [subprocess.Popen(command, env=environment, cwd=ROOT) for _ in range(2)]
        try:
            texts = [{"text": QUICK.format(n), "id": f"{n}"} for n in range(5300)]
            posted = httpx.post(f"{server.url}/v1/jobs", content=ndjson(*texts), headers=mine | NDJSON, timeout=60)
            href = posted.json()["href"]
            wait_for(lambda: httpx.get(f"{server.url}{href}", headers=mine).json()["done"] >= 500)
            workers[0].send_signal(signal.SIGKILL)
            wait_for(lambda: httpx.get(f"{server.url}{href}", headers=mine).json()["status"] == "done")
            lines = httpx.get(f"{server.url}{href}/results", headers=mine).text.splitlines()
            assert [json.loads(line)["id"] for line in lines] == [f"{n}" for n in range(5300)]
            with engine.connect() as connection:
                names = connection.execute(
                    text("SELECT schemaname FROM pg_tables WHERE tablename LIKE 'procrastinate%'")
                )
                assert {row[0] for row in names} == {"procrastinate"}
        finally:
            server.stop()
            workers[1].terminate()
            assert [worker.wait(60) for worker in workers] == [-signal.SIGKILL, 0]


def test_a_worker_without_postgresql_says_what_it_needs(databases: Databases) -> None:
    result = CliRunner().invoke(cli, ["worker"], env={"LOM_DATABASE_URL": databases.create()})
    assert (result.exit_code, "LOM_JOBS" in result.stderr) == (2, True)
