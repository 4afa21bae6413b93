"""What `serve` does for jobs beside its requests: nothing of it waits for anything else of it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from app import repeating
from app.assessments.service import Assessor
from app.jobs import runner, store
from app.jobs.runner import Runner
from tests.support.apps import scorer
from tests.support.databases import Databases
from tests.support.jobs import fresh, wait_for


class Queue:
    """Counts how often it is fed."""

    fed = 0

    def carry(self, engine: Engine) -> None:
        self.fed += 1


class Steps:
    """Steps of the runner that hang or break on demand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.over, self.purged = threading.Event(), 0
        self._patch = monkeypatch
        monkeypatch.setattr(store, "purge", self._purge)
        monkeypatch.setattr(runner, "TIDY_SECONDS", 0.02)
        monkeypatch.setattr(repeating, "FAILURE_SECONDS", 0.02)

    def _purge(self, _: Engine) -> int:
        self.purged += 1
        return 0

    def hang(self, *_: Any) -> bool:
        """A step that does not end before the test."""
        return not self.over.wait(60)

    def fail(self, *_: Any) -> int:
        """A step that breaks each time."""
        self.purged += 1
        raise ZeroDivisionError


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Any:
    steps = Steps(monkeypatch)
    yield steps
    steps.over.set()


def test_a_hanging_webhook_delays_neither_purging_nor_the_queue_nor_the_end(
    databases: Databases, engines: Callable[[str], Engine], steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.jobs.deliveries.claim", steps.hang)
    queue = Queue()
    works = Runner(engines(fresh(databases).database_url), Assessor(scorer(), 1), (), queue)
    works.start()
    wait_for(lambda: queue.fed > 3 and steps.purged > 3, 20)
    begun = time.monotonic()
    works.stop()
    assert time.monotonic() - begun < 10


def test_purging_that_breaks_ends_neither_the_queue_nor_itself(
    databases: Databases,
    engines: Callable[[str], Engine],
    steps: Steps,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    monkeypatch.setattr(store, "purge", steps.fail)
    queue = Queue()
    works = Runner(engines(fresh(databases).database_url), Assessor(scorer(), 1), (), queue)
    works.start()
    wait_for(lambda: queue.fed > 3 and steps.purged > 3, 20)
    works.stop()
    assert '"work": "purging", "error": "ZeroDivisionError"' in caplog.text


def test_a_text_that_takes_for_ever_does_not_hold_up_the_end(
    databases: Databases, engines: Callable[[str], Engine], steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "score_chunk", steps.hang)
    works = Runner(engines(fresh(databases).database_url), Assessor(scorer(), 1), ())
    works.start()
    wait_for(lambda: steps.purged > 3, 20)
    begun = time.monotonic()
    works.stop()
    assert time.monotonic() - begun < 10
