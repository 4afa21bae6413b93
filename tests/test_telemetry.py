"""Metrics, log lines and spans: what they tell, who may see them, and that no text of a caller is in any of them."""

import asyncio
import json
import re
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.main import create_app
from app.settings import Settings, SettingsError
from app.telemetry import tracing
from tests.support.apps import scorer
from tests.support.servers import Server
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio
MakeKey = Callable[..., str]
CANARY = "Zanzibarian"
HERE, ELSEWHERE = ("127.0.0.1", 5), ("203.0.113.7", 5)


@asynccontextmanager
async def running(settings: Settings, client: Any = HERE) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, scorer())
    transport = httpx.ASGITransport(app, client=client)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test") as c:
        yield c


def numbers(text: str) -> dict[str, float]:
    """Every sample by its name and labels."""
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


@pytest.fixture
def collector() -> Iterator[list[bytes]]:
    """A collector for OTLP over HTTP on OTEL_EXPORTER_OTLP_ENDPOINT; the list holds what it was sent."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.path.encode() + b"\n" + self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Be quiet."""

    stub = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=stub.serve_forever)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{stub.server_port}")
        yield received
    stub.shutdown()
    thread.join()
    stub.server_close()


async def test_metrics_are_for_this_machine_or_for_an_admin_key(settings: Settings, make_key: MakeKey) -> None:
    closed = settings.model_copy(update={"require_key": True})
    for chosen in (settings, closed):
        async with running(chosen) as near:
            answer = await near.get("/metrics")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
                assert (await near.get("/metrics", headers={header: "127.0.0.1"})).status_code == 401, header
        async with running(chosen, ELSEWHERE) as far:
            assert (await far.get("/metrics")).status_code == 401
            for scope, status in (("read", 403), ("write", 403), ("admin", 200)):
                headers = {"X-API-Key": make_key(scope)}
                assert (await far.get("/metrics", headers=headers)).status_code == status, scope
    async with running(settings, client=None) as nowhere:
        assert (await nowhere.get("/metrics")).status_code == 401


async def test_requests_texts_and_refusals_are_counted_and_no_label_comes_from_a_caller(
    settings: Settings, make_key: MakeKey
) -> None:
    async with running(settings) as client:
        before = numbers((await client.get("/metrics")).text)
        for _ in range(3):
            await client.get("/v1/styles/transformational-leadership")
        scored = (await client.post("/v1/score", json={"text": SITUATION})).json()
        await client.post("/v1/score/batch", json={"items": [{"text": SITUATION}, {"text": " "}]})
        await client.get(f"/{CANARY}")
        await client.request(CANARY.upper(), "/v1/styles")
        await client.get("/v1/styles", headers={"X-API-Key": CANARY})
        busy = {"X-API-Key": make_key("read", rate=1)}
        assert [(await client.get("/v1/styles", headers=busy)).status_code for _ in range(2)] == [200, 429]
        text = (await client.get("/metrics")).text
    grown = {name: value - before.get(name, 0) for name, value in numbers(text).items()}
    assert CANARY.lower() not in text.lower()
    labels = 'method="GET",route="/v1/styles/{slug}",status="200"'
    assert grown[f"lom_http_requests_total{{{labels}}}"] == 3
    assert grown[f"lom_http_request_seconds_count{{{labels}}}"] == 3
    assert grown['lom_http_requests_total{method="GET",route="other",status="404"}'] == 1
    assert grown['lom_http_requests_total{method="other",route="/v1/styles",status="405"}'] == 1
    assert grown['lom_refused_requests_total{reason="unauthorized"}'] == 1
    assert grown['lom_refused_requests_total{reason="rate_limited"}'] == 1
    model = scored["versions"]["model"]
    assert grown[f'lom_texts_scored_total{{model="{model}",verdict="{scored["verdict"]}"}}'] == 2
    assert grown["lom_scoring_seconds_count"] == 2
    assert grown["lom_scoring_seconds_sum"] > 0


async def test_connections_in_use_are_those_of_now(settings: Settings) -> None:
    app = create_app(settings, scorer())
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test") as c:
        name = "lom_database_connections_in_use"
        with ExitStack() as held:
            for _ in range(9):
                held.enter_context(app.state.engine.connect())
            during = numbers((await c.get("/metrics")).text)[name]
        for _ in range(100):  # the threads in the background hold one each now and then
            after = numbers((await c.get("/metrics")).text)[name]
            if after <= 1:
                break
            await asyncio.sleep(0.05)
    assert during >= 9
    assert after <= 1


@pytest.mark.slow
def test_all_workers_count_together_and_leave_nothing_behind(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    server = Server(settings.database_url, "--workers", "2")
    try:
        server.wait()
        for _ in range(40):
            assert httpx.get(f"{server.url}/v1/styles", timeout=60).status_code == 200
        seen = [numbers(httpx.get(f"{server.url}/metrics", timeout=60).text) for _ in range(6)]
        assert list(tmp_path.glob("lead-or-manage-metrics-*/*.db"))
    finally:
        server.stop()
    name = 'lom_http_requests_total{method="GET",route="/v1/styles",status="200"}'
    assert {found[name] for found in seen} == {40}
    assert list(tmp_path.iterdir()) == []


async def test_a_log_line_tells_who_and_how_much_and_which_model(
    settings: Settings, make_key: MakeKey, caplog: pytest.LogCaptureFixture
) -> None:
    mine = make_key("score")
    with caplog.at_level("INFO", "lead_or_manage.access"):
        async with running(settings) as client:
            answer = await client.post("/v1/score", json={"text": SITUATION}, headers={"X-API-Key": mine})
            await client.get("/v1/styles")
    scored, read = [json.loads(record.message) for record in caplog.records]
    assert re.fullmatch(r"[0-9a-f]{12}", scored["key_id"])
    assert mine[9:] not in caplog.text
    assert scored["bytes_in"] == len(json.dumps({"text": SITUATION}, separators=(",", ":")))
    assert scored["bytes_out"] == len(answer.content)
    assert scored["model"] == answer.json()["versions"]["model"]
    assert read["key_id"] is None
    assert "model" not in read


def test_no_text_of_a_caller_is_in_logs_metrics_or_spans(
    settings: Settings, make_key: MakeKey, collector: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOM_LOG_LEVEL", "debug")
    with Server(settings.database_url) as server:
        server.wait()
        text, busy = f"{CANARY} {SITUATION}", {"X-API-Key": make_key("score", "read", rate=1)}

        def sent(status: int, path: str = "/v1/score", method: str = "POST", **more: Any) -> None:
            assert httpx.request(method, f"{server.url}{path}", timeout=60, **more).status_code == status

        sent(200, json={"text": text, "id": CANARY})
        sent(200, "/v1/score/batch", json={"items": [{"text": text}, {"text": f"{CANARY} " * 2000}, {"txt": CANARY}]})
        sent(422, json={"text": f"{CANARY} " * 2000})
        sent(422, json={"text": text, CANARY: CANARY})
        sent(400, content=f'{{"text": "{CANARY}', headers={"Content-Type": "application/json"})
        sent(413, json={"text": CANARY * 30_000})
        sent(415, content=text.encode(), headers={"Content-Type": f"text/{CANARY}"})
        sent(401, json={"text": text}, headers={"X-API-Key": CANARY})
        sent(200, json={"text": text}, headers=busy)
        sent(429, json={"text": text}, headers=busy)
        sent(404, f"/{CANARY}", "GET")
        sent(404, f"/v1/styles/{CANARY}", "GET")
        sent(200, f"/v1/styles?q={CANARY}", "GET", headers={"User-Agent": CANARY, "X-Forwarded-For": "203.0.113.99"})
        sent(200, "/v1/styles", "GET", headers={"Host": f"{CANARY}.example"})
        call = {"jsonrpc": "2.0", "id": CANARY, "method": "tools/call"}
        for name, arguments in (
            ("score_situation", {"text": text}),
            (CANARY, {}),
            ("score_situation", {"text": [CANARY]}),
        ):
            sent(200, "/mcp", json=call | {"params": {"name": name, "arguments": arguments}})
        sent(415, "/mcp", content=text.encode())
        metrics = httpx.get(f"{server.url}/metrics", timeout=60).text
        log = server.stop()

    spans: dict[str, dict[str, str]] = {}
    for message in collector:
        path, _, body = message.partition(b"\n")
        assert path == b"/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            assert any(one.value.string_value == "lead-or-manage" for one in resource.resource.attributes)
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                spans[span.name] = {one.key: str(one.value) for one in span.attributes}
    assert "/v1/styles/{slug}" in spans["GET /v1/styles/{slug}"]["http.route"]
    assert "429" in spans["POST"]["http.response.status_code"] or "POST /v1/score" in spans
    for where in (log, metrics, "\n".join(message.decode("latin-1") for message in collector)):
        assert CANARY.lower() not in where.lower()
        assert "203.0.113.99" not in where
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {line.get("route") for line in lines} >= {"/v1/score", "/v1/score/batch", "/v1/styles/{slug}", "/mcp"}


def test_spans_are_off_until_a_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert tracing.tracing() == {"tracing": False, "metrics": False, "logs": False}


def test_a_collector_without_the_extra_stops_the_start_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setattr(tracing, "_lacking", ImportError("No module named 'opentelemetry.sdk'"))
    with pytest.raises(SettingsError, match="extra `otel`"):
        tracing.tracing()
