"""Puts real requests, answers and problems into the OpenAPI document, and from them an example into every schema.

requests.json is written by hand; examples.json and problems.json hold what a seeded service answered, and
tests/snapshots writes them.
"""

import json
from pathlib import Path
from typing import Any

from app.privacy.statement import as_markdown

HERE = Path(__file__).parent
REQUESTS, EXAMPLES, PROBLEMS = HERE / "requests.json", HERE / "examples.json", HERE / "problems.json"


def chapters() -> list[dict[str, str]]:
    """The tags in reading order, each with the introduction that chapters.md gives it."""
    parts = f"\n{(HERE / 'chapters.md').read_text(encoding='utf-8')}".split("\n# ")[1:]
    found = {name: text.strip() for name, _, text in (part.partition("\n") for part in parts)}
    found["privacy"] += f"\n\n{as_markdown()}"
    return [{"name": name, "description": text} for name, text in found.items()]


def add_examples(document: dict[str, Any]) -> dict[str, Any]:
    """The document with requests, answers and problems, each under the id of its operation."""
    requests, answers, problems = (_read(file) for file in (REQUESTS, EXAMPLES, PROBLEMS))
    schemas = document["components"]["schemas"]
    if counted := answers.get("get_job_summary"):  # a batch of the same texts is summed up alike
        schemas["SummarisedBatch"]["examples"] = [{"ok": counted["total"]["n"], "error": 0} | counted]
    for operations in document["paths"].values():
        for operation in operations.values():
            name = operation["operationId"]
            if name in requests:
                (content,) = operation["requestBody"]["content"].values()
                content["examples"] = requests[name]
                _spread(content["schema"], next(iter(requests[name].values()))["value"], schemas)
            for status, shown in problems.get(name, {}).items():
                content = operation["responses"][status]["content"]["application/problem+json"]
                content["examples"] = {
                    found["code"] if len(shown) == 1 else f"{number}_{found['code']}": {
                        "summary": found["detail"],
                        "value": found,
                    }
                    for number, found in enumerate(shown, 1)
                }
                _spread(content["schema"], shown[0], schemas)
            answer = answers.get(name)
            if answer is not None:
                content = next(iter(answer_of(operation)["content"].values()))
                content["example"] = answer
                _spread(content["schema"], answer, schemas)
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    known = parameter["schema"].get("examples") or [(answer or {}).get(parameter["name"])]
                    parameter["example"] = known[0]
    return document


def answer_of(operation: dict[str, Any]) -> dict[str, Any]:
    """What the document says of the answer when all goes well."""
    answer: dict[str, Any] = next(said for status, said in operation["responses"].items() if status.startswith("2"))
    return answer


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


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
