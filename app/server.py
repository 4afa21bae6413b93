"""uvicorn with what it lacks: a deadline for each request and a limit on its headers."""

import asyncio
import logging
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.main import create_app
from app.settings import Settings, load_settings

REQUEST_SECONDS = 10.0
HEADER_BYTES = 32 * 1024


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose request takes over 10 s to arrive or has over 32 KiB of headers."""

    deadline: asyncio.TimerHandle | None = None
    header_bytes = 0
    in_headers = True

    def data_received(self, data: bytes) -> None:
        if self.deadline is None:
            self.deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.close)
        if self.in_headers:
            self.header_bytes += len(data)
            if self.header_bytes > HEADER_BYTES and b"\r\n\r\n" not in data[:HEADER_BYTES]:
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self.in_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.in_headers, self.header_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._cancel_deadline()
        self.in_headers, self.header_bytes = True, 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        super().connection_lost(exc)

    def _cancel_deadline(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None


def app_from_environment() -> Any:
    """The application of a worker process."""
    settings = load_settings()
    logging.basicConfig(level=settings.log_level.upper(), format="%(message)s")
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
        log_level=settings.log_level,
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=30,
        timeout_keep_alive=65,
    )
    if single:
        start(create_app(settings))
    else:
        start("app.server:app_from_environment", factory=True)
