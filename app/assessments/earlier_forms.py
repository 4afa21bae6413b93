"""Requests as former releases wrote them down under an Idempotency-Key, so that a key sent again after an upgrade finds
what it made. Those releases noted every field that they had, with its default; this one notes what differs from it."""

import json
from typing import Any

from pydantic import BaseModel

_PREFERENCES = {"focus": None, "delivery": None, "pace": None, "max_months": None}
_OPTIONS = {
    "include": ["evidence", "explanation", "recommendations"],
    "max_evidence": 3,
    "max_recommendations": 3,
    "offset_unit": "unicode_code_point",
    "language": None,
    "model_version": None,
    "preferences": _PREFERENCES,
    "catalogue": "both",
}
_COLUMNS = {"text_column": "text", "id_column": None, "group_column": None, "delimiter": "comma"}
_PARTS = {"include": ["evidence", "recommendations"], "max_evidence": 3, "max_recommendations": 3}
_REST = {"offset_unit": "unicode_code_point", "language": None, "model_version": None, "webhook": None}

KEPT = ({"text": None, "id": None, "options": _OPTIONS, "subject_ref": None, "retention_days": None},)
"""The fields of a kept assessment, in the order in which they were noted."""
JOB = (
    _COLUMNS | _PARTS | _REST,
    _COLUMNS | _PARTS | _PREFERENCES | {"catalogue": "both"} | _REST,
)
"""The parameters of a job: at first, and once preferences had joined."""


def earlier_forms(request: BaseModel, forms: tuple[dict[str, Any], ...]) -> list[str]:
    """The request in each form that has a place for all that it says."""
    given = request.model_dump(mode="json", exclude_defaults=True)
    return [
        json.dumps(_filled(given, form), ensure_ascii=False, separators=(",", ":"))
        for form in forms
        if _fits(given, form)
    ]


def _fits(given: dict[str, Any], form: dict[str, Any]) -> bool:
    return all(
        name in form and (not isinstance(form[name], dict) or _fits(value, form[name])) for name, value in given.items()
    )


def _filled(given: dict[str, Any], form: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _filled(given.get(name, {}), default) if isinstance(default, dict) else given.get(name, default)
        for name, default in form.items()
    }
