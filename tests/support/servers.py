"""Real servers: processes of their own, and threads of this one with shorter deadlines."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, cast

import httpx
import uvicorn

from app.server import GuardedProtocol, Limits
from tests.support.paths import ROOT


class Server:
    """`lead-or-manage serve` in a process of its own, on a free port; `variables` are its environment. At the end of a
    `with` it is killed if it still runs: a test that fails leaves no process to the next."""

    def __init__(self, database_url: str, *options: str, **variables: str) -> None:
        environment = os.environ | {"LOM_DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)} | variables
        command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", *options]
        self.log = tempfile.NamedTemporaryFile("r", encoding="utf-8")  # a pipe that nobody reads would fill and stop it
        with open(self.log.name, "w", encoding="utf-8") as written:
            self.process = subprocess.Popen(
                command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=written
            )
        self._url: str | None = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.end()

    @property
    def url(self) -> str:
        """Its address, once it listens."""
        if self._url is None:
            self._url = self._listening(time.monotonic() + 60)
        return self._url

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 80

    def _listening(self, deadline: float) -> str:
        while time.monotonic() < deadline:
            if found := re.search(r"Uvicorn running on (https?://[^ ]+:[0-9]+)", self.written()):
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise TimeoutError(f"the server does not listen: {self.written()}")

    def written(self) -> str:
        """Its log so far."""
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def wait(self) -> None:
        """Return once it is ready."""
        deadline = time.monotonic() + 120  # several workers on a busy machine take their time
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError("the server did not become ready")

    def stop(self) -> str:
        """End it with SIGTERM; what it wrote."""
        self.process.terminate()
        return self.end(20)

    def end(self, seconds: float = 60) -> str:
        """What it wrote, once it has ended."""
        self.process.wait(timeout=seconds)
        with self.log:
            return self.written()


def free_port() -> int:
    """A port that was free a moment ago, for a server that must come back at the same address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(app: Any, limits: Limits | None = None) -> Iterator[str]:
    """The address of an application that uvicorn serves from a thread of this process, with the protocol of `serve`."""
    config = uvicorn.Config(
        app,
        port=0,
        http=cast("type[asyncio.Protocol]", partial(GuardedProtocol, limits or Limits())),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def connected(url: str, timeout: float = 5) -> socket.socket:
    """A bare connection to a server."""
    address = httpx.URL(url)
    return socket.create_connection((address.host, address.port or 80), timeout=timeout)


def heard(connection: socket.socket) -> bytes:
    """What a server says until it closes the connection."""
    parts = []
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)
