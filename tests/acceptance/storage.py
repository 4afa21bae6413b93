"""The database and what lies beside it: locked, damaged, taken away, restarted."""

import json
import os
import shutil
import sqlite3
import threading
import time
import uuid
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.bench import Bench, ask, get, idle, is_problem, post, status, until
from tests.acceptance.cluster import Cluster
from tests.acceptance.rows import row
from tests.acceptance.watch import Watch
from tests.support.databases import Databases
from tests.support.servers import Server

TEXT = {"text": "Nobody trusts the new roster since the layoffs."}


def limits_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///") + ".limits")


@row("U3", "the counting file locked, overwritten, deleted, a folder, broken at the start: requests pass", seconds=240)
def counting_file(bench: Bench) -> None:
    for rate in ("", "100000"):
        variables = {"LOM_RATE_LIMIT": rate} if rate else {}
        told = "rate set" if rate else "no rate"
        for name in ("garbage", "a folder", "half a file") if rate else ("garbage", "a folder"):
            url = bench.databases.seeded()
            _break(limits_of(url), name)
            server = bench.start(url, **variables)
            try:
                bench.ready(server)
            except TimeoutError:
                bench.check(False, f"serve with .limits being {name}, {told}", server.written()[-300:])
                continue
            _guarded(bench, server, f"started with .limits being {name}, {told}")
            bench.stop(server)
    for name in ("locked", "garbage", "deleted", "a folder", "half a file"):
        url = bench.databases.seeded()
        server = bench.serve(url, LOM_RATE_LIMIT="100000")
        path = limits_of(url)
        if name == "locked":
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                _guarded(bench, server, f".limits {name} meanwhile")
                other.execute("ROLLBACK")
        else:
            _break(path, name)
            _guarded(bench, server, f".limits {name} meanwhile")
        _guarded(bench, server, f".limits {name} before")
        log = bench.stop(server)
        bench.check('"event": "crash"' not in log, f".limits {name}", "a crash in the log")
    bench.note(
        "10 states of the file, 6 requests in each" + ("" if os.geteuid() else "; root can write what is read-only")
    )


def _break(path: Path, how: str) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    before = path.read_bytes() if path.exists() else b"SQLite format 3\0" + b"\1" * 2000
    path.unlink(missing_ok=True)
    if how == "a folder":
        path.mkdir()
    elif how != "deleted":
        path.write_bytes({"garbage": b"this is not a database" * 400, "empty": b"", "half a file": before[:1000]}[how])


def _guarded(bench: Bench, server: Server, when: str) -> None:
    for method, path, body in (("GET", "/v1/criteria", None), ("POST", "/v1/score", TEXT)) * 3:
        began = time.monotonic()
        answer = ask(method, server.url + path, json=body)
        took = time.monotonic() - began
        bench.check(status(answer) == 200, f"{method} {path}, {when}", status(answer))
        bench.check(took <= 6, f"{method} {path}, {when}", f"{took:.1f} s")


@row("U4", "SQLite locked by another process, 40 writers: they wait about 2 s, nobody else waits", seconds=150)
def locked(bench: Bench) -> None:
    for mode, seconds in (("IMMEDIATE", 6), ("EXCLUSIVE", 6), *((("IMMEDIATE", 45),) if bench.long else ())):
        url = bench.databases.seeded()
        server, key = bench.serve(url), bench.key(url)
        ask("POST", f"{server.url}/v1/assessments", json=TEXT, headers=key)
        alone = {path: idle(server, 2, path=path).quantile(0.99) for path in ("/healthz", "/v1/criteria")}
        scored = _score_times(server, 2)
        done, writes = threading.Event(), list[tuple[int, float, bool]]()

        def write() -> None:
            while not done.is_set() and len(writes) < 3000:  # noqa: B023
                began = time.monotonic()
                answer = ask("POST", f"{server.url}/v1/assessments", json=TEXT, headers=key)  # noqa: B023
                sound = status(answer) == 201 or (is_problem(answer) and "retry-after" in answer.headers)  # type: ignore[union-attr]
                writes.append((status(answer), time.monotonic() - began, sound))  # noqa: B023

        path = Path(url.removeprefix("sqlite:///"))
        with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as other:
            other.execute(f"BEGIN {mode}")
            threads = [threading.Thread(target=write) for _ in range(40)]
            with (
                Watch(server.url) as health,
                Watch(server.url, "/v1/criteria") as reads,
                Watch(server.url, "/readyz", pause=200) as ready,
            ):
                for thread in threads:
                    thread.start()
                during = _score_times(server, seconds)
                done.set()
            for thread in threads:
                thread.join()
            other.execute("ROLLBACK")
        again = until(partial(_written, server, key), 3)
        said = f"SQLite held by BEGIN {mode} for {seconds} s, 40 x POST /v1/assessments"
        bench.check(bool(again), f"{said}, after its end", "no write for 3 s")
        counts = Counter(code for code, _, _ in writes)
        longest = max((took for _, took, _ in writes), default=0.0)
        bench.check(set(counts) <= {503} and all(sound for *_, sound in writes), said, dict(counts))
        bench.check(longest <= 5, said, f"a write waited {longest:.1f} s, about 2 wanted, 5 allowed")
        bench.check(
            max(during) <= max(3 * max(scored), 1.0),
            f"{said}; POST /v1/score",
            f"{max(during):.2f} s, alone {max(scored):.2f}",
        )
        bench.check(health.worst <= 1000 and not health.failures, f"{said}; /healthz", f"{health.worst:.0f} ms")
        if mode == "IMMEDIATE":  # without a write-ahead log, nobody can read beside an exclusive lock
            allowed = max(3 * alone["/v1/criteria"], 300.0)
            told = (
                f"p99 {reads.quantile(0.99):.0f} ms, alone {alone['/v1/criteria']:.0f} ms, {len(reads.failures)} failed"
            )
            bench.check(reads.quantile(0.99) <= allowed and not reads.failures, f"{said}; GET /v1/criteria", told)
            bench.check(
                not ready.failures and ready.worst < 2000,
                f"{said}; /readyz",
                f"{ready.failures[:3]} {ready.worst:.0f} ms",
            )
        else:
            bench.check(reads.worst <= 5000, f"{said}; GET /v1/criteria", f"{reads.worst:.0f} ms")
            bench.check(set(reads.failures) <= {503}, f"{said}; GET /v1/criteria", Counter(reads.failures))
        bench.note(
            f"{mode} {seconds} s: writes {dict(counts)} in {longest:.1f} s at most, score {max(during) * 1000:.0f} ms "
            f"(alone {max(scored) * 1000:.0f}), reads {reads.worst:.0f} ms, ready {ready.worst:.0f} ms"
        )
        bench.stop(server)


def _written(server: Server, key: dict[str, str]) -> bool:
    return status(ask("POST", f"{server.url}/v1/assessments", json=TEXT, headers=key)) == 201


def _score_times(server: Server, seconds: float) -> list[float]:
    ends, times = time.monotonic() + seconds, [0.0]
    with httpx.Client(base_url=server.url, timeout=60) as client:
        while time.monotonic() < ends and len(times) < 2000:
            began = time.monotonic()
            client.post("/v1/score", json=TEXT)
            times.append(time.monotonic() - began)
            time.sleep(0.05)
    return times


@row(
    "U5",
    "PostgreSQL restarted under keyed writers and readers: 2xx or 503, nothing lost or doubled",
    databases=("postgresql",),
    seconds=150,
)
def restarted(bench: Bench) -> None:
    with Cluster() as cluster:
        url = Databases("postgresql", bench.folder, cluster.url).seeded()
        server, key = bench.serve(url), bench.key(url)
        done, lock = threading.Event(), threading.Lock()
        reads, stuck = Counter[str](), list[str]()
        kept: dict[str, str] = {}
        writers = [threading.Thread(target=_write, args=(server, key, done, kept, stuck, lock)) for _ in range(12)]
        paths = (
            "/v1/criteria",
            "/v1/styles",
            "/v1/catalogue",
            "/v1/programs?q=change",
            "/v1/assessments",
            "/v1/skills/visioning",
        )
        readers = [threading.Thread(target=_read, args=(server, path, key, done, reads)) for path in paths * 2]
        for thread in (*writers, *readers):
            thread.start()
        back = []
        for how in ("immediate", "fast", "immediate", "immediate"):
            time.sleep(3)
            cluster.restart(how)
            began = time.monotonic()
            until(lambda: status(ask("GET", f"{server.url}/readyz")) == 200, 15, 0.05)
            back.append(time.monotonic() - began)
        time.sleep(3)
        done.set()
        for thread in (*writers, *readers):
            thread.join()
        bad = {name: count for name, count in reads.items() if not name.endswith((" 200", " 503"))}
        bench.check(not bad, "GET while PostgreSQL restarts", bad)
        bench.check(
            not stuck, "POST /v1/assessments with a key, repeated after a failure", f"{len(stuck)}: {stuck[:3]}"
        )
        bench.check(max(back) <= 8, "/readyz after the restart", f"{max(back):.1f} s")
        stored = [one[0] for one in bench.sql(url, "SELECT id FROM assessment")]
        lost = set(kept.values()) - set(stored)
        bench.check(not lost, "GET of what was acknowledged", f"{len(lost)} of {len(kept)} lost")
        bench.check(len(stored) == len(kept), "as many rows as keys", f"{len(stored)} rows, {len(kept)} keys")
        log = bench.stop(server)
        bench.check(
            '"event": "crash"' not in log, "restarts", [one for one in log.splitlines() if '"crash"' in one][:2]
        )
        bench.note(
            f"4 restarts, {len(kept)} keyed writes, {sum(reads.values())} reads, ready again in {max(back):.1f} s"
        )


def _write(
    server: Server, key: dict[str, str], done: threading.Event, kept: dict[str, str], stuck: list[str], lock: Any
) -> None:
    """One request after the other, each with a key of its own, repeated until it is answered."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        for _ in range(2000):
            if done.is_set():
                return
            mine, seen, began = uuid.uuid4().hex, list[str](), time.monotonic()
            while time.monotonic() - began < 25:
                try:
                    answer = client.post("/v1/assessments", json=TEXT, headers=key | {"Idempotency-Key": mine})
                except httpx.TransportError as error:
                    seen.append(type(error).__name__)
                    continue
                seen.append(str(answer.status_code))
                if answer.status_code == 201:
                    kept[mine] = answer.json()["id"]
                    break
                time.sleep(0.2)
            wrong = set(seen) - {"201", "503", "409"}
            waited = seen.count("409") > 20  # four seconds
            if wrong or waited or seen[-1:] != ["201"]:
                with lock:
                    stuck.append(f"{dict(Counter(seen))} in {time.monotonic() - began:.1f} s")


def _read(server: Server, path: str, key: dict[str, str], done: threading.Event, reads: Counter[str]) -> None:
    with httpx.Client(base_url=server.url, timeout=30, headers=key) as client:
        for _ in range(5000):
            if done.is_set():
                return
            try:
                answer = client.get(path)
                whole = answer.status_code != 503 or ("retry-after" in answer.headers and is_problem(answer))
                reads[f"{path} {answer.status_code}{'' if whole else ' without Retry-After'}"] += 1
            except httpx.TransportError as error:
                reads[f"{path} {type(error).__name__}"] += 1
            time.sleep(0.02)


@row(
    "U7",
    "numbers an hour ahead, as a clock set back leaves them: the rate, a chunk's lease, a running key",
    databases=("sqlite", "postgresql"),
    seconds=150,
)
def clock_set_back(bench: Bench) -> None:
    url = bench.databases.seeded()
    server, key = bench.serve(url, LOM_RATE_LIMIT="600"), bench.key(url)
    ask("GET", f"{server.url}/v1/criteria", headers=key)
    if bench.kind == "sqlite":
        with closing(sqlite3.connect(limits_of(url), timeout=5)) as file:
            file.execute("UPDATE rate_limit SET due = due + 3600")
            file.commit()
    else:
        bench.sql(url, "UPDATE rate_limit SET due = due + 3600")
    for who in ({}, key):
        answer = ask("GET", f"{server.url}/v1/criteria", headers=who)
        wait = answer.headers.get("retry-after") if answer is not None else None
        request = f"GET /v1/criteria with rates whose due is an hour ahead, {'with' if who else 'without'} a key"
        bench.check(status(answer) == 200, request, f"{status(answer)}, Retry-After {wait}")
    body = "".join(json.dumps({"text": f"Die Halle {n} wird seit März jede Nacht geräumt."}) + "\n" for n in range(600))
    server.process.kill()
    server.process.wait()
    server = bench.serve(url)
    answer = post(f"{server.url}/v1/jobs", content=body, headers=key | {"content-type": "application/x-ndjson"})
    href = answer.json()["href"]
    server.process.kill()  # in the middle of a chunk or before it
    server.process.wait()
    ahead = "datetime(due, '+1 hour')" if bench.kind == "sqlite" else "due + interval '1 hour'"
    (rows,) = bench.sql(url, "SELECT count(*) FROM job_chunk WHERE state = 'open'")
    if bench.kind == "sqlite":
        bench.sql(url, f"UPDATE job_chunk SET due = {ahead} || '.000000' WHERE state = 'open'")
    else:
        bench.sql(url, f"UPDATE job_chunk SET due = {ahead} WHERE state = 'open'")
    server = bench.serve(url)
    _running_key(bench, url, key, server)
    job = until(lambda: get(server.url + href, headers=key).json()["status"] == "done", 60)
    seen = get(server.url + href, headers=key).json()
    bench.check(
        bool(job), f"a killed job of 600, {rows[0]} chunks leased an hour ahead", f"{seen['done']} done after 60 s"
    )
    bench.note(f"{rows[0]} chunks were leased ahead; {seen['done']} of 600 done")


def _running_key(bench: Bench, url: str, key: dict[str, str], server: Server) -> None:
    """A key that began in what is now the future and never ended."""
    mine = key | {"Idempotency-Key": uuid.uuid4().hex}
    first = post(f"{server.url}/v1/assessments", json=TEXT, headers=mine)
    ahead = (
        "datetime(started_at, '+1 hour') || '.000000'" if bench.kind == "sqlite" else "started_at + interval '1 hour'"
    )
    bench.sql(url, f"UPDATE idempotency_key SET started_at = {ahead}, assessment_id = NULL")
    answer = ask("POST", f"{server.url}/v1/assessments", json=TEXT, headers=mine)
    request = "POST /v1/assessments whose key began an hour ahead and died"
    bench.check((first.status_code, status(answer)) == (201, 201), request, status(answer))
