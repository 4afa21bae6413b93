"""Asks one address again and again from a process of its own: what a stalled event loop looks like from outside.

Run as `python -m tests.acceptance.watch URL PAUSE_MS SECONDS FRESH [KEY]`; ends when its standard input does, or after
that many seconds, and prints `[[milliseconds since the start, milliseconds waited, status], ...]`; status 0 is none.
"""

import http.client
import itertools
import json
import math
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.support.paths import ROOT

PATIENCE = 30.0


class Watch:
    """Watches while the block runs. The figures are there afterwards."""

    def __init__(
        self, url: str, path: str = "/healthz", *, pause: int = 20, key: str = "", fresh: bool = False, most: int = 300
    ) -> None:
        words = [f"{url}{path}", str(pause), str(most), "1" if fresh else "0", *([key] if key else [])]
        self._command = [sys.executable, "-m", "tests.acceptance.watch", *words]
        self.samples: list[tuple[float, float, int]] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self._process.stdout.readline()  # it has asked once
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        out, _ = self._process.communicate("", timeout=PATIENCE * 2)
        self.samples = [tuple(sample) for sample in json.loads(out)] if out.strip() else []

    @property
    def worst(self) -> float:
        """The longest wait for an answer, in milliseconds."""
        return max((waited for _, waited, _ in self.samples), default=math.inf)

    def quantile(self, share: float) -> float:
        """A quantile of the waits, in milliseconds."""
        waits = sorted(waited for _, waited, _ in self.samples)
        return waits[min(len(waits) - 1, int(len(waits) * share))] if waits else math.inf

    @property
    def failures(self) -> list[int]:
        """The statuses that are not 200; 0 where there was no answer."""
        return [status for _, _, status in self.samples if status != 200]

    @property
    def longest_gap(self) -> float:
        """The longest time between two answers with status 200, in milliseconds."""
        times = [at + waited for at, waited, status in self.samples if status == 200]
        ends = [0.0, *times, *[at + waited for at, waited, _ in self.samples[-1:]]]
        return max((later - earlier for earlier, later in itertools.pairwise(ends)), default=math.inf)


def _ask(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> int:
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0


def main() -> None:
    url, pause, seconds, fresh, *key = sys.argv[1:]
    parts = urlsplit(url)
    path, headers = f"{parts.path}{'?' + parts.query if parts.query else ''}", {"X-API-Key": key[0]} if key else {}
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    _ask(connection, path, headers)
    print("asked", flush=True)
    began, samples = time.perf_counter(), []
    while not ended.is_set() and time.perf_counter() - began < float(seconds):
        at = time.perf_counter()
        status = _ask(connection, path, headers)
        waited = time.perf_counter() - at
        samples.append((round((at - began) * 1000, 1), round(waited * 1000, 1), status))
        if fresh == "1":
            connection.close()
        ended.wait(max(0.0, int(pause) / 1000 - waited) if status else int(pause) / 1000)
    print(json.dumps(samples))


if __name__ == "__main__":
    main()
