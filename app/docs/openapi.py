"""The OpenAPI document as it is served: what FastAPI makes of the routes, said as clients and generators need it."""

import json
from collections.abc import Iterator
from threading import Lock
from typing import Any

from fastapi import FastAPI

from app.access.middleware import OPEN_SCOPES, OWN_PATHS
from app.docs.examples import add_examples, chapters
from app.errors import Problem, responses
from app.scoring.card import current_version

Json = dict[str, Any]

NULL = {"type": "null"}
KNOWN = "x-extensible-enum"
"""The known values of an open string. Clients are told that more may come, so answers never close them."""


_making = Lock()
_served: dict[tuple[bool, str], bytes] = {}
"""The documents of this process as they are served, by the settings that they depend on: one takes half a second."""


def document(app: FastAPI, require_key: bool, root_path: str) -> None:
    """Let the application give its OpenAPI document in our form, and `app.state.openapi_json` its bytes. The first
    request for them makes them, in its own thread; a start does not wait for that."""
    generate = app.openapi
    made: list[Json] = []

    def openapi() -> Json:
        with _making:
            if not made:
                app.openapi_tags = chapters()  # in reading order; spectral's optional rule would have the alphabet
                made.append(_written(generate(), require_key))
        return made[0]

    def served() -> bytes:
        key = (require_key, root_path)
        if key not in _served:
            _served[key] = json.dumps(openapi(), ensure_ascii=False, separators=(",", ":")).encode()
        return _served[key]

    app.openapi = openapi  # type: ignore[method-assign]
    app.state.openapi_json = served


def _written(schema: Json, require_key: bool) -> Json:
    schema["security"] = []  # said aloud: what names no key needs none
    schemas = schema["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _document_access(schema, require_key)
    _document_parameters(schema)
    pinned = next(choice for choice in schemas["Options"]["properties"]["model_version"]["anyOf"] if choice != NULL)
    pinned |= {"enum": [current_version()]}
    for name in answered(schema):
        _open(schemas[name])
    for described in schemas.values():
        _join_null(described)
    return add_examples(schema)


def _document_access(schema: Json, require_key: bool) -> None:
    """Where reading and scoring are open, a key is one choice of two; whatever looks at keys can refuse them."""
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            asked = operation.get("security")
            if not asked:
                continue
            scopes = {scope for choice in asked for names in choice.values() for scope in names}
            if not require_key and scopes <= OPEN_SCOPES and not path.startswith(OWN_PATHS):
                asked.insert(0, {})
            found = {str(status): answer for status, answer in responses(401, 403, 429, 503).items()}
            operation["responses"] = dict(sorted({**found, **operation["responses"]}.items()))


def _document_parameters(schema: Json) -> None:
    """Nobody can send null in a query or a header: what may be left out is plain and not required. Without If-Match
    the answer is 428, not the 422 of other parameters, so routes declare it optional; it is not."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"] = without_null(parameter["schema"])
                parameter["required"] = parameter["required"] or parameter["name"] == "if-match"


def without_null(schema: Json) -> Json:
    """The same schema where null is not among what may be sent."""
    choices: list[Json] = [choice for choice in schema.get("anyOf", []) if choice != NULL]
    if len(choices) != 1:
        return schema
    return choices[0] | {name: value for name, value in schema.items() if name != "anyOf"}


def answered(schema: Json) -> set[str]:
    """The names of the schemas that answers are made of."""
    contents = [
        content.get("schema", {})
        for operations in schema["paths"].values()
        for operation in operations.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
    ]
    return reached(contents, schema["components"]["schemas"])


def reached(schemas: list[Json], known: Json) -> set[str]:
    """The names of all schemas that these refer to, and those to others."""
    found: set[str] = set()
    left = list(schemas)
    while left:
        for node in _nodes(left.pop()):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                left.append(known[name])
    return found


def _nodes(schema: Json) -> Iterator[Json]:
    """A schema and all that stand in it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", []), *schema.get("prefixItems", [])]
    for part in (*inner, schema.get("items"), schema.get("additionalProperties")):
        if isinstance(part, dict):
            yield from _nodes(part)


def _open(schema: Json) -> None:
    """Closed strings become open ones that tell their known values, for programs and for people; objects are open."""
    for node in _nodes(schema):
        if node.get("additionalProperties") is False:
            del node["additionalProperties"]
        values = node.pop("enum", None) or ([node.pop("const")] if "const" in node else [])
        if values:
            node[KNOWN] = values
        for part in (node, *node.get("anyOf", []), *node.get("items", {}).get("anyOf", []), node.get("items", {})):
            told = part.get("enum") or ([part["const"]] if "const" in part else part.get(KNOWN))
            if told and "description" in node:
                known = ", ".join(f"`{value}`" for value in told)
                node["description"] += f" Known {'value' if len(told) == 1 else 'values'}: {known}; more may come."
                break


def _join_null(schema: Json) -> None:
    """Null beside one plain type is said in that type, which every generator reads and OpenAPI 3.0 can say, too."""
    for node in _nodes(schema):
        choices = node.get("anyOf", [])
        plain = without_null(node)
        if NULL in choices and isinstance(plain.get("type"), str):
            node.pop("anyOf")
            node.update(plain, type=[plain["type"], "null"])
            if "enum" in node:
                node["enum"] = [*node["enum"], None]
