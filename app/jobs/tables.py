"""The tables of bulk work: a job, and the chunks of texts that it consists of."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from app.database import Base


class Job(Base, table=True):
    """One upload. Its id begins with the time, so that ids sort as jobs came.

    `webhook_state` is waiting, due, delivered or failed. A message that is due may be sent from `webhook_due` on; while
    one is being sent, until `webhook_lease` at the latest, its `webhook_host` (host:port) gets no other.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("tenant", "idempotency_key"),
        Index(None, "tenant", "id"),
        Index(None, "status", "expires_at"),
        Index(None, "webhook_state", "webhook_due"),
        Index(None, "webhook_lease"),
    )

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(max_length=100)
    status: str = Field(sa_type=Text)
    options: dict[str, Any] = Field(sa_type=JSON)
    request_id: str = Field(max_length=128)
    total: int = 0
    done: int = 0
    errors: int = 0
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime = Field(index=True)
    idempotency_key: str | None = Field(default=None, max_length=255)
    digest: str | None = Field(default=None, max_length=64)
    webhook_url: str | None = Field(default=None, max_length=2000)
    webhook_secret: str | None = Field(default=None, max_length=64)
    webhook_state: str | None = Field(default=None, sa_type=Text)
    webhook_host: str | None = Field(default=None, max_length=300)
    webhook_attempts: int = 0
    webhook_due: datetime | None = None
    webhook_lease: datetime | None = None
    webhook_failure: str | None = Field(default=None, sa_type=Text)


class Chunk(Base, table=True):
    """Some consecutive texts of a job: first the texts, and once they are scored the results instead.

    `state` is open, done or cancelled. An open chunk may be taken from `due` on; whoever takes it counts `attempts` up,
    moves `due` ahead, and may write only as long as `attempts` is still theirs.
    """

    __tablename__ = "job_chunk"
    __table_args__ = (Index("ix_job_chunk_state", "state", "number", "job_id"),)

    job_id: str = Field(sa_column=Column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True))
    number: int = Field(primary_key=True)
    state: str = Field(sa_type=Text)
    due: datetime
    attempts: int = 0
    items: int
    finished_at: datetime | None = None
    tally: list[Any] | None = Field(default=None, sa_type=JSON)
    texts: bytes | None = Field(default=None, sa_type=LargeBinary)
    results: bytes | None = Field(default=None, sa_type=LargeBinary)
