"""The command line as a user types it, mostly in the test's own process."""

import codecs
import json
import os
import pty
import resource
import sqlite3
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from app import cli
from app.settings import Settings
from tests.support import apps
from tests.support.commands import run
from tests.support.databases import Databases
from tests.support.paths import ROOT
from tests.support.servers import Server
from tests.support.texts import RECORD, SITUATION

NOBODY = 65534
HEAVY = {
    *("fastapi", "uvicorn", "mcp", "httpx", "prometheus_client", "opentelemetry", "procrastinate", "markdown_it"),
    *("onnxruntime", "tokenizers", "numpy", "py3langid", "alembic", "mako", "rich", "pygments"),
}
"""What a command that works on a database alone never loads."""
ON_A_DATABASE = (
    "seed",
    "serve --port 0",
    "score -",
    "keys list",
    "keys create x",
    "keys rotate x",
    "keys revoke x",
    "programs export FILE",
    "programs import SHEET --tenant acme",
    "purge",
    "audit verify",
    "feedback export --tenant acme --out FILE",
)


@pytest.fixture
def database(tmp_path: Path) -> dict[str, str]:
    return {"LOM_DATABASE_URL": f"sqlite:///{tmp_path / 'cli.db'}"}


def words(command: str, folder: Path) -> list[str]:
    """The arguments of a command, with files to read and to write in their places."""
    sheet = folder / "sheet.csv"
    sheet.write_text("slug,name\n")
    places = {"FILE": str(folder / "out"), "SHEET": str(sheet)}
    return [places.get(word, word) for word in command.split()]


def refused(arguments: list[str], **environment: str) -> str:
    """The one line with which a command ends with status 2."""
    result = run(*arguments, given=SITUATION, **environment)
    lines = [line for line in result.stderr.splitlines() if not line.startswith("{")]
    assert (result.exit_code, len(lines)) == (2, 1), (arguments, result.output)
    assert lines[0].startswith("lead-or-manage: ")
    return lines[0]


def test_help_names_every_command_in_the_words_of_its_own_help() -> None:
    output = run("--help").stdout
    for name, (_, told) in cli.COMMANDS.items():
        assert f"  {name} " in output
        assert " ".join((cli.command(name).help or "").split()).startswith(told), name
        assert run(name, "--help").exit_code == 0
    assert "Did you mean 'keys'?" in run("key").stderr


def test_commands_on_the_database_load_neither_the_service_nor_the_model(databases: Databases, tmp_path: Path) -> None:
    light = [command for command in ON_A_DATABASE if command.split()[0] not in {"serve", "score"}]
    wanted = [words(command, tmp_path) for command in (*light, "where", "backup FILE.backup", "--help")]
    script = (
        "import sys; from typer.testing import CliRunner; from app.cli import cli\n"
        f"for words in {wanted!r}:\n"
        "    result = CliRunner().invoke(cli, words)\n"
        "    assert result.exit_code in {0, 1, 2} and (result.exit_code != 1 or 'import' in words), result.output\n"
        f"    heavy = {HEAVY!r} & set(sys.modules)\n"
        "    assert not heavy, (words, heavy)\n"
    )
    environment = os.environ | {"LOM_DATABASE_URL": databases.seeded(), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], env=environment, cwd=tmp_path, timeout=120, check=True)


def test_score_takes_an_argument_standard_input_or_a_file_and_says_the_same(
    tmp_path: Path, database: dict[str, str]
) -> None:
    file = tmp_path / "situation.txt"
    file.write_text(SITUATION + "\n", encoding="utf-8")
    outputs = {
        run("score", SITUATION, **database).stdout,
        run("score", "-", given=SITUATION, **database).stdout,
        run("score", str(file), **database).stdout,
    }
    assert len(outputs) == 1
    output = outputs.pop()
    assert "leadership" in output
    assert "of the time)" in output.splitlines()[0]
    for trait in apps.scorer().assess(SITUATION).criteria:
        line = next(line for line in output.splitlines() if line[4:].startswith(trait.slug))
        assert line.startswith("[x]" if trait.present else "[ ]")
        assert f"{trait.probability:.2f} (from {trait.present_from:.2f})" in line


def test_score_json_is_the_answer_of_the_service_byte_for_byte(server: Server, settings: Settings) -> None:
    served = httpx.post(f"{server.url}/v1/score", json={"text": SITUATION}).text
    said = run("score", SITUATION, "--json", LOM_DATABASE_URL=settings.database_url)
    assert said.stdout.rstrip("\n") == served


def test_score_refuses_an_empty_text_with_a_reason(database: dict[str, str]) -> None:
    result = run("score", " ", **database)
    assert result.exit_code == 2
    assert "visible character" in result.stderr


def test_seed_reports_and_refuses_a_wrong_folder(tmp_path: Path, database: dict[str, str]) -> None:
    assert "46 added" in run("seed", **database).stdout
    assert "0 added, 0 changed, 0 removed" in run("seed", **database).stdout
    assert "cannot be read" in refused(["seed", "--from", str(tmp_path)], **database)


def test_openapi_prints_the_document(database: dict[str, str]) -> None:
    assert json.loads(run("openapi", **database).stdout)["openapi"].startswith("3.1")


def test_evaluate_measures_any_labelled_file_and_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text(json.dumps(RECORD) + "\n" + json.dumps(RECORD) + "\n", encoding="utf-8")
    output = run("evaluate", "--data", str(file)).stdout
    assert "on 2 situations" in output
    for figure in ("criterion F1", "accuracy of the surest", "evidence, sufficiency", "who the people are", "typos"):
        assert figure in output
    file.write_text(json.dumps(RECORD) + "\n" + json.dumps(RECORD | {"verdict": "maybe"}), encoding="utf-8")
    assert "line 2: verdict" in refused(["evaluate", "--data", str(file)])
    assert "nowhere.jsonl" in refused(["evaluate", "--data", "nowhere.jsonl"])


@pytest.mark.parametrize("command", ["serve", "where", "keys list", "openapi", "backup x"])
def test_a_wrong_setting_stops_every_command_with_its_name_and_what_is_allowed(command: str) -> None:
    for variable, value, told in (
        ("LOM_PORT", "banana", "LOM_PORT: "),
        ("LOM_DATABASE_URL", "mysql://x", "postgresql://"),
        ("LOM_LOG_LEVEL", "loud", "warning"),
        ("LOM_PROT", "1", "did you mean LOM_PORT"),
    ):
        said = refused(command.split(), **{variable: value})
        assert variable in said
        assert told in said


def test_options_of_serve_are_judged_as_the_settings_are() -> None:
    assert "LOM_HOST: this is not a host" in refused(["serve", "--host", "http://x"])


@pytest.mark.parametrize(
    "arguments", [("train", "--corpus", ".", "--base-model", "x"), ("evaluate", "--baselines", "--data", "DATA")]
)
def test_what_needs_the_extra_says_so(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text(json.dumps(RECORD), encoding="utf-8")
    given = [str(file) if argument == "DATA" else argument for argument in arguments]
    assert "extra `train`" in refused(given)


@pytest.mark.parametrize("command", ON_A_DATABASE)
def test_a_database_that_is_not_there_broken_or_newer_is_told_in_a_line(
    command: str, databases: Databases, tmp_path: Path
) -> None:
    given = words(command, tmp_path)
    gone = refused(given, LOM_DATABASE_URL="postgresql://me:secret-word@127.0.0.1:1/lom")
    assert "LOM_DATABASE_URL: no database answers" in gone
    assert "secret-word" not in gone
    url = databases.seeded()
    file = Path(url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert "newer release" in refused(given, LOM_DATABASE_URL=url)
    file.write_bytes(b"this is not a database, and was none before")
    assert f"LOM_DATABASE_URL: {file} is not an SQLite database" in refused(given, LOM_DATABASE_URL=url)
    below = f"sqlite:///{file}/below.db"
    assert "LOM_DATABASE_URL: " in refused(given, LOM_DATABASE_URL=below)
    if given[0] not in {"seed", "serve", "score"}:
        nothing = tmp_path / "none.db"
        assert "or `seed`, makes it" in refused(given, LOM_DATABASE_URL=f"sqlite:///{nothing}")
        assert not nothing.exists()


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, where the tests have them."""
    codecs.lookup("idna")  # what nobody may not read, Python would take for missing from then on
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def guarded(databases: Databases) -> Iterator[Path]:
    """A database that may be read but not written, in a folder that may not be written either."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "kept.db"
        file.write_bytes(Path(databases.seeded().removeprefix("sqlite:///")).read_bytes())
        file.chmod(0o444)
        folder.chmod(0o555)
        yield file
        folder.chmod(0o755)


@pytest.mark.parametrize("command", ["seed", "serve --port 0", "score x", "keys create x", "purge"])
def test_what_may_not_be_written_is_named_with_its_setting(command: str, guarded: Path) -> None:
    run(*command.split()[:1], "--help")  # what is imported later may not be readable to nobody
    with as_nobody():
        said = refused(command.split(), LOM_DATABASE_URL=f"sqlite:///{guarded}")
        assert f"LOM_DATABASE_URL: {guarded}" in said
        if command.split(maxsplit=1)[0] in {"seed", "serve", "score"}:
            home = {"XDG_DATA_HOME": str(guarded.parent / "home")}
            said = refused(command.split(), **home)
            assert f"LOM_DATABASE_URL: the folder {home['XDG_DATA_HOME']}/lead-or-manage cannot be made" in said


def test_files_that_may_not_be_written_or_read_are_named(guarded: Path, databases: Databases, tmp_path: Path) -> None:
    url = {"LOM_DATABASE_URL": databases.seeded()}
    nowhere = str(tmp_path / "no" / "where.csv")
    for command in ("programs export FILE", "feedback export --tenant acme --out FILE", "backup FILE", "restore FILE"):
        said = refused([nowhere if word == "FILE" else word for word in command.split()], **url)
        assert str(tmp_path / "no") in said


def test_a_full_disk_is_told(database: dict[str, str]) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    try:
        said = refused(["seed"], **database)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "LOM_DATABASE_URL: " in said
    assert "full" in said


def test_an_address_that_cannot_be_listened_on_is_told_before_anything_else(
    server: Server, database: dict[str, str], tmp_path: Path
) -> None:
    open_ = {"LOM_REQUIRE_KEY": "false"} | database
    assert f"LOM_PORT: port {server.port} of 127.0.0.1 is in use" in refused(
        ["serve", "--port", str(server.port)], **database
    )
    assert "LOM_HOST: no-such.invalid is no address" in refused(["serve", "--host", "no-such.invalid"], **open_)
    assert "LOM_HOST: 192.0.2.1 is no address" in refused(["serve", "--host", "192.0.2.1"], **open_)
    assert os.listdir(tmp_path) == []


def make_certificate(folder: Path, name: str, *options: str) -> tuple[str, str]:
    key, certificate = str(folder / f"{name}.key"), str(folder / f"{name}.pem")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    subject = ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate]
    subprocess.run([*made, *(options or ("-nodes",)), *subject], check=True, capture_output=True)
    return certificate, key


def test_a_key_that_is_encrypted_or_of_another_certificate_is_told(tmp_path: Path, database: dict[str, str]) -> None:
    certificate, key = make_certificate(tmp_path, "one")
    _, other = make_certificate(tmp_path, "two")
    _, locked = make_certificate(tmp_path, "locked", "-passout", "pass:x")

    def serve(certificate: str, key: str) -> str:
        return refused(["serve", "--port", "0"], LOM_TLS_CERTIFICATE=certificate, LOM_TLS_KEY=key, **database)

    assert f"LOM_TLS_KEY: {locked} is encrypted" in serve(certificate, locked)
    assert f"LOM_TLS_KEY: {other} is not the key of the certificate {certificate}" in serve(certificate, other)
    assert "are not a certificate and its key" in serve(key, certificate)
    assert f"LOM_TLS_KEY: there is no file {tmp_path / 'gone'}" in serve(certificate, str(tmp_path / "gone"))
    assert "go together" in refused(["serve", "--port", "0"], LOM_TLS_KEY=key, **database)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)  # the good pair is good


def test_a_mistake_of_ours_is_told_in_a_line_and_whole_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret-word")

    monkeypatch.setattr("app.upkeep.commands.where", broken)
    monkeypatch.setattr(sys, "argv", ["lead-or-manage", "where"])
    for level, whole in (("info", False), ("debug", True)):
        monkeypatch.setenv("LOM_LOG_LEVEL", level)
        with pytest.raises(SystemExit, match="1"):
            cli.main()
        told = capsys.readouterr().err
        assert "this is a mistake of ours: ZeroDivisionError in test_cli.py" in told
        assert "report it" in told
        assert ("Traceback" in told) == whole
        assert len(told.splitlines()) == 1 or whole


def test_every_line_of_a_first_start_is_json_and_each_step_is_told(database: dict[str, str]) -> None:
    server = Server(database["LOM_DATABASE_URL"], LOM_SERVICE_HOST="10.0.0.7", LOM_KEY="lom_live_x")
    try:
        server.wait()
    finally:
        log = server.stop()
    lines = [json.loads(line) for line in log.splitlines()]
    steps = [line["step"] for line in lines if line["event"] == "start"]
    assert [step.split()[0] for step in steps] == ["Migrating", "Seeding", "Catalogue", "Loading", "Loading"]
    assert [line["names"] for line in lines if line["event"] == "ignored_variables"] == [["LOM_SERVICE_HOST"]]


@pytest.mark.slow
def test_at_a_terminal_the_steps_are_words_and_the_last_one_says_what_to_open(database: dict[str, str]) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= database | {"PYTHONPATH": str(ROOT)}
        os.execv(sys.executable, [sys.executable, "-m", "app.cli", "serve", "--port", "0"])
    said = b""
    try:
        while b"Ready: open http://127.0.0.1:" not in said:
            said += os.read(terminal, 4096)
    finally:
        os.kill(pid, 15)
        os.waitpid(pid, 0)
        os.close(terminal)
    assert b"{" not in said
    assert b"Migrating the database\r\nSeeding the catalogue\r\n" in said
