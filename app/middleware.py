"""What happens to every request before and after the routes, as pure ASGI."""

import hashlib
import json
import logging
import random
import re
import time
from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from traceback import extract_tb

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError, BadRequest, Misdirected, TooLarge, path_of, problem_response, route_of
from app.metrics import count_request
from app.response_cache import Answer, ResponseCache
from app.settings import is_loopback

log = logging.getLogger("lead_or_manage.access")

ACCEPTED_UPLOAD = "accepted_upload"
"""In the state of a request: its body may be long in coming, as the route has accepted key and parameters."""
CLIENT_CLOSED = 499
"""What the log says where the client went before the answer, as nginx does."""
MAX_PARAMETERS = 100
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_OURS = frozenset({b"x-request-id", *(name for name, _ in _SECURITY_HEADERS)})
_DEFAULTS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
_NOT_EXPOSED = frozenset({b"access-control-allow-origin", b"vary", b"connection", b"content-security-policy"}) | {
    name for name, _ in _SECURITY_HEADERS
}
"""What pages of other origins need not read; every other header of an answer is exposed to them."""


def _given(scope: Scope, name: bytes) -> list[str]:
    """The values of a header of a request; its name is in small letters."""
    return [value.decode("latin-1") for found, value in scope["headers"] if found == name]


def _with_ours(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with its id, security headers and defaults."""
    found = [pair for pair in headers if pair[0] not in _OURS]
    names = {name for name, _ in found}
    found += ((b"x-request-id", request_id.encode()), *_SECURITY_HEADERS)
    found += (pair for pair in _DEFAULTS if pair[0] not in names)
    if b"access-control-allow-origin" in names:
        exposed = sorted({name for name, _ in found} - _NOT_EXPOSED)
        found.append((b"access-control-expose-headers", b", ".join(exposed)))
    return found


@lru_cache(1024)
def _quoted(value: str | None) -> str:
    return json.dumps(value)


class RootPath:
    """Serves under a path of a proxy, whether or not the proxy takes that path off: routes see it either way. Only
    `Location` carries it, as clients resolve that against the address that they asked."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app, self.root_path = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = self.root_path
        if not root or scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_location(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("location", "").startswith("/"):
                    headers["Location"] = root + headers["Location"]
            await send(message)

        scope["root_path"] = root
        if scope["path"] == root:  # the pages' relative addresses need the slash
            return await RedirectResponse("/", 307)(scope, receive, send_location)
        if not scope["path"].startswith(f"{root}/"):
            scope["path"] = root + scope["path"]
        await self.app(scope, receive, send_location)


class RequestContext:
    """Gives each request an id and security headers, writes one log line, and turns a crash into a problem; a client
    that hangs up is no crash."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self.app, self.hosts = app, frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = next(iter(_given(scope, b"x-request-id")), "")
        request_id = given if _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        started, status, sent, method = time.perf_counter(), 0, 0, scope["method"]

        async def send_with_headers(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_ours(message["headers"], request_id)
            sent += len(message.get("body", b""))
            await send(message)

        try:
            if refused := self._wrong_host(_given(scope, b"host")) or _too_many_parameters(scope):
                await problem_response(refused, request_id)(scope, receive, send_with_headers)
            else:
                await self.app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = status or CLIENT_CLOSED
        except Exception as error:
            frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
            crash = {"event": "crash", "request_id": request_id, "error": type(error).__name__, "frames": frames}
            log.error(json.dumps(crash))
            if not status:
                answer = problem_response(AppError("Something broke on our side; the log has this id."), request_id)
                await answer(scope, receive, send_with_headers)
        finally:
            seconds, route = time.perf_counter() - started, getattr(route_of(scope), "path", None)
            if log.isEnabledFor(logging.INFO):
                model = f', "model": {_quoted(state["model"])}' if "model" in state else ""
                log.info(
                    f'{{"event": "request", "request_id": "{request_id}", '
                    f'"key_id": {_quoted(getattr(state.get("caller"), "key_id", None))}, '
                    f'"method": {_quoted(method)}, "route": {_quoted(route)}, "status": {status}, '
                    f'"ms": {round(seconds * 1000, 1)}, "bytes_in": {state.get("bytes_in", 0)}, '
                    f'"bytes_out": {sent}{model}}}'
                )
            count_request(method, route, status, seconds)

    def _wrong_host(self, hosts: list[str]) -> AppError | None:
        """Why this Host header is refused. This machine's own names are always right."""
        found = [_HOST.fullmatch(host) for host in hosts]
        if len(found) > 1 or not all(found):
            return BadRequest("The Host header is not one host name with an optional port.")
        names = {match[1].lower() for match in found if match}
        if not self.hosts or all(name in self.hosts or is_loopback(name.strip("[]")) for name in names):
            return None
        return Misdirected("This service does not go by that name; LOM_ALLOWED_HOSTS lists its names.")


def _too_many_parameters(scope: Scope) -> AppError | None:
    """Why the address is refused: each parameter costs, and no route takes nearly as many."""
    if scope["query_string"].count(b"&") < MAX_PARAMETERS:
        return None
    return BadRequest(f"The address has more than {MAX_PARAMETERS} query parameters, the limit.")


class BodyLimit:
    """Reads the whole body before the application does, and answers 413 beyond the limit of the path. What is posted
    to a path that streams, its handler reads and limits."""

    def __init__(
        self, app: ASGIApp, default: int, paths: Mapping[str, int], streams: frozenset[str] = frozenset()
    ) -> None:
        self.app, self.default, self.paths, self.streams = app, default, paths, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["method"] == "POST" and path_of(scope) in self.streams):
            return await self.app(scope, receive, send)
        limit = self.paths.get(path_of(scope), self.default)
        declared = Headers(scope=scope).get("content-length", "0")
        size, chunks, more = int(declared) if declared.isdecimal() else 0, [], True
        if size <= limit:
            size = 0
            while more and size <= limit:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunk, more = message.get("body", b""), message.get("more_body", False)
                size += len(chunk)
                scope["state"]["bytes_in"] = size
                chunks.append(chunk)
        if size > limit:
            refused = TooLarge(f"The body is larger than {limit} bytes, the limit of this path. Send less at a time.")
            refused.headers["Connection"] = "close"
            answer = problem_response(refused, scope["state"]["request_id"])
            return await answer(scope, receive, send)
        body: bytes | None = b"".join(chunks)
        chunks.clear()

        async def replay() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            whole, body = body, None
            return {"type": "http.request", "body": whole, "more_body": False}

        await self.app(scope, replay, send)


class ConditionalGet:
    """HEAD for every GET, and for JSON answers a strong ETag with 304 when the caller holds it already; what the cache
    keeps is answered here. An answer without a length is a stream and passes as it comes; its route sees in the state
    `head` that nobody wants it."""

    def __init__(self, app: ASGIApp, cache: ResponseCache | None) -> None:
        self.app, self._cache = app, cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return await self.app(scope, receive, send)
        key = await self._cache.key(scope) if self._cache else None
        if self._cache and key and (kept := self._cache.get(key)):
            scope["route"] = kept.route  # for the log and the metrics
            return await _answer(kept, 200, scope, send, head=scope["method"] == "HEAD")
        await self._collect(key, scope, receive, send)

    async def _collect(self, key: Hashable | None, scope: Scope, receive: Receive, send: Send) -> None:
        head = scope["method"] == "HEAD"
        start: Message | None = None
        body, streamed = b"", False

        async def collect(message: Message) -> None:
            nonlocal start, body, streamed
            if message["type"] == "http.response.start":
                start, streamed = message, "content-length" not in Headers(scope=message)
                if streamed:
                    await _begin(message, scope, send, head=head)
                return
            if streamed:
                if not head:
                    await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body") or start is None:
                return
            headers, tag = MutableHeaders(scope=start), None
            kept = headers.get("cache-control") == "no-store"  # by nobody, so no tag either
            if start["status"] == 200 and path_of(scope).startswith("/v1/") and not kept:
                tag = headers.get("etag") or f'"{hashlib.sha256(body).hexdigest()[:32]}"'
                headers["ETag"] = tag
                headers["Cache-Control"] = "no-cache"
            answer = Answer(tuple(start["headers"]), body, tag, route_of(scope))
            if self._cache and key and start["status"] == 200:
                self._cache.put(key, answer)
            await _answer(answer, start["status"], scope, send, head=head)

        scope["method"] = "GET"
        scope["state"]["head"] = head
        await self.app(scope, receive, collect)


async def _answer(answer: Answer, status: int, scope: Scope, send: Send, *, head: bool) -> None:
    """Send a whole answer, or 304 to whoever holds it."""
    headers, body = list(answer.headers), answer.body
    if answer.tag and _matches(scope, answer.tag):
        status, body = 304, b""
        headers = [(name, value) for name, value in headers if name not in {b"content-length", b"content-type"}]
    await _begin({"type": "http.response.start", "status": status, "headers": headers}, scope, send, head=head)
    if not head:
        await send({"type": "http.response.body", "body": body})


async def _begin(message: Message, scope: Scope, send: Send, *, head: bool) -> None:
    scope["method"] = "HEAD" if head else "GET"  # the server's own scope: it must not expect a body after HEAD
    await send(message)
    if head:
        await send({"type": "http.response.body", "body": b""})


def _matches(scope: Scope, tag: str) -> bool:
    candidates = [part.strip() for value in _given(scope, b"if-none-match") for part in value.split(",")]
    return "*" in candidates or any(candidate.removeprefix("W/") == tag for candidate in candidates)


class ForgetsChanges:
    """Tells the cache of a change of the catalogue before whoever made it has the answer."""

    def __init__(self, app: ASGIApp, cache: ResponseCache, paths: tuple[str, ...]) -> None:
        self.app, self._cache, self._paths = app, cache, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"} or not path_of(scope).startswith(self._paths):
            return await self.app(scope, receive, send)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._cache.changed()
            await send(message)

        try:
            await self.app(scope, receive, told)
        finally:  # a client that hangs up has changed it all the same
            self._cache.changed()
