"""Organisations that keep assessments, and what their audit says."""

import uuid
from collections.abc import Callable
from typing import Any

import httpx
from sqlmodel import Session, col, select

from app.archive.tables import AuditEntry
from tests.support.texts import SITUATION

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


def actions(rows: Session, organisation: Organisation) -> list[str]:
    statement = select(AuditEntry.action).where(AuditEntry.tenant == organisation.tenant)
    return list(rows.exec(statement.order_by(col(AuditEntry.number))))
