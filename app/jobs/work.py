"""Scores chunks: what an embedded thread, a worker on another machine and the command line have in common."""

import json
import logging
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from app.assessments.requests import Options
from app.assessments.service import Assessor, Known
from app.assessments.summary import tally
from app.errors import AppError, InvalidText, problem
from app.jobs import store
from app.jobs.items import Item

log = logging.getLogger("lead_or_manage.jobs")

MAX_ATTEMPTS = 5
"""A chunk that has ended its process this often is not tried again."""
RENEW_SECONDS = 10.0
FAILED = "Scoring broke on this text. Please report it with the id of the request."


class Judge:
    """Turns items into the lines of results."""

    def __init__(self, assessor: Assessor, known: Known, options: Options, request_id: str) -> None:
        self._assessor, self._known, self._options, self._request_id = assessor, known, options, request_id

    def line(self, index: int, item: Item) -> dict[str, Any]:
        """The result of one item, or its own problem."""
        place = {"index": index, "id": item.id, "group": item.group}
        if item.text is None:
            return place | self._error(item.code or "", item.message or "", item.pointer)
        try:
            answer = self._assessor.judge(self._known, item.text, item.id, self._options)
        except AppError as error:
            return place | self._error(error.code, error.detail, "")
        except Exception as error:  # whatever it is, it must not spoil the rest; the type alone holds no text
            log.error(json.dumps({"event": "scoring_failed", "error": type(error).__name__}))
            return place | self.failed()
        return place | {"status": "ok", "result": without_quotes(answer)}

    def failed(self) -> dict[str, Any]:
        """The problem of a text that scoring broke on."""
        return self._error("scoring_failed", FAILED, "/text")

    def _error(self, code: str, message: str, pointer: str) -> dict[str, Any]:
        found = problem(InvalidText(code, message, pointer), self._request_id)
        return {"status": "error", "error": found.model_dump()}


def without_quotes(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with offsets instead of words of the text."""
    for trait in (*answer["criteria"], *answer["factors"]):
        for quote in trait.get("evidence", ()):
            del quote["quote"]
    return answer


def dump(line: dict[str, Any]) -> str:
    """One line of NDJSON."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def score_chunk(
    engine: Engine,
    assessor: Assessor,
    stopped: Callable[[], bool],
    only: tuple[str, int] | None = None,
) -> bool:
    """Take a chunk, score it, and write the results. False where there is none to take."""
    mine = store.claim(engine, only)
    if mine is None:
        return False
    judge = Judge(assessor, assessor.known(engine, mine.tenant), Options.model_validate(mine.options), mine.request_id)
    lines = []
    for line in _lines(engine, judge, mine):
        if line is None:
            return True
        if stopped():
            store.renew(engine, mine, timedelta(0))
            return True
        lines.append(line)
    packed = zlib.compress("".join(f"{dump(line)}\n" for line in lines).encode())
    errors = sum(line["status"] == "error" for line in lines)
    store.finish(engine, mine, packed, tally(lines), errors)
    return True


def _lines(engine: Engine, judge: Judge, mine: store.Claim) -> Iterator[dict[str, Any] | None]:
    """The line of each item; None, and no more, once the chunk is no longer ours."""
    renewed = time.monotonic()
    for index, item in enumerate(mine.items, mine.start):
        if mine.attempts > MAX_ATTEMPTS:
            yield {"index": index, "id": item.id, "group": item.group} | judge.failed()
            continue
        if time.monotonic() - renewed > RENEW_SECONDS:
            if not store.renew(engine, mine):
                yield None
                return
            renewed = time.monotonic()
        yield judge.line(index, item)
