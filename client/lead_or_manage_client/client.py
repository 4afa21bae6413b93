"""The client for code that waits."""

from collections.abc import Iterable, Iterator
from typing import Unpack

from lead_or_manage_client import calls, catalogue, filters
from lead_or_manage_client.batches import alone_too_large, batches, numbered
from lead_or_manage_client.bulk import Bulk
from lead_or_manage_client.connection import BATCH_SIZE
from lead_or_manage_client.editing import Editing
from lead_or_manage_client.errors import TooLarge
from lead_or_manage_client.keeping import Keeping
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


class Client(Keeping, Bulk, Editing):
    """Talks to one service. Use it as a context manager, or call `close` in the end. Threads may share it."""

    def score(self, text: str, *, id: str | None = None, **options: Unpack[Options]) -> ScoreAnswer:
        """Judge one situation. `id` is yours and comes back with the answer."""
        return self._answer(calls.score(text, id, options))

    def score_batch(
        self, texts: Iterable[str | BatchItem], *, batch_size: int = BATCH_SIZE, **options: Unpack[Options]
    ) -> Iterator[ScoredItem | RefusedItem]:
        """Judge any number of situations, with one result for each, in order, as the batches are answered.

        A text that cannot be scored gives a result with `status` `error`; a failure of the whole call raises.
        """
        index = 0
        for batch in batches(texts, batch_size):
            try:
                yield from numbered(self._answer(calls.score_batch(batch, options)), index)
            except TooLarge as error:
                yield alone_too_large(batch, error, index)
            index += len(batch)

    def summarise_batch(self, texts: Iterable[str | BatchItem], **options: Unpack[Options]) -> BatchAnswer:
        """Judge up to 1,000 situations in one call, and say what they call for taken together, in all and by `group`.

        For more texts make a job. Raises TooLarge where the service wants them split.
        """
        return self._answer(calls.summarise_batch(texts, options))

    def concepts(self, **chosen: Unpack[filters.ConceptFilters]) -> Iterator[catalogue.Concept]:
        """Leadership and management, as the catalogue explains them."""
        return self._items(calls.CONCEPTS, chosen)

    def concept(self, slug: str) -> catalogue.Concept:
        """One of the two concepts."""
        return self._answer(calls.CONCEPTS.get(slug))

    def differences(self, **chosen: Unpack[filters.DifferenceFilters]) -> Iterator[catalogue.Difference]:
        """How leadership and management differ."""
        return self._items(calls.DIFFERENCES, chosen)

    def difference(self, slug: str) -> catalogue.Difference:
        """One difference."""
        return self._answer(calls.DIFFERENCES.get(slug))

    def criteria(self, **chosen: Unpack[filters.CriterionFilters]) -> Iterator[catalogue.Criterion]:
        """The traits of a situation that call for leadership or for management."""
        return self._items(calls.CRITERIA, chosen)

    def criterion(self, slug: str) -> catalogue.Criterion:
        """One criterion."""
        return self._answer(calls.CRITERIA.get(slug))

    def factors(self, **chosen: Unpack[filters.FactorFilters]) -> Iterator[catalogue.Factor]:
        """The traits of a situation that help to choose a style."""
        return self._items(calls.FACTORS, chosen)

    def factor(self, slug: str) -> catalogue.Factor:
        """One factor."""
        return self._answer(calls.FACTORS.get(slug))

    def styles(self, **chosen: Unpack[filters.StyleFilters]) -> Iterator[catalogue.Style]:
        """Styles of leading and of managing."""
        return self._items(calls.STYLES, chosen)

    def style(self, slug: str) -> catalogue.Style:
        """One style."""
        return self._answer(calls.STYLES.get(slug))

    def skills(self, **chosen: Unpack[filters.SkillFilters]) -> Iterator[catalogue.Skill]:
        """Skills that executive education builds."""
        return self._items(calls.SKILLS, chosen)

    def skill(self, slug: str) -> catalogue.Skill:
        """One skill."""
        return self._answer(calls.SKILLS.get(slug))

    def programs(self, **chosen: Unpack[filters.ProgramFilters]) -> Iterator[catalogue.Program]:
        """Executive programs."""
        return self._items(calls.PROGRAMS, chosen)

    def program(self, slug: str) -> catalogue.Program:
        """One program."""
        return self._answer(calls.PROGRAMS.get(slug))

    def facts(self, **chosen: Unpack[filters.FactFilters]) -> Iterator[catalogue.Fact]:
        """Figures with their sources."""
        return self._items(calls.FACTS, chosen)

    def fact(self, slug: str) -> catalogue.Fact:
        """One figure."""
        return self._answer(calls.FACTS.get(slug))

    def catalogue(self) -> catalogue.Catalogue:
        """Everything in the catalogue as one document."""
        return self._answer(calls.CATALOGUE)

    def models(self) -> list[ModelCard]:
        """The card of every model that the service can answer with."""
        return self._answer(calls.MODELS)["items"]

    def model(self, version: str = "current") -> ModelCard:
        """The card of one model: purpose, forbidden uses, data, measured quality."""
        return self._answer(calls.model(version))

    def alive(self) -> Alive:
        """Whether the process of the service lives."""
        return self._answer(calls.ALIVE)

    def ready(self) -> Ready:
        """Whether the service can do its work. Raises Unavailable if it still cannot after the retries."""
        return self._answer(calls.READY)
