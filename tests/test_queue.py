"""The tables of the queue: made once, brought up to the library's version, refused where they are newer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from app.cli import cli
from app.jobs.queues import open_queue
from app.settings import Settings
from tests.support.databases import Databases

pytestmark = pytest.mark.postgresql

MIGRATIONS = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
SHAPE = """
SELECT 'function', p.proname, pg_get_function_identity_arguments(p.oid) FROM pg_proc p
    WHERE p.pronamespace = 'procrastinate'::regnamespace
UNION SELECT 'column', table_name || '.' || column_name, data_type || is_nullable FROM information_schema.columns
    WHERE table_schema = 'procrastinate'
UNION SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = 'procrastinate'
UNION SELECT 'trigger', event_object_table, trigger_name FROM information_schema.triggers
    WHERE trigger_schema = 'procrastinate'
UNION SELECT 'comment', '', obj_description('procrastinate'::regnamespace)
"""


@pytest.fixture
def queue(databases: Databases, engines: Callable[[str], Engine]) -> tuple[Settings, Engine]:
    settings = Settings(database_url=databases.create(), jobs="queue")
    return settings, engines(settings.database_url)


def do(engine: Engine, *statements: str) -> None:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        raw: Any = connection.connection.driver_connection
        for statement in ("SET search_path TO procrastinate", *statements, "RESET search_path"):
            raw.execute(statement)


def shape(engine: Engine) -> set[tuple[str, ...]]:
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(text(SHAPE))}


def test_tables_of_an_older_library_become_those_of_this_one(
    queue: tuple[Settings, Engine], databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings, engine = queue
    older = [migration for migration in MIGRATIONS if migration.name < "03"]
    made = [migration.read_text("utf-8") for migration in older]
    do(engine, "CREATE SCHEMA procrastinate", *made, f"COMMENT ON SCHEMA procrastinate IS '{older[-1].name}'")
    open_queue(settings)
    new = Settings(database_url=databases.create(), jobs="queue")
    open_queue(new)
    assert shape(engine) == shape(engines(new.database_url))
    assert ("comment", "", MIGRATIONS[-1].name) in shape(engine)
    open_queue(settings)
    assert shape(engine) == shape(engines(new.database_url))


def test_tables_made_before_their_version_was_noted_stay_as_they_are(queue: tuple[Settings, Engine]) -> None:
    settings, engine = queue
    open_queue(settings)
    made = shape(engine)
    do(engine, "COMMENT ON SCHEMA procrastinate IS NULL")
    open_queue(settings)
    assert {part for part in shape(engine) if part[0] != "comment"} < made


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_tables_of_a_newer_library_stop_the_start(queue: tuple[Settings, Engine], command: str) -> None:
    settings, engine = queue
    open_queue(settings)
    do(engine, "COMMENT ON SCHEMA procrastinate IS '99.00.00_01_pre_something.sql'")
    result = CliRunner().invoke(cli, [command], env={"LOM_DATABASE_URL": settings.database_url, "LOM_JOBS": "queue"})
    assert result.exit_code == 2
    assert "newer procrastinate" in result.stderr
