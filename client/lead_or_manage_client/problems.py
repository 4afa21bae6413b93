"""What the service says when it refuses: RFC 9457, application/problem+json."""

from typing import TypedDict


class ProblemDetail(TypedDict):
    """One thing that is wrong with the request."""

    pointer: str
    """Where: a JSON pointer into the body (`/text`), or `?name` for a query parameter."""
    code: str
    """What kind of fault, for programs."""
    message: str
    """What is wrong there, for people; never the value that was sent."""


class Problem(TypedDict):
    """What went wrong and what to do about it, after RFC 9457."""

    type: str
    """A name for this kind of problem: `urn:lead-or-manage:problem:` and the code."""
    title: str
    """The standard name of the status."""
    status: int
    """The HTTP status, once more."""
    detail: str
    """What went wrong this time and what to do about it, for people."""
    code: str
    """The kind of problem, for programs; it keeps its meaning while the detail may be reworded."""
    request_id: str
    """Also in the header `X-Request-ID`; the log of the service knows it."""
    errors: list[ProblemDetail]
    """Each fault of the request by itself, up to twenty; empty where there is nothing to point at."""
