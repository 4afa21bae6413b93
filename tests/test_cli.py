"""The command line as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.paths import ROOT
from tests.support.servers import Server
from tests.support.texts import RECORD, SITUATION


def run(*arguments: str, given: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )


@pytest.fixture
def database(tmp_path: Path) -> dict[str, str]:
    return {"LOM_DATABASE_URL": f"sqlite:///{tmp_path / 'cli.db'}"}


def test_help_names_every_command() -> None:
    output = run("--help").stdout
    for name in ("serve", "seed", "score", "evaluate", "openapi", "train"):
        assert name in output


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
    assert "[" in output


def test_score_json_is_the_answer_of_the_service_byte_for_byte(server: Server, settings: object) -> None:
    served = httpx.post(f"{server.url}/v1/score", json={"text": SITUATION}).text
    url = settings.database_url  # type: ignore[attr-defined]
    assert run("score", SITUATION, "--json", LOM_DATABASE_URL=url).stdout.rstrip("\n") == served


def test_score_refuses_an_empty_text_with_a_reason(database: dict[str, str]) -> None:
    result = run("score", " ", **database)
    assert result.returncode == 2
    assert "visible character" in result.stderr


def test_seed_reports_and_refuses_a_wrong_folder(tmp_path: Path, database: dict[str, str]) -> None:
    assert "46 added" in run("seed", **database).stdout
    assert "0 added, 0 changed, 0 removed" in run("seed", **database).stdout
    result = run("seed", "--from", str(tmp_path), **database)
    assert result.returncode == 2
    assert "cannot be read" in result.stderr


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
    result = run("evaluate", "--data", str(file))
    assert result.returncode == 2
    assert "line 2: verdict" in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LOM_PORT", "banana", "LOM_PORT"),
        ("LOM_PORT", "70000", "65535"),
        ("LOM_DATABASE_URL", "mysql://x", "postgresql"),
        ("LOM_LOG_LEVEL", "loud", "warning"),
        ("LOM_PROT", "1", "did you mean LOM_PORT"),
        ("LOM_XYZZY", "1", "LOM_DATABASE_URL"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name_and_what_is_allowed(
    variable: str, value: str, words: str
) -> None:
    result = run("serve", **{variable: value})
    assert result.returncode == 2
    assert variable in result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [("train",), ("evaluate", "--baselines", "--data", "DATA")])
def test_what_needs_the_extra_says_so(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text(json.dumps(RECORD), encoding="utf-8")
    result = run(*(str(file) if argument == "DATA" else argument for argument in arguments))
    assert result.returncode == 2
    assert "extra `train`" in result.stderr


@pytest.mark.parametrize("command", ["keys list", "purge", "audit verify", "programs export", "seed"])
def test_a_database_that_was_never_served_or_does_not_answer_is_named(
    command: str, database: dict[str, str], tmp_path: Path
) -> None:
    words = [*command.split(), *([str(tmp_path / "x.csv")] if "export" in command else [])]
    gone = run(*words, LOM_DATABASE_URL="postgresql://127.0.0.1:1/lom")
    assert (gone.returncode, "no database answers" in gone.stderr, "Traceback" in gone.stderr) == (2, True, False)
    if command != "seed":
        never = run(*words, **database)
        assert (never.returncode, "makes it so" in never.stderr, "Traceback" in never.stderr) == (2, True, False)
