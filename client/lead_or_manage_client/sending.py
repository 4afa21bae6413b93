"""Sends calls, tries them again, and reads what comes back: for code that waits, and for asyncio."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from lead_or_manage_client import calls
from lead_or_manage_client.calls import Call, Resource
from lead_or_manage_client.connection import BASE_URL, RETRIES, TIMEOUT, content_of, headers_of
from lead_or_manage_client.retries import Retries
from lead_or_manage_client.uploads import as_async

T = TypeVar("T")


class Sending:
    """One connection to one service."""

    def __init__(
        self,
        base_url: str = BASE_URL,
        api_key: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        retries: Retries = RETRIES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`transport`: one of httpx, for a proxy, certificates of your own, or tests."""
        self._retries = retries
        self._http = httpx.Client(base_url=base_url, headers=headers_of(api_key), timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._http.base_url)!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _items(self, resource: Resource[T], chosen: Mapping[str, Any]) -> Iterator[T]:
        cursor = None
        while True:
            page = self._answer(resource.page(chosen, cursor))
            yield from page["items"]
            cursor = calls.next_cursor(page)
            if cursor is None:
                return

    def _answer(self, call: Call[T]) -> T:
        return content_of(call, self._send(call))

    def _send(self, call: Call[Any], *, stream: bool = False) -> httpx.Response:
        """The success; with `stream` its body is still to be read, and the response to be closed."""
        for tried in count():
            try:
                body = call.body() if callable(call.body) else call.body
                request = self._http.build_request(
                    call.method, call.path, params=call.params, content=body, headers=call.headers
                )
                response = self._http.send(request, stream=stream)
                if stream and not response.is_success:
                    response.read()
            except httpx.TransportError as failure:
                wait = self._retries.after_failure(tried, call.repeatable, failure)
            else:
                if response.is_success:
                    return response
                wait = self._retries.after_answer(tried, call.repeatable, response)
            self._pause(wait)
        raise AssertionError("unreachable")

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)


class AsyncSending:
    """One connection to one service, for asyncio."""

    def __init__(
        self,
        base_url: str = BASE_URL,
        api_key: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        retries: Retries = RETRIES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport`: one of httpx, for a proxy, certificates of your own, or tests."""
        self._retries = retries
        self._http = httpx.AsyncClient(
            base_url=base_url, headers=headers_of(api_key), timeout=timeout, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._http.base_url)!r})"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _items(self, resource: Resource[T], chosen: Mapping[str, Any]) -> AsyncIterator[T]:
        cursor = None
        while True:
            page = await self._answer(resource.page(chosen, cursor))
            for item in page["items"]:
                yield item
            cursor = calls.next_cursor(page)
            if cursor is None:
                return

    async def _answer(self, call: Call[T]) -> T:
        return content_of(call, await self._send(call))

    async def _send(self, call: Call[Any], *, stream: bool = False) -> httpx.Response:
        """The success; with `stream` its body is still to be read, and the response to be closed."""
        for tried in count():
            try:
                body = as_async(call.body()) if callable(call.body) else call.body
                request = self._http.build_request(
                    call.method, call.path, params=call.params, content=body, headers=call.headers
                )
                response = await self._http.send(request, stream=stream)
                if stream and not response.is_success:
                    await response.aread()
            except httpx.TransportError as failure:
                wait = self._retries.after_failure(tried, call.repeatable, failure)
            else:
                if response.is_success:
                    return response
                wait = self._retries.after_answer(tried, call.repeatable, response)
            await self._pause(wait)
        raise AssertionError("unreachable")

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
