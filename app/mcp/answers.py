"""What the tools answer: short enough for an assistant to read whole, with slugs to look further."""

from typing import Any, Literal

from app.assessments.answers import Answer, Confidence, Demand, Probabilities, Recommendation, RecommendedProgram
from app.scoring.labels import Side, Status, Verdict

Kind = Literal["concepts", "differences", "criteria", "factors", "styles", "skills", "programs", "facts"]


class Reason(Answer):
    """A criterion or factor that the text shows, and the words that show it."""

    slug: str
    """Its slug among the criteria or factors."""
    side: Side | None
    """The side that it calls for; null for a factor, which only helps to choose a style."""
    probability: float | None
    """That a careful reader would mark it present."""
    present_from: float | None
    """The probability from which it counts as present."""
    quotes: list[str]
    """Words of the text that speak for it, strongest first."""
    against: list[str]
    """Words of the text that speak against it."""


class Judgement(Answer):
    """What a situation calls for, and why. It is about the situation, never about a person."""

    verdict: Verdict
    """The most probable of the four; `insufficient`: the text says too little, so ask."""
    status: Status
    """`judged`; `uncertain`: treat the verdict with care and ask; `unreadable`: nothing that could be read."""
    probabilities: Probabilities
    """The chance of each verdict."""
    demand: Demand
    """The chance that each side is called for at all."""
    confidence: Confidence | None
    """How often verdicts like this one were right; null if unreadable."""
    explanation: str
    """Why, in a sentence or two."""
    reasons: list[Reason]
    """What the text shows, with quotes."""
    ask: list[str]
    """Questions to the teller that would settle the case, most useful first."""
    leadership_styles: list[Recommendation]
    """Ways of leading that fit, with the reasons behind each."""
    management_styles: list[Recommendation]
    """Ways of managing that fit, with the reasons behind each."""
    programs: list[RecommendedProgram]
    """Executive programs that help with what the situation calls for."""
    warnings: list[str]
    """What to know about this answer; mostly empty."""
    model: str
    """The version of the model."""


class CriterionLine(Answer):
    """A trait that the judgement looks for."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    side: Side
    """The side that it calls for."""
    question: str
    """The question that settles whether a situation has it."""
    description: str
    """What it is."""


class FactorLine(Answer):
    """A trait that helps to choose a style."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    description: str
    """What it is."""


class Criteria(Answer):
    """Everything that the judgement looks for."""

    criteria: list[CriterionLine]
    """The eight criteria: four call for leadership, four for management."""
    factors: list[FactorLine]
    """The four factors that help to choose a style."""


class StyleLine(Answer):
    """A style of leading or managing."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    side: Side
    """Whether it is a style of leading or of managing."""
    description: str
    """What it is."""
    speaks_for: list[str]
    """Slugs of the criteria and factors that speak for it."""


class ProgramLine(Answer):
    """An executive program; what its source does not say is null."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    school: str | None
    """Who offers it."""
    description: str
    """What it is."""
    focus: list[str] | None
    """What it is mainly about."""
    delivery: list[str] | None
    """Where it takes place."""
    pace: list[str] | None
    """How it is spread over time."""
    months: int | None
    """How long it lasts."""
    helps_with: list[str]
    """Slugs of the criteria that it helps with."""


class Programs(Answer):
    """Programs that fit what was asked for."""

    total: int
    """How many there are."""
    programs: list[ProgramLine]
    """The first of them, up to the limit."""


class Hit(Answer):
    """An item of the catalogue that was found."""

    kind: Kind
    """What it is; `get_item` takes it."""
    slug: str
    """Its slug; `get_item` takes it."""
    name: str
    """Its name."""
    description: str
    """What it is."""


class Hits(Answer):
    """What a search found."""

    total: int
    """How many items there are."""
    hits: list[Hit]
    """The first of them, up to the limit."""


class Item(Answer):
    """One item of the catalogue, whole."""

    kind: Kind
    """What it is."""
    slug: str
    """Its slug."""
    name: str
    """Its name."""
    description: str
    """What it is."""
    href: str
    """Its path in the REST API."""
    details: dict[str, Any]
    """All else that the catalogue says of it: related items by slug, reasons, sources."""
