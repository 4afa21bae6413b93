"""The parameters and answers of bulk work."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.assessments.answers import Answer
from app.assessments.batch_answers import Summarised
from app.assessments.requests import (
    LANGUAGE_HINT,
    Catalogue,
    Delivery,
    Focus,
    Language,
    Options,
    Pace,
    Preferences,
)
from app.pagination import PRINTABLE, PageInfo, cursor
from app.scoring.labels import OffsetUnit

Included = Literal["evidence", "recommendations"]
Delimiter = Literal["auto", "comma", "semicolon", "tab", "pipe"]


def _column(holds: str, default: str | None) -> Any:
    told = f"CSV only: name of the column that holds {holds}; upper and lower case and blanks around it are alike."
    return Field(default=default, min_length=1, max_length=200, pattern=PRINTABLE, description=told)


class NewJob(BaseModel):
    """How to read the body and how to answer. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    text_column: str = _column("the text", "text")
    id_column: str | None = _column("your id", None)
    group_column: str | None = _column("the group that the summary counts by", None)
    delimiter: Delimiter = Field(
        default="auto",
        description="CSV only: what stands between cells; `auto` is what a first line such as `sep=;` names, or what "
        "the names of the columns show.",
    )
    include: list[Included] = Field(
        default=["evidence", "recommendations"],
        max_length=2,
        description="The parts of each result that you want; evidence comes as offsets without the words.",
    )
    max_evidence: int = Field(default=3, ge=0, le=10, description="Quotes per criterion.")
    max_recommendations: int = Field(default=3, ge=0, le=10, description="Entries per list.")
    focus: Focus | None = Field(default=None, description="What recommended programs should mainly be about.")
    delivery: Delivery | None = Field(default=None, description="Where recommended programs should take place.")
    pace: Pace | None = Field(default=None, description="How recommended programs should be spread over time.")
    max_months: int | None = Field(default=None, ge=1, le=120, description="Longest recommended program, in months.")
    catalogue: Catalogue = Field(
        default="both",
        description="Which programs to recommend: the shared ones, those of your organisation, or both.",
    )
    offset_unit: OffsetUnit = Field(default="unicode_code_point", description="What offsets count.")
    language: Language | None = Field(default=None, description=LANGUAGE_HINT.format("every text"))
    model_version: str | None = Field(
        default=None, max_length=50, pattern=PRINTABLE, description="Refuse to answer with any other model."
    )
    webhook: str | None = Field(
        default=None,
        max_length=2000,
        pattern=PRINTABLE,
        description="Address to call when the job has ended, at a host that this service allows.",
    )

    @property
    def options(self) -> Options:
        """The same as the options of `/v1/score`."""
        preferences = self.model_dump(include=set(Preferences.model_fields))
        return Options.model_validate(self.model_dump(include=set(Options.model_fields)) | {"preferences": preferences})


class JobList(BaseModel):
    """Query parameters of the list of jobs. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=100, description="Items per page, 1 to 100.")
    cursor: str | None = cursor(200)


class ResultsQuery(BaseModel):
    """Query parameters of the results. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["ndjson", "csv"] | None = Field(
        default=None, description="Wins over the Accept header; NDJSON where neither says CSV."
    )
    start: int = Field(default=0, ge=0, le=1_000_000, description="Index of the first item wanted, to go on later.")


class Estimate(Answer):
    """How long it will go on, from the speed of the last chunks that were finished."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"texts_per_second": 86.4, "seconds_left": 117}]})

    texts_per_second: float
    """Measured up to this moment, so it falls while nothing is finished."""
    seconds_left: int
    """What is left at that speed."""


class Webhook(Answer):
    """The message at the end of the job, signed as Standard Webhooks describe."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://hooks.example.com/scored",
                    "state": "due",
                    "secret": None,
                    "attempts": 1,
                    "last_failure": "There was no answer within 10 seconds.",
                    "next_attempt_at": "2026-11-30T12:00:05Z",
                }
            ]
        }
    )

    url: str
    """The address that is called."""
    state: Literal["waiting", "due", "delivered", "failed"]
    """`waiting` for the end of the job, `due` until a try succeeds, `delivered`, or `failed` after five tries."""
    secret: str | None
    """What the signature is made with: in the answer to your POST only, null elsewhere."""
    attempts: int
    """How often it was tried."""
    last_failure: str | None
    """Why the last try failed, in words; null where none did."""
    next_attempt_at: datetime | None
    """From when it is tried next; null unless `state` is `due`."""


class JobWarning(Answer):
    """Something about a job that its owner should know."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "all_failed",
                    "detail": "None of the 3 texts could be scored: each has an error. See /v1/jobs/{id}/results.",
                }
            ]
        }
    )

    code: Literal["all_failed"]
    """`all_failed`: the job has ended, and every text has an error instead of a result."""
    detail: str
    """The same for people."""


class JobAnswer(Answer):
    """How far a job is."""

    id: str
    """Its id."""
    status: Literal["receiving", "queued", "running", "done", "cancelled"]
    """`receiving` until the body has arrived whole; `done` also where single texts have errors."""
    texts: int
    """How many texts the job has."""
    done: int
    """How many of them are finished, with a result or an error."""
    errors: int
    """How many of the finished have an error instead of a result."""
    warnings: list[JobWarning]
    """What to look at before you rest on the results; mostly empty."""
    estimate: Estimate | None
    """How long it will go on; null until two chunks are finished, and after the end."""
    created_at: datetime
    """When the upload began."""
    started_at: datetime | None
    """When the first text was scored; null before."""
    finished_at: datetime | None
    """When it ended; null before."""
    expires_at: datetime
    """When everything of it is deleted."""
    webhook: Webhook | None
    """The message at its end; null if none was asked for."""
    href: str
    """Where to look how far it is."""


class JobPage(Answer):
    """One page of the jobs of your organisation, newest first."""

    items: list[JobAnswer]
    """The jobs of this page."""
    page: PageInfo
    """Where this page stands, and its neighbours."""


class JobSummary(Summarised):
    """The texts of a job taken together, in all and by group."""
