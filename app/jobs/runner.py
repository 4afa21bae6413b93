"""The threads of `serve` that work on jobs: one scores, one tidies up and delivers webhooks."""

import json
import logging
import threading
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Engine

from app.assessments.service import Assessor
from app.jobs import store, webhooks
from app.jobs.work import score_chunk

log = logging.getLogger("lead_or_manage.jobs")

IDLE_SECONDS = 1.0
TIDY_SECONDS = 2.0
FAILURE_SECONDS = 5.0


class Queue(Protocol):
    def carry(self, engine: Engine) -> None:
        """Put every chunk into the queue that is not there."""


class Runner:
    """Works until it is stopped. It takes no scoring slot: a worker process scores one text of jobs at a time besides
    what callers wait for. Several processes share the work by the leases of the chunks.

    With a queue the scoring is left to `lead-or-manage worker`; this one puts the chunks into it.
    """

    def __init__(self, engine: Engine, assessor: Assessor, hosts: tuple[str, ...], queue: Queue | None = None) -> None:
        self._engine, self._assessor, self._hosts, self._queue = engine, assessor, hosts, queue
        self._stop, self._wake = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._repeat, args=(self._tidy, TIDY_SECONDS), daemon=True)]
        if queue is None:
            self._threads.append(threading.Thread(target=self._repeat, args=(self._score, IDLE_SECONDS), daemon=True))

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """End after the text at hand; its chunk is given back."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, step: Callable[[], bool], pause: float) -> None:
        while not self._stop.is_set():
            try:
                worked, wait = step(), pause
            except Exception as error:  # the database may be away for a while; nothing may end this thread
                log.error(json.dumps({"event": "jobs_interrupted", "error": type(error).__name__}))
                worked, wait = False, FAILURE_SECONDS
            if not worked:
                self._wake.wait(wait)
                self._wake.clear()

    def _score(self) -> bool:
        return score_chunk(self._engine, self._assessor, self._stop.is_set)

    def _tidy(self) -> bool:
        store.purge(self._engine)
        if self._queue:
            self._queue.carry(self._engine)
        return webhooks.deliver_one(self._engine, self._hosts)
