"""What batches answer, and the summary that they share with jobs."""

from typing import Annotated, Literal

from pydantic import Field

from app.assessments.answers import Answer, ScoreAnswer
from app.errors import Problem

Interval = Annotated[list[float], Field(min_length=2, max_length=2)]


class Corrected(Answer):
    """An estimate that allows for the model's errors."""

    value: float
    """The estimate."""
    interval: Interval
    """Its 95 % interval: lower and upper end."""


class VerdictCount(Answer):
    """How many texts have one verdict."""

    counted: int
    """As the model read them."""
    corrected: Corrected
    """As many as that probably are, given how often the model takes one verdict for another."""


class VerdictCounts(Answer):
    """How many texts have each verdict."""

    leadership: VerdictCount
    """Leadership alone."""
    management: VerdictCount
    """Management alone."""
    both: VerdictCount
    """Both."""
    insufficient: VerdictCount
    """The text says too little to tell."""


class MeanDemand(Answer):
    """The mean of one side's demand."""

    mean: float
    """Mean of `demand` over the texts."""
    corrected: Corrected
    """The share of texts that probably call for this side at all."""


class MeanDemands(Answer):
    """The mean of both sides' demand."""

    leadership: MeanDemand
    """Of leadership."""
    management: MeanDemand
    """Of management."""


class Summary(Answer):
    """What some texts call for, taken together."""

    n: int
    """Texts with a verdict."""
    unreadable: int
    """Texts that the model cannot read; not in `n`."""
    errors: int
    """Items with an error; not in `n`."""
    verdicts: VerdictCounts = Field(description="Counts and corrected shares of the four verdicts.")
    demand: MeanDemands = Field(description="How far leadership and management are called for.")


class GroupSummary(Summary):
    """What the texts of one group call for."""

    group: str | None
    """The group, or null for the texts without one."""


class Summarised(Answer):
    """Some texts taken together, in all and by group."""

    total: Summary | None
    """All texts; null under ten."""
    groups: list[GroupSummary]
    """The groups that can be shown, by name; empty where no text has a group."""
    withheld: int
    """How many groups are not shown: those under ten texts, and others from which such a one could be worked out."""
    smallest_group: int
    """The fewest texts that are shown as a group."""
    method: str
    """How the corrected figures are made, and what they rest on."""


class ScoredItem(Answer):
    """An item that was scored."""

    index: int
    """Its place in your list, from 0."""
    id: str | None
    """Yours, or null."""
    status: Literal["ok"]
    """Always `ok`."""
    result: ScoreAnswer
    """What `/v1/score` would answer."""


class RefusedItem(Answer):
    """An item that could not be scored, and why."""

    index: int
    """Its place in your list, from 0."""
    id: str | None
    """Yours, or null."""
    status: Literal["error"]
    """Always `error`."""
    error: Problem
    """What is wrong with this item and what to do about it."""


class BatchSummary(Answer):
    """How many items were scored and how many refused."""

    ok: int
    """Items that were scored."""
    error: int
    """Items that were refused."""


class SummarisedBatch(Summarised, BatchSummary):
    """How it went, and what the texts call for taken together."""


class BatchAnswer(Answer):
    """One result per item, in order."""

    results: list[ScoredItem | RefusedItem]
    """One for each item, in your order."""
    summary: SummarisedBatch | BatchSummary
    """How it went, counted; with what the texts call for where you ask to `summarise`."""
