"""What answers of two processor classes have in common.

On one class everything is the same to the byte. Between two classes must be the same: the shape, every word and count,
the status, the verdict, what is present, what is missing and what is recommended. May differ: probabilities and what
is computed from them, by a twentieth; logits, by a half; the order of what is recommended; which words of a trait are
quoted, and with them the explanation; and the name of the class.
"""

import json
import re
from typing import Any

from app.scoring.scorer import ENGINE

PROBABILITY, LOGIT = 0.05, 0.5
LOGITS = {"bias", "omitted", "weight"}
FREE = {"engine", "evidence", "explanation"}


def engine_of(value: Any) -> str | None:
    """The first engine that is named anywhere in an answer."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and isinstance(value.get("engine"), str):
        return str(value["engine"])
    return next((found for found in map(engine_of, parts) if found), None)


def as_shown(given: Any, shown: Any, engine: str | None) -> bool:
    """Whether a shown answer, computed by this engine, is what is answered here."""
    return bool(given == shown) if engine == ENGINE else alike(given, shown)


def alike(one: Any, other: Any, name: str = "") -> bool:
    """Whether two answers differ in nothing but what may differ between processor classes."""
    if name in FREE:
        return isinstance(one, type(other))
    if float in (kinds := {type(one), type(other)}) and kinds <= {int, float}:
        return abs(one - other) <= (LOGIT if name in LOGITS else PROBABILITY)
    if isinstance(one, str) and isinstance(other, str):
        return _words(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key], key) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, _settled(one), _settled(other)))
    return bool(one == other)


def _words(one: str, other: str) -> bool:
    if one.startswith("<svg"):
        return re.sub(r"\d+(\.\d+)?", "0", one) == re.sub(r"\d+(\.\d+)?", "0", other)
    if one.startswith("{") and other.startswith("{"):
        return alike(json.loads(one), json.loads(other))
    return one == other


def _settled(parts: list[Any]) -> list[Any]:
    """What is recommended, by name: two that fit as well may change places."""
    scored = all(isinstance(part, dict) and {"slug", "score"} <= part.keys() for part in parts)
    return sorted(parts, key=lambda part: str(part["slug"])) if scored else parts
