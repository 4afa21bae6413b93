"""Judges one of many texts, in a batch or in a job: what is wrong with one does not spoil the rest."""

import json
import logging
from collections.abc import Callable
from traceback import extract_tb
from typing import Any

from app.assessments.requests import Refusal
from app.errors import AppError, InvalidText, problem

log = logging.getLogger("lead_or_manage.scoring")

FAILED = "Scoring broke on this text. Please report it with the id of the request."
Scoring = Callable[[str, str | None], dict[str, Any]]
"""Judges a text with its id."""


class Judge:
    """Turns texts into results, `status` and `result` or `error`."""

    def __init__(self, score: Scoring, request_id: str) -> None:
        self._score, self._request_id = score, request_id

    def result(self, text: str, identifier: str | None, at: str = "") -> dict[str, Any]:
        """The result of a text that stands at this JSON pointer, or its own problem."""
        try:
            return {"status": "ok", "result": self._score(text, identifier)}
        except AppError as error:
            return self.refused(Refusal(identifier, error.code, error.detail, ""), at)
        except Exception as error:  # whatever it is, it must not spoil the rest; the type alone holds no text
            frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
            broken = {"event": "scoring_failed", "request_id": self._request_id, "error": type(error).__name__}
            log.error(json.dumps(broken | {"frames": frames}))
            return self.failed(at)

    def refused(self, refusal: Refusal, at: str = "") -> dict[str, Any]:
        """The problem of an item that cannot be scored."""
        found = problem(InvalidText(refusal.code, refusal.message, at + refusal.pointer), self._request_id)
        return {"status": "error", "error": found.model_dump()}

    def failed(self, at: str = "") -> dict[str, Any]:
        """The problem of a text that scoring broke on."""
        return self.refused(Refusal(None, "scoring_failed", FAILED, "/text"), at)
