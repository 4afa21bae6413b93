"""Work that a process does beside its requests: each kind in a thread of its own, again and again."""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence

log = logging.getLogger("lead_or_manage.repeating")

FAILURE_SECONDS = 5.0
"""How long a step that failed is left alone, at least."""


class Repeating:
    """Takes a step again and again until it is stopped: at once after a step that found something to do, else after
    `pause` seconds or a call of `wake`. A step that raises is logged as `event` and taken again later."""

    def __init__(self, name: str, event: str, step: Callable[[], bool], pause: float) -> None:
        self._name, self._event, self._step, self._pause = name, event, step, pause
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    @property
    def stopping(self) -> bool:
        """Whether the step at hand is the last."""
        return self._stopping.is_set()

    def end(self) -> None:
        """Take no further step."""
        self._stopping.set()
        self._wake.set()

    def join(self, seconds: float) -> None:
        """Wait this long for the step at hand; the process may end without it."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self.stopping:
            try:
                wait = 0.0 if self._step() else self._pause
            except Exception as error:  # the database may be away for a while; nothing may end this thread
                log.error(json.dumps({"event": self._event, "work": self._name, "error": type(error).__name__}))
                wait = max(self._pause, FAILURE_SECONDS)
            if self._wake.wait(wait):
                self._wake.clear()


def stop_all(works: Sequence[Repeating], seconds: float) -> None:
    """End all of them and wait for the steps at hand, together no longer than this."""
    for work in works:
        work.end()
    until = time.monotonic() + seconds
    for work in works:
        work.join(max(0.0, until - time.monotonic()))
