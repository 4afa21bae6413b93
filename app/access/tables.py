"""The tables of access: API keys, and on PostgreSQL how often each caller came."""

from datetime import datetime

from sqlalchemy import JSON, Column, Float, Table, Text
from sqlmodel import Field

from app.database import Base


class ApiKey(Base, table=True):
    """An API key; of the key itself only a hash and the last four characters are kept."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True, max_length=12)
    name: str = Field(max_length=100)
    tenant: str = Field(max_length=100, index=True)
    scopes: list[str] = Field(sa_type=JSON)
    digest: str = Field(max_length=64, unique=True)
    hint: str = Field(max_length=4)
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    rate: int | None


rate_limit = Table(
    "rate_limit",
    Base.metadata,
    Column("caller", Text, primary_key=True),
    Column("due", Float, nullable=False),
    prefixes=["UNLOGGED"],
    info={"dialect": "postgresql"},  # on SQLite a file of its own does this, without syncing
)
