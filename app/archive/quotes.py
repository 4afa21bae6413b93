"""Evidence without its words, and with them again: only the text itself is stored."""

from copy import deepcopy
from typing import Any

from app.archive.tables import Feedback
from app.scoring.labels import OffsetUnit

NOTHING: dict[str, Any] = {
    "verdict": None,
    "criteria": [],
    "factors": [],
    "recommendations": {"leadership_styles": [], "management_styles": []},
}


def without_quotes(answer: dict[str, Any]) -> dict[str, Any]:
    """A copy of an answer whose evidence holds offsets only."""
    bare = deepcopy(answer)
    for quote in _evidence(bare):
        del quote["quote"]
    return bare


def whole_answer(bare: dict[str, Any], text: str) -> dict[str, Any]:
    """The answer with the words of the text put back, and null for what an earlier release did not say."""
    whole = deepcopy(bare)
    for trait in _traits(whole):
        trait.setdefault("present_from", None)
    unit: OffsetUnit = whole["input"]["offset_unit"]
    for quote in _evidence(whole):
        quote["quote"] = cut(text, quote["start"], quote["end"], unit)
    return whole


def _evidence(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [quote for trait in _traits(answer) for quote in trait.get("evidence", ())]


def _traits(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [*answer["criteria"], *answer["factors"]]


def cut(text: str, start: int, end: int, unit: OffsetUnit) -> str:
    """A part of the text by offsets in the caller's unit."""
    if unit == "utf16":
        return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")
    if unit == "utf8":
        return text.encode()[start:end].decode()
    return text[start:end]


def feedback_answer(row: Feedback, text: str) -> dict[str, Any]:
    """Feedback as it is answered, with the words of the text in it."""
    said = row.labels or NOTHING

    def words(trait: dict[str, Any]) -> dict[str, Any]:
        quotes = [{"quote": text[place["start"] : place["end"]], **place} for place in trait["evidence"]]
        return {**trait, "evidence": quotes}

    return {
        "id": row.id,
        "created_at": row.created_at,
        "key_id": row.key_id,
        "agree": row.agree,
        **said,
        "criteria": [words(trait) for trait in said["criteria"]],
        "factors": [words(trait) for trait in said["factors"]],
        "reason": row.reason,
    }
