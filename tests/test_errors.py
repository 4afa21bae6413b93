"""Every error has one shape, says what to do, and echoes nothing."""

import json
from collections.abc import Callable

import httpx
import pytest

from app.access.keys import SCOPES

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
CANARY = "canary-7391"


def check_problem(answer: httpx.Response, status: int, code: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id", "errors"}
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["detail"]
    assert code is None or body["code"] == code
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b'{"text": "\xff"}', 400, "malformed_json"),
        ('{"text": "a"}'.encode("utf-16"), 400, "malformed_json"),
        (b"[" * 100_000, 400, "malformed_json"),
        (b'{"text":' * 20_000 + b"1" + b"}" * 20_000, 400, "malformed_json"),
        (b"", 422, "validation_failed"),
        (b"[]", 422, "validation_failed"),
        (b"{}", 422, "validation_failed"),
        (b'{"text": 7}', 422, "validation_failed"),
        (b'{"text": NaN}', 422, "validation_failed"),
        (b'{"text": "x", "options": {"max_evidence": NaN}}', 422, "validation_failed"),
        (b'{"text": "x", "options": {"max_evidence": 1e999}}', 422, "validation_failed"),
        (b'{"text": "x", "options": {"max_evidence": true}}', 422, "validation_failed"),
        (b'{"text": "x", "options": {"max_evidence": "3"}}', 422, "validation_failed"),
        (b'{"text": "x", "options": {"max_evidence": 9223372036854775808}}', 422, "validation_failed"),
        (b'{"text": "x", "options": {"max_evidence": ' + b"9" * 5000 + b"}}", 400, "malformed_json"),
        (b'{"text": "x", "canary-7391": 1}', 422, "validation_failed"),
        (b'{"text": "\\ud800"}', 422, "text_invalid"),
        (b'{"text": "x", "\\ud800": 1}', 422, "validation_failed"),
        (b'{"text": "x", "id": "a\\u0000b"}', 422, "validation_failed"),
        (b'{"text": "a\\u0000b"}', 422, "text_invalid"),
        ('{"text": "\U000e0041\u180f\U0001d173"}'.encode(), 422, "text_empty"),
        (b'{"text": ""}', 422, "text_empty"),
        (b'{"text": " \\u200b\\n\\u00ad"}', 422, "text_empty"),
        (json.dumps({"text": "x" * 10_001}).encode(), 422, "text_too_long"),
        (b'{"text": "x", "options": {"model_version": "1999"}}', 422, "unknown_model_version"),
        (b'{"text": "x", "options": {"offset_unit": "furlong"}}', 422, "validation_failed"),
    ],
)
async def test_a_bad_body_gets_a_clear_problem(
    client: httpx.AsyncClient, body: bytes, status: int, code: str | None
) -> None:
    check_problem(await client.post("/v1/score", content=body, headers=JSON), status, code)


async def test_the_limit_is_named_and_the_text_at_the_limit_is_answered(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/score", json={"text": "x" * 10_001})
    assert "10000" in answer.json()["detail"]
    assert (await client.post("/v1/score", json={"text": "work " * 2000})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
async def test_other_media_types_are_415(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/v1/score", content=b'{"text": "canary-7391"}', headers=headers)
    check_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/json; charset=UTF-8", "Application/JSON; profile=x; charset = utf-8"],
)
async def test_json_is_taken_with_whatever_harmless_parameters(client: httpx.AsyncClient, media_type: str) -> None:
    answer = await client.post("/v1/score", content=b'{"text": "x"}', headers={"content-type": media_type})
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["[", "x:99999999", "a b", "", "x/y"])
async def test_a_host_that_is_no_host_is_400(client: httpx.AsyncClient, host: str) -> None:
    check_problem(await client.get("/v1/concepts", headers={"Host": host}), 400, "bad_request")


async def test_a_file_of_the_documentation_says_what_it_answers_to(client: httpx.AsyncClient) -> None:
    answer = await client.post("/docs/assets/swagger-ui.css")
    check_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"


async def test_unknown_paths_slugs_and_slashes_are_404(client: httpx.AsyncClient) -> None:
    for path in (
        "/nope",
        "/v1/styles/nope",
        "/v1/styles/",
        "/v1/styles/a%00b",
        "/v1/models/1999",
        "/v1/programs/canary-7391",
    ):
        answer = await client.get(path)
        check_problem(answer, 404, "not_found")
        assert "location" not in answer.headers


async def test_wrong_methods_are_405_with_the_whole_truth_in_allow(
    client: httpx.AsyncClient, make_key: Callable[..., str]
) -> None:
    key = {"X-API-Key": make_key(*SCOPES)}
    document = (await client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        allowed = {method.upper() for method in operations}
        allowed |= {"HEAD"} if "GET" in allowed else set()
        url = path.replace("{slug}", "x").replace("{version}", "current")
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - allowed:
            answer = await client.request(method, url, headers=key)
            check_problem(answer, 405, "method_not_allowed")
            assert set(answer.headers["allow"].split(", ")) == allowed, path


async def test_large_bodies_are_413_declared_or_not(client: httpx.AsyncClient) -> None:
    async def chunks() -> object:
        for _ in range(40):
            yield b" " * 10_000

    for path in ("/v1/score", "/nope"):
        check_problem(await client.post(path, content=b" " * 262_145, headers=JSON), 413, "too_large")
        check_problem(await client.post(path, content=chunks(), headers=JSON), 413, "too_large")
    check_problem(await client.post("/v1/score", content=b" " * 262_144, headers=JSON), 400)
    check_problem(await client.post("/v1/score/batch", content=b" " * 8_388_609, headers=JSON), 413, "too_large")


async def test_request_ids_are_kept_when_sound_and_replaced_when_not(client: httpx.AsyncClient) -> None:
    kept = await client.get("/healthz", headers={"X-Request-ID": "abc.DEF_1-2"})
    assert kept.headers["x-request-id"] == "abc.DEF_1-2"
    for bad in ("a b", "x" * 129, "é"):
        given = (await client.get("/nope", headers={"X-Request-ID": bad.encode("latin-1")})).headers["x-request-id"]
        assert given != bad
        assert len(given) == 32


async def test_a_crash_is_a_problem_and_the_log_has_its_id(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("a fault planted by the test")

    monkeypatch.setattr("app.assessments.service.Assessor.score", crash)
    answer = await client.post("/v1/score", json={"text": CANARY})
    check_problem(answer, 500, "internal_error")
    assert answer.headers["x-request-id"] in caplog.text
    assert CANARY not in caplog.text


async def test_logs_hold_the_route_and_never_the_text_or_query(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await client.post("/v1/score", json={"text": CANARY})
    await client.get(f"/v1/styles?q={CANARY}")
    await client.get(f"/v1/styles/{CANARY}")
    await client.get(f"/{CANARY}")
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "lead_or_manage.access"]
    assert [line["route"] for line in lines] == ["/v1/score", "/v1/styles", "/v1/styles/{slug}", None]
    assert CANARY not in "".join(record.getMessage() for record in caplog.records if "lead_or_manage" in record.name)
