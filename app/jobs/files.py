"""A file of many texts scored on the command line, as a job is, but without a database of jobs."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from app.assessments.batch import dump
from app.jobs.intake import BLOCK, reader
from app.jobs.items import CHUNK_ITEMS, Item
from app.jobs.results import COLUMNS, as_csv
from app.jobs.schemas import NewJob
from app.jobs.work import Judge

TYPES = {".csv": "text/csv", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}


class FileError(Exception):
    """The file cannot be scored; the message says why."""


def media_type(path: Path) -> str:
    """What a file holds, by its name. Raises FileError."""
    found = TYPES.get(path.suffix.lower())
    if found is None:
        raise FileError(f"{path.name}: the name must end in {', '.join(TYPES)}")
    return found


def score_file(
    source: Path, out: Path, wanted: NewJob, judge: Judge, progress: Callable[[int], None]
) -> tuple[int, int]:
    """Score every line of `source` into `out`, in order, on every core, and tell `progress` of the bytes read.

    How many texts there were and how many have an error. Raises FileError and InvalidParameter.
    """
    kind, texts, errors = media_type(out), 0, 0
    threads = os.cpu_count() or 1
    with (
        source.open("rb") as file,
        out.open("w", encoding="utf-8", newline="") as sink,
        ThreadPoolExecutor(threads) as pool,
    ):
        if kind == "text/csv":
            sink.write(",".join(COLUMNS) + "\r\n")
        for items in _chunks(file, wanted, media_type(source)):
            lines: list[dict[str, Any]] = list(pool.map(judge.line, range(texts, texts + len(items)), items))
            sink.write(as_csv(lines) if kind == "text/csv" else "".join(f"{dump(line)}\n" for line in lines))
            texts += len(items)
            errors += sum(line["status"] == "error" for line in lines)
            progress(file.tell())
    return texts, errors


def _chunks(file: BinaryIO, wanted: NewJob, kind: str) -> Iterator[list[Item]]:
    read, records = reader(wanted, kind)
    pending: list[Item] = []
    block = file.read(BLOCK).removeprefix(b"\xef\xbb\xbf")
    while block:
        pending += [item for record in records.feed(block) if (item := read.read(record)) is not None]
        while len(pending) >= CHUNK_ITEMS:
            yield pending[:CHUNK_ITEMS]
            pending = pending[CHUNK_ITEMS:]
        block = file.read(BLOCK)
    pending += [item for record in records.end() if (item := read.read(record)) is not None]
    if pending:
        yield pending
