"""What `serve` does for jobs beside its requests: scoring, purging, feeding the queue, webhooks; each on its own."""

from typing import Protocol

from sqlalchemy import Engine

from app.assessments.service import Assessor
from app.jobs import store
from app.jobs.deliveries import Deliveries
from app.jobs.work import score_chunk
from app.repeating import Repeating, stop_all

IDLE_SECONDS = 1.0
TIDY_SECONDS = 2.0
STOP_SECONDS = 1.5
"""How long the end of the process waits for what is under way. A chunk is given back after the text at hand; one that
cannot be is free again when its lease runs out. A webhook that is cut short is sent again."""
INTERRUPTED = "jobs_interrupted"


class Queue(Protocol):
    def carry(self, engine: Engine) -> None:
        """Put every chunk into the queue that is not there."""


class Runner:
    """Works until it is stopped. It takes no scoring slot: a worker process scores one text of jobs at a time besides
    what callers wait for. Several processes share the work by the leases of the chunks.

    With a queue the scoring is left to `lead-or-manage worker`; this one puts the chunks into it.
    """

    def __init__(self, engine: Engine, assessor: Assessor, hosts: tuple[str, ...], queue: Queue | None = None) -> None:
        self._engine, self._assessor = engine, assessor
        purging = Repeating("purging", INTERRUPTED, self._purge, TIDY_SECONDS)
        self._works = [purging, Deliveries(engine, hosts).work]
        if queue is None:
            self._scoring = Repeating("scoring", INTERRUPTED, self._score, IDLE_SECONDS)
            self._works.append(self._scoring)
        else:
            self._works.append(Repeating("queue", INTERRUPTED, lambda: _carry(queue, engine), TIDY_SECONDS))

    def start(self) -> None:
        """Begin."""
        for work in self._works:
            work.start()

    def wake(self) -> None:
        """There is something to do."""
        for work in self._works:
            work.wake()

    def stop(self) -> None:
        """End, within STOP_SECONDS."""
        stop_all(self._works, STOP_SECONDS)

    def _score(self) -> bool:
        return score_chunk(self._engine, self._assessor, lambda: self._scoring.stopping)

    def _purge(self) -> bool:
        store.purge(self._engine)
        return False


def _carry(queue: Queue, engine: Engine) -> bool:
    queue.carry(engine)
    return False
