"""Idempotency keys: a request that is sent again makes nothing a second time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, delete, or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from app.archive.audit import keyed_hash
from app.archive.tables import IdempotencyKey
from app.errors import KeyReused, StillRunning

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
"""After this a request that has not ended is taken for dead, and its key may begin again."""


@dataclass(frozen=True)
class Claim:
    """A key that is held since `started_at`, or what an earlier request with it has made."""

    tenant: str
    operation: str
    key: str
    started_at: datetime
    made: str | None = None

    def held(self) -> ColumnElement[bool]:
        """The row, as long as it is ours."""
        return and_(
            col(IdempotencyKey.tenant) == self.tenant,
            col(IdempotencyKey.operation) == self.operation,
            col(IdempotencyKey.key) == self.key,
            col(IdempotencyKey.started_at) == self.started_at,
        )


def claim(session: Session, tenant: str, operation: str, key: str, body: str, *earlier: str) -> Claim:
    """Hold a key for this body, or find what it made; `earlier` is the body as former releases wrote it down.

    Raises StillRunning and KeyReused.
    """
    now = datetime.now(UTC)
    key, body = keyed_hash(session, "key", key), keyed_hash(session, "body", body)
    mine = Claim(tenant, operation, key, now)
    row = session.get(IdempotencyKey, (tenant, operation, key), with_for_update=True)
    if row is None:
        values: dict[str, Any] = {"tenant": tenant, "operation": operation, "key": key}
        try:
            with session.begin_nested():
                session.add(IdempotencyKey(**values, body=body, started_at=now, assessment_id=None))
        except IntegrityError:
            raise StillRunning from None  # another process began with it at the same moment
        return mine
    dead = row.assessment_id is None and _over(row.started_at, now, LEASE)
    if dead or _over(row.started_at, now, KEPT):
        row.body, row.started_at, row.assessment_id = body, now, None
        session.add(row)
        return mine
    if row.body != body and row.body not in {keyed_hash(session, "body", form) for form in earlier}:
        raise KeyReused
    if row.assessment_id is None:
        raise StillRunning
    return Claim(tenant, operation, key, row.started_at, made=row.assessment_id)


def _over(since: datetime, now: datetime, lasts: timedelta) -> bool:
    """Whether a time has run out. What began further ahead than it lasts began by a clock that was set back since."""
    return not now - lasts < since <= now + lasts


def finish(session: Session, held: Claim, made: str) -> None:
    """Say what the request has made. Raises StillRunning when another has taken the key over meanwhile."""
    changed: CursorResult[Any] = session.execute(update(IdempotencyKey).where(held.held()).values(assessment_id=made))  # type: ignore[assignment]
    if changed.rowcount != 1:
        raise StillRunning


def release(session: Session, held: Claim) -> None:
    """Give the key back: the request has failed and made nothing."""
    session.execute(delete(IdempotencyKey).where(held.held(), col(IdempotencyKey.assessment_id).is_(None)))


def forget_old(session: Session) -> None:
    """Drop keys that were used longer ago than they are kept."""
    now, started = datetime.now(UTC), col(IdempotencyKey.started_at)
    session.execute(delete(IdempotencyKey).where(or_(started <= now - KEPT, started > now + KEPT)))
