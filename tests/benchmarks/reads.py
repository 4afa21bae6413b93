"""CPU of the server for one read, as a share of a bare ASGI application that answers the same bytes under uvicorn:
`.venv/bin/python -m tests.benchmarks.reads`."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import httpx

from tests.support import apps
from tests.support.ports import free_port, wait_for
from tests.support.servers import Server

CONNECTIONS, REQUESTS, ROUNDS = 8, 500, 3
PATHS = (
    "/healthz",
    "/v1/styles/democratic-leadership",
    "/v1/styles?limit=5",
    "/v1/programs?q=leading",
    "/v1/catalogue",
)
BARE = """
import sys, uvicorn
body = b"x" * int(sys.argv[2])
head = {"type": "http.response.start", "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]}
async def app(scope, receive, send):
    await send(dict(head)), await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), http="httptools", log_level="warning", lifespan="off")
"""


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used, in steps of 10 ms; threads that have ended count too."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(port: int, request: bytes, count: int) -> int:
    """Send a request so often over one connection; how long one whole answer is."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        size = 0
        for _ in range(count):
            connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(1 << 20)
            head, _, body = answer.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            left = int(fields.get(b"content-length", b"0")) - len(body)
            while left > 0:
                left -= len(connection.recv(1 << 20))
            size = int(fields.get(b"content-length", b"0"))
    return size


def each(pid: int, port: int, request: bytes) -> float:
    """Microseconds of the server's CPU for one request, over several connections at once; the best of some rounds."""
    found = []
    for _ in range(ROUNDS):
        before = cpu(pid)
        threads = [threading.Thread(target=ask, args=(port, request, REQUESTS)) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found.append((cpu(pid) - before) / (CONNECTIONS * REQUESTS) * 1e6)
    return min(found)


def get(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def bare(size: int) -> float:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", BARE, str(port), str(size)])
    try:
        wait_for(port)
        return each(process.pid, port, get("/"))
    finally:
        process.kill()
        process.wait()


def measure(level: str, folder: str) -> None:
    url, port = f"sqlite:///{folder}/{level}.db", free_port()
    with Server(url, "--port", str(port), LOM_LOG_LEVEL=level) as server:
        wait_for(port)
        tag = httpx.get(f"http://127.0.0.1:{port}{PATHS[2]}").headers["etag"]
        key = apps.key_maker(url)("read")
        requests = {path: get(path) for path in PATHS} | {
            f"{PATHS[2]}, 304": get(PATHS[2], f"If-None-Match: {tag}"),
            f"{PATHS[2]}, with a key": get(PATHS[2], f"X-API-Key: {key}"),
        }
        print(f"log at {level}")
        for name, request in requests.items():
            size = ask(port, request, 20)
            ours, theirs = each(server.process.pid, port, request), bare(size)
            print(f"  {name:45} {size:6} bytes {ours:6.0f} us, bare {theirs:4.0f} us: {theirs / ours:.2f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure("info", folder)
        measure("warning", folder)


if __name__ == "__main__":
    main()
