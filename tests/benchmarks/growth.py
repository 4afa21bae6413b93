"""How cost grows: `.venv/bin/python -m tests.benchmarks.growth`, on a quiet machine, some minutes.

Prints the table and writes app/docs/growth.svg and app/docs/growth.json, which /docs/performance shows. Each value is a
ratio to the first of its row in the same run, so that another machine may tell the same.
"""

import csv
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx

from app.docs.examples import HERE
from app.scoring import Scorer
from tests.benchmarks.reads import ask, cpu, get
from tests.benchmarks.score import by_clients, situations
from tests.support import apps
from tests.support.paths import ROOT
from tests.support.ports import free_port, wait_for
from tests.support.servers import Server

Row = tuple[str, str, list[int], list[float]]
"""What is measured, by what, the sizes, and what each costs as a ratio to the first."""
WORDS, AWKWARD = (20, 80, 320, 1280, 4000), "f(x)=a*x; "
BATCHES, CLIENTS, PROGRAMS, JOBS = (1, 4, 16, 64), (1, 2, 4, 16, 64, 256), (10, 100, 1000, 10_000), (30, 300, 3000)
WIDTH, HEIGHT, LEFT, TOP, COLUMNS = 360, 230, 50, 34, 2


def used(pid: int, call: Callable[[], object], rounds: int = 3) -> float:
    """Seconds of CPU of a process for a call, the median of some rounds."""
    found = []
    for _ in range(rounds):
        before = cpu(pid)
        call()
        found.append(cpu(pid) - before)
    return statistics.median(found)


def ratios(costs: list[float]) -> list[float]:
    return [float(f"{cost / costs[0]:.3g}") for cost in costs]


def judge(scorer: Scorer, texts: list[str]) -> None:
    for text in texts:
        scorer.assess(text)


def by_length(scorer: Scorer) -> list[Row]:
    """CPU of a text, by its words; the awkward one has as many characters."""
    words = " ".join(situations()).split() * 8
    prose = [" ".join(words[:count]) for count in WORDS]
    texts = {"prose": prose, "formulas as long": [(AWKWARD * 4000)[: len(text)] for text in prose]}
    rows = []
    for name, given in texts.items():
        costs = []
        for count, text in zip(WORDS, given, strict=True):
            times = max(1, 400 // count)
            costs.append(used(os.getpid(), partial(judge, scorer, [text] * times)) / times)
        rows.append((f"CPU of a text ({name})", "words", list(WORDS), ratios(costs)))
    return rows


def by_batch(pid: int, client: httpx.Client) -> Row:
    texts = situations()
    costs = []
    for size in BATCHES:
        items = {"items": [{"text": texts[number % len(texts)]} for number in range(size)]}
        times = max(BATCHES) // size
        body = json.dumps(items)
        headers = {"content-type": "application/json"}

        def send(body: str = body, times: int = times, headers: dict[str, str] = headers) -> None:
            for _ in range(times):
                client.post("/v1/score/batch", content=body, headers=headers).raise_for_status()

        costs.append(used(pid, send) / (times * size))
    return "CPU of a text in a batch", "texts", list(BATCHES), ratios(costs)


def by_programs(folder: str) -> list[Row]:
    """What reads and scoring cost a tenant with so many programs of its own."""
    found = [_of_programs(folder, count) for count in PROGRAMS]
    return [
        (f"own programs: {name}", "programs", list(PROGRAMS), ratios([costs[name] for costs in found]))
        for name in found[0]
    ]


def _of_programs(folder: str, count: int) -> dict[str, float]:
    url, port, costs = f"sqlite:///{folder}/programs-{count}.db", free_port(), {}
    with Server(url, "--port", str(port), LOM_LOG_LEVEL="warning") as server:
        wait_for(port)
        key = apps.key_maker(url)("read", "score", "admin")
        file = Path(folder) / f"{count}.csv"
        with file.open("w", newline="", encoding="utf-8") as rows:
            writer = csv.writer(rows)
            writer.writerow(["slug", "name", "school", "description", "audience", "criteria"])
            for number in range(count):
                name = f"Course {number} on {'mergers' if number % 2 else 'planning'}"
                criteria = "change | editorial | It is so." if number % 2 else "efficiency | editorial | It is so."
                writer.writerow([f"course-{number}", name, "Acme", f"Day {number}.", "Leads.", criteria])
        before = os.times()
        command = [sys.executable, "-m", "app.cli", "programs", "import", str(file), "--tenant", "acme"]
        environment = os.environ | {"LOM_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        costs["import, CPU of a row"] = spent / count
        mine, text = f"X-API-Key: {key}", {"text": situations()[0]}
        page, one = get("/v1/programs?limit=20", mine), get("/v1/programs/course-3", mine)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": key}, timeout=60) as client:
            client.post("/v1/score", json=text).raise_for_status()
            calls: dict[str, tuple[int, Callable[[int], object]]] = {
                "page of 20, read anew": (20, lambda n: client.get(f"/v1/programs?limit=20&max_months={n + 900}")),
                "search, read anew": (20, lambda n: client.get(f"/v1/programs?q=course+{n}&limit=20")),
                "page of 20, kept": (500, lambda n: ask(port, page, 1)),
                "one program, kept": (500, lambda n: ask(port, one, 1)),
                "score": (30, lambda n: client.post("/v1/score", json=text)),
            }
            for name, (times, call) in calls.items():
                began = cpu(server.process.pid)
                for number in range(times):
                    call(number)
                costs[name] = (cpu(server.process.pid) - began) / times
    return costs


def by_job(server: Server, client: httpx.Client, key: str) -> list[Row]:
    """CPU of a text and the process's memory, by the size of a job."""
    texts, costs, memory = situations(), [], []
    headers = {"X-API-Key": key, "content-type": "application/x-ndjson"}
    for size in JOBS:
        lines = "".join(
            json.dumps({"text": f"{number}. {texts[number % len(texts)]}"}) + "\n" for number in range(size)
        )
        before = cpu(server.process.pid)
        job = client.post("/v1/jobs", content=lines, headers=headers).json()
        while client.get(job["href"], headers=headers).json()["status"] != "done":
            time.sleep(0.5)
        costs.append((cpu(server.process.pid) - before) / size)
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
        memory.append(float(status.partition("VmRSS:")[2].split()[0]))
    return [
        ("CPU of a text in a job", "texts", list(JOBS), ratios(costs)),
        ("memory of the process", "texts of a job", list(JOBS), ratios(memory)),
    ]


def picture(rows: list[Row]) -> str:
    """The rows as small charts, both axes logarithmic."""
    high = HEIGHT * -(-len(rows) // COLUMNS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * COLUMNS} {high}" font-family="sans-serif" '
        'font-size="12" role="img"><title>How cost grows</title>'
        f'<rect width="{WIDTH * COLUMNS}" height="{high}" fill="#fff"/>'
    ]
    for number, row in enumerate(rows):
        parts.append(_chart(row, WIDTH * (number % COLUMNS), HEIGHT * (number // COLUMNS)))
    return "\n".join([*parts, "</svg>\n"])


def _chart(row: Row, x: int, y: int) -> str:
    name, by, sizes, costs = row
    wide, high = WIDTH - LEFT - 20, HEIGHT - TOP - 50
    lowest, highest = min(0.5, *costs), max(2.0, *costs)

    def place(size: float, cost: float) -> tuple[float, float]:
        across = _share(size, sizes[0], sizes[-1])
        return x + LEFT + wide * across, y + TOP + high * (1 - _share(cost, lowest, highest))

    points = [place(size, cost) for size, cost in zip(sizes, costs, strict=True)]
    one = place(sizes[0], 1)[1]
    lines = [
        f'<text x="{x + LEFT}" y="{y + 18}" font-weight="bold">{name}</text>',
        f'<line x1="{x + LEFT}" x2="{x + LEFT + wide}" y1="{one:.1f}" y2="{one:.1f}" stroke="#bbb"/>',
        f'<text x="{x + LEFT - 8}" y="{one + 4:.1f}" text-anchor="end" fill="#555">1</text>',
        f'<polyline fill="none" stroke="#0b6" stroke-width="2" points="'
        f'{" ".join(f"{left:.1f},{top:.1f}" for left, top in points)}"/>',
        f'<text x="{x + LEFT + wide / 2}" y="{y + HEIGHT - 6}" text-anchor="middle" fill="#555">{by}</text>',
    ]
    for (left, top), size, cost in zip(points, sizes, costs, strict=True):
        lines += [
            f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3" fill="#0b6"/>',
            f'<text x="{left:.1f}" y="{top - 7:.1f}" text-anchor="middle">{cost:g}</text>',
            f'<text x="{left:.1f}" y="{y + HEIGHT - 24}" text-anchor="middle" fill="#555">{size:,}</text>',
        ]
    return "\n".join(lines)


def _share(value: float, low: float, high: float) -> float:
    """Where a value lies between two others, on a logarithmic scale."""
    return float((math.log(value) - math.log(low)) / (math.log(high) - math.log(low)))


def main() -> None:
    rows = by_length(Scorer.load())
    with tempfile.TemporaryDirectory() as folder:
        url, port = f"sqlite:///{folder}/growth.db", free_port()
        with Server(url, "--port", str(port), LOM_LOG_LEVEL="warning") as server:
            wait_for(port)
            key = apps.key_maker(url)("read", "score")
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
                rows.append(by_batch(server.process.pid, client))
                rates = [by_clients(f"http://127.0.0.1:{port}", situations(), count) for count in CLIENTS]
                rows.append(("texts a second", "clients", list(CLIENTS), ratios(rates)))
                rows += by_job(server, client, key)
        rows += by_programs(folder)
    for name, by, sizes, costs in rows:
        told = ", ".join(f"{size:,}: {cost:g}" for size, cost in zip(sizes, costs, strict=True))
        print(f"{name:45} by {by:16} {told}")
    (HERE / "growth.svg").write_text(picture(rows), encoding="utf-8")
    named = [dict(zip(("what", "by", "sizes", "ratios"), row, strict=True)) for row in rows]
    (HERE / "growth.json").write_text(json.dumps(named, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
