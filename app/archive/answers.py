"""What the endpoints of kept assessments answer."""

from datetime import datetime

from app.assessments.answers import Answer, Demand, ScoreAnswer
from app.pagination import PageInfo
from app.scoring.labels import Status, Verdict


class KeptAnswer(Answer):
    """A situation that is kept, and its judgement."""

    id: str
    """The id under which it is kept."""
    created_at: datetime
    """When it was judged and kept."""
    expires_at: datetime
    """When it will be erased."""
    subject_ref: str | None
    """The pseudonym that you gave, or null."""
    text: str
    """The text, unchanged."""
    result: ScoreAnswer
    """What `/v1/score` answered then."""


class KeptSummary(Answer):
    """A kept assessment in a list, without its text."""

    id: str
    """The id under which it is kept."""
    created_at: datetime
    """When it was judged and kept."""
    expires_at: datetime
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


class KeptPage(Answer):
    """One page of the kept assessments, newest first."""

    items: list[KeptSummary]
    """The assessments of this page."""
    page: PageInfo
    """Where this page stands, and its neighbours."""


class QuotedWords(Answer):
    """Words of the text that a reader named: `text[start:end]`, counted in code points."""

    quote: str
    """The words."""
    start: int
    """Where they begin."""
    end: int
    """Where they end, exclusive."""


class JudgedTrait(Answer):
    """What a reader said of one criterion or factor."""

    slug: str
    """Its slug in the catalogue."""
    present: bool
    """Whether the text shows it."""
    evidence: list[QuotedWords]
    """The words that show it or, where it is not present, deny it."""


class NamedStyle(Answer):
    """A style that a reader named."""

    slug: str
    """Its slug in the catalogue."""


class NamedStyles(Answer):
    """The styles that a reader named, best first."""

    leadership_styles: list[NamedStyle]
    """Ways of leading that fit."""
    management_styles: list[NamedStyle]
    """Ways of managing that fit."""


class FeedbackAnswer(Answer):
    """What a reader said of a kept assessment."""

    id: str
    """The id of this feedback."""
    created_at: datetime
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


class FeedbackPage(Answer):
    """One page of the feedback to an assessment, newest first."""

    items: list[FeedbackAnswer]
    """The feedback of this page."""
    page: PageInfo
    """Where this page stands, and its neighbours."""


class SubjectAssessment(KeptAnswer):
    """A kept assessment with everything that was said of it."""

    feedback: list[FeedbackAnswer]
    """All feedback, oldest first."""


class SubjectExport(Answer):
    """Everything that is kept under one pseudonym."""

    subject_ref: str
    """The pseudonym."""
    exported_at: datetime
    """When this was read."""
    assessments: list[SubjectAssessment]
    """Oldest first; empty where nothing is kept."""


class ErasureReceipt(Answer):
    """What was erased, and where the audit says so."""

    subject_ref: str
    """The pseudonym."""
    erased_at: datetime
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
