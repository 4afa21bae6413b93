"""Answers without what differs from run to run."""

import json
import re
from typing import Any

from app.archive.routes import EXAMPLE_ID

MOMENT = "2026-11-25T08:00:00Z"


def settled(value: Any) -> Any:
    """An answer with one moment in place of all that depend on when it was made."""
    if isinstance(value, dict):
        return {
            name: MOMENT if name in {"modified_at", "retired_at"} and part else settled(part)
            for name, part in value.items()
        }
    return [settled(part) for part in value] if isinstance(value, list) else value


STEADY = (
    (r'(?<="expires_at": ")[^"]+', "2026-01-19T09:00:00Z"),
    (r'(?<=_at": ")[^"]+(?<!2026-01-19T09:00:00Z)(?=")', "2026-01-05T09:00:00Z"),
    (r"(?<=, )\d{4}-\d\d-\d\d(?=, )", "2026-01-05"),
    (r'(?<="key_id": ")[^"]+', "1f2e3d4c5b6a"),
    (r"\b[0-9a-f]{32}\b", EXAMPLE_ID),
    (r"\b[0-9a-f]{64}\b", EXAMPLE_ID * 2),
)


def steady(value: Any) -> Any:
    """The same with ids, times and hashes that do not differ from run to run."""
    written = json.dumps(value, ensure_ascii=False)
    for pattern, stand_in in STEADY:
        written = re.sub(pattern, stand_in, written)
    return json.loads(written)
