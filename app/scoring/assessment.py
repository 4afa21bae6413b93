"""What the engine says about a text."""

from dataclasses import dataclass
from typing import Literal, Protocol

from app.scoring.labels import Band, Side, Status, Verdict


@dataclass(frozen=True, slots=True)
class Evidence:
    """A clause of the text that moved a trait: it supports one that is present, or denies one that is absent. `start`
    and `end` count code points, end exclusive; `weight` is its exact share of the trait's logit."""

    quote: str
    start: int
    end: int
    polarity: Literal["supports", "counters"]
    weight: float


@dataclass(frozen=True, slots=True)
class Trait:
    """A criterion (with its side) or a factor (side None).

    `present` where the probability, to four decimals, reaches `present_from`, which the model card names.
    sigmoid(bias + omitted + sum of the evidence weights) = probability; all four numbers are null for an unreadable
    text.
    """

    slug: str
    side: Side | None
    probability: float | None
    present: bool
    present_from: float | None
    bias: float | None
    omitted: float | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the verdict is: its calibrated probability, and how often verdicts of that band were right.

    The band is `uncertain` where the status is; `low`, `medium` and `high` part what is judged by `value`.
    """

    value: float
    band: Band
    accuracy: float
    n: int
    population: str


@dataclass(frozen=True, slots=True)
class MissingInput:
    """What the teller could add; `criterion` where the text leaves one open."""

    code: Literal["criterion_unclear", "no_work_situation", "too_short", "verdict_close"]
    criterion: str | None


@dataclass(frozen=True, slots=True)
class StyleFit:
    """A style that fits: `score` from 0 to 1, and the traits behind it, strongest first."""

    slug: str
    score: float
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the caller should know about the answer."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """The whole judgement of one text."""

    status: Status
    verdict: Verdict
    probabilities: dict[str, float]
    confidence: Confidence | None
    criteria: tuple[Trait, ...]
    factors: tuple[Trait, ...]
    missing: tuple[MissingInput, ...]
    leadership_styles: tuple[StyleFit, ...]
    management_styles: tuple[StyleFit, ...]
    warnings: tuple[Warned, ...]
    characters: int
    words: int
    tokens: int
    language: str
    explanation: str

    @property
    def demand(self) -> dict[str, float]:
        """The probability that the situation calls for each side at all: two axes, not one scale."""
        both = self.probabilities["both"]
        return {side: self.probabilities[side] + both for side in ("leadership", "management")}


class Classifier(Protocol):
    """What judges texts: the model, or what stands in its place."""

    def assess(self, text: str, language: str | None = None, max_evidence: int = 3) -> Assessment:
        """Judge one text; see `Scorer.assess`."""
