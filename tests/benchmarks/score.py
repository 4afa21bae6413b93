"""Scoring against the encoder alone, in one run: `.venv/bin/python -m tests.benchmarks.score`.

CPU of the encoder, `Scorer.assess`, `/v1/score` and `/v1/score/batch` for texts of 20 to 100 words, which other work
disturbs little; then texts a second by the number of clients, which asks for a quiet machine.
"""

import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable

import httpx

from app.scoring import Scorer
from app.scoring.card import ARTEFACT
from app.scoring.encoder import Encoder
from app.settings import data_path
from tests.benchmarks.reads import cpu
from tests.support.ports import free_port, wait_for
from tests.support.servers import Server

TEXTS, ROUNDS = 30, 5
CLIENTS = (2, 16, 64)


def situations() -> list[str]:
    """Texts of the test split's writer w07 that have 20 to 100 words."""
    with (data_path("seed") / "situations" / "w07.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    return [text for text in texts if 20 <= len(text.split()) <= 100][:TEXTS]


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def by_clients(url: str, texts: list[str], count: int) -> float:
    """Texts a second that so many clients get scored, each over a connection of its own."""
    total = max(4 * TEXTS, 4 * count)

    def ask(own: list[str]) -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            for text in own:
                client.post("/v1/score", json={"text": text}).raise_for_status()

    work = [texts[number % len(texts)] for number in range(total)]
    threads = [threading.Thread(target=ask, args=(work[number::count],)) for number in range(count)]

    def run() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return total / seconds(run)


def main() -> None:
    texts, scorer, encoder = situations(), Scorer.load(), Encoder(ARTEFACT)
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(f"sqlite:///{folder}/benchmark.db", "--port", str(port), LOM_LOG_LEVEL="warning") as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        wait_for(port)
        paths: dict[str, Callable[[], object]] = {
            "encoder": lambda: [encoder.encode(text, encoder.tokenize(text)) for text in texts],
            "Scorer.assess": lambda: [scorer.assess(text) for text in texts],
            "/v1/score, one client": lambda: [client.post("/v1/score", json={"text": text}) for text in texts],
            "/v1/score/batch": lambda: client.post(
                "/v1/score/batch", json={"items": [{"text": text} for text in texts]}
            ).raise_for_status(),
        }
        took: dict[str, list[float]] = {name: [] for name in paths}
        for _ in range(ROUNDS):  # interleaved, so that a busy moment is everybody's
            for name, call in paths.items():
                pid = server.process.pid if name.startswith("/") else os.getpid()
                before = cpu(pid)
                call()
                took[name].append(cpu(pid) - before)
        alone = statistics.median(took["encoder"])
        for name, found in took.items():
            middle = statistics.median(found)
            print(f"{name:24} {middle / len(texts) * 1000:6.1f} ms of CPU a text, {alone / middle:.2f} of the encoder")
        one = statistics.median(by_clients(f"http://127.0.0.1:{port}", texts, 1) for _ in range(2))
        for count in CLIENTS:
            rate = by_clients(f"http://127.0.0.1:{port}", texts, count)
            print(f"{count:3} clients: {rate / one:.2f} times the texts a second of one ({one:.1f})")


if __name__ == "__main__":
    main()
