"""uvicorn with what it lacks: a deadline for each request and a limit on its headers."""

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import uuid
from functools import partial
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import BadRequest, problem
from app.logs import start_log
from app.main import create_app
from app.metrics import FOLDER
from app.settings import Settings, load_settings

log = logging.getLogger("lead_or_manage.access")

REQUEST_SECONDS = 10.0
READER_SECONDS = 30.0
HEADER_BYTES = 32 * 1024
REQUEST_BYTES = 12 * 1024 * 1024  # the largest body and its chunk marks
LINGER_SECONDS = 10.0
UPLOAD = "/v1/jobs"
UPLOAD_BYTES = 2 * 1024**3


class Lingering:
    """A transport that, closed while a request arrives, says no more and reads on until the other side has finished, or
    for 10 s: who is still sending when a connection is gone never sees the answer (RFC 9112, 9.6)."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
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
        self._loop.call_later(LINGER_SECONDS, self._transport.close)

    def close_at_once(self) -> None:
        """Close without patience."""
        self._transport.close()


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose request takes over 10 s to arrive, has over 32 KiB of headers or 12 MiB in all, or
    whose reader takes nothing for 30 s. Trailers are dropped. What is not HTTP gets a problem document. The upload of
    a job may go on for as long as something comes every 10 s."""

    line: Lingering
    deadline: asyncio.TimerHandle | None = None
    stuck: asyncio.TimerHandle | None = None
    received = 0
    in_headers = True
    upload = False

    def connection_made(self, transport: Any) -> None:
        self.line = Lingering(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", self.line))
        self._set_deadline()

    def data_received(self, data: bytes) -> None:
        if self.line.lingers:
            return
        self.received += len(data)
        too_long = self.in_headers and self.received > HEADER_BYTES and b"\r\n\r\n" not in data[:HEADER_BYTES]
        if too_long or self.received > (UPLOAD_BYTES if self.upload else REQUEST_BYTES):
            self.line.close_at_once()
            return
        if self.upload:
            self._set_deadline()
        super().data_received(data)

    def on_message_begin(self) -> None:
        self.in_headers, self.upload = True, False
        self.line.arriving = True
        self._set_deadline()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.in_headers = False
        super().on_headers_complete()
        self.upload = self.scope["method"] == "POST" and self.scope["path"].endswith(UPLOAD)  # behind any root path

    def on_message_complete(self) -> None:
        self._cancel(self.deadline)
        self.line.arriving = False
        self.in_headers, self.upload, self.received = True, False, 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        self.stuck = self.loop.call_later(READER_SECONDS, self.transport.abort)
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

    def _set_deadline(self) -> None:
        self._cancel(self.deadline)
        self.deadline = self.loop.call_later(REQUEST_SECONDS, self._late)

    def _late(self) -> None:
        if self.upload and self.flow.read_paused:  # it is we who are slow
            self._set_deadline()
        else:
            self.line.close_at_once()

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


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
        http=GuardedProtocol,
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=120,  # a worker imports for long on a busy machine
        timeout_keep_alive=65,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
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
