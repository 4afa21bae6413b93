"""Jobs: `.venv/bin/python -m tests.benchmarks.jobs [TEXTS] [--real] [--kill]`.

On SQLite, embedded, and on PostgreSQL with one and two queue workers. Without --real a stand-in scorer takes the same
judgement for every text after a wait of 1 ms. --kill ends the embedded server, or one of two workers, with SIGKILL at a
third of the way.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import Session

from app import cli
from app.access.keys import create
from app.catalog.setup import set_up
from app.database import connect
from app.scoring.scorer import Scorer
from app.settings import Settings
from tests.support.paths import ROOT
from tests.support.postgres import temporary_postgres
from tests.support.servers import free_port
from tests.support.texts import SITUATION

WAIT = float(os.environ.get("BENCHMARK_WAIT", "0.001"))
CANARY = "Quokkas"


def stand_in() -> None:
    """Replace the model in this process."""
    known = Scorer.load().assess(SITUATION)

    def assess(*_: Any, **__: Any) -> Any:
        time.sleep(WAIT)
        return known

    Scorer.assess = assess  # type: ignore[method-assign]


def start(*command: str, **variables: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LOM_LOG_LEVEL": "warning"} | variables
    return subprocess.Popen([sys.executable, "-m", "tests.benchmarks.jobs", *command], env=environment, cwd=ROOT)


def peak(process: subprocess.Popen[bytes]) -> int:
    """Most memory that the process ever held, in MiB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


def upload(texts: int) -> Iterator[bytes]:
    for first in range(0, texts, 1000):
        lines = (
            {"id": str(n), "text": f"{CANARY} fell out {n} times since the layoffs; nobody trusts the roster."}
            for n in range(first, min(texts, first + 1000))
        )
        yield "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def ready(url: str) -> None:
    while True:
        try:
            if httpx.get(f"{url}/readyz", timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)


def measure(name: str, database: str, texts: int, mode: list[str], workers: int, kill: bool) -> None:
    """Run one job and print how it went."""
    set_up(Settings(database_url=database))
    engine = connect(database)
    with Session(engine) as session:
        headers = {"X-API-Key": create(session, name="b", tenant="b", scopes=["read", "score", "write"])[0]}
        session.commit()
    port = free_port()
    url, variables = f"http://127.0.0.1:{port}", {"LOM_DATABASE_URL": database}
    variables |= {"LOM_JOBS": "queue"} if workers else {}
    server = start(*mode, "serve", "--port", str(port), **variables)
    ready(url)
    others = [start(*mode, "worker", **variables) for _ in range(workers)]
    time.sleep(20 if workers else 0)  # they are up by then, so that starting does not count
    idle, began = peak(server), time.monotonic()
    kind = {"content-type": "application/x-ndjson"}
    href = httpx.post(f"{url}/v1/jobs", content=upload(texts), headers=headers | kind, timeout=None).json()["href"]
    uploaded, killed, job = time.monotonic(), not kill, {"status": "queued", "done": 0}
    while job["status"] != "done":
        time.sleep(0.2)
        job = httpx.get(f"{url}{href}", headers=headers, timeout=60).json()
        if not killed and job["done"] >= texts // 3:
            (others[0] if others else server).send_signal(signal.SIGKILL)
            killed = True
            if not others:
                server.wait()
                server = start(*mode, "serve", "--port", str(port), **variables)
                ready(url)
    ended, ids = time.monotonic(), []
    with httpx.stream("GET", f"{url}{href}/results", headers=headers, timeout=None) as answer:
        ids += [json.loads(line)["id"] for line in answer.iter_lines()]
    lost, doubled = texts - len(set(ids)), len(ids) - len(set(ids))
    print(
        f"{name}: {texts} texts, upload {uploaded - began:.1f} s, scored in {ended - uploaded:.1f} s "
        f"({texts / (ended - uploaded):.0f}/s), peak {[peak(p) for p in (server, *others) if p.poll() is None]} MiB "
        f"(idle {idle}), errors {job['errors']}, lost {lost}, doubled {doubled}, in order {ids == sorted(ids, key=int)}"
    )
    for process in (server, *others):
        process.terminate()
        process.wait()
    engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("texts", type=int, nargs="?", default=10_000)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--only", choices=["embedded", "queue"])
    asked = parser.parse_args()
    mode = ["real"] if asked.real else ["stand-in"]
    if asked.only != "queue":
        with tempfile.TemporaryDirectory() as folder:
            measure("embedded, SQLite", f"sqlite:///{folder}/b.db", asked.texts, mode, 0, asked.kill)
            found = {file.name: file.read_bytes().count(CANARY.encode()) for file in Path(folder).iterdir()}
            print(f"canary in the files: {found}")
    if asked.only != "embedded":
        with temporary_postgres() as database:
            for workers in (2,) if asked.kill else (1, 2):
                measure(f"{workers} workers, PostgreSQL", database, asked.texts, mode, workers, asked.kill)


if __name__ == "__main__":
    if sys.argv[1:2] in (["stand-in"], ["real"]):
        if sys.argv.pop(1) == "stand-in":
            stand_in()
        cli.main()
    else:
        main()
