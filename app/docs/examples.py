"""Puts real answers into the OpenAPI document, and from them an example into every schema that they touch."""

import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parent / "examples.json"


def add_examples(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the answers of examples.json (operation id: answer of a seeded service)."""
    answers: dict[str, Any] = json.loads(EXAMPLES.read_text(encoding="utf-8")) if EXAMPLES.exists() else {}
    schemas = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            answer = answers.get(operation["operationId"])
            if answer is not None:
                content = operation["responses"]["200"]["content"]["application/json"]
                content["example"] = answer
                _spread(content["schema"], answer, schemas)
                for parameter in operation.get("parameters", []):
                    if parameter["in"] == "path":
                        parameter["example"] = answer[parameter["name"]]
    return document


def _spread(schema: dict[str, Any], value: Any, schemas: dict[str, Any]) -> None:
    """Give the named schema that describes this value the value as its example, and so on inwards."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
        if schema.get("type") == "object":
            schema.setdefault("examples", [value])
    for choice in schema.get("anyOf", []):
        if "$ref" in choice and value is not None:
            target = schemas[choice["$ref"].rsplit("/", 1)[-1]]
            if set(target.get("required", [])) <= set(value):
                _spread(choice, value, schemas)
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                _spread(inner, value[name], schemas)
    if isinstance(value, list) and value:
        for item in value:
            _spread(schema.get("items", {}), item, schemas)
