"""Processes killed at any moment: what was acknowledged is there, once."""

import json
import random
import threading
import time
import uuid
from typing import Any

import httpx

from tests.acceptance.bench import Bench, ask, get, post, status, until
from tests.acceptance.rows import BOTH, row
from tests.support.jobs import NDJSON
from tests.support.servers import Server, free_port

TEXT = "Die Halle {} wird seit dem Frühjahr jede Nacht umgebaut und niemand weiß warum."
LEASE_SECONDS = 60


def texts(count: int, name: str = "") -> bytes:
    """Lines that are scored fast, as the model does not read German."""
    return "".join(json.dumps({"text": TEXT.format(f"{name}{n}"), "id": f"{n}"}) + "\n" for n in range(count)).encode()


def killed(server: Server) -> None:
    server.process.kill()
    server.process.wait()


def check_results(bench: Bench, server: Server, key: dict[str, str], href: str, count: int, request: str) -> None:
    """Each text once, in order, none with an error."""
    job = get(server.url + href, headers=key).json()
    told = {name: job[name] for name in ("status", "done", "errors")}
    bench.check(told == {"status": "done", "done": count, "errors": 0}, request, told)
    lines = get(f"{server.url}{href}/results", headers=key, timeout=60).text.splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    bench.check(ids == [f"{n}" for n in range(count)], f"GET {href}/results, {request}", f"{len(ids)} ids of {count}")


@row("K1", "serve killed again and again while it scores jobs: each ends, each text once", databases=BOTH, seconds=240)
def jobs_after_kills(bench: Bench) -> None:
    url, rounds = bench.databases.seeded(), 8 if bench.long else 3
    server, key = bench.serve(url), bench.key(url)
    jobs = {}
    for name, count in (("a", 1700), ("b", 900)):
        answer = post(f"{server.url}/v1/jobs", content=texts(count, name), headers=key | NDJSON, timeout=60)
        jobs[answer.json()["href"]] = count
    for _ in range(rounds):
        time.sleep(random.uniform(0.5, 3))
        killed(server)
        server = bench.serve(url)
    began = time.monotonic()

    def ended() -> bool:
        return all(get(server.url + href, headers=key).json()["status"] == "done" for href in jobs)

    until(ended, LEASE_SECONDS + 100, 0.5)
    for href, count in jobs.items():
        check_results(bench, server, key, href, count, f"a job of {count} after {rounds} x kill -9")
    bench.note(f"{rounds} kills; all ended {time.monotonic() - began:.0f} s after the last (a lease is 60 s)")


@row(
    "K2",
    "serve killed under keyed requests: the same key makes nothing twice, and answers",
    databases=BOTH,
    seconds=240,
)
def keys_after_kills(bench: Bench) -> None:
    url, rounds = bench.databases.seeded(), 12 if bench.long else 4
    key, port = bench.key(url), free_port()
    server = bench.serve(url, LOM_PORT=str(port))
    kept, lock, done = dict[str, tuple[str, bytes]](), threading.Lock(), threading.Event()
    sent: dict[str, str] = {}

    def write(writer: int) -> None:
        while not done.is_set() and len(sent) < 5000:
            mine, kind = uuid.uuid4().hex, ("assessments", "jobs")[writer % 2]
            with lock:
                sent[mine] = kind
            answer = _send(server.url, kind, mine, key)
            if status(answer) in {201, 202}:
                assert answer is not None
                with lock:
                    kept[mine] = (answer.json()["id"], answer.content)
            time.sleep(0.05)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(rounds):
        time.sleep(random.uniform(0.5, 2))
        killed(server)
        server = bench.serve(url, LOM_PORT=str(port))
    done.set()
    for thread in threads:
        thread.join()
    unanswered = [mine for mine in sent if mine not in kept]
    slow = 0.0
    for mine, kind in sent.items():
        if mine in kept and hash(mine) % 5:  # a fifth of those that were answered
            continue
        began = time.monotonic()
        answer = until(lambda: _answered(_send(server.url, kind, mine, key)), LEASE_SECONDS + 15)  # noqa: B023
        slow = max(slow, time.monotonic() - began)
        request = f"POST /v1/{kind} again with the key of a request that was {'answered' if mine in kept else 'killed'}"
        if not bench.check(bool(answer), request, "409 for 75 s"):
            break
        same = mine not in kept or answer.json()["id"] == kept[mine][0]
        bench.check(
            same and answer.status_code in {201, 202}, request, f"{answer.status_code} {answer.json().get('id')}"
        )
        kept.setdefault(mine, (answer.json()["id"], answer.content))
    for kind, table in (("assessments", "assessment"), ("jobs", "job")):
        stored = {one[0] for one in bench.sql(url, f"SELECT id FROM {table}")}
        mine_all = {kept[mine][0] for mine, its in sent.items() if its == kind and mine in kept}
        bench.check(mine_all <= stored, f"what POST /v1/{kind} acknowledged", f"{len(mine_all - stored)} lost")
        bench.check(stored <= mine_all, f"POST /v1/{kind} under kill -9", f"{len(stored - mine_all)} rows too many")
    said = bench.command(url, "audit", "verify")
    bench.check(said.returncode == 0, "audit verify after the kills", said.stdout[-300:])
    bench.note(f"{rounds} kills, {len(sent)} keyed requests, {len(unanswered)} unanswered, slowest repeat {slow:.0f} s")


def _send(url: str, kind: str, mine: str, key: dict[str, str]) -> httpx.Response | None:
    headers = key | {"Idempotency-Key": mine}
    if kind == "jobs":
        return ask("POST", f"{url}/v1/jobs", content=texts(2, mine), headers=headers | NDJSON)
    return ask("POST", f"{url}/v1/assessments", json={"text": TEXT.format(mine)}, headers=headers)


def _answered(answer: httpx.Response | None) -> Any:
    return answer if answer is not None and answer.status_code not in {409, 503} else None


@row(
    "K3",
    "workers of the queue killed, and serve, and all at once: jobs end, each text once",
    databases=("postgresql",),
    seconds=280,
)
def workers_killed(bench: Bench) -> None:
    url = bench.databases.seeded()
    key = bench.key(url)
    server = bench.serve(url, LOM_JOBS="queue")
    workers = [bench.begin(url, "worker", LOM_JOBS="queue") for _ in range(2)]
    count = 6000
    answer = post(f"{server.url}/v1/jobs", content=texts(count), headers=key | NDJSON, timeout=60)
    href = answer.json()["href"]

    def done() -> int:
        return int(get(server.url + href, headers=key).json()["done"])

    until(lambda: done() >= 500, 60)
    workers[0].kill()
    time.sleep(1)
    workers.append(bench.begin(url, "worker", LOM_JOBS="queue"))
    until(lambda: done() >= 2000, 60)
    seen = done()
    for process in (*workers, server.process):
        process.kill()
        process.wait()
    server = bench.serve(url, LOM_JOBS="queue")
    began = time.monotonic()
    bench.check(done() >= seen, "GET of the job after all were killed", f"{done()} done, {seen} before")
    last = bench.begin(url, "worker", "--concurrency", "2", LOM_JOBS="queue")
    until(lambda: done() == count, 150, 0.5)
    check_results(bench, server, key, href, count, f"a job of {count}, workers and serve killed")
    bench.note(f"ended {time.monotonic() - began:.0f} s after all were killed (30 s until a queue takes one for dead)")
    rest = bench.sql(
        url, "SELECT status, count(*) FROM procrastinate.procrastinate_jobs WHERE task_name = 'score_chunk' GROUP BY 1"
    )
    bench.check(not rest, "the queue after the end", rest)
    last.terminate()
    bench.check(last.wait(30) == 0, "SIGTERM to a worker", last.returncode)
