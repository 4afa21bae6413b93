"""A real server: start with several workers, slow and oversized clients, a clean end."""

import json
import socket
import time

import httpx

from app.main import set_up
from app.settings import Settings
from tests.conftest import SITUATION, Databases, Server


def test_four_workers_start_on_an_empty_database_and_answer_alike(databases: Databases) -> None:
    server = Server(databases.create(), "--workers", "4")
    try:
        server.wait()
        answers = {httpx.post(f"{server.url}/v1/score", json={"text": SITUATION}).text for _ in range(12)}
        assert len(answers) == 1
    finally:
        log = server.stop()
    assert server.process.returncode == 0
    lines = [line for line in log.splitlines() if '"event": "request"' in line]
    assert len(lines) >= 12
    assert all(json.loads(line)["status"] in {200, 503} for line in lines)


def test_a_request_that_never_ends_is_closed_and_others_are_served(server: Server) -> None:
    stuck = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for number, connection in enumerate(stuck):
        head = b"POST /v1/score HTTP/1.1\r\nHost: x\r\n"
        connection.sendall(head + (b"Content-Length: 50\r\n\r\n{" if number % 2 else b"X: "))
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    deadline = time.monotonic() + 12
    for connection in stuck:
        connection.settimeout(max(0.1, deadline - time.monotonic()))
        while connection.recv(4096):
            pass
        connection.close()


def test_headers_beyond_the_limit_end_the_connection(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert not answered(connection)
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def answered(connection: socket.socket) -> bool:
    """Whether a server that is sent headers without end answers, rather than closing the connection."""
    try:
        for _ in range(200):
            connection.sendall(b"X: " + b"a" * 8000 + b"\r\n")
            time.sleep(0.005)
        return bool(connection.recv(1))
    except ConnectionError:
        return False


def test_many_requests_pass_over_one_connection(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client:
        for _ in range(50):
            assert client.get("/v1/styles").status_code == 200


def test_readiness_and_reads_fail_and_scoring_goes_on_when_the_database_goes_away(databases: Databases) -> None:
    url = databases.create()
    set_up(Settings(database_url=url))
    server = Server(url)
    try:
        server.wait()
        scored = httpx.post(f"{server.url}/v1/score", json={"text": SITUATION})
        databases.destroy(url)
        assert httpx.post(f"{server.url}/v1/score", json={"text": SITUATION}, timeout=10).content == scored.content
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        for path in ("/readyz", "/v1/styles"):
            answer = httpx.get(f"{server.url}{path}", timeout=10)
            assert answer.status_code == 503, path
            assert answer.headers["retry-after"]
            assert answer.headers["content-type"] == "application/problem+json"
    finally:
        server.stop()
