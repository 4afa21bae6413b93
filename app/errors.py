"""One shape for every error: application/problem+json (RFC 9457). Inputs are never echoed."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

CHALLENGE = 'Bearer realm="lead-or-manage"'
MEDIA_TYPE = "application/problem+json"
_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110; Python before 3.13 has older names


def phrase(status: int) -> str:
    """The standard name of a status, the same on every version of Python."""
    return _RENAMED.get(status, HTTPStatus(status).phrase)


TOLD = 20
"""Faults of one request that are told."""
EMPTY = "The text has no visible character. Describe the situation in at least a few words."


class ProblemDetail(BaseModel):
    """One thing that is wrong with the request."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pointer: str
    """Where: a JSON pointer into the body (`/text`), or `?name` for a query parameter."""
    code: str
    """What kind of fault, for programs."""
    message: str
    """What is wrong there, for people; never the value that was sent."""


class Problem(BaseModel):
    """What went wrong and what to do about it, after RFC 9457. Some kinds have a field more, such as `tombstone`."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={
            "additionalProperties": True,
            "examples": [
                {
                    "type": "urn:lead-or-manage:problem:text_empty",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "detail": EMPTY,
                    "code": "text_empty",
                    "request_id": "0b6f6d1e5b0f4c1c9a0f3f1f5d7c2a11",
                    "errors": [
                        {
                            "pointer": "/text",
                            "code": "text_empty",
                            "message": EMPTY,
                        }
                    ],
                }
            ],
        },
    )

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


class AppError(Exception):
    """An error that the caller can do something about. Subclasses fix the status and the code."""

    status = 500
    code = "internal_error"

    def __init__(
        self, detail: str, errors: Iterable[ProblemDetail] = (), headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers or {}
        self.more: dict[str, Any] = {}


class NotFound(AppError):
    """404: no such item."""

    status, code = 404, "not_found"


class Gone(AppError):
    """410: the item was retired; the problem carries its tombstone."""

    status, code = 410, "retired"

    def __init__(self, detail: str, tombstone: dict[str, Any]) -> None:
        super().__init__(detail)
        self.more = {"tombstone": tombstone}


class BadCursor(AppError):
    """400: the cursor was not made by this list."""

    status, code = 400, "bad_cursor"


class InvalidParameter(AppError):
    """422: a query parameter has a value that is not allowed."""

    status, code = 422, "validation_failed"


class BadRequest(AppError):
    """400: the request itself is not well formed."""

    status, code = 400, "bad_request"


class MalformedBody(AppError):
    """400: the body is not JSON in UTF-8."""

    status, code = 400, "malformed_json"


class Unauthorized(AppError):
    """401: no API key, or one that is not in force."""

    status, code = 401, "unauthorized"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": CHALLENGE})


class Misdirected(AppError):
    """421: the Host header names another service."""

    status, code = 421, "misdirected_request"


class UnsupportedMediaType(AppError):
    """415: the body is not declared as plain JSON."""

    status, code = 415, "unsupported_media_type"


class TooLarge(AppError):
    """413: more than the service takes in one request."""

    status, code = 413, "too_large"


class Unavailable(AppError):
    """503: try again in a moment."""

    status, code = 503, "unavailable"

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class StillRunning(AppError):
    """409: the first request with this Idempotency-Key has not ended."""

    status, code = 409, "request_running"

    def __init__(self) -> None:
        detail = "The first request with this Idempotency-Key has not ended. Send it again in a moment."
        super().__init__(detail, headers={"Retry-After": "1"})


class KeyReused(AppError):
    """422: the Idempotency-Key was sent with another request."""

    status, code = 422, "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was sent with another request. Take a new key for a new request.")


class InvalidText(AppError):
    """422: a text that cannot be scored; `code` says why."""

    status = 422

    def __init__(self, code: str, detail: str, pointer: str) -> None:
        super().__init__(detail, [ProblemDetail(pointer=pointer, code=code, message=detail)])
        self.code = code


def misfit(details: list[ProblemDetail]) -> InvalidParameter:
    """The error for a request that does not fit its documented shape."""
    listed = "; ".join(f"{detail.pointer or 'body'}: {detail.message}" for detail in details[:3])
    return InvalidParameter(f"The request does not fit the documented shape. {listed}.", details[:TOLD])


def problem(error: AppError, request_id: str) -> Problem:
    """The problem document for an error."""
    return Problem(
        type=f"urn:lead-or-manage:problem:{error.code}",
        title=phrase(error.status),
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
        errors=error.errors,
    )


def problem_response(error: AppError, request_id: str) -> Response:
    """The answer that carries the problem document."""
    body = json.dumps(problem(error, request_id).model_dump() | error.more, ensure_ascii=False, separators=(",", ":"))
    return Response(body, error.status, {**error.headers, "Cache-Control": "no-store"}, MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the error statuses that an operation can answer."""
    return {
        status: {
            "description": phrase(status),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified: the caller holds this answer."}}


def path_of(scope: Scope) -> str:
    """The path as the routes see it: without the root path, whether or not a proxy has taken it off already."""
    root, path = str(scope.get("root_path", "")), str(scope["path"])
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def route_of(scope: Scope) -> Any:
    """The route that serves this request, under whichever router; None where there is none."""
    context: Any = scope.get("fastapi", {}).get("effective_route_context")
    return context or scope.get("route")


def request_id_of(request: Request) -> str:
    """The id that the middleware gave this request."""
    return str(request.scope["state"]["request_id"])
