"""One way to try both clients with the same test, and a transport with answers of its own."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx

from lead_or_manage_client import AsyncClient

MakeClient = Callable[..., Any]


async def _all(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


class Waiting:
    """An AsyncClient with the behaviour of Client, so that one test tries both."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.runner, self.client = asyncio.Runner(), AsyncClient(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            return self.runner.run(result if inspect.iscoroutine(result) else _all(result))

        return call

    def __repr__(self) -> str:
        return repr(self.client)

    def close(self) -> None:
        self.runner.run(self.client.close())
        self.runner.close()


class Script:
    """A transport that answers from a list and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer
