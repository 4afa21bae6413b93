"""The client for asyncio; it has the methods of Client, to be awaited or iterated with `async for`."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Unpack

from lead_or_manage_client import calls, catalogue, filters
from lead_or_manage_client.batches import alone_too_large, async_batches, numbered
from lead_or_manage_client.bulk import AsyncBulk
from lead_or_manage_client.connection import BATCH_SIZE
from lead_or_manage_client.editing import AsyncEditing
from lead_or_manage_client.errors import TooLarge
from lead_or_manage_client.keeping import AsyncKeeping
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
from lead_or_manage_client.summaries import BatchAnswer


class AsyncClient(AsyncKeeping, AsyncBulk, AsyncEditing):
    """Talks to one service. Use it as an async context manager, or await `close` in the end. Tasks may share it."""

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

    async def summarise_batch(self, texts: Iterable[str | BatchItem], **options: Unpack[Options]) -> BatchAnswer:
        """Judge up to 1,000 situations in one call, and say what they call for taken together, in all and by `group`.

        For more texts make a job. Raises TooLarge where the service wants them split.
        """
        return await self._answer(calls.summarise_batch(texts, options))

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
