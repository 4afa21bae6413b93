"""Counting how often callers come: while it cannot be done, requests pass, and what is broken is made anew."""

import asyncio
import json
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from app.settings import Settings
from tests.support.apps import running
from tests.support.databases import Databases

pytestmark = pytest.mark.anyio
RATE = 20


def file_of(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///") + ".limits")


def overwrite(path: Path) -> None:
    path.write_bytes(b"this is not a database" * 1000)


def delete(path: Path) -> None:
    path.unlink()
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def put_another(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE rate_limit (something TEXT)")


def drop(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE rate_limit")


@pytest.fixture
def limited(databases: Databases) -> Settings:
    return Settings(database_url=databases.seeded(), rate_limit=RATE)


async def left(client: httpx.AsyncClient) -> int | None:
    """How many more requests may follow; None where the request was not counted."""
    answer = await client.get("/v1/criteria/change")
    assert answer.status_code == 200
    counted = answer.headers.get("ratelimit")
    return int(counted.split("r=")[1].split(";")[0]) if counted else None


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "lead_or_manage.access"]
    return [line["event"] for line in lines if line["event"].startswith("rate_limit")]


@pytest.mark.parametrize("damage", [overwrite, delete, empty, cut, put_another, drop])
async def test_a_broken_file_is_made_anew_under_a_running_service(
    limited: Settings, damage: Callable[[Path], None]
) -> None:
    async with running(limited) as client:
        assert await left(client) == RATE - 1
        damage(file_of(limited))
        assert [await left(client) for _ in range(3)] == [RATE - 1, RATE - 2, RATE - 3]


@pytest.mark.parametrize("rate", [RATE, None])
async def test_a_file_that_is_broken_at_the_start_stops_nothing(databases: Databases, rate: int | None) -> None:
    settings = Settings(database_url=databases.seeded(), rate_limit=rate)
    overwrite(file_of(settings))
    async with running(settings) as client:
        assert await left(client) == (rate and rate - 1)


async def test_two_workers_mend_a_broken_file_once(limited: Settings) -> None:
    async with running(limited) as one, running(limited) as two:
        await left(one), await left(two)
        overwrite(file_of(limited))
        assert await left(one) == RATE - 1
        assert [await left(two), await left(one), await left(two)] == [RATE - 2, RATE - 3, RATE - 4]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


async def test_while_the_file_is_locked_requests_pass_and_the_log_says_so_once(
    limited: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with running(limited) as client:
        await left(client)
        with locked(file_of(limited)):
            assert [await left(client) for _ in range(10)] == [None] * 10
            assert said(caplog) == ["rate_limit_off"]
        for _ in range(100):  # one request a second tries
            if await left(client) is not None:
                break
            await asyncio.sleep(0.1)
        assert said(caplog) == ["rate_limit_off", "rate_limit_on"]


async def test_a_folder_in_the_place_of_the_file_is_left_alone_and_requests_pass(
    limited: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    file_of(limited).mkdir()
    async with running(limited) as client:
        assert [await left(client) for _ in range(5)] == [None] * 5
    assert said(caplog) == ["rate_limit_off"]
    shutil.rmtree(file_of(limited))


async def test_a_file_that_cannot_grow_stops_nothing(limited: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def full(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr("app.access.limits.sqlite3.connect", full)
    async with running(limited) as client:
        assert [await left(client) for _ in range(3)] == [None] * 3


@pytest.mark.both_databases
async def test_a_time_further_ahead_than_the_window_counts_as_past(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings = Settings(database_url=databases.seeded(), rate_limit=1)
    where = settings.database_url + ".limits" if databases.kind == "sqlite" else settings.database_url
    async with running(settings) as client:
        for seconds in (3600, 61):  # as if the clock had been set back meanwhile
            assert (await client.get("/v1/criteria")).status_code == 200
            assert (await client.get("/v1/criteria")).status_code == 429
            with engines(where).begin() as connection:
                connection.execute(text(f"UPDATE rate_limit SET due = due + {seconds}"))
        answer = await client.get("/v1/criteria")
        assert (answer.status_code, answer.headers["ratelimit"]) == (200, '"default";r=0;t=60')


async def test_a_missing_or_locked_table_of_postgresql_stops_nothing(
    postgres: Databases, engines: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(database_url=postgres.seeded(), rate_limit=RATE)
    monkeypatch.setattr("app.access.limits.RETRY_SECONDS", 0.0)
    async with running(settings) as client:
        assert await left(client) == RATE - 1
        with engines(settings.database_url).begin() as connection:
            connection.execute(text("LOCK TABLE rate_limit"))
            assert [await left(client) for _ in range(3)] == [None] * 3
        assert await left(client) is not None
        with engines(settings.database_url).begin() as connection:
            connection.execute(text("DROP TABLE rate_limit"))
        assert await left(client) is None
        assert await left(client) == RATE - 1
