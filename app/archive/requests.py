"""What the endpoints of kept assessments take."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.assessments.requests import EXAMPLE, MAX_CHARACTERS, Body, ScoreRequest
from app.moments import Moment
from app.numbers import whole
from app.pagination import PRINTABLE, PageQuery
from app.scoring.labels import CRITERIA, FACTORS, LEADERSHIP_STYLES, MANAGEMENT_STYLES, Status, Verdict

SUBJECT = r"^[A-Za-z0-9._~-]{1,100}$"
SubjectRef = Annotated[str, Field(strict=True, pattern=SUBJECT)]


def _one_of(names: tuple[str, ...]) -> Any:
    return Field(strict=True, pattern=f"^({'|'.join(names)})$")


class KeepRequest(ScoreRequest):
    """One situation to judge and to keep."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": EXAMPLE, "subject_ref": "p-7f3a", "retention_days": 14}]}
    )

    subject_ref: SubjectRef | None = Field(
        default=None,
        description="A pseudonym of whoever the text is about or from, such as `p-7f3a`: letters, digits and `._~-`. "
        "It serves to hand out and to erase, never to filter, group or sort. Never a name or an address.",
    )
    retention_days: Annotated[int, Field(ge=1, le=3650), BeforeValidator(whole)] | None = Field(
        default=None, description="Days until it is erased; by default, and at most, what the service is set to (30)."
    )


class AssessmentQuery(PageQuery):
    """Query parameters of the list."""

    verdict: list[Verdict] = Field(default=[], max_length=4, description="With this verdict; repeat it for or.")
    status: list[Status] = Field(default=[], max_length=3, description="With this status; repeat it for or.")
    model: str | None = Field(
        default=None, max_length=50, pattern=PRINTABLE, description="Judged by this version of the model."
    )
    created_from: Moment | None = Field(
        default=None, description="Kept at this time or later: RFC 3339, with its offset from UTC."
    )
    created_to: Moment | None = Field(
        default=None, description="Kept before this time: RFC 3339, with its offset from UTC."
    )


class ReaderQuote(Body):
    """Words that show it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"quote": "become one next month"}]})

    quote: Annotated[str, Field(strict=True, min_length=1, max_length=MAX_CHARACTERS, pattern=PRINTABLE)]
    """An exact part of the text."""


Quotes = Annotated[list[ReaderQuote], Field(max_length=10)]


UNQUOTED: dict[str, Any] = {"properties": {"present": {"enum": [True]}, "evidence": {"maxItems": 0}}}
"""A trait that is present without a quote. Said to clients with `not`, which OpenAPI 3.0 has, too."""


class ReaderTrait(Body):
    """What a reader says of one criterion or factor. Whatever is present needs a quote that shows it."""

    present: bool
    """Whether the text shows it for the work ahead."""
    evidence: Quotes = Field(
        default=[], description="The words that show it, or, where it is not present, the words that deny it."
    )


class ReaderCriterion(ReaderTrait):
    """What a reader says of one criterion."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": UNQUOTED,
            "examples": [{"slug": "change", "present": True, "evidence": [{"quote": "become one next month"}]}],
        }
    )

    slug: Annotated[str, _one_of(CRITERIA)]
    """Its slug in the catalogue."""


class ReaderFactor(ReaderTrait):
    """What a reader says of one factor."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": UNQUOTED,
            "examples": [{"slug": "urgency", "present": True, "evidence": [{"quote": "cannot wait until Monday"}]}],
        }
    )

    slug: Annotated[str, _one_of(FACTORS)]
    """Its slug in the catalogue."""


class ReaderLeadershipStyle(Body):
    """A way of leading that fits."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"slug": "transformational-leadership"}]})

    slug: Annotated[str, _one_of(LEADERSHIP_STYLES)]
    """Its slug in the catalogue."""


class ReaderManagementStyle(Body):
    """A way of managing that fits."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"slug": "managerial-management"}]})

    slug: Annotated[str, _one_of(MANAGEMENT_STYLES)]
    """Its slug in the catalogue."""


class ReaderStyles(Body):
    """The styles that fit, best first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"management_styles": [{"slug": "managerial-management"}]}]}
    )

    leadership_styles: list[ReaderLeadershipStyle] = Field(default=[], max_length=2)
    """Up to two."""
    management_styles: list[ReaderManagementStyle] = Field(default=[], max_length=2)
    """Up to two."""


AGREED: dict[str, Any] = {"agree": {"enum": [True]}}
CONTRADICTIONS: list[Any] = [
    {"properties": {"agree": {"enum": [False]}, "verdict": {"enum": [None]}}},
    {"required": ["verdict"], "properties": AGREED | {"verdict": {"type": "string"}}},
    {"required": ["criteria"], "properties": AGREED | {"criteria": {"minItems": 1}}},
    {"required": ["factors"], "properties": AGREED | {"factors": {"minItems": 1}}},
]


class FeedbackRequest(Body):
    """What a careful reader says: that the answer is right, or what it should have been.

    A correction is whole: it has a verdict, and criteria and factors that it does not name are not present. Who agrees
    leaves all but a reason out.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"agree": True}], "not": {"anyOf": CONTRADICTIONS}})

    agree: bool
    """True: the answer is right. False: it should have been as follows."""
    verdict: Verdict | None = None
    """The right verdict; needed where you do not agree."""
    criteria: list[ReaderCriterion] = Field(default=[], max_length=8)
    """The criteria that are present, and those that the text denies."""
    factors: list[ReaderFactor] = Field(default=[], max_length=4)
    """The factors that are present."""
    recommendations: ReaderStyles = ReaderStyles()
    """The styles that fit."""
    reason: Annotated[str, Field(strict=True, max_length=2000, pattern=PRINTABLE)] | None = None
    """Why, in your words; kept with the assessment and erased with it."""

    @model_validator(mode="after")
    def _whole(self) -> "FeedbackRequest":
        traits: list[ReaderCriterion | ReaderFactor] = [*self.criteria, *self.factors]
        styles = [*self.recommendations.leadership_styles, *self.recommendations.management_styles]
        present = any(trait.present for trait in traits)
        if self.agree and (self.verdict or traits or styles):
            raise _contradiction("With agree true leave verdict, criteria, factors and recommendations out.")
        if not self.agree and self.verdict is None:
            raise _contradiction("With agree false say the right verdict.")
        if self.verdict == "insufficient" and (present or styles):
            raise _contradiction("A text that says too little has no criteria, factors or styles.")
        if any(trait.present and not trait.evidence for trait in traits):
            raise _contradiction("Whatever is present needs at least one quote that shows it.")
        slugs = [trait.slug for trait in traits]
        if len(set(slugs)) < len(slugs):
            raise _contradiction("Name each criterion and factor once.")
        return self


def _contradiction(message: str) -> PydanticCustomError:
    return PydanticCustomError("feedback_invalid", "{message}", {"message": message})
