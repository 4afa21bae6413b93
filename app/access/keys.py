"""API keys: what they look like, and their life from creation over rotation to revocation."""

import hashlib
import secrets
import string
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from app.access.tables import ApiKey
from app.failures import Failure

PREFIX = "lom_live_"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECKSUM = 32, 6
SCOPES = ("read", "score", "write", "admin")


class AccessError(Failure):
    """A key cannot be created, rotated or revoked as asked; the message says why."""


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request: the organisation whose rows it sees, its key if it showed one, and what it may do."""

    tenant: str
    key_id: str | None
    scopes: frozenset[str]
    rate: int | None = None
    expires_at: datetime | None = None


def new_key() -> str:
    """A new key with 190 random bits: prefix, 32 characters, and 6 more as checksum of what stands before."""
    head = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return head + _checksum(head)


def well_formed(key: str) -> bool:
    """Whether a key can be one of ours; a typo is found without asking the database."""
    if len(key) != len(PREFIX) + _RANDOM + _CHECKSUM or not key.startswith(PREFIX) or not key.isascii():
        return False
    return secrets.compare_digest(key[-_CHECKSUM:], _checksum(key[:-_CHECKSUM]))


def digest(key: str) -> str:
    """What is stored of a key. It has too many random bits to be guessed, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(head: str) -> str:
    rest, letters = zlib.crc32(head.encode()), ""
    for _ in range(_CHECKSUM):
        rest, place = divmod(rest, len(_ALPHABET))
        letters = _ALPHABET[place] + letters
    return letters


def create(
    session: Session,
    *,
    name: str,
    tenant: str,
    scopes: list[str],
    expires_at: datetime | None = None,
    rate: int | None = None,
) -> tuple[str, ApiKey]:
    """Store a new key; the plain key is returned here and never again. Raises AccessError at an unknown scope."""
    if unknown := set(scopes) - set(SCOPES):
        raise AccessError(f"there is no scope {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")
    plain = new_key()
    row = ApiKey(
        id=uuid.uuid4().hex[:12],
        name=name,
        tenant=tenant,
        scopes=sorted(set(scopes), key=SCOPES.index),
        digest=digest(plain),
        hint=plain[-4:],
        created_at=datetime.now(UTC),
        expires_at=expires_at,
        revoked_at=None,
        rate=rate,
    )
    session.add(row)
    return plain, row


def rotate(session: Session, key_id: str, overlap: timedelta) -> tuple[str, ApiKey]:
    """A new key in place of an old one, which goes on working for `overlap`.

    Raises AccessError when there is no such key in force.
    """
    old = _in_force(session, key_id)
    lasts = old.expires_at - old.created_at if old.expires_at else None
    now = datetime.now(UTC)
    plain, row = create(
        session,
        name=old.name,
        tenant=old.tenant,
        scopes=old.scopes,
        expires_at=now + lasts if lasts else None,
        rate=old.rate,
    )
    ends = now + overlap
    old.expires_at = min(old.expires_at, ends) if old.expires_at else ends
    session.add(old)
    return plain, row


def revoke(session: Session, key_id: str) -> ApiKey:
    """End a key for good. Raises AccessError when there is no such key in force."""
    row = _in_force(session, key_id)
    row.revoked_at = datetime.now(UTC)
    session.add(row)
    return row


def list_keys(session: Session) -> list[ApiKey]:
    """Every key there ever was, oldest first."""
    return list(session.exec(select(ApiKey).order_by(col(ApiKey.created_at), col(ApiKey.id))))


def find(session: Session, key: str) -> Caller | None:
    """The caller that a well-formed key belongs to, if it is in force."""
    row = session.exec(select(ApiKey).where(ApiKey.digest == digest(key))).first()
    if row is None or state(row) != "active":
        return None
    return Caller(row.tenant, row.id, frozenset(row.scopes), row.rate, row.expires_at)


def state(row: ApiKey) -> str:
    """`active`, `expired` or `revoked`."""
    if row.revoked_at:
        return "revoked"
    return "expired" if expired(row.expires_at) else "active"


def expired(expires_at: datetime | None) -> bool:
    """Whether a key with this end is no longer in force."""
    return expires_at is not None and expires_at <= datetime.now(UTC)


def _in_force(session: Session, key_id: str) -> ApiKey:
    row = session.get(ApiKey, key_id)
    if row is None:
        raise AccessError(f"there is no key with the id {key_id}; `keys list` shows all")
    if state(row) != "active":
        raise AccessError(f"the key {key_id} is {state(row)} already")
    return row
