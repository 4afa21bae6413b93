"""How long an event loop stands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gaps:
    """The longest time that the event loop did nothing else, as another task of it sees it."""

    def __init__(self) -> None:
        self.longest = 0.0

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch while this is entered."""
        watching = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        yield
        watching.cancel()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.002)
            self.longest = max(self.longest, loop.time() - before)
