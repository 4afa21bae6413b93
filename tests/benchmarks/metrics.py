"""What counting a request costs: `python -m tests.benchmarks.metrics`; both ways interleaved in one run."""

import asyncio
import statistics
import time
from typing import Any

import app.middleware as middleware
from app.main import create_app
from app.settings import Settings

ROUNDS, CALLS = 40, 100


async def _serve(app: Any) -> float:
    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        pass

    started = time.process_time()
    for _ in range(CALLS):
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/healthz",
            "raw_path": b"/healthz",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 5),
            "server": ("localhost", 80),
            "scheme": "http",
        }
        await app(scope, receive, send)
    return (time.process_time() - started) / CALLS * 1e6


async def _measure() -> None:
    app, count = create_app(Settings(database_url="sqlite:///unused.db")), middleware.count_request
    with_, without = [], []
    for _ in range(ROUNDS):
        middleware.count_request = count
        with_.append(await _serve(app))
        middleware.count_request = lambda *_: None
        without.append(await _serve(app))
    mine, bare = statistics.median(with_), statistics.median(without)
    print(f"GET /healthz in process: counted {mine:.0f} us, uncounted {bare:.0f} us, ratio {mine / bare:.2f}")


if __name__ == "__main__":
    asyncio.run(_measure())
