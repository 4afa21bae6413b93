"""The client for asyncio; it has the methods of Client, to be awaited or iterated with `async for`."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from lead_or_manage_client import calls, catalogue, filters
from lead_or_manage_client.batches import alone_too_large, async_batches, numbered
from lead_or_manage_client.calls import Call, Resource
from lead_or_manage_client.connection import BASE_URL, BATCH_SIZE, RETRIES, TIMEOUT, content_of, headers_of
from lead_or_manage_client.errors import TooLarge
from lead_or_manage_client.retries import Retries
from lead_or_manage_client.scoring import (
    Alive,
    BatchItem,
    ModelCard,
    Options,
    Ready,
    RefusedItem,
    ScoreAnswer,
    ScoredItem,
)

T = TypeVar("T")


class AsyncClient:
    """Talks to one service. Use it as an async context manager, or await `close` in the end. Tasks may share it."""

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

    async def score(self, text: str, *, id: str | None = None, **options: Unpack[Options]) -> ScoreAnswer:
        """Judge one situation. `id` is yours and comes back with the answer."""
        return await self._answer(calls.score(text, id, options))

    async def score_batch(
        self,
        texts: Iterable[str | BatchItem] | AsyncIterable[str | BatchItem],
        *,
        batch_size: int = BATCH_SIZE,
        **options: Unpack[Options],
    ) -> AsyncIterator[ScoredItem | RefusedItem]:
        """Judge any number of situations, with one result for each, in order, as the batches are answered.

        A text that cannot be scored gives a result with `status` `error`; a failure of the whole call raises.
        """
        index = 0
        async for batch in async_batches(texts, batch_size):
            try:
                for result in numbered(await self._answer(calls.score_batch(batch, options)), index):
                    yield result
            except TooLarge as error:
                yield alone_too_large(batch, error, index)
            index += len(batch)

    def concepts(self, **chosen: Unpack[filters.ConceptFilters]) -> AsyncIterator[catalogue.Concept]:
        """Leadership and management, as the catalogue explains them."""
        return self._items(calls.CONCEPTS, chosen)

    async def concept(self, slug: str) -> catalogue.Concept:
        """One of the two concepts."""
        return await self._answer(calls.CONCEPTS.get(slug))

    def differences(self, **chosen: Unpack[filters.DifferenceFilters]) -> AsyncIterator[catalogue.Difference]:
        """How leadership and management differ."""
        return self._items(calls.DIFFERENCES, chosen)

    async def difference(self, slug: str) -> catalogue.Difference:
        """One difference."""
        return await self._answer(calls.DIFFERENCES.get(slug))

    def criteria(self, **chosen: Unpack[filters.CriterionFilters]) -> AsyncIterator[catalogue.Criterion]:
        """The traits of a situation that call for leadership or for management."""
        return self._items(calls.CRITERIA, chosen)

    async def criterion(self, slug: str) -> catalogue.Criterion:
        """One criterion."""
        return await self._answer(calls.CRITERIA.get(slug))

    def factors(self, **chosen: Unpack[filters.FactorFilters]) -> AsyncIterator[catalogue.Factor]:
        """The traits of a situation that help to choose a style."""
        return self._items(calls.FACTORS, chosen)

    async def factor(self, slug: str) -> catalogue.Factor:
        """One factor."""
        return await self._answer(calls.FACTORS.get(slug))

    def styles(self, **chosen: Unpack[filters.StyleFilters]) -> AsyncIterator[catalogue.Style]:
        """Styles of leading and of managing."""
        return self._items(calls.STYLES, chosen)

    async def style(self, slug: str) -> catalogue.Style:
        """One style."""
        return await self._answer(calls.STYLES.get(slug))

    def skills(self, **chosen: Unpack[filters.SkillFilters]) -> AsyncIterator[catalogue.Skill]:
        """Skills that executive education builds."""
        return self._items(calls.SKILLS, chosen)

    async def skill(self, slug: str) -> catalogue.Skill:
        """One skill."""
        return await self._answer(calls.SKILLS.get(slug))

    def programs(self, **chosen: Unpack[filters.ProgramFilters]) -> AsyncIterator[catalogue.Program]:
        """Executive programs."""
        return self._items(calls.PROGRAMS, chosen)

    async def program(self, slug: str) -> catalogue.Program:
        """One program."""
        return await self._answer(calls.PROGRAMS.get(slug))

    def facts(self, **chosen: Unpack[filters.FactFilters]) -> AsyncIterator[catalogue.Fact]:
        """Figures with their sources."""
        return self._items(calls.FACTS, chosen)

    async def fact(self, slug: str) -> catalogue.Fact:
        """One figure."""
        return await self._answer(calls.FACTS.get(slug))

    async def catalogue(self) -> catalogue.Catalogue:
        """Everything in the catalogue as one document."""
        return await self._answer(calls.CATALOGUE)

    async def models(self) -> list[ModelCard]:
        """The card of every model that the service can answer with."""
        return (await self._answer(calls.MODELS))["items"]

    async def model(self, version: str = "current") -> ModelCard:
        """The card of one model: purpose, forbidden uses, data, measured quality."""
        return await self._answer(calls.model(version))

    async def alive(self) -> Alive:
        """Whether the process of the service lives."""
        return await self._answer(calls.ALIVE)

    async def ready(self) -> Ready:
        """Whether the service can do its work. Raises Unavailable if it still cannot after the retries."""
        return await self._answer(calls.READY)

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

    async def _send(self, call: Call[Any]) -> httpx.Response:
        for tried in count():
            try:
                response = await self._http.request(
                    call.method, call.path, params=call.params, content=call.body, headers=call.headers
                )
            except httpx.TransportError as failure:
                wait = self._retries.after_failure(tried, call.repeatable, failure)
            else:
                if response.is_success:
                    return response
                wait = self._retries.after_answer(tried, call.repeatable, response)
            await asyncio.sleep(wait)
        raise AssertionError("unreachable")
