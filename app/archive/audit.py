"""The append-only audit: one chain of hashes per tenant, so that a changed, missing or moved entry is found."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import exists, union
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.archive.tables import ArchiveSecret, AuditEntry, AuditHead, KeptAssessment

Action = Literal["keep", "delete", "expire", "feedback", "export_subject", "erase_subject"]
START = "0" * 64
MANY = 100


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


def tenants(session: Session) -> list[str]:
    """Every organisation that an audit tells of, or should tell of."""
    found = union(select(AuditHead.tenant), select(AuditEntry.tenant), select(KeptAssessment.tenant))
    return sorted(session.scalars(found))


def verify(session: Session, tenant: str) -> list[str]:
    """What is wrong with a tenant's chain, in the order of its entries; nothing where it is whole.

    Reads the entries once, and once more where some stand in the wrong place: linear in their number.
    """
    head = session.get(AuditHead, tenant)
    last, newest = (head.number, head.hash) if head else (0, START)
    walk = _Walk(last)
    entries = select(AuditEntry).where(AuditEntry.tenant == tenant).order_by(col(AuditEntry.number))
    for entry in session.exec(entries).yield_per(1000):
        walk.step(entry)
    for number, origin in _origins(session, tenant, walk.wrong).items():
        walk.faults[number] = [f"entry {number} was moved: it was written as {origin}"]
    faults = [fault for number in sorted(walk.faults) for fault in walk.faults[number]]
    faults += _each(walk.number + 1, last, "is missing")
    if head is None:
        faults += [f"the head is missing: it should name entry {walk.number}"] if walk.number else []
        return faults or _unnoted(session, tenant)
    session.refresh(head)  # others may have appended meanwhile
    faults += _each(max(last, head.number) + 1, walk.number, f"stands beyond the head, which names {head.number}")
    if walk.at_head not in {None, newest}:
        faults.append(f"entry {last} is not the one that was written last")
    return faults or _unnoted(session, tenant)


class _Walk:
    """What is found from entry to entry."""

    def __init__(self, last: int) -> None:
        self._last, self._previous, self._sound = last, START, True
        self.number = 0
        self.at_head: str | None = None if last else START
        self.wrong: dict[int, AuditEntry] = {}
        self.faults: dict[int, list[str]] = {}

    def step(self, entry: AuditEntry) -> None:
        """Look at the next entry."""
        faults = list(_each(self.number + 1, entry.number - 1, "is missing"))
        sound = entry.hash == _hash(entry, entry.number)
        if not sound:
            self.wrong[entry.number] = entry
            faults.append(f"entry {entry.number} was changed")
        elif self._sound and entry.number == self.number + 1 and entry.previous != self._previous:
            faults.append(f"entry {entry.number} does not follow the one before it")
        if faults:
            self.faults[entry.number] = faults
        if entry.number == self._last and sound:
            self.at_head = entry.hash
        self.number, self._previous, self._sound = entry.number, entry.hash, sound


def _each(first: int, last: int, fault: str) -> Iterator[str]:
    """One line for each entry; one for all where they are very many."""
    if last - first >= MANY:
        yield f"each of the entries {first} to {last} {fault}"
        return
    for number in range(first, last + 1):
        yield f"entry {number} {fault}"


def _origins(session: Session, tenant: str, wrong: dict[int, AuditEntry]) -> dict[int, int]:
    """The numbers under which entries were written that stand under another now, as far as their neighbours in the
    chain tell them; a number is believed where the entry's hash agrees."""
    if not wrong:
        return {}
    after = {entry.previous: number for number, entry in wrong.items()}
    named = {entry.hash: number for number, entry in wrong.items()}
    guesses = [(number, number + step) for number in wrong for step in (1, -1)]
    guesses += [(after[START], 1)] if START in after else []
    rows = select(AuditEntry.number, AuditEntry.previous, AuditEntry.hash).where(AuditEntry.tenant == tenant)
    for number, previous, hashed in session.exec(rows).yield_per(1000):
        if number not in wrong:
            guesses += [(after[hashed], number + 1)] if hashed in after else []
            guesses += [(named[previous], number - 1)] if previous in named else []
    found: dict[int, int] = {}
    while guesses:
        number, guess = guesses.pop()
        entry = wrong[number]
        if number in found or entry.hash != _hash(entry, guess):
            continue
        found[number] = guess
        guesses += [(after[entry.hash], guess + 1)] if entry.hash in after else []
        guesses += [(named[entry.previous], guess - 1)] if entry.previous in named else []
    return found


def _unnoted(session: Session, tenant: str) -> list[str]:
    """What is kept without an entry: so a chain shows that was cut off at its end, with a head that fits."""
    noted = exists().where(
        col(AuditEntry.tenant) == tenant,
        col(AuditEntry.assessment_id) == col(KeptAssessment.id),
        col(AuditEntry.action) == "keep",
    )
    kept = select(KeptAssessment.id).where(KeptAssessment.tenant == tenant, ~noted)
    found = session.exec(kept.order_by(col(KeptAssessment.created_at), col(KeptAssessment.id)).limit(MANY))
    return [f"assessment {identifier} is kept, but no entry says so" for identifier in found]
