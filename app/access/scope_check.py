"""Refuses a caller who lacks a scope of the route before the body is read, as pure ASGI."""

from typing import Any

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.keys import Caller
from app.access.scopes import demand
from app.errors import AppError, problem_response


class Scopes:
    """Answers 401 or 403 as the route would, but before anything else is said of the request. It stands behind Access,
    whose caller it looks at."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._guarded: list[tuple[RouteContext, frozenset[str]]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            caller: Caller | None = scope["state"].get("caller")
            try:
                if caller is not None:
                    demand(caller, *sorted(self._needed(scope, caller)))
            except AppError as error:
                if scope["method"] != "GET":
                    error.headers["Connection"] = "close"  # a body may stand unread
                return await problem_response(error, scope["state"]["request_id"])(scope, receive, send)
        await self.app(scope, receive, send)

    def _needed(self, scope: Scope, caller: Caller) -> frozenset[str]:
        """The scopes that the route of this request asks for, as far as this caller lacks any."""
        if self._guarded is None:
            routes = iter_route_contexts(scope["app"].routes)
            known = [(route, _scopes(getattr(route, "dependant", None))) for route in routes]
            self._guarded = [(route, scopes) for route, scopes in known if scopes]
        for route, scopes in self._guarded:
            if not scopes <= caller.scopes and route.matches(scope)[0] is Match.FULL:
                return scopes
        return frozenset()


def _scopes(dependant: Any) -> frozenset[str]:
    """The scopes that a route or any of its dependencies asks for."""
    if dependant is None:
        return frozenset()
    return frozenset(dependant.own_oauth_scopes or ()).union(*map(_scopes, dependant.dependencies))
