"""Bodies and results of jobs as streams, of which only a block is held at a time; and how long to wait for a job."""

import json
import math
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

from lead_or_manage_client.errors import StillRunning
from lead_or_manage_client.job_items import JobItem, JobText
from lead_or_manage_client.jobs import JobAnswer

BLOCK = 64 * 1024
FIRST_PAUSE, LONGEST_BLIND_PAUSE, LONGEST_PAUSE = 0.5, 5.0, 60.0
"""Seconds; blind is a pause before which the service had no estimate."""


def ndjson(texts: Iterable[str | JobText]) -> Iterator[bytes]:
    """One JSON object a line, in blocks that are worth sending."""
    gathered = bytearray()
    for given in texts:
        gathered += _line(given)
        if len(gathered) >= BLOCK:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


async def async_ndjson(texts: AsyncIterable[str | JobText]) -> AsyncIterator[bytes]:
    """One JSON object a line, each as soon as it comes."""
    async for given in texts:
        yield _line(given)


async def as_async(blocks: Iterable[bytes] | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same blocks, for asyncio."""
    if isinstance(blocks, AsyncIterable):
        async for block in blocks:
            yield block
        return
    for block in blocks:
        yield block


def file_blocks(file: Path | str | bytes) -> Iterator[bytes]:
    """What a file holds."""
    if isinstance(file, bytes):
        yield file
        return
    with Path(file).open("rb") as opened:
        while block := opened.read(BLOCK):
            yield block


def _line(given: str | JobText) -> bytes:
    """In ASCII, so that half a surrogate pair in one text is refused by the service, not here and for all."""
    item: Any = {"text": given} if isinstance(given, str) else given
    return json.dumps(item).encode("ascii") + b"\n"


class ItemReader:
    """Reads the items off a stream of results, and knows where to go on after it broke."""

    def __init__(self, start: int) -> None:
        self.next, self._breaks, self._rest = start, 0, b""

    def feed(self, block: bytes) -> Iterator[JobItem]:
        """Every item that ends in this block."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        for line in lines:
            item: JobItem = json.loads(line)
            self.next, self._breaks = item["index"] + 1, 0
            yield item

    def broken(self) -> int:
        """Forget the item that was cut off. How often the stream had broken since the last item before now."""
        self._rest, self._breaks = b"", self._breaks + 1
        return self._breaks - 1


class Patience:
    """How long to wait before looking again how far a job is, by its own estimate."""

    def __init__(self, timeout: float | None) -> None:
        self._end = math.inf if timeout is None else time.monotonic() + timeout
        self._blind = FIRST_PAUSE

    def pause(self, job: JobAnswer) -> float:
        """Seconds to wait. Raises StillRunning where the time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise StillRunning(f"Job {job['id']} is {job['status']}, {job['done']} of {job['texts']} texts are done.")
        if job["estimate"]:
            return min(max(FIRST_PAUSE, job["estimate"]["seconds_left"]), LONGEST_PAUSE, left)
        blind, self._blind = self._blind, min(2 * self._blind, LONGEST_BLIND_PAUSE)
        return min(blind, left)
