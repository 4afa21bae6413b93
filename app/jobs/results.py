"""The results of a job as a stream of NDJSON or CSV, chunk by chunk, so that memory stays bounded."""

import csv
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.formulas import MARK, guarded
from app.jobs.items import CHUNK_ITEMS
from app.jobs.tables import Chunk, Job
from app.scoring.labels import CRITERIA, SIDES, VERDICTS

NDJSON, CSV = "application/x-ndjson", "text/csv"
COLUMNS = (
    "index",
    "id",
    "group",
    "state",
    "verdict",
    *(f"p_{name}" for name in VERDICTS),
    *(f"demand_{side}" for side in SIDES),
    "confidence",
    *CRITERIA,
    "error",
)


class JobGone(Exception):
    """The job was deleted while its results were read."""


def header() -> str:
    """How results as CSV begin: with the mark by which spreadsheets know UTF-8, and the names of the columns."""
    return f"{MARK}{','.join(COLUMNS)}\r\n"


def stream(engine: Engine, job_id: str, start: int, kind: str) -> Iterator[bytes]:
    """The finished items from index `start` on, in the order of the upload.

    While the job runs this ends before the first chunk that is not finished, so that whoever comes back with the index
    after the last one misses nothing. Each chunk is read in a transaction of its own: a slow reader holds nothing.
    """
    if kind == CSV:
        yield header().encode()
    number = start // CHUNK_ITEMS
    while (found := _chunk(engine, job_id, number)) is not None:
        number, packed = found
        lines = zlib.decompress(packed).splitlines(keepends=True)[max(0, start - number * CHUNK_ITEMS) :]
        number += 1
        yield b"".join(lines) if kind == NDJSON else as_csv(map(json.loads, lines)).encode()


def _chunk(engine: Engine, job_id: str, number: int) -> tuple[int, bytes] | None:
    """The next finished chunk from this number on; none where one that is still open stands before it."""
    with Session(engine.execution_options(readonly=True)) as session:
        following = select(Chunk.state, Chunk.number, Chunk.results).where(Chunk.job_id == job_id)
        following = following.where(col(Chunk.number) >= number, Chunk.state != "cancelled")
        row = session.exec(following.order_by(col(Chunk.number)).limit(1)).first()
        if row is None and number and session.get(Job, job_id) is None:
            raise JobGone
    return (row[1], row[2] or b"") if row and row[0] == "done" else None


def as_csv(lines: Iterable[dict[str, Any]]) -> str:
    """Lines of results as rows of CSV; an id or a group that a spreadsheet would run gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    for line in lines:
        place = [line["index"], *(guarded(line[name] or "") for name in ("id", "group"))]
        result = line.get("result")
        if result is None:
            blank = [""] * (len(COLUMNS) - len(place) - 2)
            writer.writerow([*place, "error", *blank, line["error"]["code"]])
            continue
        writer.writerow(
            [
                *place,
                result["status"],
                result["verdict"],
                *(result["probabilities"][name] for name in VERDICTS),
                *(result["demand"][side] for side in SIDES),
                (result["confidence"] or {}).get("value"),
                *(trait["probability"] for trait in result["criteria"]),
                "",
            ]
        )
    return out.getvalue()
