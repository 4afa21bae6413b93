"""A real server for the client, and one way to try both clients with the same test."""

import asyncio
import inspect
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from app.access.keys import create
from app.database import connect
from app.main import set_up
from app.settings import Settings
from lead_or_manage_client import AsyncClient, Client
from tests.conftest import Server

MakeClient = Callable[..., Any]


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('client') / 'client.db'}"
    set_up(Settings(database_url=url))
    return url


@pytest.fixture(scope="session")
def server(database_url: str) -> Iterator[Server]:
    server = Server(database_url)
    server.wait()
    yield server
    server.stop()


@pytest.fixture
def make_key(database_url: str) -> Callable[..., str]:
    def make(*scopes: str, tenant: str = "acme") -> str:
        engine = connect(database_url)
        with Session(engine) as session:
            plain, _ = create(session, name="a test", tenant=tenant, scopes=list(scopes))
            session.commit()
        engine.dispose()
        return plain

    return make


async def _all(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


class Waiting:
    """An AsyncClient with the behaviour of Client, so that one test tries both."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.runner, self.client = asyncio.Runner(), AsyncClient(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            return self.runner.run(result if inspect.iscoroutine(result) else _all(result))

        return call

    def __repr__(self) -> str:
        return repr(self.client)

    def close(self) -> None:
        self.runner.run(self.client.close())
        self.runner.close()


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


class Script:
    """A transport that answers from a list and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer
