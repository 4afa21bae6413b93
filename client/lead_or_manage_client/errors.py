"""Exceptions: one for each kind of refusal, all of them LeadOrManageError."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from lead_or_manage_client.problems import Problem, ProblemDetail


class LeadOrManageError(Exception):
    """Anything that this client raises about a call."""


class ConnectionFailed(LeadOrManageError):
    """No answer came; `__cause__` is what httpx says about it."""


class TimedOut(ConnectionFailed):
    """No answer came in time."""


class StillRunning(LeadOrManageError, TimeoutError):
    """A job has not ended in the time that you gave it. It goes on."""


class UnexpectedAnswer(LeadOrManageError):
    """Something answered that is not this service: a success without JSON, or a redirect."""


class ProblemError(LeadOrManageError):
    """The service refused. Subclasses stand for the statuses; `code` says which kind of problem it is."""

    status: int
    """The HTTP status."""
    code: str
    """The kind of problem, for programs; `http_502` and the like where a proxy answered in place of the service."""
    detail: str
    """What went wrong and what to do about it, for people."""
    request_id: str | None
    """The log of the service knows it; None where a proxy answered."""
    errors: list[ProblemDetail]
    """Each fault of the request by itself; may be empty."""
    retry_after: float | None
    """Seconds to wait before another try, where the service names them."""
    problem: Mapping[str, Any]
    """The problem document as it came."""

    def __init__(self, problem: Problem | Mapping[str, Any], *, retry_after: float | None = None) -> None:
        self.problem = problem
        self.status, self.code = int(problem["status"]), str(problem["code"])
        self.detail, self.request_id = str(problem["detail"]), problem.get("request_id")
        self.errors = problem.get("errors") or []
        self.retry_after = retry_after
        super().__init__(f"{self.status} {self.code}: {self.detail} (request {self.request_id or 'without id'})")

    def __reduce__(self) -> Any:
        return _restored, (self.problem, self.retry_after)


class BadRequest(ProblemError):
    """400: not well formed, such as a foreign cursor."""


class Unauthorized(ProblemError):
    """401: no API key, or one that is not in force."""


class Forbidden(ProblemError):
    """403: the API key has no such scope."""


class NotFound(ProblemError):
    """404: no such item, or it belongs to another organisation."""


class Conflict(ProblemError):
    """409: it does not go with what is there."""


class Gone(ProblemError):
    """410: there was such an item, and it is retired."""


class PreconditionFailed(ProblemError):
    """412: the item has changed since you read it."""


class TooLarge(ProblemError):
    """413: more than the service takes in one request."""


class Invalid(ProblemError):
    """422: the request does not fit; `errors` says where."""


class RateLimited(ProblemError):
    """429: too many requests; `retry_after` says how long to wait."""


class ServerError(ProblemError):
    """5xx: the service failed."""


class Unavailable(ServerError):
    """503: the service cannot answer just now."""


_BY_STATUS: dict[int, type[ProblemError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    413: TooLarge,
    422: Invalid,
    429: RateLimited,
    503: Unavailable,
}


def error_of(problem: Problem | Mapping[str, Any], *, retry_after: float | None = None) -> ProblemError:
    """The exception for a problem document, such as the `error` of an item that was refused."""
    status = int(problem["status"])
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ProblemError)
    return kind(problem, retry_after=retry_after)


def _restored(problem: Mapping[str, Any], retry_after: float | None) -> ProblemError:
    return error_of(problem, retry_after=retry_after)


def error_from(response: httpx.Response) -> LeadOrManageError:
    """The exception for an answer that is no success, whoever gave it."""
    if response.is_redirect:
        return UnexpectedAnswer(f"{response.status_code}: redirected; give the client the address it ends at.")
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or not {"code", "detail"} <= problem.keys():
        title = response.reason_phrase or "Error"
        detail = f"{title}, without a problem document: a proxy may have answered."
        problem = {"code": f"http_{response.status_code}", "title": title, "detail": detail}
    problem = {"request_id": response.headers.get("X-Request-ID"), **problem, "status": response.status_code}
    return error_of(problem, retry_after=retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """What the header Retry-After asks for, in seconds: a number or a date; None where it is absent or unreadable."""
    value = response.headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
