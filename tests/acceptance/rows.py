"""What a row is, what comes of it, and the table."""

import os
import signal
import textwrap
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["holds", "falls short", "not run"]
BOTH = ("sqlite", "postgresql")


class NotRun(Exception):
    """This machine lacks what the row needs; the message says what."""


class Late(Exception):
    """The row took longer than it may."""


@dataclass(frozen=True)
class Row:
    """One row: what is done, on which databases, and how many seconds it may take (ten times that with --long)."""

    id: str
    done: str
    act: Callable[[Any], None]
    databases: tuple[str, ...]
    seconds: int


ROWS: list[Row] = []


def row(
    identifier: str, done: str, *, databases: tuple[str, ...] = ("sqlite",), seconds: int = 120
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Declare a row; the function gets a Bench."""

    def declare(act: Callable[[Any], None]) -> Callable[[Any], None]:
        ROWS.append(Row(identifier, done, act, databases, seconds))
        return act

    return declare


@dataclass
class Findings:
    """What was seen in one row."""

    seen: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)

    def note(self, seen: str) -> None:
        """A figure for the table."""
        self.seen.append(seen)

    def check(self, holds: bool, request: str, seen: object) -> bool:
        """Whether it holds; where it does not, the request and what came of it stand in the table."""
        if not holds:
            self.short.append(f"{request}: {seen}"[:600])
        return holds


@dataclass
class Result:
    """One row on one database."""

    row: Row
    database: str
    verdict: Verdict
    findings: Findings
    seconds: float

    def __str__(self) -> str:
        told = [*self.findings.short[:12], *self.findings.seen]
        if more := len(self.findings.short) - 12:
            told.insert(12, f"and {more} more") if more > 0 else None
        head = f"{self.row.id:<10}{self.database:<11}{self.verdict:<12}{self.seconds:>5.0f} s  {self.row.done}"
        lines = [textwrap.fill(one, 150, initial_indent=" " * 21, subsequent_indent=" " * 23) for one in told]
        return "\n".join([head, *lines])


def slowness() -> float:
    """How many times longer than on a quiet machine things may take here, 1 to 4."""
    return min(4.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raises Late in the main thread when the time is up."""

    def late(*_: Any) -> None:
        raise Late(f"not finished after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def carry_out(row: Row, database: str, seconds: int, open_bench: Callable[[Findings], Any]) -> Result:
    """Do what a row does; whatever breaks on the way is a shortfall, not an end."""
    findings, began = Findings(), time.monotonic()
    verdict: Verdict | None = None
    seconds = int(seconds * slowness())

    def died(given: threading.ExceptHookArgs) -> None:
        if not findings.short:  # once the row has failed, its servers go, and its threads with them
            findings.check(False, "a client of the row", repr(given.exc_value)[:200])

    before, threading.excepthook = threading.excepthook, died
    try:
        with at_most(seconds + 30), open_bench(findings) as bench, at_most(seconds):
            row.act(bench)
    except NotRun as missing:
        verdict = "not run"
        findings.note(f"not run: {missing}")
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "acceptance" in f.filename]
        where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno} {frames[-1].line}" if frames else ""
        findings.check(False, type(error).__name__, f"{str(error)[:300]}{where}")
    finally:
        threading.excepthook = before
    if findings.short:
        verdict = "falls short"
    return Result(row, database, verdict or "holds", findings, time.monotonic() - began)
