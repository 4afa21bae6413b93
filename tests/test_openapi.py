"""The document as generators read it: plain parameters, closed requests, open answers, and no form of 3.1 alone."""

import copy
import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from jsonschema import Draft202012Validator
from playwright._impl._driver import compute_driver_executable

from app.docs.openapi import KNOWN, answered, reached
from app.main import create_app
from app.settings import Settings

NULL = {"type": "null"}
LATER = {"const", "prefixItems", "contains", "if", "then", "else", "dependentRequired", "patternProperties", "$defs"}
"""What JSON Schema has and OpenAPI 3.0 has no word for."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings(database_url="sqlite:///unused.db")).openapi()


@pytest.fixture(scope="module")
def asked(document: dict[str, Any]) -> set[str]:
    """The names of the schemas that requests are made of."""
    bodies = [
        content["schema"] for _, operation in operations(document) for content in contents(operation.get("requestBody"))
    ]
    return reached(bodies, document["components"]["schemas"])


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        yield from ((f"{method} {path}", operation) for method, operation in methods.items())


def contents(part: dict[str, Any] | None) -> list[dict[str, Any]]:
    return list((part or {}).get("content", {}).values())


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema in a schema, not what stands in examples or is a value."""
    if isinstance(schema, dict):
        yield schema
        named = [part for name in ("properties", "$defs") for part in schema.get(name, {}).values()]
        single = [schema.get(name) for name in ("items", "additionalProperties", "not")]
        several = [part for name in ("anyOf", "allOf", "oneOf") for part in schema.get(name, ())]
        for part in (*named, *single, *several):
            yield from nodes(part)


def every(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of the document, with where it stands."""
    for name, schema in document["components"]["schemas"].items():
        yield from ((name, node) for node in nodes(schema))
    for where, operation in operations(document):
        for parameter in operation.get("parameters", []):
            yield from ((f"{where} {parameter['name']}", node) for node in nodes(parameter["schema"]))


def test_a_parameter_is_of_one_plain_type_and_null_is_none_of_them(document: dict[str, Any]) -> None:
    found = 0
    for where, operation in operations(document):
        for parameter in operation.get("parameters", []):
            found += 1
            assert isinstance(parameter["schema"]["type"], str), f"{where} {parameter['name']}"
            assert not {"anyOf", "nullable"} & parameter["schema"].keys(), f"{where} {parameter['name']}"
            needed = parameter["in"] == "path" or parameter["name"] == "if-match"
            assert parameter["required"] == needed, f"{where} {parameter['name']}"
    assert found > 80


def test_answers_are_open_and_tell_the_values_that_are_known(document: dict[str, Any]) -> None:
    schemas, told = document["components"]["schemas"], set()
    for name in answered(document):
        for node in nodes(schemas[name]):
            assert not {"enum", "const"} & node.keys(), name
            if KNOWN in node:
                assert node["type"] in ("string", ["string", "null"]), name
                told |= set(node[KNOWN])
        for field, described in schemas[name]["properties"].items():
            for value in described.get(KNOWN, ()):
                assert f"`{value}`" in described["description"], f"{name}.{field}"
    assert {"leadership", "both", "insufficient", "uncertain", "ok", "error", "queued", "supports"} <= told


def test_requests_are_closed_and_share_no_schema_with_answers(document: dict[str, Any], asked: set[str]) -> None:
    assert not asked & answered(document)
    closed = {
        tuple(node["enum"])
        for name in asked
        for node in nodes(document["components"]["schemas"][name])
        if "enum" in node
    }
    assert ("shared", "own", "both") in closed
    assert any("leadership" in values and "insufficient" in values for values in closed)


def test_a_merge_patch_takes_away_only_what_an_item_may_lack(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for kind in ("Program", "Skill"):
        for field in schemas[f"{kind}Given"]["required"]:
            if field != "slug":
                assert isinstance(schemas[f"{kind}Patch"]["properties"][field]["type"], str), f"{kind}.{field}"


def test_the_document_is_valid_and_every_schema_is_one(document: dict[str, Any]) -> None:
    OpenAPI.model_validate(document)
    for where, schema in every(document):
        try:
            Draft202012Validator.check_schema(schema)
        except Exception as error:
            raise AssertionError(where) from error


def test_everything_can_be_said_in_openapi_3_0(document: dict[str, Any]) -> None:
    for where, schema in every(document):
        assert not LATER & schema.keys(), where
        kinds = schema.get("type", [])
        if isinstance(kinds, list) and kinds:
            assert len(kinds) == 2 and kinds[1] == "null", f"{where}: nullable"
        if NULL in schema.get("anyOf", []):
            others = [choice for choice in schema["anyOf"] if choice != NULL]
            assert len(others) == 1 and "$ref" in others[0], f"{where}: null beside a plain type"
        assert schema.get("required") != [], where


def test_patterns_mean_the_same_in_python_and_in_javascript(document: dict[str, Any]) -> None:
    patterns = sorted({schema["pattern"] for _, schema in every(document) if "pattern" in schema})
    words = ["", " ", "a", "a b", "a\nb", "\x00", "\x1f", "\u2028", "\u3164", "\u180f", "é", "🏭", "-name", "name,slug"]
    words += ['"x"', 'W/"x", "y"', "*", "https://example.com/", "p-7f3a", "de-AT", "a-b", "|", "\x85", "Z" * 50]
    here = [[bool(re.search(pattern, word)) for word in words] for pattern in patterns]
    script = (
        "const [patterns, words] = JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(['', 'u'].map((flag) =>"
        "patterns.map((pattern) => words.map((word) => new RegExp(pattern, flag).test(word))))))"
    )
    node, _ = compute_driver_executable()
    given = json.dumps([patterns, words])
    there = subprocess.run([node, "-e", script], input=given, capture_output=True, text=True, timeout=60, check=True)
    for found in json.loads(there.stdout):
        for pattern, one, other in zip(patterns, here, found, strict=True):
            assert one == other, pattern


def test_answers_that_are_shown_fit_and_would_with_values_that_nobody_knows_yet(document: dict[str, Any]) -> None:
    registry = {"components": document["components"]}
    fitted = 0
    for where, operation in operations(document):
        for status, answer in operation["responses"].items():
            for content in contents(answer):
                if status.startswith("2") and "$ref" in content.get("schema", {}):
                    judge = Draft202012Validator(content["schema"] | registry)
                    assert not list(judge.iter_errors(content["example"])), where
                    assert not list(judge.iter_errors(renewed(content["example"]))), where
                    fitted += 1
    assert fitted > 35


OPEN = {
    "verdict",
    "status",
    "band",
    "side",
    "polarity",
    "code",
    "language",
    "offset_unit",
    "kind",
    "fit",
    "basis",
    "state",
}


def renewed(value: Any, name: str = "") -> Any:
    """An answer of a later release: other words wherever there is a choice of words, and fields that are new."""
    if isinstance(value, dict):
        return {key: renewed(part, key) for key, part in value.items()} | {"new_field": [1]}
    if isinstance(value, list):
        return [renewed(part, name) for part in value]
    return "quite_new" if isinstance(value, str) and name in OPEN else copy.copy(value)
