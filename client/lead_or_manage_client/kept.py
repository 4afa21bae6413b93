"""Kept assessments and what is said of them: plain dictionaries, exactly as the service sent them."""

from typing import NotRequired, TypedDict

from lead_or_manage_client.scoring import Demand, ScoreAnswer, Status, Verdict


class KeptAnswer(TypedDict):
    """A situation that is kept, and its judgement."""

    id: str
    """The id under which it is kept."""
    created_at: str
    """When it was judged and kept (RFC 3339)."""
    expires_at: str
    """When it will be erased."""
    subject_ref: str | None
    """The pseudonym that you gave, or null."""
    text: str
    """The text, unchanged."""
    result: ScoreAnswer
    """What `/v1/score` answered then."""


class KeptSummary(TypedDict):
    """A kept assessment in a list, without its text."""

    id: str
    """The id under which it is kept."""
    created_at: str
    """When it was judged and kept."""
    expires_at: str
    """When it will be erased."""
    status: Status
    """As in the answer."""
    verdict: Verdict
    """As in the answer."""
    demand: Demand
    """As in the answer."""
    model: str
    """The version of the model that judged it."""
    href: str
    """Where to get it whole."""


class QuotedWords(TypedDict):
    """Words of the text that a reader named: `text[start:end]`, counted in code points."""

    quote: str
    """The words."""
    start: int
    """Where they begin."""
    end: int
    """Where they end, exclusive."""


class JudgedTrait(TypedDict):
    """What a reader said of one criterion or factor."""

    slug: str
    """Its slug in the catalogue."""
    present: bool
    """Whether the text shows it."""
    evidence: list[QuotedWords]
    """The words that show it or, where it is not present, deny it."""


class NamedStyle(TypedDict):
    """A style that a reader named."""

    slug: str
    """Its slug in the catalogue."""


class NamedStyles(TypedDict):
    """The styles that a reader named, best first."""

    leadership_styles: list[NamedStyle]
    """Ways of leading that fit."""
    management_styles: list[NamedStyle]
    """Ways of managing that fit."""


class FeedbackAnswer(TypedDict):
    """What a reader said of a kept assessment."""

    id: str
    """The id of this feedback."""
    created_at: str
    """When it was given."""
    key_id: str
    """The id of the key that gave it."""
    agree: bool
    """Whether the answer is right."""
    verdict: Verdict | None
    """The right verdict; null where the reader agrees."""
    criteria: list[JudgedTrait]
    """The criteria that the reader named; the others are not present."""
    factors: list[JudgedTrait]
    """The factors that the reader named; the others are not present."""
    recommendations: NamedStyles
    """The styles that the reader named."""
    reason: str | None
    """Why, or null."""


class SubjectAssessment(KeptAnswer):
    """A kept assessment with everything that was said of it."""

    feedback: list[FeedbackAnswer]
    """All feedback, oldest first."""


class SubjectExport(TypedDict):
    """Everything that is kept under one pseudonym."""

    subject_ref: str
    """The pseudonym."""
    exported_at: str
    """When this was read."""
    assessments: list[SubjectAssessment]
    """Oldest first; empty where nothing is kept."""


class ErasureReceipt(TypedDict):
    """What was erased, and where the audit says so."""

    subject_ref: str
    """The pseudonym."""
    erased_at: str
    """When it was erased."""
    assessments: int
    """How many assessments were erased, each with its text."""
    feedback: int
    """How much feedback to them was erased."""
    idempotency_keys: int
    """How many idempotency keys that led to them were erased."""
    audit_entry: int
    """The number of the entry in the audit of your organisation; the audit holds no text and no pseudonym."""
    audit_hash: str
    """The hash of that entry."""


class ReaderQuote(TypedDict):
    """Words that show it."""

    quote: str
    """An exact part of the text."""


class ReaderCriterion(TypedDict):
    """What a reader says of one criterion."""

    slug: str
    """Its slug in the catalogue."""
    present: bool
    """Whether the text shows it for the work ahead."""
    evidence: NotRequired[list[ReaderQuote]]
    """The words that show it, or, where it is not present, the words that deny it."""


class ReaderFactor(TypedDict):
    """What a reader says of one factor."""

    slug: str
    """Its slug in the catalogue."""
    present: bool
    """Whether the text shows it for the work ahead."""
    evidence: NotRequired[list[ReaderQuote]]
    """The words that show it, or, where it is not present, the words that deny it."""


class ReaderLeadershipStyle(TypedDict):
    """A way of leading that fits."""

    slug: str
    """Its slug in the catalogue."""


class ReaderManagementStyle(TypedDict):
    """A way of managing that fits."""

    slug: str
    """Its slug in the catalogue."""


class ReaderStyles(TypedDict, total=False):
    """The styles that fit, best first."""

    leadership_styles: list[ReaderLeadershipStyle]
    """Up to two."""
    management_styles: list[ReaderManagementStyle]
    """Up to two."""


class FeedbackRequest(TypedDict):
    """What a careful reader says. A correction is whole: criteria and factors that it does not name are not present."""

    agree: bool
    """True: the answer is right. False: it should have been as follows."""
    verdict: NotRequired[Verdict | None]
    """The right verdict; needed where you do not agree."""
    criteria: NotRequired[list[ReaderCriterion]]
    """The criteria that are present, and those that the text denies."""
    factors: NotRequired[list[ReaderFactor]]
    """The factors that are present."""
    recommendations: NotRequired[ReaderStyles]
    """The styles that fit."""
    reason: NotRequired[str | None]
    """Why, in your words; kept with the assessment and erased with it."""
