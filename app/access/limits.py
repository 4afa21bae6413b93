"""How often a caller may come: GCRA (a leaky bucket that needs one number per caller), shared by all workers.

On PostgreSQL the number lives in an unlogged table, on SQLite in a file beside the database that is never synced.
Expired numbers, and with them key ids and addresses, are deleted once a minute. Counting is a courtesy: while it cannot
be done, requests pass, and the log says why.
"""

import json
import logging
import math
import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.access.tables import rate_limit
from app.outages import reason

log = logging.getLogger("lead_or_manage.access")

WINDOW = 60.0
PATIENCE_SECONDS = 0.1
"""How long one request waits for others that count."""
RETRY_SECONDS = 1.0
"""After a failure one request in so long tries to count again; the others pass."""
TELL_SECONDS = 60.0
_AHEAD = WINDOW + 0.001
"""What lies further ahead is of another clock."""
_NO_TABLE = "42P01"
_KEEP_FILE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
"""Errors that a new file would not mend."""


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
    def take(self, caller: str, per_minute: int) -> Turn | None:
        """One turn of a caller who has `per_minute` of them; None where nothing can be counted just now."""

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


class _Trouble:
    """Remembers that counting fails, so that requests do not wait for it one by one, and tells the log."""

    def __init__(self) -> None:
        self._failing, self._retry_at, self._tell_at = False, 0.0, 0.0

    def pauses(self) -> bool:
        """Whether not even to try; whoever is let through to try keeps the others out meanwhile."""
        if not self._failing:
            return False
        now = time.monotonic()
        if now < self._retry_at:
            return True
        self._retry_at = now + RETRY_SECONDS
        return False

    def failed(self, error: Exception) -> None:
        """Counting has failed; said once a minute."""
        now = time.monotonic()
        self._failing, self._retry_at = True, now + RETRY_SECONDS
        if now >= self._tell_at:
            self._tell_at = now + TELL_SECONDS
            names = {"error": type(error).__name__, "reason": reason(error)}
            log.warning(json.dumps({"event": "rate_limit_off", **names, "detail": "requests pass uncounted"}))

    def worked(self) -> None:
        """Counting works."""
        if self._failing:
            self._failing, self._tell_at = False, 0.0
            log.warning(json.dumps({"event": "rate_limit_on"}))


class PostgresLimiter:
    """Counts in one statement by the clock of the database, so that machines need not agree on the time. A number that
    lies further ahead than the window is of a clock that was set back since, and counts as past."""

    _CLOCK = "extract(epoch FROM statement_timestamp())"
    _DUE = f"CASE WHEN r.due BETWEEN {_CLOCK} AND {_CLOCK} + {_AHEAD} THEN r.due ELSE {_CLOCK} END"
    _TAKE = text(
        f"INSERT INTO rate_limit AS r (caller, due) VALUES (:caller, {_CLOCK} + :step) "  # noqa: S608
        f"ON CONFLICT (caller) DO UPDATE SET due = {_DUE} + :step WHERE {_DUE} - {_CLOCK} <= :room "
        f"RETURNING due, {_CLOCK}"
    )
    _LOOK = text(f"SELECT due, {_CLOCK} FROM rate_limit WHERE caller = :caller")  # noqa: S608
    _FORGET = text(
        "DELETE FROM rate_limit WHERE caller IN (SELECT caller FROM rate_limit "  # noqa: S608
        f"WHERE due NOT BETWEEN {_CLOCK} AND {_CLOCK} + {_AHEAD} FOR UPDATE SKIP LOCKED)"
    )

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(patience=PATIENCE_SECONDS)
        self._forget_at, self._trouble = time.monotonic(), _Trouble()

    def take(self, caller: str, per_minute: int) -> Turn | None:
        if self._trouble.pauses():
            return None
        try:
            with self._engine.begin() as connection:
                turn = self._count(connection, caller, per_minute)
        except (DBAPIError, PoolTimeoutError) as error:
            self._trouble.failed(error)
            if reason(error) == _NO_TABLE:
                self._make_table()
            return None
        self._trouble.worked()
        return turn

    def _count(self, connection: Connection, caller: str, per_minute: int) -> Turn:
        step = WINDOW / per_minute
        values: dict[str, Any] = {"caller": caller, "step": step, "room": WINDOW - step}
        row = connection.execute(self._TAKE, values).first()
        allowed = row is not None
        if row is None:
            row = connection.execute(self._LOOK, {"caller": caller}).one()
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + WINDOW
            connection.execute(self._FORGET)
        return _turn(float(row[0]), float(row[1]), per_minute, allowed)

    def _make_table(self) -> None:
        with suppress(DBAPIError, PoolTimeoutError):  # another worker may make it, or only the owner may
            rate_limit.create(self._engine, checkfirst=True)

    def close(self) -> None:
        """The engine is the application's."""


class SqliteLimiter:
    """Counts in a file beside the database; what a power cut loses is a minute of counting.

    The file is opened when first needed, and made anew where it is broken. Its times are those of the machine's
    monotonic clock, which all processes share and nobody sets; what lies further ahead than the window is of an earlier
    start of the machine, and counts as past.
    """

    def __init__(self, engine: Engine) -> None:
        self._path = Path(f"{engine.url.database}.limits")
        self._lock, self._forget_at, self._trouble = threading.Lock(), time.monotonic(), _Trouble()
        self._connection: sqlite3.Connection | None = None

    def take(self, caller: str, per_minute: int) -> Turn | None:
        with self._lock:
            if self._trouble.pauses():
                return None
            try:
                turn = self._take(caller, per_minute)
            except (sqlite3.Error, OSError) as error:
                self._let_go()
                self._trouble.failed(error)
                return None
            self._trouble.worked()
            return turn

    def _take(self, caller: str, per_minute: int) -> Turn:
        """Counts. Where the file is broken it is opened again, as another process may have made it anew, and then
        replaced."""
        for mend in (self._let_go, self._remove):
            try:
                return self._count(caller, per_minute)
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _KEEP_FILE:
                    raise
                mend()
        return self._count(caller, per_minute)

    def _count(self, caller: str, per_minute: int) -> Turn:
        connection, step = self._open(), WINDOW / per_minute
        with connection:  # ends the transaction, either way
            connection.execute("BEGIN IMMEDIATE")
            now = time.monotonic()
            found = "SELECT due FROM rate_limit WHERE caller = ? AND due BETWEEN ? AND ?"
            row = connection.execute(found, (caller, now, now + _AHEAD)).fetchone()
            due = float(row[0]) if row else now
            allowed = due - now <= WINDOW - step + 1e-9
            if allowed:
                due += step
                connection.execute("REPLACE INTO rate_limit VALUES (?, ?)", (caller, due))
            if now >= self._forget_at:
                self._forget_at = now + WINDOW
                connection.execute("DELETE FROM rate_limit WHERE due NOT BETWEEN ? AND ?", (now, now + _AHEAD))
        return _turn(due, now, per_minute, allowed)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self._path, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection = connection
            for pragma in ("synchronous=OFF", "journal_mode=PERSIST", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("CREATE TABLE IF NOT EXISTS rate_limit (caller TEXT PRIMARY KEY, due REAL NOT NULL)")
        return self._connection

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _remove(self) -> None:
        self._let_go()
        for companion in ("-journal", "-wal", "-shm", ""):
            self._path.with_name(f"{self._path.name}{companion}").unlink(missing_ok=True)

    def close(self) -> None:
        with self._lock:
            self._let_go()
