"""How often a caller may come: GCRA (a leaky bucket that needs one number per caller), shared by all workers.

On PostgreSQL the number lives in an unlogged table, on SQLite in a file beside the database that is never synced. A
number whose time has passed says nothing: whoever counts forgets such numbers, and with them addresses, once a minute.
"""

import math
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, text

WINDOW = 60.0


@dataclass(frozen=True)
class Turn:
    """Whether a request may pass, how many more may follow at once, and after how many seconds to come again (`wait`)
    or to have the whole window again (`reset`)."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    wait: int

    @property
    def headers(self) -> dict[str, str]:
        """The header fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After where the answer is no."""
        found = {
            "RateLimit-Policy": f'"default";q={self.limit};w={int(WINDOW)}',
            "RateLimit": f'"default";r={self.remaining};t={self.reset}',
        }
        return found if self.allowed else {**found, "Retry-After": str(self.wait)}


class Limiter(Protocol):
    def take(self, caller: str, per_minute: int) -> Turn:
        """One turn of a caller who has `per_minute` of them."""

    def close(self) -> None:
        """Let go of what it holds."""


def open_limiter(engine: Engine) -> Limiter:
    """The limiter that fits the database."""
    return PostgresLimiter(engine) if engine.dialect.name == "postgresql" else SqliteLimiter(engine)


def _turn(due: float, now: float, per_minute: int, allowed: bool) -> Turn:
    """`due` is when the caller's bucket will be empty again."""
    step, ahead = WINDOW / per_minute, max(0.0, due - now)
    return Turn(
        allowed,
        per_minute,
        max(0, math.floor((WINDOW - ahead) / step + 1e-6)),
        math.ceil(ahead),
        max(1, math.ceil(ahead + step - WINDOW)),
    )


class PostgresLimiter:
    """Counts in one statement by the clock of the database, so that machines need not agree on the time."""

    _TAKE = text(
        "INSERT INTO rate_limit AS r (caller, due) VALUES (:caller, extract(epoch FROM clock_timestamp()) + :step) "
        "ON CONFLICT (caller) DO UPDATE SET due = greatest(r.due, extract(epoch FROM clock_timestamp())) + :step "
        "WHERE greatest(r.due, extract(epoch FROM clock_timestamp())) - extract(epoch FROM clock_timestamp()) "
        "<= :room RETURNING due, extract(epoch FROM clock_timestamp())"
    )
    _LOOK = text("SELECT due, extract(epoch FROM clock_timestamp()) FROM rate_limit WHERE caller = :caller")
    _FORGET = text(
        "DELETE FROM rate_limit WHERE caller IN (SELECT caller FROM rate_limit "
        "WHERE due <= extract(epoch FROM clock_timestamp()) FOR UPDATE SKIP LOCKED)"
    )

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._forget_at = time.monotonic()

    def take(self, caller: str, per_minute: int) -> Turn:
        step = WINDOW / per_minute
        with self._engine.connect() as connection:
            values: dict[str, Any] = {"caller": caller, "step": step, "room": WINDOW - step}
            row = connection.execute(self._TAKE, values).first()
            allowed = row is not None
            if row is None:
                row = connection.execute(self._LOOK, {"caller": caller}).one()
            if time.monotonic() >= self._forget_at:
                self._forget_at = time.monotonic() + WINDOW
                connection.execute(self._FORGET)
        return _turn(float(row[0]), float(row[1]), per_minute, allowed)

    def close(self) -> None:
        """The engine is the application's."""


class SqliteLimiter:
    """Counts in a file beside the database; what a power cut loses is a minute of counting."""

    def __init__(self, engine: Engine) -> None:
        path = Path(f"{engine.url.database}.limits")
        self._lock, self._forget_at = threading.Lock(), time.monotonic()
        self._connection = sqlite3.connect(path, timeout=2, isolation_level=None, check_same_thread=False)
        for pragma in ("synchronous=OFF", "journal_mode=PERSIST", "secure_delete=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE IF NOT EXISTS rate_limit (caller TEXT PRIMARY KEY, due REAL NOT NULL)")

    def take(self, caller: str, per_minute: int) -> Turn:
        step = WINDOW / per_minute
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                now = time.time()
                row = self._connection.execute("SELECT due FROM rate_limit WHERE caller = ?", (caller,)).fetchone()
                due = max(row[0] if row else now, now)
                allowed = due - now <= WINDOW - step + 1e-9
                if allowed:
                    due += step
                    self._connection.execute("REPLACE INTO rate_limit VALUES (?, ?)", (caller, due))
                if time.monotonic() >= self._forget_at:
                    self._forget_at = time.monotonic() + WINDOW
                    self._connection.execute("DELETE FROM rate_limit WHERE due <= ?", (now,))
            finally:
                self._connection.execute("COMMIT")
        return _turn(due, now, per_minute, allowed)

    def close(self) -> None:
        self._connection.close()
