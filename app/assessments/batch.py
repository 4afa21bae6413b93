"""Scores a batch, item by item, into the bytes of its answer: no step takes long for whoever else is served."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from starlette.requests import ClientDisconnect

from app.assessments import summary
from app.assessments.judging import Judge
from app.assessments.known import Known
from app.assessments.requests import (
    BATCH_LIMITS,
    MAX_BATCH_CHARACTERS,
    BatchItem,
    BatchRequest,
    Refusal,
    read_item,
    text_problem,
)
from app.assessments.service import Assessor
from app.errors import TooLarge


class Batch:
    """A batch of one request. Raises TooLarge where its texts are too long together."""

    def __init__(self, batch: BatchRequest) -> None:
        self.options, self._summarise = batch.options, batch.summarise
        self._items = [read_item(item) for item in batch.items]
        characters = sum(len(item.text) for item in self._items if isinstance(item, BatchItem))
        if characters > MAX_BATCH_CHARACTERS:
            raise TooLarge(f"A batch holds up to {BATCH_LIMITS}; this one has {characters} characters. Split it.")

    def answer(self, assessor: Assessor, known: Known, request_id: str, gone: Callable[[], bool]) -> bytes:
        """The answer, in the shape of BatchAnswer. Raises ClientDisconnect when the caller is `gone`."""
        assessor.check_version(self.options)

        def score(text: str, identifier: str | None) -> dict[str, Any]:
            return assessor.score_in_batch(known, text, identifier, self.options)

        judge = Judge(score, request_id)
        written, lines = [], []
        for line, group in self._lines(judge):
            if gone():
                raise ClientDisconnect
            written.append(dump(line))
            lines.append({"group": group, "result": summary.needed(line.get("result"))})
        failed = sum(line["result"] is None for line in lines)
        counted: dict[str, Any] = {"ok": len(lines) - failed, "error": failed}
        if self._summarise:
            counted |= summary.explained([summary.tally(lines)], assessor.scorer.card)
        return f'{{"results":[{",".join(written)}],"summary":{dump(counted)}}}'.encode()

    def _lines(self, judge: Judge) -> Iterator[tuple[dict[str, Any], str | None]]:
        """The result of each item, and its group."""
        for index, item in enumerate(self._items):
            place, at = {"index": index, "id": item.id}, f"/items/{index}"
            if isinstance(item, Refusal):
                yield place | judge.refused(item, at), item.group
            elif refusal := text_problem(item.text):
                yield place | judge.refused(refusal, at), item.group
            else:
                yield place | judge.result(item.text, item.id, at), item.group


def dump(value: Any) -> str:
    """JSON as answers and lines of results are written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
