"""The engine for SQLite or PostgreSQL, and migrations at start under a lock."""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine, MetaData, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, create_engine

from app.database_errors import folder_of, told
from app.failures import Failure
from app.loading import load
from app.outages import is_busy
from app.revisions import current_revision, revisions

log = logging.getLogger("lead_or_manage.database")

POOL_SIZE = 40
POOL_SECONDS = 2
LOCK_SECONDS = 2.0
"""How long a transaction waits for a lock, unless the execution option `patience` says otherwise (seconds)."""
BRIEFLY = 0.5
"""The patience of what has something to fall back on."""
START_SECONDS = 30.0
STATEMENT_SECONDS = 30
MAKES_IT = "`lead-or-manage serve`, or `seed`, makes it"
OLDER = f"this database is not that of this release; {MAKES_IT} so"
NEWER = (
    "the database was written by a newer release, whose migrations this one does not have: run that release or a later "
    "one, or restore a backup from before the upgrade"
)
_START_LOCK = 0x4C4F4D31  # any constant, the same in every process of the service


class Base(SQLModel):
    """The base of every table: one metadata, whose constraints have the same names on both databases."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def wal_is_sound(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is free of the WAL-reset bug (3.7.0 to 3.51.2, fixed in 3.51.3, 3.50.7 and 3.44.6)."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def connect(database_url: str) -> Engine:
    """An engine with the settings that keep data safe; creates the folder of an SQLite file."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        if url.database:
            folder_of(url)
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            connect_args={"check_same_thread": False},
        )
        _configure_sqlite(engine)
        return engine
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 2, "prepare_threshold": None},
    )
    _configure_postgres(engine)
    return engine


def _patience(connection: Connection) -> int:
    """How long this transaction waits for a lock, in milliseconds."""
    return int(connection.get_execution_options().get("patience", LOCK_SECONDS) * 1000)


def _configure_postgres(engine: Engine) -> None:
    """Nothing outlives a transaction, so that PgBouncer may give each of them another connection."""

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        if raw.autocommit:
            return
        locks, statements = f"lock_timeout = {_patience(connection)}", f"statement_timeout = '{STATEMENT_SECONDS}s'"
        connection.exec_driver_sql(f"SET LOCAL {locks}; SET LOCAL {statements}")


def _configure_sqlite(engine: Engine) -> None:
    wal = wal_is_sound(sqlite3.sqlite_version_info)
    if not wal:
        reason = f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug; using the rollback journal"
        log.info(json.dumps({"event": "journal", "detail": reason}))

    journal = f"PRAGMA journal_mode={'WAL' if wal else 'DELETE'}"
    pending = [journal]

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        connection.execute(f"PRAGMA busy_timeout={int(LOCK_SECONDS * 1000)}")
        for pragma in ("foreign_keys=ON", "secure_delete=ON"):  # deleted bytes are overwritten
            connection.execute(f"PRAGMA {pragma}")
        if pending:  # the file keeps its journal mode, and to ask for it needs a lock
            connection.execute(journal)
            pending.clear()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        readonly = connection.get_execution_options().get("readonly")
        raw: Any = connection.connection.dbapi_connection
        raw.execute(f"PRAGMA busy_timeout={_patience(connection)}")
        if not readonly:
            connection.exec_driver_sql("PRAGMA synchronous=FULL")  # it reads the file; a reader need not wait for that
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")


def clear_traces(engine: Engine) -> None:
    """Empty the write-ahead log of SQLite, where a text that was just erased could still be read."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def alembic_config(migrations: Path) -> Any:
    """Alembic's `Config` for a migrations folder, wherever the package is installed."""
    config = load("alembic.config:Config")()
    config.set_main_option("script_location", str(migrations))
    return config


def prepare(engine: Engine, migrations: Path, fill: Callable[[Session], None]) -> None:
    """Migrate to the newest version and fill, in one transaction that only one process holds at a time. Raises Failure
    where a newer release has migrated the database."""
    with engine.execution_options(patience=START_SECONDS).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _START_LOCK})
        _upgrade(connection, migrations)
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            fill(session)
            session.commit()


def _upgrade(connection: Connection, migrations: Path) -> None:
    known, current = revisions(migrations), current_revision(connection)
    if current == known[-1]:
        return
    if current and current not in known:
        raise Failure(NEWER)
    config = alembic_config(migrations)
    config.attributes["connection"] = connection
    load("alembic.command:upgrade")(config, "head")


def is_current(engine: Engine, migrations: Path) -> bool:
    """Whether the database answers and stands at the newest migration. An SQLite file that another process has locked
    counts as current: the lock passes, and whoever serves it has migrated it."""
    try:
        with engine.connect().execution_options(readonly=True, patience=BRIEFLY) as connection:
            return current_revision(connection) == revisions(migrations)[-1]
    except OperationalError as error:
        if is_busy(error):
            return True
        raise


@contextmanager
def current_database(database_url: str, migrations: Path) -> Iterator[Engine]:
    """The database of a command. Raises Failure where there is none, or not that of this release."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise Failure(f"LOM_DATABASE_URL: there is no database {url.database} yet; {MAKES_IT}")
    with told(database_url):
        engine = connect(database_url)
        try:
            if not is_current(engine, migrations):
                raise Failure(f"LOM_DATABASE_URL: {NEWER if is_newer(engine, migrations) else OLDER}")
            yield engine
        finally:
            engine.dispose()


def is_newer(engine: Engine, migrations: Path) -> bool:
    """Whether the database stands at a migration that this release does not have."""
    with engine.connect().execution_options(readonly=True) as connection:
        return current_revision(connection) not in (None, *revisions(migrations))
