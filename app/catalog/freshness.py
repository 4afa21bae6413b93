"""Which version of the catalogue a tenant sees now, asked for with every request and therefore cheap to tell."""

import sqlite3
import time
from typing import Any

from anyio import to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.catalog.visibility import versions
from app.database import BRIEFLY

TRUSTED_SECONDS = 1.0
"""How long a worker on PostgreSQL goes by the version that it knows, unless it changes the catalogue itself."""
MOST_TENANTS = 10_000

Versions = tuple[int, int]


class Freshness:
    """The versions of the shared catalogue and of the tenant's own. On SQLite they are read from the file each time, on
    PostgreSQL once a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(readonly=True, patience=BRIEFLY)
        self._known: dict[str, tuple[Versions, float]] = {}
        self._changes = 0
        self._file: Any = None
        if engine.dialect.name == "sqlite":
            arguments, options = engine.dialect.create_connect_args(engine.url)
            self._file = engine.dialect.connect(*arguments, **{**options, "timeout": 0, "check_same_thread": False})
            self._file.execute("PRAGMA query_only=ON")

    async def now(self, tenant: str) -> Versions | None:
        """What the tenant sees now; None where the database does not tell at once."""
        if self._file is not None:
            return self._read_file(tenant)
        versions, until = self._known.get(tenant, (None, 0.0))
        if versions is not None and time.monotonic() < until:
            return versions
        changes, until = self._changes, time.monotonic() + TRUSTED_SECONDS
        try:
            versions = await to_thread.run_sync(self._read, tenant)
        except (DBAPIError, PoolTimeoutError):
            return None
        if changes == self._changes:
            if len(self._known) >= MOST_TENANTS:
                self._known.clear()
            self._known[tenant] = (versions, until)
        return versions

    def changed(self) -> None:
        """This worker has changed a catalogue: what it knows is old."""
        self._changes += 1
        self._known.clear()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _read(self, tenant: str) -> Versions:
        with self._engine.connect() as connection:
            return versions(connection, tenant)

    def _read_file(self, tenant: str) -> Versions | None:
        try:
            shared, own = self._file.execute(
                "SELECT version, coalesce((SELECT version FROM own_catalogue WHERE tenant = ?), 0) "
                "FROM catalogue_version",
                (tenant,),
            ).fetchone()
        except sqlite3.Error:  # another process writes just now
            return None
        return shared, own
