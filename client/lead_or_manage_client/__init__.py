"""A client of the Lead or Manage service: `Client` for code that waits, `AsyncClient` for asyncio."""

from lead_or_manage_client._version import __version__
from lead_or_manage_client.async_client import AsyncClient
from lead_or_manage_client.client import Client
from lead_or_manage_client.errors import (
    BadRequest,
    Conflict,
    ConnectionFailed,
    Forbidden,
    Gone,
    Invalid,
    LeadOrManageError,
    NotFound,
    PreconditionFailed,
    ProblemError,
    RateLimited,
    ServerError,
    StillRunning,
    TimedOut,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    error_of,
)
from lead_or_manage_client.job_items import JobItem, JobOptions, JobText
from lead_or_manage_client.jobs import JobAnswer
from lead_or_manage_client.kept import KeptAnswer
from lead_or_manage_client.offsets import quote
from lead_or_manage_client.problems import Problem, ProblemDetail
from lead_or_manage_client.retries import Retries
from lead_or_manage_client.scoring import BatchItem, Options, RefusedItem, ScoreAnswer, ScoredItem
from lead_or_manage_client.summaries import BatchAnswer

__all__ = [
    "AsyncClient",
    "BadRequest",
    "BatchAnswer",
    "BatchItem",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "Gone",
    "Invalid",
    "JobAnswer",
    "JobItem",
    "JobOptions",
    "JobText",
    "KeptAnswer",
    "LeadOrManageError",
    "NotFound",
    "Options",
    "PreconditionFailed",
    "Problem",
    "ProblemDetail",
    "ProblemError",
    "RateLimited",
    "RefusedItem",
    "Retries",
    "ScoreAnswer",
    "ScoredItem",
    "ServerError",
    "StillRunning",
    "TimedOut",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "__version__",
    "error_of",
    "quote",
]
