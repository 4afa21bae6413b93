"""The append-only audit: one chain of hashes per tenant, so that a changed, missing or moved entry is found."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.archive.tables import ArchiveSecret, AuditEntry, AuditHead

Action = Literal["keep", "delete", "expire", "feedback", "export_subject", "erase_subject"]
START = "0" * 64


def keyed_hash(session: Session, *parts: str) -> str:
    """An HMAC under the secret of this database: equal inputs can be told, the input cannot."""
    secret = session.exec(select(ArchiveSecret.value)).one()
    return hmac.new(bytes.fromhex(secret), json.dumps(parts).encode(), hashlib.sha256).hexdigest()


class Chain:
    """The chain of one tenant, held until the transaction ends: nobody else appends meanwhile."""

    def __init__(self, session: Session, tenant: str, key_id: str | None) -> None:
        self._session, self._key_id = session, key_id
        held = select(AuditHead).where(AuditHead.tenant == tenant).with_for_update()
        head = session.exec(held).first()
        if head is None:
            with suppress(IntegrityError), session.begin_nested():  # another process may begin it at the same moment
                session.add(AuditHead(tenant=tenant, number=0, hash=START))
            head = session.exec(held).one()
        self.head = head

    def append(
        self, action: Action, *, assessment_id: str | None = None, model: str | None = None, text: str | None = None
    ) -> None:
        """Write an entry; of the text only its HMAC."""
        entry = AuditEntry(
            tenant=self.head.tenant,
            number=self.head.number + 1,
            created_at=datetime.now(UTC),
            key_id=self._key_id,
            action=action,
            assessment_id=assessment_id,
            model=model,
            input=None if text is None else keyed_hash(self._session, "text", text),
            previous=self.head.hash,
            hash="",
        )
        entry.hash = _hash(entry, entry.number)
        self.head.number, self.head.hash = entry.number, entry.hash
        self._session.add_all((entry, self.head))


def _hash(entry: AuditEntry, number: int) -> str:
    """What an entry's hash must be if it stands at this number."""
    content = [
        entry.tenant,
        number,
        entry.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.key_id,
        entry.action,
        entry.assessment_id,
        entry.model,
        entry.input,
        entry.previous,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def heads(session: Session) -> list[AuditHead]:
    """The last entry of every tenant's chain."""
    return list(session.exec(select(AuditHead).order_by(col(AuditHead.tenant))))


def verify(session: Session, head: AuditHead) -> Iterator[str]:
    """What is wrong with a tenant's chain, entry by entry; nothing where it is whole."""
    entries = session.exec(select(AuditEntry).where(AuditEntry.tenant == head.tenant).order_by(col(AuditEntry.number)))
    number, previous, sound = 0, START, True
    for entry in entries.yield_per(1000):
        for missing in range(number + 1, entry.number):
            yield f"entry {missing} is missing"
        if entry.hash != _hash(entry, entry.number):
            origin = next((n for n in range(1, head.number + 1) if entry.hash == _hash(entry, n)), None)
            yield f"entry {entry.number} was " + (f"moved: it was written as {origin}" if origin else "changed")
            sound = False
        else:
            follows = entry.previous == previous or entry.number != number + 1 or not sound
            if not follows:
                yield f"entry {entry.number} does not follow the one before it"
            sound = True
        number, previous = entry.number, entry.hash
    for missing in range(number + 1, head.number + 1):
        yield f"entry {missing} is missing"
    if number == head.number and sound and previous != head.hash:
        yield f"entry {number} is not the one that was written last"
