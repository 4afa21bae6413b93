"""Undoes what a failed request began: at once, or as soon as the database answers again."""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.database import BRIEFLY
from app.outages import reason, retry_after

log = logging.getLogger("lead_or_manage.database")

PAUSE_SECONDS = 0.25
Step = Callable[[Engine], None]


class Cleanup:
    """Takes steps that must not be lost with the outage that made them necessary. Its thread lives only while a step
    waits; `stop` ends it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(patience=BRIEFLY)
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._waiting: deque[tuple[float, Step]] = deque()
        self._thread: threading.Thread | None = None

    def do(self, step: Step, within: timedelta) -> None:
        """Take a step now; during an outage again and again, as long as it is worth it. Raises nothing."""
        if self._taken(step):
            return
        with self._lock:
            self._waiting.append((time.monotonic() + within.total_seconds(), step))
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="cleanup", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Give up what waits."""
        self._stopped.set()
        with self._lock:
            thread = self._thread
        if thread:
            thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            while self._waiting and (self._waiting[0][0] < time.monotonic() or self._taken(self._waiting[0][1])):
                self._waiting.popleft()
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return

    def _taken(self, step: Step) -> bool:
        """Whether there is nothing left to do: the step is taken, or no retry would help."""
        try:
            step(self._engine)
        except (DBAPIError, PoolTimeoutError) as error:
            if retry_after(error) is not None:
                return False
            log.error(json.dumps({"event": "cleanup_failed", "error": type(error).__name__, "reason": reason(error)}))
        return True
