"""Every exception of a request becomes a problem document."""

import json
import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.errors import (
    TOLD,
    AppError,
    InvalidText,
    NotFound,
    ProblemDetail,
    Unavailable,
    misfit,
    phrase,
    problem_response,
    request_id_of,
    route_of,
)
from app.outages import reason, retry_after
from app.validation import fields_at, unknown

log = logging.getLogger("lead_or_manage")


def _allowed_names(request: Request, place: str, path: list[Any]) -> list[str]:
    """The names that may stand where an unknown one was found."""
    dependant = route_of(request.scope).dependant
    if place == "query":
        return parameter_names(dependant)
    (body,) = dependant.body_params
    return fields_at(body.field_info.annotation, path)


def parameter_names(dependant: Any) -> list[str]:
    """The query parameters that a route takes, in the order of its documentation."""
    found = []
    for field in dependant.query_params:
        model = field.field_info.annotation
        found += fields_at(model, []) or [field.alias]
    return found + [name for inner in dependant.dependencies for name in parameter_names(inner)]


def _from_validation(request: Request, error: RequestValidationError) -> AppError:
    details = []
    for item in error.errors()[:TOLD]:
        place, *path = item["loc"]
        code, message = item["type"], item["msg"]
        if code == "extra_forbidden":  # the unknown name is the caller's input: point at its parent instead
            path = path[:-1]
            what = "query parameter" if place == "query" else "field"
            message = unknown(what, _allowed_names(request, place, path))
        pointer = "?" + ".".join(map(str, path)) if place == "query" else "".join(f"/{part}" for part in path)
        details.append(ProblemDetail(pointer=pointer, code=code, message=message))
    own = {detail.code for detail in details} & {"text_empty", "text_too_long", "text_invalid"}
    if len(own) == 1 and len(details) == 1:
        return InvalidText(own.pop(), details[0].message, details[0].pointer)
    return misfit(details)


def allowed_methods(request: Request) -> set[str]:
    """Every method that the path of this request answers to."""
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        match, _ = context.matches(request.scope)
        if match is not Match.NONE:
            methods |= set(context.methods or ())
    return methods | ({"HEAD"} if "GET" in methods else set())


def _from_http(request: Request, error: HTTPException) -> AppError:
    if error.status_code == 404:
        return NotFound("There is nothing at this path. See /docs for the paths of this service.")
    converted = AppError(str(error.detail), headers=dict(error.headers or {}))
    converted.status = error.status_code
    converted.code = phrase(error.status_code).lower().replace(" ", "_")
    if error.status_code == 405:
        allow = ", ".join(sorted(allowed_methods(request) or {"GET", "HEAD"}))  # a folder of files is not a route
        converted.headers = {"Allow": allow}
        converted.detail = f"This path answers to {allow} only."
    return converted


def add_handlers(app: FastAPI) -> None:
    """Answer every exception of the application with a problem document."""

    @app.exception_handler(AppError)
    async def _app_error(request: Request, error: AppError) -> Response:
        return problem_response(error, request_id_of(request))

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        return problem_response(_from_validation(request, error), request_id_of(request))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return problem_response(_from_http(request, error), request_id_of(request))

    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeoutError)
    async def _database(request: Request, error: Exception) -> Response:
        seconds, request_id = retry_after(error), request_id_of(request)
        event = "database_error" if seconds is None else "database_unavailable"
        names = {"error": type(error).__name__, "reason": reason(error)}
        log.error(json.dumps({"event": event, "request_id": request_id, **names}))
        if seconds is None:
            raise error  # a fault of this program: the crash line tells its place
        return problem_response(Unavailable("The database does not answer just now. Try again.", seconds), request_id)
