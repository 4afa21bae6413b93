"""The parts that tests share: databases, a seeded application, a client, and a real server."""

import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from sqlalchemy import Engine

from app.catalog import freshness
from app.database import connect
from app.settings import Settings
from tests.support.apps import key_maker, running
from tests.support.databases import Databases
from tests.support.missing import cannot_run
from tests.support.postgres import temporary_postgres
from tests.support.servers import Server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for part in sorted({report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())}):
        terminalreporter.write_line(f"NOT RUN: {part.removeprefix('Skipped: ')}", red=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests marked `both_databases` run on SQLite and on PostgreSQL, those marked `postgresql` on it alone, all others
    that need a database on SQLite."""
    if "databases" in metafunc.fixturenames:
        kinds = ["sqlite", "postgresql"] if metafunc.definition.get_closest_marker("both_databases") else ["sqlite"]
        if metafunc.definition.get_closest_marker("postgresql"):
            kinds = ["postgresql"]
        metafunc.parametrize("databases", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str | None]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(temporary_postgres())
        except (ImportError, OSError, subprocess.CalledProcessError):
            url = None
        yield url


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    postgres = None
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgres_url")
        if postgres is None:
            cannot_run("PostgreSQL: no server could be started on this machine")
    return Databases(request.param, tmp_path_factory.mktemp("databases"), postgres)


@pytest.fixture(scope="session")
def postgres(postgres_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Databases of PostgreSQL, for what it alone can do."""
    if postgres_url is None:
        cannot_run("PostgreSQL: no server could be started on this machine")
    return Databases("postgresql", tmp_path_factory.mktemp("postgres"), postgres_url)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that writes to PostgreSQL by itself does not wait the second that a worker goes by what it knows."""
    monkeypatch.setattr(freshness, "TRUSTED_SECONDS", 0.0)


@pytest.fixture
def engines() -> Iterator[Callable[[str], Engine]]:
    """Connects to databases, and closes the connections after the test."""
    opened: list[Engine] = []

    def open_engine(url: str) -> Engine:
        opened.append(connect(url))
        return opened[-1]

    yield open_engine
    for engine in opened:
        engine.dispose()


@pytest.fixture(scope="session")
def settings(databases: Databases) -> Settings:
    """Settings of a database that holds the shipped catalogue."""
    return Settings(database_url=databases.seeded())


@pytest.fixture(scope="session")
def make_key(settings: Settings) -> Callable[..., str]:
    """Makes API keys in the database of `settings`."""
    return key_maker(settings.database_url)


@pytest.fixture(scope="session")
async def client(settings: Settings, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the seeded application."""
    async with running(settings) as client:
        yield client


@pytest.fixture(scope="session")
def server(settings: Settings) -> Iterator[Server]:
    with Server(settings.database_url) as server:
        server.wait()
        yield server
        server.stop()
