"""The guides: every block of the quickstart runs as it stands, and every error code is explained."""

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from playwright._impl._driver import compute_driver_executable

from app.docs.examples import HERE, PROBLEMS
from app.docs.guides import MISTAKES
from app.settings import PREFIX, Settings
from tests.support.apps import key_maker
from tests.support.databases import Databases
from tests.support.missing import cannot_run
from tests.support.paths import ROOT
from tests.support.servers import Server

PAGES = ("quickstart", "mistakes", "operating", "performance")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = _BLOCK.findall((HERE / "quickstart.md").read_text("utf-8"))
DOCUMENTS = (ROOT / "README.md", HERE / "operating.md", ROOT / "client" / "README.md")
NOT_HERE = {
    "python3 run.py serve": "it is what all others run against",
    "python3 run.py test": "it is what runs this",
    "docker ": "needs Docker",
    "python3 -m venv /opt": "writes into /opt",
    "systemd-run": "needs systemd",
    "pip install": "installs; test_package tries it in a folder of its own",
    "LOM_TLS_CERTIFICATE": "serves until it is stopped; test_server tries it",
    "python3 -m venv .train": "trains for two hours",
}
"""Commands that no test runs as they stand, and why."""


@pytest.fixture(scope="module")
def settings(databases: Databases) -> Settings:
    """A database of its own: the documents add programs that everybody on this machine sees."""
    return Settings(database_url=databases.seeded())


@pytest.fixture(scope="module")
def make_key(settings: Settings) -> Callable[..., str]:
    return key_maker(settings.database_url)


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[Server]:
    with Server(settings.database_url) as server:
        server.wait()
        yield server
        server.stop()


@pytest.fixture
def try_out(
    server: Server, settings: Settings, make_key: Callable[..., str], tmp_path: Path
) -> Callable[[list[str], str], str]:
    """Runs a program of a guide in a folder like a checkout, against the server, and answers what it prints. Only
    `run.py` is there, no `lead-or-manage`; a key is in the environment."""
    (tmp_path / "run.py").write_text(
        f"import os, sys\nos.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'app.cli', *sys.argv[1:]])\n"
    )
    environment = os.environ | {
        "LOM_DATABASE_URL": settings.database_url,
        "LOM_KEY": make_key("read", "score", "write", "admin", tenant=f"quickstart {uuid.uuid4()}"),
        "PYTHONPATH": str(ROOT),
    }

    def run(program: list[str], block: str) -> str:
        done = subprocess.run(
            program,
            input=block.replace("http://127.0.0.1:8000", server.url),
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def blocks(language: str) -> list[str]:
    return [block for written, block in BLOCKS if written == language]


def test_the_shell_blocks_make_a_key_score_keep_survey_and_add_a_program_and_do_so_again(
    try_out: Callable[[list[str], str], str],
) -> None:
    if shutil.which("curl") is None:
        cannot_run("curl: not on this machine, so the quickstart was not tried in full")
    once = "\n".join(blocks("sh")) + '\nprintf "%s" "\\"$LOM_KEY\\""\n'
    for said in (try_out(["sh", "-eu"], once), try_out(["sh", "-eu"], once)):
        scored, feedback, erased, survey, added, advice, retired, key = answers(said)
        assert scored["verdict"] == "leadership"
        assert (feedback["verdict"], erased["assessments"], erased["feedback"]) == ("management", 1, 1)
        assert [(group["group"], group["n"]) for group in survey["groups"]] == [("Leeds", 12)]
        assert [program["name"] for program in advice["recommendations"]["programs"]] == [added["name"]]
        assert retired["slug"] == added["slug"]
        assert re.fullmatch(r"lom_live_\w{38}", str(key))


def answers(printed: str) -> list[Any]:
    """JSON documents that follow one another without a line between."""
    found, decoder = [], json.JSONDecoder()
    while printed:
        document, end = decoder.raw_decode(printed)
        found.append(document)
        printed = printed[end:].lstrip()
    return found


def test_the_python_blocks_score_many_tell_of_errors_read_every_page_keep_survey_and_add_a_program(
    try_out: Callable[[list[str], str], str], server: Server, make_key: Callable[..., str]
) -> None:
    for _ in range(2):
        said = try_out([sys.executable, "-"], "\n".join(blocks("python"))).splitlines()
    assert [line.split()[:2] for line in said[:3]] == [["0", "leadership"], ["1", "management"], ["2", "text_empty"]]
    shared = httpx.get(f"{server.url}/v1/programs", headers={"X-API-Key": make_key("read", tenant="a stranger")})
    programs = [item["name"] for item in shared.json()["items"]]
    pages = [str(programs[start : start + 2]) for start in range(0, len(programs), 2)]
    assert said[3:-2] == pages
    assert said[-2].startswith("Leeds 12 {'value': ")
    assert said[-1] == "['After a merger']"


def test_the_typescript_blocks_score_with_exact_quotes_keep_survey_and_add_a_program(
    try_out: Callable[[list[str], str], str],
) -> None:
    node, _ = compute_driver_executable()  # the browser driver brings a Node that reads TypeScript
    for _ in range(2):
        said = try_out([node, "--input-type=module-typescript", "-"], "\n".join(blocks("ts"))).splitlines()
    assert said[0].startswith("leadership {")
    assert len(said) > 3
    assert all(line.endswith(" true") for line in said[1:-2])
    assert said[-2:] == ["Leeds 12", "[ 'After a move' ]"]


def test_every_block_is_tried() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "python", "ts"}
    assert [len(blocks(language)) for language in ("sh", "python", "ts")] == [5, 2, 2]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_commands_of_every_other_document_run_as_they_stand_and_again(
    try_out: Callable[[list[str], str], str], document: Path, tmp_path: Path
) -> None:
    found = [block for language, block in _BLOCK.findall(document.read_text("utf-8")) if language == "sh"]
    run = [block for block in found if not block.startswith(tuple(NOT_HERE))]
    assert len(run) > 0 and len(found) - len(run) < 7
    command = tmp_path / "lead-or-manage"  # as in a container or under systemd, where the package is installed
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m app.cli "$@"\n')
    command.chmod(0o755)
    backups = tmp_path / "backups"
    backups.mkdir()
    for turn in ("one", "two"):
        for block in run:
            made = next(backups.glob("*.backup"), backups)
            local = re.sub(r"/backup/lom-\d{8}T\d{6}Z\.backup", str(made), block).replace(
                "/backup/", f"{backups}/{turn}-"
            )
            if "restore" in local:
                local = f"export LOM_DATABASE_URL=sqlite:///{tmp_path}/restored.db\n{local}"
            said = try_out(["sh", "-eu"], f'PATH="{tmp_path}:$PATH"\n{local}')
            assert "urn:lead-or-manage:problem" not in said, said


def test_every_code_that_is_really_answered_is_explained_and_no_other() -> None:
    why = yaml.safe_load(MISTAKES.read_text("utf-8"))
    answered = set(re.findall(r'"urn:lead-or-manage:problem:(\w+)"', PROBLEMS.read_text("utf-8")))
    assert answered <= set(why)
    sources = "\n".join(file.read_text("utf-8") for file in (ROOT / "app").rglob("*.py"))
    assert [code for code in why if f'"{code}"' not in sources and code != "method_not_allowed"] == []
    for code, told in why.items():
        assert set(told) == {"cause", "remedy"}, code


def test_the_page_of_mistakes_shows_real_answers(server: Server) -> None:
    page = unescape(httpx.get(f"{server.url}/docs/mistakes").text)
    for kinds in json.loads(PROBLEMS.read_text("utf-8")).values():
        for problems in kinds.values():
            assert f'id="{problems[0]["code"]}"' in page
    assert "The text has no visible character." in page
    assert "**" not in page


def test_recipes_name_only_settings_and_commands_that_exist() -> None:
    recipes = (HERE / "operating.md").read_text("utf-8")
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", recipes)) <= {PREFIX + name.upper() for name in Settings.model_fields}
    helped = subprocess.run(
        [sys.executable, "-m", "app.cli", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for command in set(re.findall(r"lead-or-manage (\w+)", recipes)) - {"keys"}:
        assert re.search(rf"^\s+{command}\s", helped.stdout, re.MULTILINE), command


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_have_no_script_and_lead_only_where_something_is(server: Server, name: str) -> None:
    answer = httpx.get(f"{server.url}/docs/{name}")
    assert not re.search(r"<script|<style|\son\w+=|\sstyle=|javascript:", answer.text, re.IGNORECASE)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "unsafe" not in policy
    targets = re.findall(r'id="([^"]+)"', answer.text)
    assert len(targets) == len(set(targets))
    for link in set(re.findall(r'href="([^"]+)"', answer.text)) - {"data:,"}:
        page, _, target = link.partition("#")
        there = httpx.get(httpx.URL(f"{server.url}/docs/{name}").join(page)) if page else answer
        assert there.status_code == 200, link
        assert not target or f'id="{target}"' in there.text, link
