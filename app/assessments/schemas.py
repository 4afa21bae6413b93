"""The bodies of the scoring endpoints."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from app.errors import Problem
from app.scoring.labels import Band, OffsetUnit, Side, Status, Verdict

MAX_CHARACTERS = 10_000
MAX_ITEMS = 1_000
MAX_IDENTIFIER = 200
MAX_BATCH_CHARACTERS = 200_000

# What a reader cannot see: white space, controls, soft hyphen, joiners and marks of direction, fillers.
INVISIBLE = (
    r"\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
_VISIBLE = re.compile(f"[^{INVISIBLE}\u180f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

EXAMPLE = (
    "We are merging two plants and nobody knows the final structure yet. Line managers must keep the 12-step safety "
    "procedure unchanged across all 40 lines. We do not need new product ideas this year."
)


@dataclass(frozen=True)
class Refusal:
    """Why an item cannot be scored; `pointer` says where in the item."""

    id: str | None
    code: str
    message: str
    pointer: str


def text_problem(text: str) -> Refusal | None:
    """Why this text cannot be scored, or None."""
    if _UNSTORABLE.search(text):
        return Refusal(None, "text_invalid", "The text holds a NUL or half a surrogate pair. Remove it.", "/text")
    if len(text) > MAX_CHARACTERS:
        limit = (
            f"The text is longer than {MAX_CHARACTERS} characters, the limit. Send the part that describes the work."
        )
        return Refusal(None, "text_too_long", limit, "/text")
    if not _VISIBLE.search(text):
        empty = "The text has no visible character. Describe the situation in at least a few words."
        return Refusal(None, "text_empty", empty, "/text")
    return None


def _check_text(value: Any, handler: ValidatorFunctionWrapHandler) -> str:
    text: str = handler(value)
    if refusal := text_problem(text):
        raise PydanticCustomError(refusal.code, refusal.message)
    return text


SituationText = Annotated[
    str,
    Field(strict=True),
    WrapValidator(_check_text),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_CHARACTERS,
            "pattern": rf"^[^\u0000]*[^{INVISIBLE}][^\u0000]*$",
            "description": f"The situation in the words of whoever tells it: 1 to {MAX_CHARACTERS} characters, at "
            "least one of them visible, no NUL.",
            "examples": [EXAMPLE],
        }
    ),
]


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 4.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
Identifier = Annotated[str, Field(strict=True, max_length=MAX_IDENTIFIER, pattern=r"^[^\x00]*$")]


class Body(BaseModel):
    """A body that refuses unknown names."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class Preferences(Body):
    """What a program should offer. A program whose source does not say is not preferred."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"delivery": "blended", "max_months": 12}]})

    focus: Literal["leadership", "management", "technology"] | None = None
    """What the program is mainly about."""
    delivery: Literal["on-campus", "online", "blended"] | None = None
    """Where it takes place."""
    pace: Literal["part-time", "modular"] | None = None
    """How it is spread over time."""
    max_months: Annotated[int, Field(ge=1, le=120), BeforeValidator(_whole)] | None = None
    """It lasts at most this many months."""


Part = Literal["evidence", "explanation", "recommendations"]
ALL_PARTS: list[Part] = ["evidence", "explanation", "recommendations"]


class Options(Body):
    """How to answer. What `include` leaves out is absent from the answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"include": ["evidence"], "max_evidence": 2, "offset_unit": "utf16"}]}
    )

    include: list[Part] = Field(default=ALL_PARTS, max_length=3)
    """The parts of the answer that you want."""
    max_evidence: Whole = Field(default=3, ge=0, le=10, description="Quotes per criterion.")
    max_recommendations: Whole = Field(default=3, ge=0, le=10, description="Entries per list.")
    offset_unit: OffsetUnit = Field(
        default="unicode_code_point", description="What offsets count; JavaScript strings count `utf16`."
    )
    language: str | None = Field(
        default=None,
        max_length=35,
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$",
        description="BCP 47 tag of the text; wins over detection.",
    )
    model_version: str | None = Field(
        default=None, max_length=50, pattern=r"^[^\x00]*$", description="Refuse to answer with any other model."
    )
    preferences: Preferences = Preferences()
    """What recommended programs should offer."""
    catalogue: Literal["shared", "own", "both"] = "both"
    """Which programs to recommend: the shared ones, those of your organisation, or both."""


class ScoreRequest(Body):
    """One situation to judge."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": EXAMPLE, "id": "case-42"}]})

    text: SituationText
    id: Identifier | None = Field(default=None, description="Yours; echoed in the answer.")
    options: Options = Options()
    """How to answer; leave it out for the defaults."""


class BatchItem(Body):
    """One situation of a batch. A text that cannot be scored gets an error of its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "a", "text": EXAMPLE}]})

    text: str = Field(description="As in `/v1/score`.")
    id: Identifier | None = Field(default=None, description="Yours; echoed in the answer.")


def _item_or_refusal(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        path = first["loc"] if first["type"] != "extra_forbidden" else first["loc"][:-1]
        identifier = value.get("id") if isinstance(value, dict) else None
        known = identifier if isinstance(identifier, str) and len(identifier) <= MAX_IDENTIFIER else None
        return Refusal(known, "item_invalid", f"The item does not fit: {first['msg']}.", "".join(f"/{p}" for p in path))


class BatchRequest(Body):
    """Up to 1,000 situations, together up to 200,000 characters."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"id": "a", "text": EXAMPLE},
                        {"id": "b", "text": "Forty invoices a day, each checked against the order before five."},
                    ],
                    "options": {"include": ["explanation"]},
                }
            ]
        }
    )

    items: list[Annotated[BatchItem, WrapValidator(_item_or_refusal)]] = Field(min_length=1)
    """The situations, 1 to 1,000, together up to 200,000 characters."""
    options: Options = Options()
    """How to answer, for every item alike."""


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
    """Where that value lies; each band was measured by itself."""
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
    """Whether the probability reaches what the model card names in `present_from`."""
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
    """Whether the probability reaches what the model card names in `present_from`."""
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
    """What was read. `language` is a BCP 47 tag, `und` under 20 letters."""

    characters: int
    """Unicode code points."""
    words: int
    """Words."""
    tokens: int
    """Pieces that the model reads; it reads long texts in windows."""
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
    """The runtime that computed the numbers."""
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


class BatchAnswer(Answer):
    """One result per item, in order."""

    results: list[ScoredItem | RefusedItem]
    """One for each item, in your order."""
    summary: BatchSummary
    """How it went, counted."""


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
