"""A real server: start with several workers, slow and oversized clients, a clean end."""

import json
import socket
import time

import httpx
import pytest

from app.settings import Settings
from tests.support.databases import Databases
from tests.support.servers import Server
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio


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


async def test_who_sends_too_much_still_reads_why(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        for size in (300_000, 2_000_000, 8_500_000) * 4:
            answer = await client.post("/v1/score", content=b"x" * size, headers={"content-type": "application/json"})
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_who_never_stops_sending_is_closed_after_the_answer(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        connection.sendall(b"Content-Length: 9000000000\r\n\r\n")
        assert b" 413 " in connection.recv(4096)
        with pytest.raises(ConnectionError):
            send_for_long(connection)
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def send_for_long(connection: socket.socket) -> None:
    """Twenty seconds at least."""
    for _ in range(2000):
        connection.sendall(b"x" * 65_536)
        time.sleep(0.01)


def test_a_connection_without_a_byte_is_closed(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=12) as connection:
        assert connection.recv(1) == b""


def test_trailers_are_not_headers(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        head = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b'{"text": "x"}'
        trailer = b"Content-Type: application/json\r\n"
        connection.sendall(head + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n" + trailer + b"\r\n")
        assert b" 415 " in connection.recv(4096).split(b"\r\n")[0]


def test_what_is_not_http_gets_a_problem_with_an_id(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"hello there\r\n\r\n")
        head, _, body = connection.recv(4096).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["request_id"].encode() in head


def test_a_refusal_reaches_whoever_is_still_sending(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        head = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: wrong\r\nContent-Type: text/csv\r\n"
        connection.sendall(head + b"Content-Length: 50000000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"a" * 8000)
            time.sleep(0.005)
        assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")
        while connection.recv(4096):  # and then it is closed
            pass


def test_a_connection_lives_on_after_head(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        for method in ("HEAD", "GET", "HEAD", "GET"):
            connection.sendall(f"{method} /healthz HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = connection.recv(4096)
            while method == "GET" and not answer.endswith(b"}"):
                answer += connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"\r\n\r\n") == (method == "HEAD")


def test_a_batch_stops_when_its_caller_has_gone_and_every_log_line_is_json(settings: Settings) -> None:
    server = Server(settings.database_url)
    server.wait()
    items = [{"text": f"{SITUATION} Case {number}."} for number in range(800)]
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/v1/score/batch", json={"items": items}, timeout=1)
    time.sleep(2)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        connection.recv(100)
    httpx.get(f"{server.url}/readyz")
    log = server.stop()
    assert server.process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (batch,) = [line for line in lines if line.get("route") == "/v1/score/batch"]
    assert batch["status"] == 503
    assert [line for line in log.splitlines() if not line.startswith("{") and "Catalogue ready" not in line] == []


def test_many_requests_pass_over_one_connection(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client:
        for _ in range(50):
            assert client.get("/v1/styles").status_code == 200


@pytest.mark.both_databases
def test_readiness_and_reads_fail_and_scoring_goes_on_when_the_database_goes_away(databases: Databases) -> None:
    url = databases.seeded()
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
