"""How many requests write at the same time, so that writers who wait for a lock take no thread and no connection from
those who read and score."""

import asyncio
import time
from collections import deque

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError, Unavailable, path_of, problem_response

PATIENCE_SECONDS = 0.5
"""Who has waited so long is refused as soon as a writer finds the database locked, and nobody has written as long."""
LONGEST_SECONDS = 10.0
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class WriteGate:
    """Lets a number of `writers` through at a time, first come, first served; the others wait here, without a thread.
    It stands inside of what reads the body, as a slow sender must not hold a place; uploads of jobs read theirs
    themselves and are bounded on their own."""

    def __init__(
        self, app: ASGIApp, writers: int, writing: tuple[str, ...], streams: frozenset[str] = frozenset()
    ) -> None:
        self.app, self._writing, self._streams = app, writing, streams
        self._free, self._written_at = writers, time.monotonic()
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._writes(scope["method"], path_of(scope)):
            return await self.app(scope, receive, send)
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._enter()
        except AppError as refused:
            return await problem_response(refused, scope["state"]["request_id"])(scope, receive, send)
        try:
            await self.app(scope, receive, watched)
        finally:
            now = time.monotonic()
            if 200 <= status < 300:
                self._written_at = now
            self._leave(locked=status == 503 and now - self._written_at > PATIENCE_SECONDS)

    def _writes(self, method: str, path: str) -> bool:
        """Whether a request writes. What is kept under a pseudonym is written to by reading: the audit notes it."""
        if not path.startswith(self._writing) or (method == "POST" and path in self._streams):
            return False
        return method not in READING or path.startswith("/v1/subjects")

    async def _enter(self) -> None:
        """Wait for a place. Raises Unavailable."""
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((time.monotonic(), place))
        try:
            await asyncio.wait_for(asyncio.shield(place), LONGEST_SECONDS)
        except BaseException as error:
            if place.done() and not place.exception():  # the place was given at the same moment
                self._leave(locked=False)
            place.cancel()
            if isinstance(error, TimeoutError):
                raise _busy() from None
            raise

    def _leave(self, *, locked: bool) -> None:
        """Give the place to the next. Where the database is locked, who has waited long is told so instead."""
        now = time.monotonic()
        while self._waiting:
            since, place = self._waiting.popleft()
            if place.done():
                continue
            if not locked or now - since < PATIENCE_SECONDS:
                place.set_result(None)
                return
            place.set_exception(_busy())
        self._free += 1


def _busy() -> Unavailable:
    return Unavailable("The database cannot be written to just now. Try again.")
