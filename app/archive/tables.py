"""The tables of what is kept. Text stands in `assessment.text`, `assessment.answer` and `feedback.reason` only."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field

from app.database import Base

ID_LENGTH, HASH_LENGTH, TENANT_LENGTH = 32, 64, 100


class KeptAssessment(Base, table=True):
    """A situation and its judgement; evidence as offsets, since the text stands beside it. The first index holds all
    that a list is filtered by, so that to count one reads no texts."""

    __tablename__ = "assessment"
    __table_args__ = (
        Index(None, "tenant", "created_at", "id", "expires_at", "verdict", "status", "model"),
        Index(None, "subject_ref", "tenant", "created_at", "id"),
        Index(None, "expires_at"),
    )

    id: str = Field(primary_key=True, max_length=ID_LENGTH)
    tenant: str = Field(max_length=TENANT_LENGTH)
    subject_ref: str | None = Field(max_length=100)
    created_at: datetime
    expires_at: datetime
    status: str = Field(sa_type=Text)
    verdict: str = Field(sa_type=Text)
    model: str = Field(max_length=50)
    text: str = Field(sa_type=Text)
    answer: dict[str, Any] = Field(sa_type=JSON)


class Feedback(Base, table=True):
    """What a careful reader says of a kept assessment; quotes as offsets in code points."""

    id: str = Field(primary_key=True, max_length=ID_LENGTH)
    assessment_id: str = Field(max_length=ID_LENGTH, foreign_key="assessment.id", ondelete="CASCADE", index=True)
    tenant: str = Field(max_length=TENANT_LENGTH)
    key_id: str = Field(max_length=12)
    created_at: datetime
    agree: bool
    labels: dict[str, Any] | None = Field(sa_type=JSON)
    reason: str | None = Field(sa_type=Text)


class IdempotencyKey(Base, table=True):
    """That a key was used, and for what; of key and body only an HMAC. Running while `assessment_id` is null."""

    __tablename__ = "idempotency_key"

    tenant: str = Field(primary_key=True, max_length=TENANT_LENGTH)
    operation: str = Field(primary_key=True, max_length=50)
    key: str = Field(primary_key=True, max_length=HASH_LENGTH)
    body: str = Field(max_length=HASH_LENGTH)
    started_at: datetime = Field(index=True)
    assessment_id: str | None = Field(max_length=ID_LENGTH, foreign_key="assessment.id", ondelete="CASCADE", index=True)


class AuditEntry(Base, table=True):
    """Who did what, when; never a text. Each entry holds the hash of the one before it of the same tenant."""

    __tablename__ = "audit_entry"

    tenant: str = Field(primary_key=True, max_length=TENANT_LENGTH)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    created_at: datetime
    key_id: str | None = Field(max_length=12)
    action: str = Field(max_length=20)
    assessment_id: str | None = Field(max_length=ID_LENGTH, index=True)
    model: str | None = Field(max_length=50)
    input: str | None = Field(max_length=HASH_LENGTH)
    previous: str = Field(max_length=HASH_LENGTH)
    hash: str = Field(max_length=HASH_LENGTH)


class AuditHead(Base, table=True):
    """The last entry of a tenant's chain; whoever appends holds this row."""

    __tablename__ = "audit_head"

    tenant: str = Field(primary_key=True, max_length=TENANT_LENGTH)
    number: int
    hash: str = Field(max_length=HASH_LENGTH)


class ArchiveSecret(Base, table=True):
    """The one secret under which texts, bodies and keys are hashed; made by the migration."""

    __tablename__ = "archive_secret"

    id: int = Field(primary_key=True)
    value: str = Field(max_length=HASH_LENGTH)
