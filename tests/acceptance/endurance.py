"""Memory, files and threads after thousands of requests and hundreds of jobs."""

import os
import threading
import time
from pathlib import Path

import httpx

from tests.acceptance.bench import Bench, ask, memory, status, until
from tests.acceptance.kills import texts
from tests.acceptance.rows import BOTH, row
from tests.acceptance.texts import HOSTILE, TOLD
from tests.support.jobs import NDJSON


def held(pid: int) -> tuple[float, int, int]:
    """MiB, open files and threads of a process."""
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return memory(pid), files, len(os.listdir(Path(f"/proc/{pid}/task")))


def _compare(
    bench: Bench, before: tuple[float, int, int], after: tuple[float, int, int], what: str, most: float
) -> None:
    told = f"{before[0]:.0f} to {after[0]:.0f} MiB, {before[1]} to {after[1]} files, {before[2]} to {after[2]} threads"
    bench.check(after[0] - before[0] <= most, what, told)
    bench.check(abs(after[1] - before[1]) <= 12 and after[2] - before[2] <= 4, what, told)
    bench.note(f"{what}: {told}")


@row("M1", "20,000 scores (2,000 without --long) and reads: memory, files and threads stay", seconds=200)
def scores(bench: Bench) -> None:
    url, count = bench.databases.seeded(), 20_000 if bench.long else 2_000
    server, key = bench.serve(url), bench.key(url)
    bodies = [*TOLD, *((unit * 300)[:300] for unit in HOSTILE.values())]
    paths = ("/v1/criteria", "/v1/programs?q=change", "/v1/catalogue", "/v1/nothing")

    def some(total: int) -> None:
        def work(worker: int) -> None:
            with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
                for number in range(total // 4):
                    client.post("/v1/score", json={"text": f"{bodies[(number + worker) % len(bodies)]} {number}."})
                    if number % 10 == 0:
                        client.get(paths[number // 10 % len(paths)])

        workers = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    some(count // 4)  # what is loaded and filled at first use
    before = held(server.process.pid)
    some(count)
    time.sleep(1)
    _compare(bench, before, held(server.process.pid), f"{count:,} scores", 16)


@row(
    "M2",
    "2,000 jobs (150 without --long): memory, files and threads stay, and nothing is left",
    databases=BOTH,
    seconds=240,
)
def jobs(bench: Bench) -> None:
    url, count = bench.databases.seeded(), 2_000 if bench.long else 150
    server, key = bench.serve(url), bench.key(url)

    def some(total: int) -> None:
        hrefs = []
        with httpx.Client(base_url=server.url, headers=key, timeout=60) as client:
            for number in range(total):
                answer = client.post("/v1/jobs", content=texts(3, f"{number}-"), headers=NDJSON)
                bench.check(answer.status_code == 202, "POST /v1/jobs of 3 texts", answer.status_code)
                hrefs.append(answer.json()["href"])
            for href in hrefs:
                ended = until(lambda: client.get(href).json()["status"] == "done", 60)  # noqa: B023
                bench.check(bool(ended), f"GET {href}", "not done after 60 s")
                client.get(f"{href}/results")
                if hash(href) % 2:
                    client.delete(href)

    some(max(20, count // 5))
    before = held(server.process.pid)
    some(count)
    time.sleep(1)
    _compare(bench, before, held(server.process.pid), f"{count:,} jobs", 16)
    bench.check(status(ask("GET", f"{server.url}/v1/jobs?limit=100", headers=key)) == 200, "GET /v1/jobs", "fails")
