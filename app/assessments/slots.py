"""How many texts are scored at the same time, and who comes next."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread

from app.errors import Unavailable

SLOT_WAIT_SECONDS = 10.0
T = TypeVar("T")


def busy() -> Unavailable:
    """The answer to more than can be scored in time."""
    return Unavailable("All scoring slots are busy. Try again in a moment.", retry_after=2)


class Turns:
    """A bounded number of turns: first come, first served, also where one comes again at once."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self, seconds: float | None = None) -> Iterator[None]:
        """Wait for a turn, as long as it takes or up to some seconds. Raises Unavailable."""
        with self._lock:
            mine = None if self._free else threading.Event()
            if mine is None:
                self._free -= 1
            else:
                self._waiting.append(mine)
        if mine is not None and not mine.wait(seconds):
            self._give_up(mine)
        try:
            yield
        finally:
            self._pass_on()

    def _give_up(self, mine: threading.Event) -> None:
        with self._lock:
            if not mine.is_set():
                self._waiting.remove(mine)
                raise busy()

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


class Slots:
    """The scoring slots of a process. Where there are several, batches leave one to others and share the rest."""

    def __init__(self, count: int) -> None:
        self._all = Turns(count)
        self._of_batches = Turns(max(1, count - 1))

    @contextmanager
    def slot(self, *, batch: bool = False) -> Iterator[None]:
        """A slot for one text; what belongs to a batch waits for as long as it takes. Raises Unavailable."""
        with (
            self._of_batches.turn() if batch else nullcontext(),
            self._all.turn(None if batch else SLOT_WAIT_SECONDS),
        ):
            yield


class Threads:
    """Threads for work that waits for slots, so that it takes none from reads."""

    def __init__(self, count: int) -> None:
        self._limiter = CapacityLimiter(count)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, from a thread. Raises Unavailable where none is free within SLOT_WAIT_SECONDS."""
        with move_on_after(SLOT_WAIT_SECONDS) as waiting:
            await self._limiter.acquire_on_behalf_of(waiting)
        if waiting.cancelled_caught:
            raise busy()
        try:
            return await to_thread.run_sync(work, limiter=CapacityLimiter(1))
        finally:
            self._limiter.release_on_behalf_of(waiting)
