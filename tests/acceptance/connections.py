"""Clients that send a byte a second, hang up, or ask without the right to."""

import json
import selectors
import socket
import threading
import time
from functools import partial
from typing import Any

from tests.acceptance.bench import Bench, ask, get, is_problem, status, until
from tests.acceptance.rows import row
from tests.acceptance.watch import Watch
from tests.support.jobs import NDJSON
from tests.support.servers import Server

BODY_SECONDS = 15.0
"""A request has 10 s to arrive."""
UPLOAD_SECONDS = 75.0
"""An upload may take longer, but not at a byte a second."""


class Tricklers:
    """Connections that send a head and then a byte a second, until they are closed."""

    def __init__(self, server: Server, head: str, count: int) -> None:
        self._select = selectors.DefaultSelector()
        self.lived: list[float] = []
        self.answers: list[bytes] = []
        self.refused = 0
        self._began = time.monotonic()
        for _ in range(count):
            try:
                connection = socket.create_connection(("127.0.0.1", server.port), timeout=2)
                connection.sendall(head.encode())
            except OSError:
                self.refused += 1
                continue
            connection.setblocking(False)
            self._select.register(connection, selectors.EVENT_READ)

    @property
    def open(self) -> int:
        """How many still live."""
        return len(self._select.get_map())

    def go_on(self, seconds: float) -> None:
        """Send a byte a second for so long, or until all are closed."""
        ends, next_byte = time.monotonic() + seconds, time.monotonic()
        while self.open and time.monotonic() < ends:
            for key, _ in self._select.select(0.2):
                self._read(key.fileobj)
            if time.monotonic() >= next_byte:
                next_byte += 1
                for key in list(self._select.get_map().values()):
                    try:
                        key.fileobj.send(b"a")  # type: ignore[union-attr]
                    except OSError:
                        self._close(key.fileobj)

    def _read(self, connection: Any) -> None:
        try:
            said = connection.recv(4096)
        except OSError:
            said = b""
        if said:
            self.answers.append(said)
        else:
            self._close(connection)

    def _close(self, connection: Any) -> None:
        self.lived.append(time.monotonic() - self._began)
        self._select.unregister(connection)
        connection.close()

    def close(self) -> None:
        """Close what still lives."""
        for key in list(self._select.get_map().values()):
            self._select.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]


def head(path: str, key: dict[str, str] | None = None, length: int = 1_000_000, method: str = "POST") -> str:
    fields = {"Host": "x", "Content-Type": "application/x-ndjson", "Content-Length": str(length), **(key or {})}
    return f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"


@row("U2", "a byte a second: closed wherever it is no accepted upload, and uploads have a least rate", seconds=240)
def tricklers(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url), bench.key(url)
    wrong = {"X-API-Key": next(iter(key.values()))[:-1] + "x"}
    kinds = {
        "POST /x/v1/jobs": (head("/x/v1/jobs"), 25, BODY_SECONDS),
        "POST /v1/jobs/ with a key": (head("/v1/jobs/", key), 25, BODY_SECONDS),
        "POST /v1//v1/jobs with a key": (head("/v1//v1/jobs", key), 10, BODY_SECONDS),
        "PUT /v1/jobs with a key": (head("/v1/jobs", key, method="PUT"), 10, BODY_SECONDS),
        "POST /v1/jobs without a key": (head("/v1/jobs"), 25, BODY_SECONDS),
        "POST /v1/jobs with a wrong key": (head("/v1/jobs", wrong), 25, BODY_SECONDS),
        "POST /v1/jobs with a key, a byte a second": (head("/v1/jobs", key), 40, UPLOAD_SECONDS),
        "POST /v1/jobs with a key, a head without its end": (head("/v1/jobs", key)[:-2] + "X: ", 10, BODY_SECONDS),
    }
    groups = {name: (Tricklers(server, start, count), limit) for name, (start, count, limit) in kinds.items()}
    threads = [threading.Thread(target=group.go_on, args=(limit + 5,)) for group, limit in groups.values()]
    with Watch(server.url) as watch:
        for thread in threads:
            thread.start()
        honest = _honest(server, key)
        for thread in threads:
            thread.join()
    bench.check(honest == 202, "POST /v1/jobs of 240 KB at 16 KB a second", honest)
    bench.check(not watch.failures, "/healthz beside them", watch.failures[:5])
    for name, (group, limit) in groups.items():
        longest = max(group.lived, default=0.0)
        told = f"{group.open} still open, the others lived {longest:.0f} s at most, {limit:.0f} allowed"
        bench.check(not group.open and longest <= limit, f"{name} and a byte a second", told)
        bench.note(f"{name}: {told}")
        group.close()


def _honest(server: Server, key: dict[str, str]) -> int:
    """A thin line, not an attack."""

    def pieces() -> Any:
        for number in range(60):
            yield (json.dumps({"text": f"Case {number}: nobody trusts the roster."}) + "\n").encode().ljust(
                4096
            ) + b"\n"
            time.sleep(0.25)

    return status(ask("POST", f"{server.url}/v1/jobs", content=pieces(), headers=key | NDJSON, timeout=60))


@row("U2-files", "300 such connections where 256 files may be open: /healthz answers throughout", seconds=150)
def out_of_files(bench: Bench) -> None:
    url = bench.databases.seeded()
    key = bench.key(url)
    for name, start in (
        ("uploads with a key", head("/v1/jobs", key)),
        ("bodies without a key", head("/v1/score")),
        ("heads without an end", "POST /v1/score HTTP/1.1\r\nX: "),
    ):
        server = bench.serve(url, files=256)
        with Watch(server.url, pause=250, fresh=True) as watch:
            time.sleep(1)
            group = Tricklers(server, start, 300)
            group.go_on(20)
            group.close()
            time.sleep(3)
        gap = watch.longest_gap / 1000
        request = f"300 x {name}, a byte a second, ulimit -n 256"
        bench.check(gap <= 5, request, f"/healthz without an answer for {gap:.0f} s, 5 allowed")
        alive = until(partial(_reads, server), 15)
        bench.check(bool(alive), f"{request}, 3 s later GET /v1/criteria", "no answer for 15 s")
        bench.note(f"{name}: longest gap of /healthz {gap:.1f} s, {len(watch.failures)} of {len(watch.samples)} failed")
        bench.stop(server)


def _reads(server: Server) -> bool:
    return get(f"{server.url}/v1/criteria", timeout=5).status_code == 200


@row("U8", "clients hang up in an upload: 499 in the log, no crash, nothing left behind", seconds=60)
def hanging_up(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url), bench.key(url)
    line = json.dumps({"text": "Nobody trusts the new roster."}).encode() + b"\n"
    kinds = {
        "an upload": (head("/v1/jobs", key), line * 2000),
        "an upload, at once": (head("/v1/jobs", key), b""),
        "an upload, mid-line": (head("/v1/jobs", key), line * 700 + line[:9]),
        "a chunked upload": (
            head("/v1/jobs", key).replace("Content-Length: 1000000", "Transfer-Encoding: chunked"),
            b"5\r\na",
        ),
        "a score": (head("/v1/score"), b'{"text'),
        "a batch": (head("/v1/score/batch"), b'{"items": [' * 100),
        "an assessment": (head("/v1/assessments", key), b'{"text": "a'),
    }
    for start, body in kinds.values():
        for reset in (False, True):
            connection = socket.create_connection(("127.0.0.1", server.port))
            connection.sendall(start.encode() + body)
            time.sleep(0.3)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
    time.sleep(2)
    left = ask("GET", f"{server.url}/v1/jobs", headers=key)
    held = left.json()["items"] if left is not None else None
    bench.check(held == [], "GET /v1/jobs after uploads were broken off", held)
    metrics = ask("GET", f"{server.url}/metrics")
    log = [json.loads(one) for one in bench.stop(server).splitlines() if one.startswith("{")]
    crashes = [one for one in log if one.get("event") == "crash"]
    bench.check(not crashes, "hanging up in a POST", f"{len(crashes)} crash lines, such as {crashes[:1]}")
    told = [one["status"] for one in log if one.get("event") == "request" and one.get("route") == "/v1/jobs"]
    uploads = told[: len(told) - 1]
    bench.check(set(uploads) == {499}, "hanging up in POST /v1/jobs", f"the log tells {uploads}")
    others = [one["status"] for one in log if one.get("event") == "request" and one.get("method") == "POST"]
    bench.check(all(0 < one < 500 for one in others), "hanging up in a POST", f"the log tells {others}")
    counted = metrics.text if metrics is not None else ""
    bench.check('status="500"' not in counted, "GET /metrics after that", "counts a status 500")
    bench.note(f"the log tells {sorted(set(others))}")


@row("U11", "a body of a wrong kind by who may not send it: 401 and 403 before 415, 422, 413", seconds=90)
def access_first(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url, LOM_REQUIRE_KEY="true"), bench.key(url, "read")
    document = get(f"{server.url}/openapi.json").json()
    bodies: dict[str, tuple[dict[str, str], bytes]] = {
        "text/plain": ({"content-type": "text/plain"}, b"x"),
        "no media type": ({}, b"{}"),
        "gzip": ({"content-type": "application/json", "content-encoding": "gzip"}, b"x"),
        "broken JSON": ({"content-type": "application/json"}, b"{"),
        "not UTF-8": ({"content-type": "application/json"}, b"\xff"),
        "too large": ({"content-type": "application/json"}, b" " * 300_000),
    }
    asked = 0
    for path, operations in document["paths"].items():
        if not path.startswith("/v1/") or path == "/v1/privacy":
            continue
        for method in operations:
            for name, (headers, content) in (
                bodies.items() if method in {"post", "patch", "put"} else [("none", ({}, b""))]
            ):
                address = server.url + path.replace("{", "").replace("}", "")
                for who, allowed in (({}, {401}), (key, {403})) if method != "get" else (({}, {401}),):
                    answer = ask(method.upper(), address, headers=headers | who, content=content)
                    request = (
                        f"{method.upper()} {path}, {name}, {'with a key that may read' if who else 'without a key'}"
                    )
                    bench.check(status(answer) in allowed and is_problem(answer), request, status(answer))
                    asked += 1
    bench.note(f"{asked} requests")
