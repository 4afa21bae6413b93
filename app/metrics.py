"""What is counted, for Prometheus. No label comes from a caller: routes are templates, and what is unknown is `other`.

With several workers `serve` names a folder in PROMETHEUS_MULTIPROC_DIR, where each writes its numbers.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import Engine, event

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
OTHER = "other"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REFUSALS = {401: "unauthorized", 403: "forbidden", 429: "rate_limited"}
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_SCORING_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_REQUEST_LABELS = ("method", "route", "status")

REGISTRY = CollectorRegistry()
_requests = Counter("lom_http_requests", "Requests answered.", _REQUEST_LABELS, registry=REGISTRY)
_seconds = Histogram(
    "lom_http_request_seconds",
    "From the first byte of a request to the last of its answer.",
    _REQUEST_LABELS,
    buckets=_REQUEST_SECONDS,
    registry=REGISTRY,
)
_refused = Counter("lom_refused_requests", "Requests refused to their caller.", ("reason",), registry=REGISTRY)
_texts = Counter("lom_texts_scored", "Texts judged.", ("verdict", "model"), registry=REGISTRY)
_scoring = Histogram(
    "lom_scoring_seconds", "Judging one text, by the model alone.", buckets=_SCORING_SECONDS, registry=REGISTRY
)
_connections = Gauge(
    "lom_database_connections_in_use",
    "Connections of the pool that are in use now.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)


@cache
def _of_route(*labels: str) -> tuple[Counter, Histogram]:
    """The numbers of these labels, looked up once: routes, methods and statuses are few."""
    return _requests.labels(*labels), _seconds.labels(*labels)


def count_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """One request that has been answered."""
    requests, durations = _of_route(method if method in _METHODS else OTHER, route or OTHER, str(status))
    requests.inc()
    durations.observe(seconds)
    if status in _REFUSALS:
        _refused.labels(_REFUSALS[status]).inc()


@contextmanager
def time_scoring() -> Iterator[None]:
    """Times the judging of one text."""
    started = time.perf_counter()
    yield
    _scoring.observe(time.perf_counter() - started)


def count_text(verdict: str, model: str) -> None:
    """One text that has been judged."""
    _texts.labels(verdict, model).inc()


def watch_pool(engine: Engine) -> None:
    """Count the connections of this engine that are in use."""

    def checkout(_connection: Any, record: Any, _proxy: Any) -> None:
        record.record_info["counted"] = True
        _connections.inc()

    def checkin(_connection: Any, record: Any) -> None:
        if record.record_info.pop("counted", False):  # one that was found dead comes back without having gone out
            _connections.dec()

    event.listen(engine, "checkout", checkout)
    event.listen(engine, "checkin", checkin)


def exposition() -> bytes:
    """All numbers of all workers in the text format of Prometheus."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        return generate_latest(REGISTRY)
    _forget_the_dead(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_the_dead(folder: Path) -> None:
    """What a killed worker had in use, nobody uses; what it counted stays counted."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
