"""What the scoring endpoints take and answer: plain dictionaries, exactly as the service sent them.

Objects are open: new fields may come and are there under their name. Enums are open, too: the values listed are those
known today, so always leave a branch for another one.
"""

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from lead_or_manage_client.problems import Problem

Verdict: TypeAlias = Literal["leadership", "management", "both", "insufficient"] | str
Status: TypeAlias = Literal["judged", "uncertain", "unreadable"] | str
Side: TypeAlias = Literal["leadership", "management"] | str
Band: TypeAlias = Literal["low", "medium", "high", "uncertain"] | str
OffsetUnit: TypeAlias = Literal["unicode_code_point", "utf16", "utf8"] | str
ModelCard: TypeAlias = dict[str, Any]
"""`version`, `current`, and all that the card of the model says besides."""


class Preferences(TypedDict, total=False):
    """What a program should offer. A program whose source does not say is not preferred."""

    focus: Literal["leadership", "management", "technology"] | str | None
    """What the program is mainly about."""
    delivery: Literal["on-campus", "online", "blended"] | str | None
    """Where it takes place."""
    pace: Literal["part-time", "modular"] | str | None
    """How it is spread over time."""
    max_months: int | None
    """It lasts at most this many months."""


class Options(TypedDict, total=False):
    """How to answer. What `include` leaves out is absent from the answer."""

    include: list[Literal["evidence", "explanation", "recommendations"] | str]
    """The parts of the answer that you want."""
    max_evidence: int
    """Quotes per criterion."""
    max_recommendations: int
    """Entries per list."""
    offset_unit: OffsetUnit
    """What offsets count; JavaScript strings count `utf16`."""
    language: str | None
    """BCP 47 tag of the text; wins over detection."""
    model_version: str | None
    """Refuse to answer with any other model."""
    preferences: Preferences
    """What recommended programs should offer."""
    catalogue: Literal["shared", "own", "both"] | str
    """Which programs to recommend: the shared ones, those of your organisation, or both."""


class BatchItem(TypedDict):
    """One situation of a batch. A text that cannot be scored gets an error of its own."""

    text: str
    """As in `/v1/score`."""
    id: NotRequired[str | None]
    """Yours; echoed in the answer."""
    group: NotRequired[str | None]
    """What the summary counts by, such as a site or a question."""


class Probabilities(TypedDict):
    """The chance of each verdict; they sum to one."""

    leadership: float
    """That it calls for leadership alone."""
    management: float
    """That it calls for management alone."""
    both: float
    """That it calls for both."""
    insufficient: float
    """That the text says too little to tell."""


class Demand(TypedDict):
    """The probability that the situation calls for each side at all: two axes, not one scale."""

    leadership: float
    """That it calls for leadership at all: `leadership` + `both`."""
    management: float
    """That it calls for management at all: `management` + `both`."""


class Confidence(TypedDict):
    """The verdict's probability, and how often verdicts of its band were right on the named population."""

    value: float
    """The probability of the verdict."""
    band: Band
    """`uncertain` where `status` is; else where the value lies among what is judged. Each was measured by itself."""
    accuracy: float
    """The share of verdicts in this band that were right, on the population named."""
    n: int
    """How many texts that share was measured on; the fewer, the less it says."""
    population: str
    """The texts that it was measured on."""


class Evidence(TypedDict):
    """Words of the text, `text[start:end]`, with their exact share of the criterion's logit."""

    quote: str
    """Words of your text, unchanged."""
    start: int
    """Where the quote begins, counted in `offset_unit`."""
    end: int
    """Where it ends, exclusive."""
    polarity: Literal["supports", "counters"] | str
    """Whether the words speak for the criterion or against it."""
    weight: float
    """What they add to the logit of the criterion; negative where they speak against it."""


class ScoredFactor(TypedDict):
    """One of four factors that help to choose a style. sigmoid(bias + omitted + sum of weights) = probability."""

    slug: str
    """Its slug in the catalogue."""
    probability: float | None
    """That a careful reader would mark it present; not how strong it is. Null if unreadable."""
    present: bool
    """Whether the probability reaches `present_from`."""
    present_from: float | None
    """The probability from which it counts as present, as the model card says; each has its own. Null if unreadable,
    and in an assessment that was kept before answers said it."""
    bias: float | None
    """The logit before any word is read; null if unreadable."""
    omitted: float | None
    """What the words that are not quoted add to the logit; null if unreadable."""
    evidence: NotRequired[list[Evidence]]
    """Absent unless `include` names it."""


class ScoredCriterion(TypedDict):
    """One of the eight criteria. sigmoid(bias + omitted + sum of weights) = probability."""

    slug: str
    """Its slug in the catalogue."""
    side: Side
    """The side that it calls for."""
    probability: float | None
    """That a careful reader would mark it present; not how strong it is. Null if unreadable."""
    present: bool
    """Whether the probability reaches `present_from`."""
    present_from: float | None
    """The probability from which it counts as present, as the model card says; each has its own. Null if unreadable,
    and in an assessment that was kept before answers said it."""
    bias: float | None
    """The logit before any word is read; null if unreadable."""
    omitted: float | None
    """What the words that are not quoted add to the logit; null if unreadable."""
    evidence: NotRequired[list[Evidence]]
    """Absent unless `include` names it."""


class MissingInput(TypedDict):
    """What would settle the case, as a question to the teller."""

    code: Literal["criterion_unclear", "no_work_situation", "too_short", "verdict_close"] | str
    """Why something is missing."""
    criterion: str | None
    """The criterion that is unclear, or null if it is not about one."""
    ask: str
    """The question to put to whoever told the situation."""


class Recommendation(TypedDict):
    """Something from the catalogue that fits; `because` names the criteria and factors behind it."""

    slug: str
    """Its slug in the catalogue."""
    name: str
    """Its name."""
    score: float
    """How well it fits, 0 to 1; compare within one list only."""
    because: list[str]
    """Slugs of the criteria and factors that speak for it."""
    href: str
    """Where to get it whole."""


class RecommendedProgram(Recommendation):
    """A program that fits, of your organisation or of the shared catalogue."""

    catalogue: Literal["own", "shared"] | str
    """`own`: your organisation's; `shared`: everybody's."""


class Recommendations(TypedDict):
    """What fits, best first; empty where the text gives no evidence."""

    leadership_styles: list[Recommendation]
    """Ways of leading that fit."""
    management_styles: list[Recommendation]
    """Ways of managing that fit."""
    programs: list[RecommendedProgram]
    """Executive programs that help with what the situation calls for."""


class TextRead(TypedDict):
    """What was read. `language` is a BCP 47 tag, `und` under 20 letters or where it is not sure. Only
    English is read, and `und` as English."""

    characters: int
    """Unicode code points."""
    words: int
    """Words."""
    tokens: int
    """Pieces that the model reads, 7,500 at most, long texts in windows; the warning `read_in_part` tells of more."""
    language: str
    """BCP 47 tag, yours or detected; `und` if there is too little to tell."""
    offset_unit: OffsetUnit
    """What the offsets of the evidence count."""


class ScoreWarning(TypedDict):
    """Something to know about this answer; `pointer` says what it is about."""

    code: str
    """What kind of warning, for programs."""
    detail: str
    """What to know, for people."""
    pointer: str
    """A JSON pointer to the part of your request that it is about."""


class Versions(TypedDict):
    """The same text, options and versions give the same answer, byte for byte."""

    api: str
    """Of this API."""
    model: str
    """Of the model; its card is at `/v1/models/{version}`."""
    engine: str
    """The runtime that computed the numbers."""
    catalogue: int
    """Of the catalogue."""


class ScoreAnswer(TypedDict):
    """The judgement of one situation, and why."""

    id: str | None
    """Yours, or null."""
    status: Status
    """`judged`; `uncertain`: the two best verdicts are too close; `unreadable`: nothing the model can read."""
    verdict: Verdict
    """The most probable of the four."""
    probabilities: Probabilities
    """The chance of each verdict."""
    demand: Demand
    """The chance that each side is called for at all."""
    confidence: Confidence | None
    """How far to trust the verdict; null if unreadable."""
    criteria: list[ScoredCriterion]
    """All eight, always in the same order."""
    factors: list[ScoredFactor]
    """All four, always in the same order."""
    explanation: NotRequired[str]
    """Absent unless `include` names it."""
    missing: list[MissingInput]
    """What to ask next, most useful first; empty if nothing is missing."""
    recommendations: NotRequired[Recommendations]
    """Absent unless `include` names it."""
    input: TextRead
    """What was read."""
    warnings: list[ScoreWarning]
    """What to know about this answer; mostly empty."""
    versions: Versions
    """What this answer depends on besides the text and the options."""


class ScoredItem(TypedDict):
    """An item that was scored."""

    index: int
    """Its place in your list, from 0."""
    id: str | None
    """Yours, or null."""
    status: Literal["ok"]
    """Always `ok`."""
    result: ScoreAnswer
    """What `/v1/score` would answer."""


class RefusedItem(TypedDict):
    """An item that could not be scored, and why."""

    index: int
    """Its place in your list, from 0."""
    id: str | None
    """Yours, or null."""
    status: Literal["error"]
    """Always `error`."""
    error: Problem
    """What is wrong with this item and what to do about it."""


class Alive(TypedDict):
    """The process lives."""

    status: Literal["alive"]
    """Always `alive`."""


class Ready(TypedDict):
    """The service can do its work."""

    status: Literal["ready"]
    """Always `ready`."""
    model: str
    """The version of the model in use."""
