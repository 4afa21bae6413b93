"""Servers that take webhooks on loopback, and misbehave on demand."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """Takes webhooks, after it has refused as many as it was told to."""

    def __init__(self, refusals: int = 0, status: int = 500) -> None:
        received: list[tuple[dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status if len(received) <= refusals else 204)
                self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.received, self.server = received, ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    """Serve until the end of the block."""
    threading.Thread(target=receiver.server.serve_forever, args=(0.05,), daemon=True).start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


class Script:
    """What a host does with each connection; counts them."""

    def __init__(self, serve: Callable[[socket.socket, threading.Event], None]) -> None:
        self._serve, self.over, self.connections = serve, threading.Event(), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.listener.getsockname()[1]}"

    def listen(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                self.connections += 1
                threading.Thread(target=self._take, args=(connection,), daemon=True).start()

    def _take(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            self._serve(connection, self.over)


@contextmanager
def scripted(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[Script]:
    """A host that does this with each connection, until the end of the block."""
    script = Script(serve)
    threading.Thread(target=script.listen, daemon=True).start()
    yield script
    script.over.set()
    script.listener.shutdown(socket.SHUT_RDWR)  # ends the thread that waits for a connection
    script.listener.close()


def trickle(connection: socket.socket, over: threading.Event) -> None:
    """A header line now and then, and never the last; until the other side has gone."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    connection.settimeout(0.1)
    while not over.is_set():
        try:
            if not connection.recv(65536):
                return
        except TimeoutError:
            connection.sendall(b"X-More: 1\r\n")


def interim(connection: socket.socket, over: threading.Event) -> None:
    """Interim answers, and never the final one."""
    while not over.wait(0.02):
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Nothing at all."""
    over.wait()


def rude(connection: socket.socket, over: threading.Event) -> None:
    """Something that is not HTTP."""
    connection.recv(65536)
    connection.sendall(b"220 mail.example ESMTP\r\n")


def endless(connection: socket.socket, over: threading.Event) -> None:
    """A body without an end."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    until = time.monotonic() + 20
    while not over.is_set() and time.monotonic() < until:
        connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
