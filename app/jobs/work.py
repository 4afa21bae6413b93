"""Scores chunks: what an embedded thread, a worker on another machine and the command line have in common."""

import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from app.assessments import judging
from app.assessments.batch import dump
from app.assessments.known import Known
from app.assessments.requests import KEPT, Options, Refusal
from app.assessments.service import Assessor
from app.assessments.summary import tally
from app.jobs import store
from app.jobs.items import Item

MAX_ATTEMPTS = 5
"""A chunk that has ended its process this often is not tried again."""
RENEW_SECONDS = 10.0


class Judge:
    """Turns items into the lines of results."""

    def __init__(self, assessor: Assessor, known: Known, options: Options, request_id: str) -> None:
        def score(text: str, identifier: str | None) -> dict[str, Any]:
            return without_quotes(assessor.judge(known, text, identifier, options))

        self._judge = judging.Judge(score, request_id)

    def line(self, index: int, item: Item) -> dict[str, Any]:
        """The result of one item, or its own problem."""
        place = {"index": index, "id": item.id, "group": item.group}
        if item.text is None:
            return place | self._judge.refused(Refusal(item.id, item.code or "", item.message or "", item.pointer))
        return place | self._judge.result(item.text, item.id)

    def failed(self) -> dict[str, Any]:
        """The problem of a text that scoring broke on."""
        return self._judge.failed()


def without_quotes(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with offsets instead of words of the text."""
    for trait in (*answer["criteria"], *answer["factors"]):
        for quote in trait.get("evidence", ()):
            del quote["quote"]
    return answer


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
    options = Options.model_validate(mine.options, context=KEPT)
    judge = Judge(assessor, assessor.known(engine, mine.tenant), options, mine.request_id)
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
