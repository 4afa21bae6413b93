"""Checks the key and the rate of a request before its body is read, as pure ASGI."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from anyio import to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session
from starlette.datastructures import MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.keys import PREFIX, Caller, digest, expired, find, well_formed
from app.access.limits import Limiter, Turn
from app.database import BRIEFLY, LOCK_SECONDS
from app.errors import AppError, Unauthorized, Unavailable, path_of, problem_response
from app.outages import retry_after

KEPT_SECONDS = 3.0
"""How long a worker trusts what it knows of a key: a revocation is seen by all after this."""
OUTAGE_SECONDS = 600.0
"""How long it goes on to trust a key while the database does not answer, so that scoring needs none."""
ASK_AGAIN_SECONDS = 1.0
KEPT_KEYS = 10_000
OPEN_SCOPES = frozenset({"read", "score"})
GUARDED = ("/v1/", "/mcp", "/metrics")
UNGUARDED = frozenset({"/v1/privacy"})
OWN_PATHS = ("/v1/assessments", "/v1/subjects", "/v1/jobs")
"""What an organisation keeps: nobody sees it without a key."""
LOCAL_PATHS = frozenset({"/metrics"})
"""What this machine sees without a key, whatever the settings say: the route looks at the address."""
NAMES_IN_QUERY = frozenset({"api_key", "apikey", "api-key", "key", "token", "access_token", "x-api-key"})
_MAY_NAME_A_KEY = re.compile(rb"key|token|%", re.IGNORECASE)
"""What a query has that holds one of these names; most have not, and are not taken apart."""


class TooMany(AppError):
    """429: more requests than the caller may send in a minute."""

    status, code = 429, "rate_limited"


@dataclass(frozen=True)
class Rules:
    """What the settings say about access."""

    require_key: bool
    per_minute: int | None


@dataclass(frozen=True)
class Kept:
    """What a worker knows of a key: its caller, None where it is not in force; when the database said so, and when the
    database is to be asked again, by the monotonic clock."""

    caller: Caller | None
    confirmed_at: float
    ask_at: float


class Access:
    """Puts the Caller of a request into its state, or answers 401 or 429.

    The engine and the limiter exist only once the application has started, so they come as functions.
    """

    def __init__(
        self, app: ASGIApp, rules: Rules, engine: Callable[[], Engine], limiter: Callable[[], Limiter]
    ) -> None:
        self.app, self.rules, self._engine, self._limiter = app, rules, engine, limiter
        self._known: dict[str, Kept] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = path_of(scope)
        guarded = path.startswith(GUARDED) and path not in UNGUARDED
        turn: Turn | None = None
        try:
            if guarded:
                caller, address = await self._caller(scope), (scope.get("client") or ("unknown", 0))[0]
                named = caller if isinstance(caller, Caller) else None
                rate = (named and named.rate) or self.rules.per_minute
                turn = await self._take((named and named.key_id) or address, rate)
                if turn and not turn.allowed:
                    raise TooMany(f"More than {turn.limit} requests in a minute. Wait as long as Retry-After says.")
                if isinstance(caller, AppError):
                    raise caller
                scope["state"]["caller"] = caller
        except AppError as error:
            error.headers |= turn.headers if turn else {}
            if scope["method"] not in {"GET", "HEAD"}:
                error.headers["Connection"] = "close"  # a body may stand unread
            return await problem_response(error, scope["state"]["request_id"])(scope, receive, send)

        async def send_with_limits(message: Message) -> None:
            if turn and message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(turn.headers)
            await send(message)

        await self.app(scope, receive, send_with_limits)

    async def _take(self, who: str, per_minute: int | None) -> Turn | None:
        if per_minute is None:
            return None
        return await to_thread.run_sync(self._limiter().take, who, per_minute)

    async def _caller(self, scope: Scope) -> Caller | Unauthorized:
        """Whoever the key belongs to, or the refusal, which counts as a request of its address. Raises Unavailable."""
        try:
            return await self._known_caller(scope)
        except Unauthorized as refused:
            return refused

    async def _known_caller(self, scope: Scope) -> Caller:
        key = _key_of(scope)
        if key is None:
            path = path_of(scope)
            if (self.rules.require_key and path not in LOCAL_PATHS) or path.startswith(OWN_PATHS):
                raise Unauthorized("This needs an API key, in the header X-API-Key or Authorization: Bearer.")
            return Caller("local", None, OPEN_SCOPES)
        if not well_formed(key):
            raise Unauthorized("This is not an API key of this service; is a part of it missing?")
        caller = await self._owner(key)
        if caller is None or expired(caller.expires_at):
            raise Unauthorized("This API key is unknown, has expired, or was revoked.")
        return caller

    async def _owner(self, key: str) -> Caller | None:
        """Whoever the key belongs to. While one request asks the database anew, others go by what it said last.

        Raises Unavailable where it does not answer and has not said anything for too long.
        """
        name, now = digest(key), time.monotonic()
        kept = self._known.get(name)
        if kept and now < kept.ask_at:
            return kept.caller
        if kept and now - kept.confirmed_at < OUTAGE_SECONDS:
            self._known[name] = replace(kept, ask_at=now + ASK_AGAIN_SECONDS)
        else:
            kept = None
        try:
            caller = await to_thread.run_sync(self._find, key, BRIEFLY if kept else LOCK_SECONDS)
        except (DBAPIError, PoolTimeoutError) as error:
            if retry_after(error) is None:
                raise
            if kept is None:
                detail = "The database does not answer, so the key cannot be checked. Try again."
                raise Unavailable(detail) from None
            return kept.caller
        self._keep(name, Kept(caller, now, now + KEPT_SECONDS))
        return caller

    def _keep(self, name: str, kept: Kept) -> None:
        if len(self._known) >= KEPT_KEYS:  # keys that belong to nobody go first
            in_force = {name: kept for name, kept in self._known.items() if kept.caller}
            self._known = in_force if len(in_force) < KEPT_KEYS else {}
        self._known[name] = kept

    def _find(self, key: str, patience: float) -> Caller | None:
        with Session(self._engine().execution_options(readonly=True, patience=patience)) as session:
            return find(session, key)


def _key_of(scope: Scope) -> str | None:
    """The key that the headers show, None where there is none. Other schemes of Authorization are for whoever stands
    before us. Raises Unauthorized where the key stands in the address, or two are shown."""
    query: bytes = scope["query_string"]
    if _MAY_NAME_A_KEY.search(query) and any(name.lower() in NAMES_IN_QUERY for name in QueryParams(query)):
        raise Unauthorized("Send the API key in a header: addresses end up in logs. Treat this key as known to others.")
    shown: set[str] = set()
    for name, raw in scope["headers"]:
        if name == b"x-api-key":
            shown.update(part.strip() for part in raw.decode("latin-1").split(","))
        elif name == b"authorization":
            value = raw.decode("latin-1")
            scheme, *credentials = value.split(maxsplit=1) or [""]
            if scheme.lower() == "bearer":
                shown.update(part.strip() for part in credentials)
            elif PREFIX in value:
                raise Unauthorized("In Authorization the word Bearer stands before the API key.")
    shown.discard("")
    if len(shown) > 1:
        raise Unauthorized("Send one API key, in X-API-Key or in Authorization, not more.")
    return shown.pop() if shown else None
