"""The parts that tests of kept assessments share: organisations, and the database itself."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.archive.tables import AuditEntry
from app.settings import Settings
from tests.conftest import SITUATION

MakeKey = Callable[..., str]
Answer = httpx.Response


class Organisation:
    """A client with a key of an organisation that keeps nothing yet."""

    def __init__(self, client: httpx.AsyncClient, make_key: MakeKey) -> None:
        self.tenant = uuid.uuid4().hex
        self._client, self._key = client, make_key("read", "write", tenant=self.tenant)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        headers = {"X-API-Key": self._key, "X-Request-ID": "the-same", **headers}
        return await self._client.request(method, f"/v1{path}", json=body, headers=headers)

    async def keep(self, situation: str = SITUATION, key: str | None = None, **more: Any) -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.ask("POST", "/assessments", {"text": situation, **more}, **headers)


@pytest.fixture
def acme(client: httpx.AsyncClient, make_key: MakeKey) -> Organisation:
    return Organisation(client, make_key)


@pytest.fixture
def other(client: httpx.AsyncClient, make_key: MakeKey) -> Organisation:
    return Organisation(client, make_key)


@pytest.fixture
def engine(settings: Settings, engines: Callable[[str], Engine]) -> Engine:
    return engines(settings.database_url)


@pytest.fixture
def rows(engine: Engine) -> Iterator[Session]:
    """The database itself, for what must or must not stand in it."""
    with Session(engine) as session:
        yield session


def actions(rows: Session, organisation: Organisation) -> list[str]:
    statement = select(AuditEntry.action).where(AuditEntry.tenant == organisation.tenant)
    return list(rows.exec(statement.order_by(col(AuditEntry.number))))
