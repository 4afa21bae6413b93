"""What texts come to when they are taken together: plain dictionaries, exactly as the service sent them."""

from typing import TypedDict

from lead_or_manage_client.scoring import RefusedItem, ScoredItem


class Corrected(TypedDict):
    """An estimate that allows for the model's errors."""

    value: float
    """The estimate."""
    interval: list[float]
    """Its 95 % interval: lower and upper end."""


class VerdictCount(TypedDict):
    """How many texts have one verdict."""

    counted: int
    """As the model read them."""
    corrected: Corrected
    """As many as that probably are, given how often the model takes one verdict for another."""


class VerdictCounts(TypedDict):
    """How many texts have each verdict."""

    leadership: VerdictCount
    """Leadership alone."""
    management: VerdictCount
    """Management alone."""
    both: VerdictCount
    """Both."""
    insufficient: VerdictCount
    """The text says too little to tell."""


class MeanDemand(TypedDict):
    """The mean of one side's demand."""

    mean: float
    """Mean of `demand` over the texts."""
    corrected: Corrected
    """The share of texts that probably call for this side at all."""


class MeanDemands(TypedDict):
    """The mean of both sides' demand."""

    leadership: MeanDemand
    """Of leadership."""
    management: MeanDemand
    """Of management."""


class Summary(TypedDict):
    """What some texts call for, taken together."""

    n: int
    """Texts with a verdict."""
    unreadable: int
    """Texts that the model cannot read; not in `n`."""
    errors: int
    """Items with an error; not in `n`."""
    verdicts: VerdictCounts
    """Counts and corrected shares of the four verdicts."""
    demand: MeanDemands
    """How far leadership and management are called for."""


class GroupSummary(Summary):
    """What the texts of one group call for."""

    group: str | None
    """The group, or null for the texts without one."""


class JobSummary(TypedDict):
    """The texts of a job taken together, in all and by group."""

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


class SummarisedBatch(JobSummary):
    """How a batch went, and what its texts call for taken together."""

    ok: int
    """Items that were scored."""
    error: int
    """Items that were refused."""


class BatchAnswer(TypedDict):
    """One result per item, in order."""

    results: list[ScoredItem | RefusedItem]
    """One for each item, in your order."""
    summary: SummarisedBatch
    """How it went, and what the texts call for; the counts `ok` and `error` alone unless that was asked for."""
