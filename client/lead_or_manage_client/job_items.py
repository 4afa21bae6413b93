"""What goes into a job, and the lines of its results: plain dictionaries, exactly as the service sent them."""

from typing import Literal, NotRequired, TypeAlias, TypedDict

from lead_or_manage_client.scoring import (
    Confidence,
    Demand,
    MissingInput,
    OffsetUnit,
    Probabilities,
    Recommendations,
    RefusedItem,
    ScoreWarning,
    Side,
    Status,
    TextRead,
    Verdict,
    Versions,
)


class JobText(TypedDict):
    """One situation of a job. A text that cannot be scored gets an error of its own."""

    text: str
    """As in `/v1/score`."""
    id: NotRequired[str | None]
    """Yours; echoed in the results."""
    group: NotRequired[str | None]
    """What the summary counts by, such as a site or a question."""


class JobOptions(TypedDict, total=False):
    """How to answer a job."""

    include: list[Literal["evidence", "recommendations"] | str]
    """The parts of each result that you want; evidence comes as offsets without the words."""
    max_evidence: int
    """Quotes per criterion."""
    max_recommendations: int
    """Entries per list."""
    focus: Literal["leadership", "management", "technology"] | str
    """What recommended programs should mainly be about."""
    delivery: Literal["on-campus", "online", "blended"] | str
    """Where recommended programs should take place."""
    pace: Literal["part-time", "modular"] | str
    """How recommended programs should be spread over time."""
    max_months: int
    """Longest recommended program, in months."""
    catalogue: Literal["shared", "own", "both"] | str
    """Which programs to recommend: the shared ones, those of your organisation, or both."""
    offset_unit: OffsetUnit
    """What offsets count."""
    language: str
    """BCP 47 tag of all texts; wins over detection."""
    model_version: str
    """Refuse to answer with any other model."""
    webhook: str
    """Address to call when the job has ended, at a host that the service allows."""


class FileOptions(JobOptions, total=False):
    """How to read a file and to answer. What is about columns holds for CSV only."""

    text_column: str
    """Name of the column that holds the text; `text` unless you say otherwise."""
    id_column: str
    """Name of the column that holds your id."""
    group_column: str
    """Name of the column that holds the group that the summary counts by."""
    delimiter: Literal["auto", "comma", "semicolon", "tab", "pipe"] | str
    """What stands between cells; found out unless you say."""


class JobEvidence(TypedDict):
    """Where the words stand in your text; `quote` cuts them out."""

    start: int
    """Where they begin, counted in `offset_unit`."""
    end: int
    """Where they end, exclusive."""
    polarity: Literal["supports", "counters"] | str
    """Whether the words speak for the criterion or against it."""
    weight: float
    """What they add to the logit of the criterion; negative where they speak against it."""


class JobFactor(TypedDict):
    """As ScoredFactor, the evidence without its words."""

    slug: str
    probability: float | None
    present: bool
    present_from: float | None
    bias: float | None
    omitted: float | None
    evidence: NotRequired[list[JobEvidence]]


class JobCriterion(JobFactor):
    """As ScoredCriterion, the evidence without its words."""

    side: Side


class JobResult(TypedDict):
    """As ScoreAnswer, the evidence without its words, and without explanation."""

    id: str | None
    status: Status
    verdict: Verdict
    probabilities: Probabilities
    demand: Demand
    confidence: Confidence | None
    criteria: list[JobCriterion]
    factors: list[JobFactor]
    missing: list[MissingInput]
    recommendations: NotRequired[Recommendations]
    input: TextRead
    warnings: list[ScoreWarning]
    versions: Versions


class ScoredJobItem(TypedDict):
    """A text of a job that was scored."""

    index: int
    """Its place in your upload, from 0."""
    id: str | None
    """Yours, or null."""
    group: str | None
    """Yours, or null."""
    status: Literal["ok"]
    """Always `ok`."""
    result: JobResult
    """The judgement."""


class RefusedJobItem(RefusedItem):
    """A text of a job that could not be scored, and why."""

    group: str | None
    """Yours, or null."""


JobItem: TypeAlias = ScoredJobItem | RefusedJobItem
