"""A file of many texts scored on the command line, as a job is, but without a database of jobs."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from app.assessments.batch import dump
from app.failures import Failure
from app.jobs.intake import BLOCK
from app.jobs.items import CHUNK_ITEMS, Item
from app.jobs.reading import JSON_LINES, TABLE, Texts, texts
from app.jobs.results import as_csv, header
from app.jobs.schemas import NewJob
from app.jobs.work import Judge
from app.outputs import replacing

TYPES = {".csv": TABLE, ".tsv": TABLE, ".txt": TABLE, ".ndjson": JSON_LINES, ".jsonl": JSON_LINES}
WRITTEN = {".csv": TABLE, ".ndjson": JSON_LINES, ".jsonl": JSON_LINES}


class FileError(Failure):
    """The file cannot be scored; the message says why."""


def media_type(path: Path, known: dict[str, str]) -> str:
    """What a file holds, by its name. Raises FileError."""
    found = known.get(path.suffix.lower())
    if found is None:
        raise FileError(f"{path.name}: the name must end in {', '.join(known)}")
    return found


def score_file(
    source: Path, out: Path, wanted: NewJob, judge: Judge, progress: Callable[[int], None], *kept: Path | None
) -> tuple[int, int]:
    """Score every line of `source` into `out`, in order, on every core, and tell `progress` of the bytes read.

    How many texts there were and how many have an error. `out` may be neither `source` nor one of `kept`.
    Raises FileError, TableError and OutputError; then `out` is as it was.
    """
    kind, reader = media_type(out, WRITTEN), texts(wanted, media_type(source, TYPES))
    count, errors, threads = 0, 0, os.cpu_count() or 1
    with replacing(out, source, *kept) as sink, source.open("rb") as file, ThreadPoolExecutor(threads) as pool:
        if kind == TABLE:
            sink.write(header().encode())
        for items in _chunks(file, reader):
            lines: list[dict[str, Any]] = list(pool.map(judge.line, range(count, count + len(items)), items))
            written = as_csv(lines) if kind == TABLE else "".join(f"{dump(line)}\n" for line in lines)
            sink.write(written.encode())
            count += len(items)
            errors += sum(line["status"] == "error" for line in lines)
            progress(file.tell())
    return count, errors


def _chunks(file: BinaryIO, reader: Texts) -> Iterator[list[Item]]:
    pending: list[Item] = []
    while block := file.read(BLOCK):
        pending += reader.feed(block)
        while len(pending) >= CHUNK_ITEMS:
            yield pending[:CHUNK_ITEMS]
            pending = pending[CHUNK_ITEMS:]
    pending += reader.end()
    while pending:
        yield pending[:CHUNK_ITEMS]
        pending = pending[CHUNK_ITEMS:]
