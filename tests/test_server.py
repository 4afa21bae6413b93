"""A real server: start with several workers, slow and oversized clients, a clean end.

Most run in a thread of this process, with the protocol of `serve` and deadlines of tenths of seconds.
"""

import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.server import Limits, backlog, descriptors
from app.settings import Settings
from tests.support.apps import key, scorer
from tests.support.databases import Databases
from tests.support.servers import Server, connected, heard, served
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio
MakeKey = Callable[..., str]

QUICK = Limits(
    request_seconds=0.4,
    reader_seconds=0.5,
    linger_seconds=0.4,
    upload_rate=1000.0,
    upload_window=0.6,
    upload_seconds=2.0,
    connections=20,
)
HEAD = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
PATIENT = 5.0


@pytest.fixture(scope="module")
def quick(settings: Settings) -> Iterator[str]:
    """The address of a server whose deadlines are tenths of seconds."""
    with served(create_app(settings, scorer()), QUICK) as url:
        yield url


def ends_within(connection: socket.socket, seconds: float) -> bool:
    """Whether the server closes this connection in time."""
    connection.settimeout(seconds)
    try:
        heard(connection)
    except TimeoutError:
        return False
    return True


@pytest.mark.slow
def test_four_workers_start_on_an_empty_database_answer_alike_and_log_nothing_but_json(databases: Databases) -> None:
    server = Server(databases.create(), "--workers", "4")
    try:
        server.wait()
        answers = {httpx.post(f"{server.url}/v1/score", json={"text": SITUATION}).text for _ in range(12)}
        assert len(answers) == 1
        with connected(server.url) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            heard(connection)
    finally:
        log = server.stop()
    assert server.process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines() if "Catalogue ready" not in line]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) >= 13
    assert {line["status"] for line in requests} <= {200, 400, 503}


@pytest.mark.slow
def test_the_real_deadline_is_ten_seconds(server: Server) -> None:
    started = time.monotonic()
    with connected(server.url, timeout=15) as connection:
        connection.sendall(HEAD + b"Content-Length: 50\r\n\r\n{")
        assert heard(connection) == b""
    assert 9 < time.monotonic() - started < 14
    assert Limits().request_seconds == 10


@pytest.mark.parametrize("sent", [b"", b"POST", HEAD + b"X: ", HEAD + b"Content-Length: 50\r\n\r\n{"])
def test_a_request_that_never_ends_is_closed_and_others_are_served(quick: str, sent: bytes) -> None:
    stuck = [connected(quick) for _ in range(10)]
    for connection in stuck:
        connection.sendall(sent)
    assert httpx.get(f"{quick}/healthz").status_code == 200
    for connection in stuck:
        with connection:
            assert ends_within(connection, PATIENT)


def drip(connection: socket.socket, seconds: float, pause: float = 0.05, drop: bytes = b"x") -> float:
    """Send a little again and again until the server closes; how long it let that go on."""
    started = time.monotonic()
    connection.settimeout(pause)
    while time.monotonic() - started < seconds:
        try:
            connection.sendall(drop)
            if connection.recv(4096) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - started


def upload(path: str, key: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/x-ndjson\r\n"
        "Content-Length: 1000000\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(("path", "keyed"), [("/x/v1/jobs", True), ("/v1/jobs/", True), ("/v1/jobs", False)])
def test_only_an_upload_that_was_accepted_may_take_longer(
    quick: str, make_key: MakeKey, path: str, keyed: bool
) -> None:
    with connected(quick) as connection:
        connection.sendall(upload(path, make_key("score") if keyed else "wrong"))
        assert drip(connection, PATIENT) < 2


def test_an_accepted_upload_ends_when_its_bytes_come_too_slowly(quick: str, make_key: MakeKey) -> None:
    with connected(quick) as connection:
        connection.sendall(upload("/v1/jobs", make_key("score")))
        assert QUICK.request_seconds < drip(connection, PATIENT) < 2


def test_an_accepted_upload_goes_on_while_its_bytes_come_fast_enough_up_to_its_longest_time(
    quick: str, make_key: MakeKey
) -> None:
    with connected(quick) as connection:
        connection.sendall(upload("/v1/jobs", make_key("score")))
        lasted = drip(connection, PATIENT, pause=0.02, drop=b"x" * 200)
    assert 3 * QUICK.request_seconds < lasted < PATIENT


def test_a_slow_but_steady_upload_arrives_whole(quick: str, make_key: MakeKey) -> None:
    line = json.dumps({"text": SITUATION}).encode() + b"\n"

    def lines() -> Iterator[bytes]:
        for _ in range(12):
            time.sleep(0.08)
            yield line

    headers = key(make_key("score", tenant="steady")) | {"content-type": "application/x-ndjson"}
    answer = httpx.post(f"{quick}/v1/jobs", content=lines(), headers=headers, timeout=PATIENT)
    assert (answer.status_code, answer.json()["texts"]) == (202, 12)


def test_new_connections_are_answered_while_as_many_as_fit_stand_idle(settings: Settings) -> None:
    limits = Limits(connections=20)
    with served(create_app(settings, scorer()), limits) as url:
        for sent in (b"", HEAD + b"Content-Length: 50\r\n\r\n{"):
            stuck = [connected(url) for _ in range(2 * limits.connections)]
            for connection in stuck:
                with suppress(ConnectionError):
                    connection.sendall(sent)
            assert httpx.get(f"{url}/healthz", timeout=PATIENT).status_code == 200
            assert ends_within(stuck[0], PATIENT)  # long before its own deadline
            for connection in stuck:
                connection.close()


def test_who_is_being_answered_is_not_closed_for_others(quick: str) -> None:
    with httpx.Client(base_url=quick) as client, connected(quick) as working:
        assert client.get("/healthz").status_code == 200
        items = [{"text": f"{SITUATION} Case {number}."} for number in range(20)]
        body = json.dumps({"items": items}).encode()
        head = HEAD.replace(b"/v1/score", b"/v1/score/batch") + f"Content-Length: {len(body)}\r\n\r\n".encode()
        working.sendall(head + body)
        idle = [connected(quick) for _ in range(2 * QUICK.connections)]
        working.settimeout(30)
        assert working.recv(4096).startswith(b"HTTP/1.1 200 ")
        for connection in idle:
            connection.close()


def test_half_of_the_descriptors_are_for_connections_and_a_quarter_for_those_that_wait() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        assert (descriptors(), Limits().connections, backlog()) == (1024, 512, 256)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_reads_nothing_is_cut_off(quick: str) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        address = httpx.URL(quick)
        connection.settimeout(PATIENT)
        connection.connect((address.host, address.port or 80))
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 40)
        time.sleep(2 * QUICK.reader_seconds)
        assert ends_within(connection, PATIENT)


def test_headers_beyond_the_limit_end_the_connection(quick: str) -> None:
    with connected(quick) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert not answered(connection)
    assert httpx.get(f"{quick}/healthz").status_code == 200


def answered(connection: socket.socket) -> bool:
    """Whether a server that is sent headers without end answers, rather than closing the connection."""
    try:
        for _ in range(200):
            connection.sendall(b"X: " + b"a" * 8000 + b"\r\n")
            time.sleep(0.005)
        return bool(connection.recv(1))
    except ConnectionError:
        return False


async def test_who_sends_too_much_still_reads_why(quick: str) -> None:
    async with httpx.AsyncClient(base_url=quick) as client:
        for size in (300_000, 2_000_000, 8_500_000) * 4:
            answer = await client.post("/v1/score", content=b"x" * size, headers={"content-type": "application/json"})
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_who_never_stops_sending_is_closed_after_the_answer(quick: str) -> None:
    with connected(quick) as connection:
        connection.sendall(HEAD + b"Content-Length: 9000000000\r\n\r\n")
        assert b" 413 " in connection.recv(4096)
        assert drip(connection, PATIENT, pause=0.01, drop=b"x" * 65_536) < PATIENT
    assert httpx.get(f"{quick}/healthz").status_code == 200


def test_trailers_are_not_headers(quick: str) -> None:
    with connected(quick) as connection:
        head = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b'{"text": "x"}'
        trailer = b"Content-Type: application/json\r\n"
        connection.sendall(head + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n" + trailer + b"\r\n")
        assert b" 415 " in connection.recv(4096).split(b"\r\n")[0]


def test_what_is_not_http_gets_a_problem_with_an_id(quick: str) -> None:
    with connected(quick) as connection:
        connection.sendall(b"hello there\r\n\r\n")
        head, _, body = connection.recv(4096).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["request_id"].encode() in head


def test_a_refusal_reaches_whoever_is_still_sending(quick: str) -> None:
    with connected(quick) as connection:
        connection.sendall(upload("/v1/jobs", "wrong"))
        for _ in range(20):
            connection.sendall(b"a" * 8000)
            time.sleep(0.005)
        assert heard(connection).startswith(b"HTTP/1.1 401 ")  # and then it is closed


def test_a_connection_lives_on_after_head(quick: str) -> None:
    with connected(quick) as connection:
        for method in ("HEAD", "GET", "HEAD", "GET"):
            connection.sendall(f"{method} /healthz HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = connection.recv(4096)
            while method == "GET" and not answer.endswith(b"}"):
                answer += connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"\r\n\r\n") == (method == "HEAD")


def test_http_1_0_gets_no_chunks(quick: str, make_key: MakeKey) -> None:
    mine = key(make_key("read", "score", tenant="old"))
    headers = mine | {"content-type": "application/x-ndjson"}
    job = httpx.post(f"{quick}/v1/jobs", content=json.dumps({"text": SITUATION}), headers=headers).json()
    url = f"/v1/jobs/{job['id']}/results"
    deadline = time.monotonic() + 30
    while not (expected := httpx.get(f"{quick}{url}", headers=mine).content) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert expected
    for path, method in ((url, "GET"), ("/v1/styles", "GET"), (url, "HEAD"), ("/v1/styles", "HEAD")):
        with connected(quick) as connection:
            asked = f"{method} {path} HTTP/1.0\r\nHost: x\r\nX-API-Key: {mine['X-API-Key']}\r\n\r\n"
            connection.sendall(asked.encode())
            head, _, body = heard(connection).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"transfer-encoding" not in head.lower()
        there = httpx.get(f"{quick}{path}", headers=mine).content if method == "GET" else b""
        assert body == there


def test_a_batch_stops_when_its_caller_has_gone(quick: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    items = [{"text": f"{SITUATION} Case {number}."} for number in range(800)]
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{quick}/v1/score/batch", json={"items": items}, timeout=0.5)
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 10
    while not found and time.monotonic() < deadline:
        time.sleep(0.05)
        lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "lead_or_manage.access"]
        found = [line for line in lines if line["route"] == "/v1/score/batch"]
    assert [line["status"] for line in found] == [499]


def test_many_requests_pass_over_one_connection(quick: str) -> None:
    with httpx.Client(base_url=quick) as client:
        for _ in range(50):
            assert client.get("/v1/styles").status_code == 200


@pytest.mark.both_databases
def test_readiness_and_reads_fail_and_scoring_goes_on_when_the_database_goes_away(databases: Databases) -> None:
    url = databases.seeded()
    with served(create_app(Settings(database_url=url), scorer())) as address:
        scored = httpx.post(f"{address}/v1/score", json={"text": SITUATION})
        databases.destroy(url)
        assert httpx.post(f"{address}/v1/score", json={"text": SITUATION}, timeout=10).content == scored.content
        assert httpx.get(f"{address}/healthz").status_code == 200
        for path in ("/readyz", "/v1/styles"):
            answer = httpx.get(f"{address}{path}", timeout=10)
            assert answer.status_code == 503, path
            assert answer.headers["retry-after"]
            assert answer.headers["content-type"] == "application/problem+json"
