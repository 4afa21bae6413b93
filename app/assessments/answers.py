"""What the scoring endpoints answer."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.scoring.labels import Band, OffsetUnit, Side, Status, Verdict


class Answer(BaseModel):
    """Part of an answer: every field is always there unless it says otherwise."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class Probabilities(Answer):
    """The chance of each verdict; they sum to one."""

    leadership: float
    """That it calls for leadership alone."""
    management: float
    """That it calls for management alone."""
    both: float
    """That it calls for both."""
    insufficient: float
    """That the text says too little to tell."""


class Demand(Answer):
    """The probability that the situation calls for each side at all: two axes, not one scale."""

    leadership: float
    """That it calls for leadership at all: `leadership` + `both`."""
    management: float
    """That it calls for management at all: `management` + `both`."""


class Confidence(Answer):
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


class Evidence(Answer):
    """Words of the text, `text[start:end]`, with their exact share of the criterion's logit."""

    quote: str
    """Words of your text, unchanged."""
    start: int
    """Where the quote begins, counted in `offset_unit`."""
    end: int
    """Where it ends, exclusive."""
    polarity: Literal["supports", "counters"]
    """Whether the words speak for the criterion or against it."""
    weight: float
    """What they add to the logit of the criterion; negative where they speak against it."""


class ScoredFactor(Answer):
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
    evidence: list[Evidence] = Field(default=[], description="Absent unless `include` names it.")


class ScoredCriterion(Answer):
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
    evidence: list[Evidence] = Field(default=[], description="Absent unless `include` names it.")


class MissingInput(Answer):
    """What would settle the case, as a question to the teller."""

    code: Literal["criterion_unclear", "no_work_situation", "too_short", "verdict_close"]
    """Why something is missing."""
    criterion: str | None
    """The criterion that is unclear, or null if it is not about one."""
    ask: str
    """The question to put to whoever told the situation."""


class Recommendation(Answer):
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

    catalogue: Literal["own", "shared"]
    """`own`: your organisation's; `shared`: everybody's."""


class Recommendations(Answer):
    """What fits, best first; empty where the text gives no evidence."""

    leadership_styles: list[Recommendation]
    """Ways of leading that fit."""
    management_styles: list[Recommendation]
    """Ways of managing that fit."""
    programs: list[RecommendedProgram]
    """Executive programs that help with what the situation calls for."""


class TextRead(Answer):
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


class ScoreWarning(Answer):
    """Something to know about this answer; `pointer` says what it is about."""

    code: str
    """What kind of warning, for programs."""
    detail: str
    """What to know, for people."""
    pointer: str
    """A JSON pointer to the part of your request that it is about."""


class Versions(Answer):
    """The same text, options and versions give the same answer, byte for byte."""

    api: str
    """Of this API."""
    model: str
    """Of the model; its card is at `/v1/models/{version}`."""
    engine: str
    """The runtime, its version and the processor class; on another class the numbers differ in the second or third
    decimal."""
    catalogue: int
    """Of the catalogue."""


class ScoreAnswer(Answer):
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
    explanation: str = Field(default="", description="Absent unless `include` names it.")
    missing: list[MissingInput]
    """What to ask next, most useful first; empty if nothing is missing."""
    recommendations: Recommendations = Field(
        default=Recommendations(leadership_styles=[], management_styles=[], programs=[]),
        description="Absent unless `include` names it.",
    )
    input: TextRead
    """What was read."""
    warnings: list[ScoreWarning]
    """What to know about this answer; mostly empty."""
    versions: Versions
    """What this answer depends on besides the text and the options."""


class ModelCard(BaseModel):
    """What the model is, is for and is not for, and how well it does."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    version: str
    """The version, as answers name it."""
    current: bool
    """Whether scoring uses it now."""


class ModelList(Answer):
    """The models that this service can answer with."""

    items: list[ModelCard]
    """One card for each model."""
