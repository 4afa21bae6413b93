"""Takes out of an OpenAPI document what openapi-down-convert leaves of 3.1: the summary, and null beside a schema."""

import json
import sys
from pathlib import Path
from typing import Any

NULL = {"type": "null"}


def without(part: Any) -> Any:
    """The same part, `nullable` in place of a choice between a schema and null."""
    if isinstance(part, list):
        return [without(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    found = {name: without(inner) for name, inner in part.items()}
    if NULL in found.get("anyOf", []):
        found |= {"nullable": True, "allOf": [choice for choice in found.pop("anyOf") if choice != NULL]}
    return found


file = Path(sys.argv[1])
document = without(json.loads(file.read_text(encoding="utf-8")))
del document["info"]["summary"]
file.write_text(json.dumps(document), encoding="utf-8")
