"""Migrations on both databases, pragmas, and many processes that start at once."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, inspect, text
from sqlmodel import Session, select

from app.catalog.tables import CatalogueVersion
from app.database import alembic_config, is_current, wal_is_sound
from app.revisions import revisions
from app.settings import Settings, data_path
from tests.support.databases import Databases
from tests.support.paths import ROOT


@pytest.mark.both_databases
def test_migrations_go_up_match_the_tables_go_down_to_nothing_and_up_again(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    engine = engines(databases.create())
    config = alembic_config(data_path("migrations"))
    for _ in range(2):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            command.check(config)
        assert is_current(engine, data_path("migrations"))
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
        assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
        assert not is_current(engine, data_path("migrations"))


def test_the_files_of_the_migrations_begin_with_their_ids_in_order() -> None:
    chain = ScriptDirectory.from_config(alembic_config(data_path("migrations"))).walk_revisions()
    assert revisions(data_path("migrations")) == [script.revision for script in chain][::-1]


def test_the_check_notices_a_table_that_no_migration_makes(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    engine = engines(databases.create())
    config = alembic_config(data_path("migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.execute(text("DROP TABLE program_facet"))
        with pytest.raises(CommandError, match="New upgrade operations"):
            command.check(config)


@pytest.mark.both_databases
def test_four_processes_that_start_at_once_on_an_empty_database_all_work(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    url = databases.create()
    script = (
        "from app.catalog.setup import set_up; from app.settings import Settings\n"
        f"set_up(Settings(database_url={url!r}))"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    with Session(engines(url)) as session:
        assert session.exec(select(CatalogueVersion.version)).all() == [1]


def test_sqlite_keeps_what_it_acknowledged_and_uses_wal_only_where_it_is_sound(
    tmp_path: Path, engines: Callable[[str], Engine]
) -> None:
    engine = engines(f"sqlite:///{tmp_path / 'deep' / 'er' / 'x.db'}")
    with engine.connect() as connection:
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "foreign_keys")]
    assert values == [2, 1]
    sound = [(3, 51, 3), (3, 52, 0), (3, 50, 7), (3, 44, 6)]
    unsound = [(3, 40, 1), (3, 51, 2), (3, 50, 6), (3, 44, 5), (3, 45, 0)]
    assert all(map(wal_is_sound, sound))
    assert not any(map(wal_is_sound, unsound))


def test_the_database_refuses_a_link_to_nothing(databases: Databases, engines: Callable[[str], Engine]) -> None:
    settings = Settings(database_url=databases.seeded())
    engine = engines(settings.database_url)
    statement = "INSERT INTO program_skill VALUES ('nope', 'nope', 'editorial', 'why', 0)"
    with pytest.raises(Exception, match=r"(?i)foreign key"), engine.begin() as connection:
        connection.execute(text(statement))


def test_nothing_on_postgresql_outlives_its_transaction(postgres: Databases, engines: Callable[[str], Engine]) -> None:
    """So PgBouncer in transaction mode may give each transaction another connection."""
    engine = engines(postgres.create())
    for patience, limit in ((None, "2s"), (0.25, "250ms")):
        options = {} if patience is None else {"patience": patience}
        for _ in range(10):
            with engine.execution_options(**options).begin() as connection:
                names = ("lock_timeout", "statement_timeout")
                assert [connection.scalar(text(f"SHOW {name}")) for name in names] == [limit, "30s"]
                assert connection.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        raw: Any = connection.connection.driver_connection
        assert "options" not in raw.info.get_parameters()
        changed = "SELECT name FROM pg_settings WHERE source = 'session'"
        assert [row[0] for row in raw.execute(changed).fetchall()] == []
