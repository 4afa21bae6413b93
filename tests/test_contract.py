"""The contract as served: snapshot, examples, documented errors, and a README that tells the truth."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.access.keys import SCOPES
from app.docs.examples import EXAMPLES, PROBLEMS, answer_of
from app.main import create_app, openapi_json
from app.settings import OF_CLIENTS, PREFIX, Settings
from tests.snapshots import OPENAPI
from tests.snapshots.answers import answers
from tests.snapshots.edits import edited
from tests.snapshots.problems import joined, problems
from tests.snapshots.refusals import outages, refusals
from tests.support.paths import ROOT
from tests.support.processors import as_shown, engine_of

pytestmark = pytest.mark.anyio

NO_PROBLEM = {"200", "201", "202", "204", "304"}
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    served: dict[str, Any] = json.loads(openapi_json(create_app(Settings(database_url="sqlite:///unused.db"))))
    return served


def own_key(make_key: Callable[..., str]) -> str:
    """A key that may do everything, of an organisation that keeps nothing yet."""
    return make_key(*SCOPES, tenant=uuid.uuid4().hex)


def without_version(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"info": {k: v for k, v in document["info"].items() if k != "version"}}


def test_the_contract_is_the_snapshot_that_was_reviewed(document: dict[str, Any]) -> None:
    snapshot = json.loads(OPENAPI.read_text(encoding="utf-8"))
    assert without_version(document) == without_version(snapshot), "see tests/snapshots"


async def test_the_examples_are_real_answers(client: httpx.AsyncClient, make_key: Callable[..., str]) -> None:
    shown = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    engine = engine_of(shown)
    for operation, answer in (await answers(client, own_key(make_key))).items():
        assert as_shown(answer, shown[operation], engine), operation


def test_every_operation_and_schema_explains_itself_with_an_example(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"] and operation["description"], where
            assert re.fullmatch(r"[a-z_]+", operation["operationId"]), where
            contents = answer_of(operation).get("content", {}).values()
            assert all("example" in content for content in contents), where
            assert contents or "204" in operation["responses"], where
            assert "405" in operation["responses"], where
            for parameter in operation.get("parameters", []):
                assert parameter["description"], f"{where} {parameter['name']}"
    for name, schema in document["components"]["schemas"].items():
        assert re.fullmatch(r"([A-Z][a-z]+)+", name), f"{name} is not a name that a person would choose"
        assert schema.get("description"), name
        for field, described in schema["properties"].items():
            assert described.get("description"), f"{name}.{field}"
        assert schema.get("examples") or schema.get("enum"), name


async def test_the_problems_are_real_answers_to_every_status_that_is_documented(
    client: httpx.AsyncClient, document: dict[str, Any], make_key: Callable[..., str]
) -> None:
    shown = json.loads(PROBLEMS.read_text(encoding="utf-8"))
    _, edits = await edited()
    assert joined(await problems(client, own_key(make_key)), edits, await refusals(), await outages()) == shown
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status not in NO_PROBLEM:
                    examples = response["content"]["application/problem+json"]["examples"].values()
                    assert [example["value"] for example in examples] == shown[operation["operationId"]][status]
            assert set(operation["responses"]) - NO_PROBLEM == set(shown[operation["operationId"]])


def test_every_error_in_the_document_is_the_one_problem_shape(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status not in NO_PROBLEM:
                    schema = response["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}


def test_the_readme_lists_every_setting_and_every_path(document: dict[str, Any]) -> None:
    named = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", README))
    assert named - OF_CLIENTS == {PREFIX + name.upper() for name in Settings.model_fields}
    for path in document["paths"]:
        assert f"`{path.replace('/{slug}', '')}" in README or f"`{path}`" in README, path


async def test_the_readme_shows_the_real_answer(client: httpx.AsyncClient) -> None:
    request, shown = re.findall(r"-d '(\{.*?\})'\n```\n\n```json\n(.*?)\n```", README, re.DOTALL)[0]
    answer, shown = (await client.post("/v1/score", json=json.loads(request))).json(), json.loads(shown)
    del answer["versions"]["catalogue"], shown["versions"]["catalogue"]  # other tests change the catalogue
    assert as_shown(answer, shown, engine_of(shown))


def test_the_first_two_commands_of_the_readme_serve_and_test() -> None:
    blocks = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    assert blocks[:2] == ["python3 run.py serve", "python3 run.py test"]


def test_locks_and_sources_name_no_registry() -> None:
    for file in ROOT.glob("requirements*.txt"):
        assert "://" not in file.read_text(encoding="utf-8"), file.name
