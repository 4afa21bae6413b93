"""uvicorn with what it lacks: a deadline for each request and a limit on its headers."""

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import uvicorn
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.errors import BadRequest, problem
from app.logs import start_log
from app.main import create_app
from app.metrics import FOLDER
from app.middleware import ACCEPTED_UPLOAD
from app.settings import Settings, load_settings

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

log = logging.getLogger("lead_or_manage.access")

MOST_DESCRIPTORS = 20_000
BUSY = 2


@dataclass(frozen=True)
class Limits:
    """How long and how large a connection may be. Times are in seconds, sizes in bytes."""

    request_seconds: float = 10.0
    """From the first byte of a request, or from the opening of the connection, to the last."""
    reader_seconds: float = 30.0
    """How long a client may take nothing of its answer."""
    linger_seconds: float = 10.0
    """How long what a client still sends is read and forgotten after an early answer."""
    header_bytes: int = 32 * 1024
    request_bytes: int = 12 * 1024 * 1024
    """The largest body and its chunk marks."""
    upload_bytes: int = 2 * 1024**3
    upload_rate: float = 1024.0
    """The fewest bytes a second of an accepted upload, as the mean of a window."""
    upload_window: float = 30.0
    upload_seconds: float = 6 * 3600.0
    """How long an accepted upload may take in all."""
    connections: int = field(default_factory=lambda: descriptors() // 2)
    """Open connections of a process; beyond, those that wait are closed for new ones."""


def descriptors() -> int:
    """How many files and connections this process may have open."""
    if resource is None:
        return MOST_DESCRIPTORS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, MOST_DESCRIPTORS)


def backlog() -> int:
    """How many connections may wait to be accepted: a burst of them must not take the last descriptors."""
    return max(16, min(512, descriptors() // 4))


class Lingering:
    """A transport that, closed while a request arrives, says no more and reads on until the other side has finished, or
    for some seconds: who is still sending when a connection is gone never sees the answer (RFC 9112, 9.6)."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._transport, self._loop, self._seconds = transport, loop, seconds
        self.write = transport.write  # of every answer: not looked up by __getattr__
        self.arriving = self.lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether nothing more will be said."""
        return self.lingers or bool(self._transport.is_closing())

    def close(self) -> None:
        """Say no more; and hear no more either, unless a request is arriving."""
        if self.is_closing():
            return
        if not self.arriving:
            self._transport.close()
            return
        self.lingers = True
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()
        self._loop.call_later(self._seconds, self._transport.close)

    def close_at_once(self) -> None:
        """Close without patience."""
        self._transport.close()


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose request takes too long to arrive, has too many bytes in its headers or in all, or whose
    reader takes nothing, as the limits say. Trailers are dropped. What is not HTTP gets a problem document.

    An upload that the application has accepted, and said so by ACCEPTED_UPLOAD in the state of its request, may take
    longer as long as its bytes come fast enough. Where connections are too many, those that wait are closed first.
    """

    line: Lingering
    deadline: asyncio.TimerHandle | None = None
    stuck: asyncio.TimerHandle | None = None
    received = counted = 0
    in_headers = True
    since = began = measured = 0.0

    def __init__(self, limits: Limits, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.limits = limits

    def connection_made(self, transport: Any) -> None:
        self.line = Lingering(transport, self.loop, self.limits.linger_seconds)
        super().connection_made(cast("asyncio.Transport", self.line))
        self.since = self.loop.time()
        self._set_deadline(self.limits.request_seconds)
        if len(self.connections) > self.limits.connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        if self.line.lingers:
            return
        self.received += len(data)
        limits = self.limits
        too_long = self.in_headers and self.received > limits.header_bytes
        too_long = too_long and b"\r\n\r\n" not in data[: limits.header_bytes]
        if too_long or self.received > (limits.upload_bytes if self._accepted() else limits.request_bytes):
            if self.cycle and self.cycle.response_complete:
                self.line.close()  # the answer is on its way: it must not be lost
            else:
                self.line.close_at_once()
            return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self.in_headers = True
        self.line.arriving = True
        self.since = self.began = self.measured = self.loop.time()
        self.counted = 0
        self._set_deadline(self.limits.request_seconds)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.in_headers = False
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":
            _send_unchunked(self.cycle)

    def on_message_complete(self) -> None:
        self._cancel(self.deadline)
        self.line.arriving = False
        self.in_headers, self.received = True, 0
        self.since = self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        self.stuck = self.loop.call_later(self.limits.reader_seconds, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._cancel(self.stuck)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel(self.deadline)
        self._cancel(self.stuck)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        request_id = uuid.uuid4().hex
        log.info(json.dumps({"event": "request", "request_id": request_id, "route": None, "status": 400}))
        body = problem(BadRequest("This is not a well-formed HTTP request."), request_id).model_dump_json().encode()
        lines = (
            "HTTP/1.1 400 Bad Request",
            "Content-Type: application/problem+json",
            f"Content-Length: {len(body)}",
            f"X-Request-ID: {request_id}",
            "Cache-Control: no-store",
            "Connection: close",
        )
        self.transport.write("\r\n".join((*lines, "", "")).encode() + body)
        self.transport.close()

    def _accepted(self) -> bool:
        """Whether the request that arrives is an upload that the application has accepted."""
        return self.line.arriving and not self.in_headers and ACCEPTED_UPLOAD in self.scope["state"]

    def _set_deadline(self, seconds: float) -> None:
        self._cancel(self.deadline)
        self.deadline = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        if not self._accepted():
            self.line.close_at_once()
            return
        now, window = self.loop.time(), self.limits.upload_window
        if now < self.measured + window:
            self._set_deadline(self.measured + window - now)
        elif self._too_slow(now):
            self.line.close_at_once()
        else:
            self.counted, self.measured = self.received, now
            self._set_deadline(window)

    def _too_slow(self, now: float) -> bool:
        """Whether an upload takes too long, or too little of it came in the last window. Where the application has not
        taken what is there already, it is not the client who is slow."""
        if now - self.began > self.limits.upload_seconds:
            return True
        least = self.limits.upload_rate * self.limits.upload_window
        return self.received - self.counted < least and not self.flow.read_paused

    def _make_room(self) -> None:
        """Close the connection that has waited longest: of those that only linger or are idle, else of those whose
        request has not come whole; where all are being answered, this one."""
        waiting = [one for one in self.connections if isinstance(one, GuardedProtocol) and one is not self]
        first = min(waiting, key=lambda one: (one.busy(), one.since), default=self)
        closed = self if first.busy() == BUSY else first
        self.connections.discard(closed)
        closed.line.abort()

    def busy(self) -> int:
        """What is lost if this connection is closed: 0 nothing, 1 a request that has not come whole, 2 an answer."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.line.lingers or not (answering or self.line.arriving):
            return 0
        return BUSY if self._accepted() or not self.line.arriving else 1

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def _send_unchunked(cycle: RequestResponseCycle) -> None:
    """Send the answer of a request in HTTP/1.0 as it is: that version knows no chunks, so the connection's end is the
    answer's where there is no length."""
    send = cycle.send
    cycle.chunked_encoding = False

    async def plain(message: ASGISendEvent) -> None:
        cycle.expected_content_length = len(cast("bytes", message.get("body", b"")))
        await send(message)

    cycle.send = plain  # type: ignore[method-assign]


def app_from_environment() -> Any:
    """The application of a worker process."""
    settings = load_settings()
    start_log(settings.log_level)
    return create_app(settings)


def run(settings: Settings) -> None:
    """Serve until a signal ends it; requests in flight get ten seconds to finish."""
    single = settings.workers == 1
    start = partial(
        uvicorn.run,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=cast("type[asyncio.Protocol]", partial(GuardedProtocol, Limits())),
        backlog=backlog(),
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=120,  # a worker imports for long on a busy machine
        timeout_keep_alive=65,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again once all requests are answered
    if single:
        start(create_app(settings))
        return
    with tempfile.TemporaryDirectory(prefix="lead-or-manage-metrics-") as folder:
        os.environ.setdefault(FOLDER, folder)  # read by the workers, whose numbers /metrics adds up
        start("app.server:app_from_environment", factory=True)
