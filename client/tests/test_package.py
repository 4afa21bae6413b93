"""The package as others see it: alone, typed as the service documents, and as its README says."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, is_typeddict

import pytest

import lead_or_manage_client
from lead_or_manage_client import (
    AsyncClient,
    Client,
    catalogue,
    edits,
    filters,
    job_items,
    jobs,
    kept,
    problems,
    scoring,
    summaries,
)
from tests.support.servers import Server
from tests.support.texts import SITUATION

HERE = Path(lead_or_manage_client.__file__).parent
README = (HERE.parent / "README.md").read_text(encoding="utf-8")
OPENAPI: dict[str, Any] = json.loads((HERE.parents[1] / "tests" / "openapi.json").read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = OPENAPI["components"]["schemas"]
TYPES = [scoring, catalogue, problems, kept, jobs, summaries, edits]
LISTS = {
    "ConceptFilters": "concepts",
    "DifferenceFilters": "differences",
    "CriterionFilters": "criteria",
    "FactorFilters": "factors",
    "StyleFilters": "styles",
    "SkillFilters": "skills",
    "ProgramFilters": "programs",
    "FactFilters": "facts",
    "AssessmentFilters": "assessments",
}


def surface(kind: type) -> dict[str, list[str]]:
    """The public methods with their parameters, without what only asyncio adds."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    shown = {name: inspect.signature(method).parameters.values() for name, method in methods if name[0] != "_"}
    return {
        name: [re.sub(r" \| collections\.abc\.AsyncIterable\[[^\]]*\]", "", str(one)) for one in parameters]
        for name, parameters in shown.items()
    }


def test_both_clients_have_the_same_methods_parameters_and_words() -> None:
    assert len(surface(Client)) > 45
    assert surface(Client) == surface(AsyncClient)
    for name in surface(Client):
        assert getattr(Client, name).__doc__ == getattr(AsyncClient, name).__doc__


def typed(module: ModuleType) -> dict[str, Any]:
    return {
        name: kind for name, kind in vars(module).items() if is_typeddict(kind) and kind.__module__ == module.__name__
    }


@pytest.mark.parametrize("module", TYPES)
def test_every_type_has_the_fields_that_the_service_documents(module: ModuleType) -> None:
    for name, kind in typed(module).items():
        assert set(kind.__annotations__) == set(SCHEMAS[name]["properties"]), f"{module.__name__}.{name}"
        needed = set(SCHEMAS[name].get("required", [])) | ({"text"} if name == "BatchItem" else set())
        assert kind.__required_keys__ == needed, f"{module.__name__}.{name}"  # a batch bears an item without a text


@pytest.mark.parametrize("module", TYPES)
def test_every_type_allows_null_where_the_service_does(module: ModuleType) -> None:
    for name, kind in typed(module).items():
        for field, described in SCHEMAS[name]["properties"].items():
            nullable = {"type": "null"} in described.get("anyOf", []) or "null" in described.get("type", "")
            assert ("None" in str(kind.__annotations__[field])) == nullable, f"{name}.{field}"


def query(path: str, method: str) -> set[str]:
    return {one["name"] for one in OPENAPI["paths"][f"/v1/{path}"][method]["parameters"] if one["in"] == "query"}


def test_jobs_take_the_options_that_the_service_documents() -> None:
    assert job_items.FileOptions.__optional_keys__ == query("jobs", "post")
    columns = {"text_column", "id_column", "group_column", "delimiter"}
    assert job_items.JobOptions.__optional_keys__ == query("jobs", "post") - columns


def test_an_assessment_is_kept_with_all_that_the_service_documents() -> None:
    given = set(inspect.signature(Client.keep_assessment).parameters) - {"self", "idempotency_key"}
    assert given == set(SCHEMAS["KeepRequest"]["properties"])


def test_every_list_takes_the_filters_that_the_service_documents() -> None:
    assert set(typed(filters)) - {"ListFilters"} == set(LISTS)
    for name, path in LISTS.items():
        parameters = query(path, "get")
        kind = getattr(filters, name)
        assert kind.__required_keys__ | kind.__optional_keys__ == parameters - {"limit", "cursor"}, name


def needed_by(distribution: str, found: set[str]) -> set[str]:
    """This distribution and whatever it requires here; what is not installed is for other versions of Python."""
    if distribution not in found and next(metadata.Distribution.discover(name=distribution), None):
        found.add(distribution)
        for line in metadata.requires(distribution) or []:
            if "extra ==" not in line:
                needed_by(re.split(r"[^\w.-]", line, maxsplit=1)[0], found)
    return found


@pytest.fixture
def bare_python(tmp_path: Path) -> Callable[[str], str]:
    """Runs a script where nothing is installed but this client, httpx, and what httpx requires."""
    for distribution in needed_by("httpx", set()):
        for file in metadata.files(distribution) or []:
            top = tmp_path / file.parts[0]
            if file.parts[0] != ".." and not top.exists() and not file.parts[0].endswith(".dist-info"):
                top.symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / file.parts[0])
    (tmp_path / HERE.name).symlink_to(HERE)

    def run(script: str) -> str:
        start = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        command = [sys.executable, "-I", "-S", "-c", start + script]
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def test_it_works_where_nothing_but_httpx_is_installed(bare_python: Callable[[str], str], server: Server) -> None:
    said = bare_python(
        "import asyncio, importlib.util\n"
        "from lead_or_manage_client import AsyncClient, Client\n"
        "assert not any(map(importlib.util.find_spec, ('app', 'fastapi', 'pydantic', 'sqlmodel', 'numpy')))\n"
        f"with Client({server.url!r}) as client:\n"
        f"    print(client.score({SITUATION!r})['verdict'])\n"
        "async def main():\n"
        f"    async with AsyncClient({server.url!r}) as client:\n"
        "        print(len([one async for one in client.criteria()]))\n"
        "asyncio.run(main())\n"
    )
    assert said.split() == ["both", "8"]


def test_every_block_of_the_readme_runs_as_it_stands_and_again(
    server: Server,
    make_key: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LOM_KEY", make_key("read", "score", "write", "admin"))
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)\n```", README, re.DOTALL)
    assert len(blocks) > 9
    names: dict[str, Any] = {}
    for block in (*blocks, *blocks):
        exec(block.replace("http://127.0.0.1:8000", server.url), names)
    said = capsys.readouterr().out
    for expected in (
        "leadership {",
        "interpersonal [",
        "\n1 text_empty The text",
        "\ntext_empty The text",
        "404 not_found",
        "leadership After the argument on Friday",
        "1 assessment erased",
        "done 3 of 3",
        "\n1 Leeds text_empty",
        " 2 None\n",
    ):
        assert expected in said
    assert len((tmp_path / "results.csv").read_text("utf-8").splitlines()) == 4


def test_every_exception_stands_in_the_readme() -> None:
    kinds = [
        kind for kind in vars(lead_or_manage_client).values() if inspect.isclass(kind) and issubclass(kind, Exception)
    ]
    assert len(kinds) > 15
    assert [kind.__name__ for kind in kinds if f"`{kind.__name__}`" not in README] == []
