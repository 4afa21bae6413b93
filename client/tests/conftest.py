"""A real server for the client, and clients of either kind."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import MakeClient, Waiting

from lead_or_manage_client import Client
from tests.support.apps import key_maker
from tests.support.databases import seeded_sqlite
from tests.support.servers import Server


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return seeded_sqlite(tmp_path_factory.mktemp("client") / "client.db")


@pytest.fixture(scope="session")
def server(database_url: str) -> Iterator[Server]:
    server = Server(database_url)
    server.wait()
    yield server
    server.stop()


@pytest.fixture
def make_key(database_url: str) -> Callable[..., str]:
    return key_maker(database_url)


@pytest.fixture(params=[Client, Waiting], ids=["sync", "async"])
def make_client(request: pytest.FixtureRequest) -> Iterator[MakeClient]:
    """Makes clients of either kind, and closes them after the test."""
    made: list[Any] = []

    def make(*arguments: Any, **options: Any) -> Any:
        made.append(request.param(*arguments, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient, server: Server) -> Any:
    """A client of the real server."""
    return make_client(server.url)


@pytest.fixture
def keyed(make_client: MakeClient, make_key: Callable[..., str], server: Server) -> Any:
    """A client of the real server with every right in an organisation of its own."""
    key = make_key("read", "score", "write", "admin", tenant=f"t-{uuid.uuid4().hex}")
    return make_client(server.url, key)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits before retries, which take no time here."""
    waited: list[float] = []

    class Clock:
        sleep = staticmethod(waited.append)

    class Loop:
        @staticmethod
        async def sleep(seconds: float) -> None:
            waited.append(seconds)

    monkeypatch.setattr("lead_or_manage_client.sending.time", Clock)
    monkeypatch.setattr("lead_or_manage_client.sending.asyncio", Loop)
    return waited
