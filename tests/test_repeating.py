"""What a process does beside its requests: one kind of work holds up no other, and none holds up the end."""

import json
import logging
import threading
import time

import pytest

from app import repeating
from app.repeating import Repeating, stop_all
from tests.support.jobs import wait_for


def test_a_step_that_raises_is_logged_and_taken_again_and_ends_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(repeating, "FAILURE_SECONDS", 0.01)
    caplog.set_level(logging.ERROR)
    counts = {"broken": 0, "sound": 0}

    def broken() -> bool:
        counts["broken"] += 1
        raise ZeroDivisionError("a text that must not be logged")

    def sound() -> bool:
        counts["sound"] += 1
        return False

    works = [Repeating("broken", "work_failed", broken, 0.01), Repeating("sound", "work_failed", sound, 0.01)]
    for work in works:
        work.start()
    wait_for(lambda: min(counts.values()) > 3, 20)
    stop_all(works, 5)
    lines = [record.getMessage() for record in caplog.records]
    assert json.loads(lines[0]) == {"event": "work_failed", "work": "broken", "error": "ZeroDivisionError"}
    assert all("must not" not in line for line in lines)


def test_the_end_waits_for_a_step_that_ends_soon_and_for_no_other() -> None:
    over, done = threading.Event(), threading.Event()

    def stuck() -> bool:
        return not over.wait(60)

    def quick() -> bool:
        time.sleep(0.1)
        done.set()
        return False

    works = [Repeating("stuck", "work_failed", stuck, 1), Repeating("quick", "work_failed", quick, 1)]
    for work in works:
        work.start()
    begun = time.monotonic()
    stop_all(works, 0.5)
    assert time.monotonic() - begun < 10
    assert done.is_set()
    over.set()


def test_a_call_to_wake_up_reaches_each_kind_of_work() -> None:
    counts = [0, 0]

    def count(place: int) -> bool:
        counts[place] += 1
        return False

    works = [Repeating(f"{place}", "work_failed", lambda place=place: count(place), 60) for place in (0, 1)]  # type: ignore[misc]
    for work in works:
        work.start()
    wait_for(lambda: counts == [1, 1], 20)
    for work in works:
        work.wake()
    wait_for(lambda: counts == [2, 2], 20)
    stop_all(works, 5)
