"""`/v1/score` on a 60-token text against the encoder alone: `.venv/bin/python -m tests.benchmarks.score`."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable

import httpx

from app.scoring.card import ARTEFACT
from app.scoring.encoder import Encoder
from tests.support.servers import Server

TEXT = (
    "The night shift has lost nine people since spring and those who stay do not trust the new roster. Each truck "
    "still has to leave by five with its papers checked, and head office wants a plan for both depots before the week "
    "is out, please."
)


def milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    os.environ["LOM_LOG_LEVEL"] = "warning"
    encoder = Encoder(ARTEFACT)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(f"sqlite:///{folder}/benchmark.db")
        server.wait()
        with httpx.Client(base_url=server.url) as client:
            tokens = client.post("/v1/score", json={"text": TEXT}).json()["input"]["tokens"]
            served, alone = [], []
            for _ in range(300):
                served.append(milliseconds(lambda: client.post("/v1/score", json={"text": TEXT})))
                alone.append(milliseconds(lambda: encoder.encode(TEXT, encoder.tokenize(TEXT))))
        server.stop()
    whole, part = statistics.median(served[50:]), statistics.median(alone[50:])
    print(f"{tokens} tokens: /v1/score p50 {whole:.1f} ms, encoder alone p50 {part:.1f} ms, ratio {whole / part:.2f}")


if __name__ == "__main__":
    main()
