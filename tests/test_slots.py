"""Whoever scores one text is not held up by those who score many."""

import asyncio
import threading
import time
from typing import Any

import httpx
import pytest

from app.assessments import slots
from app.assessments.service import Assessor
from app.assessments.slots import Slots, Threads, Turns
from app.errors import Unavailable
from tests.support.loops import Gaps
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio
PATIENT = 5.0


def waiting(turns: Turns, count: int) -> None:
    """Return once so many wait for a turn."""
    deadline = time.monotonic() + PATIENT
    while len(turns._waiting) < count and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(turns._waiting) == count


def test_turns_are_given_in_the_order_in_which_they_are_asked_for() -> None:
    turns, order = Turns(1), list[int]()

    def take(number: int) -> None:
        with turns.turn():
            order.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    with turns.turn():
        for number, thread in enumerate(threads):
            thread.start()
            waiting(turns, number + 1)
    take(5)  # who comes again at once stands behind those who wait
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 5]


def test_who_gives_up_waiting_is_refused_and_takes_no_turn_with_him() -> None:
    turns = Turns(1)
    with turns.turn(), pytest.raises(Unavailable), turns.turn(0.01):
        pass
    with turns.turn(0.01):
        pass


def test_batches_leave_a_slot_to_others_where_there_are_several() -> None:
    shared, taken = Slots(3), list[str]()
    release = threading.Event()

    def batch() -> None:
        with shared.slot(batch=True):
            taken.append("batch")
            release.wait(PATIENT)

    threads = [threading.Thread(target=batch) for _ in range(6)]
    for thread in threads:
        thread.start()
    waiting(shared._of_batches, 4)
    with shared.slot():
        assert taken == ["batch"] * 2
    release.set()
    for thread in threads:
        thread.join()
    assert taken == ["batch"] * 6


async def test_work_beyond_the_threads_is_refused_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "SLOT_WAIT_SECONDS", 0.05)
    threads, release = Threads(1), threading.Event()
    first = asyncio.create_task(threads.run(lambda: release.wait(PATIENT)))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await threads.run(lambda: None)
    release.set()
    assert await first
    assert await threads.run(lambda: "again") == "again"


async def test_reads_go_on_while_every_thread_of_scoring_waits(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    score = Assessor.score

    def slow(*arguments: Any) -> Any:
        release.wait(PATIENT)
        return score(*arguments)

    monkeypatch.setattr(Assessor, "score", slow)
    sent = [asyncio.create_task(client.post("/v1/score", json={"text": SITUATION})) for _ in range(50)]
    await asyncio.sleep(0.1)
    started = time.monotonic()
    assert (await client.get("/v1/styles")).status_code == 200
    assert time.monotonic() - started < PATIENT / 2
    release.set()
    assert {answer.status_code for answer in await asyncio.gather(*sent)} == {200}


async def test_a_large_batch_is_answered_without_stopping_the_loop(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = (await client.post("/v1/score", json={"text": SITUATION})).json()
    monkeypatch.setattr(Assessor, "judge", lambda self, known, text, identifier, options: answer)
    items = [{"text": SITUATION[:190]}] * 1000
    gaps = Gaps()
    async with gaps.watched():
        batch = await client.post("/v1/score/batch", json={"items": items})
    assert len(batch.content) > 4_000_000
    assert batch.json()["summary"] == {"ok": 1000, "error": 0}
    assert gaps.longest < 1.5
