"""Bodies of every shape cost little: access before anything else, counts before contents, and nobody waits."""

import json
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from starlette.types import Message

from app import json_limits
from app.access.keys import SCOPES
from app.access.scopes import Forbidden
from app.assessments.routes import BatchRoute
from app.assessments.service import Assessor
from app.bodies import JSONRoute
from app.errors import AppError, MalformedBody, TooLarge
from app.jobs.reading import json_item
from app.json_limits import MAX_DIGITS, PIECE, Limits, check, limits, parse
from app.main import create_app
from app.settings import Settings
from app.validation import fields_at
from tests.support.apps import key, running
from tests.support.loops import Gaps
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio
MakeKey = Callable[..., str]

MIB = 1024 * 1024
JSON = {"content-type": "application/json"}
PATCH = {"content-type": "application/merge-patch+json"}


def filled(unit: bytes, size: int, head: bytes = b"", tail: bytes = b"") -> bytes:
    return head + unit * ((size - len(head) - len(tail)) // len(unit)) + tail


def hostile(size: int) -> dict[str, bytes]:
    """Bodies of this size that cost much to parse, to validate or to complain about."""
    items, text = b'{"items":[', b'{"items":[{"text":"'
    return {
        "objects": filled(b"{},", size, items, b"{}]}"),
        "lists": filled(b"[],", size, items, b"[]]}"),
        "numbers": filled(b"1,", size, items, b"1]}"),
        "strings": filled(b'"",', size, items, b'""]}'),
        "escaped strings": filled(b'"\\"",', size, items, b'""]}'),
        "nested lists": b"[" * size,
        "nested objects": filled(b'{"a":', size),
        "keys": filled(b'"k":1,', size, b"{", b'"k":1}'),
        "inner keys": filled(b'"k":1,', size, b'{"options":{', b'"k":1}}'),
        "a long number": filled(b"9", size, items, b"]}"),
        "a long fraction": filled(b"9", size, items + b"1.", b"]}"),
        "numbers beyond floats": filled(b"1e999,", size, items, b"1]}"),
        "backslashes": filled(b"\\\\", size, text, b'"}]}'),
        "a long text with one wide character": filled(b"a", size, text + "🙂".encode(), b'"}]}'),
        "spaces": b" " * size,
    }


@pytest.mark.parametrize("name", hostile(100))
def test_a_hostile_body_is_refused_before_it_is_parsed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*_: object) -> None:
        raise AssertionError("the parser saw the body")

    body = hostile(8 * MIB)[name]
    if name != "spaces":
        monkeypatch.setattr("app.json_limits.json.loads", parsed)
    tracemalloc.start()
    with pytest.raises(AppError) as refused:
        parse(body, BatchRoute.limits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.status in {400, 413}
    assert peak < 20 * MIB


def read_until_refused(body: bytes, allowed: Limits, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many pieces of a body are read before it is refused."""
    pieces: list[int] = []
    original = json_limits._Count.add

    def counted(self: Any, piece: bytes) -> None:
        pieces.append(len(piece))
        original(self, piece)

    monkeypatch.setattr(json_limits._Count, "add", counted)
    with pytest.raises(AppError):
        check(body, allowed)
    assert max(pieces) <= PIECE
    return len(pieces)


@pytest.mark.parametrize("name", ["objects", "lists", "numbers", "nested lists", "keys", "a long number"])
def test_the_first_pieces_are_enough_to_refuse(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_until_refused(hostile(8 * MIB)[name], BatchRoute.limits, monkeypatch) == 1


@pytest.mark.parametrize(
    "value",
    [
        {"a": ["x,[{", 'say "hi"', "\\", "\\\\", '\\"', "ü🙂", 1.5, None]},
        ['"' * 50, "\\" * 101, "\\\\\\" * 7 + '"'],
        {"items": [{"id": str(n), "text": "a, b [c] {d}", "group": "x"} for n in range(1000)], "options": {}},
    ],
)
@pytest.mark.parametrize("piece", [2, 3, 7, 64])
def test_what_is_counted_is_what_json_holds_wherever_the_pieces_end(
    value: Any, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def values(part: Any) -> int:
        inner = list(part.values()) if isinstance(part, dict) else part if isinstance(part, list) else None
        return 0 if inner is None else 1 + max(0, len(inner) - 1) + sum(values(one) for one in inner)

    monkeypatch.setattr("app.json_limits.PIECE", piece)
    for ascii_only in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_only).encode()
        assert parse(body, limits(values(value))) == value
        with pytest.raises(TooLarge):
            parse(body, limits(values(value) - 1))


def test_a_number_may_have_a_thousand_digits_and_no_more() -> None:
    assert parse(b"9" * MAX_DIGITS, limits(1)) == int("9" * MAX_DIGITS)
    with pytest.raises(MalformedBody, match="digits"):
        parse(b"9" * (MAX_DIGITS + 1), limits(1))


def test_the_largest_batch_that_is_allowed_passes_in_any_spelling() -> None:
    text, name = "🙂" * 200, "é" * 200
    batch = {"items": [{"id": name, "group": name, "text": text} for _ in range(1000)], "summarise": True}
    for spelled in (json.dumps(batch), json.dumps(batch, ensure_ascii=False), json.dumps(batch, indent=2)):
        assert len(spelled) < 8 * MIB
        check(spelled.encode(), BatchRoute.limits)


def operations() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every path that takes JSON, with its method and the header of its media type."""
    app = create_app(Settings(database_url="sqlite:///unused.db"))
    for path, described in app.openapi()["paths"].items():
        for method, operation in described.items():
            for media_type in operation.get("requestBody", {}).get("content", {}):
                if media_type.endswith("json") and "ndjson" not in media_type:
                    url = path.replace("{slug}", "x").replace("{id}", "x")
                    yield method.upper(), url, {"content-type": media_type, "if-match": '"x"'}
    yield "POST", "/mcp", JSON | {"accept": "application/json, text/event-stream", "host": "localhost"}


async def test_no_shape_of_a_body_stops_the_others_on_any_path(settings: Settings, make_key: MakeKey) -> None:
    mine = key(make_key(*SCOPES))
    async with running(settings) as client:
        gaps = Gaps()
        asked = [
            (*one, *shape)
            for one in operations()
            for shape in hostile(MIB if "batch" in one[1] else 100 * 1024).items()
        ]
        async with gaps.watched():
            for method, url, headers, name, body in asked:
                answer = await client.request(method, url, content=body, headers=headers | mine)
                assert answer.status_code in {400, 413, 422}, (url, name)
    assert gaps.longest < 3  # the fault was 12 s; whoever measures shares this loop, and the machine


async def test_a_batch_is_refused_by_its_count_before_an_item_is_looked_at(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    monkeypatch.setattr("app.assessments.batch.read_item", looked.append)
    answer = await client.post("/v1/score/batch", json={"items": [{}] * 1001})
    assert answer.status_code == 413
    assert "1001" in answer.json()["detail"]
    assert looked == []


async def test_only_twenty_faults_are_told_and_a_thousand_wrong_items_each_get_their_own(
    client: httpx.AsyncClient,
) -> None:
    many = await client.post("/v1/score", json={f"x{n}": 1 for n in range(900)})
    assert (many.status_code, len(many.json()["errors"])) == (422, 20)
    batch = await client.post("/v1/score/batch", json={"items": [[1, 2, 3]] * 1000})
    assert batch.json()["summary"] == {"ok": 0, "error": 1000}


async def test_json_inside_a_string_is_not_parsed_for_an_assistant(settings: Settings) -> None:
    arguments = {"preferences": "[" + "[]," * 50_000 + "[]]"}
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "find_programs", "arguments": arguments},
    }
    headers = {"accept": "application/json, text/event-stream", "host": "localhost"}
    async with running(settings) as client:
        answer = await client.post("/mcp", json=call, headers=headers)
    assert answer.json()["result"]["content"][0]["text"] == "preferences: longer than 2000 characters."


MEDIA_TYPES = {
    "; charset=utf8": True,
    '; charset="UTF-8"': True,
    ";charset=utf-8": True,
    " ; Charset = UTF_8 ": True,
    "; charset=us-ascii": True,
    "; charset=": True,
    ";": True,
    "; profile=x; charset=utf-8; q=1": True,
    "; charset*=utf-8''utf-8": True,
    "; charset=latin-1": False,
    "; charset=utf-16": False,
    "; charset=nonsense": False,
}


async def test_every_route_reads_parameters_of_a_media_type_alike(settings: Settings, make_key: MakeKey) -> None:
    mine = key(make_key(*SCOPES))
    line = json.dumps({"text": SITUATION})
    sent = {
        "/v1/score": ("application/json", '{"text": " "}'),
        "/v1/score/batch": ("Application/JSON", '{"items": []}'),
        "/v1/assessments": ("application/json", '{"text": " "}'),
        "/v1/jobs": ("application/x-ndjson", line),
        "/v1/jobs?text_column=text": ("text/csv", f'text\n"{SITUATION}"'),
        "/mcp": ("application/json", '{"jsonrpc": "2.0", "id": 1, "method": "ping"}'),
    }
    headers = mine | {"accept": "application/json, text/event-stream", "host": "localhost"}
    async with running(settings) as client:
        for url, (media_type, body) in sent.items():
            for parameters, taken in MEDIA_TYPES.items():
                declared = {"content-type": media_type + parameters}
                answer = await client.post(url, content=body, headers=headers | declared)
                assert (answer.status_code != 415) == taken, (url, parameters, answer.text)


async def test_an_address_or_a_media_type_of_many_parameters_is_refused_at_once(client: httpx.AsyncClient) -> None:
    for query in ("&" * 5000, "&".join(f"x{n}=1" for n in range(101)), "status=judged&" * 2000):
        answer = await client.get(f"/v1/criteria?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert (await client.get("/v1/programs?focus=technology" + "&focus=leadership" * 2)).status_code == 200
    for parameters in (";a=b" * 5000, ';"' * 10_000):
        headers = {"content-type": f"application/json{parameters}"}
        assert (await client.post("/v1/score", content=b"{}", headers=headers)).status_code == 415


async def test_unknown_fields_are_answered_with_the_known_ones_wherever_they_stand(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    mine = key(make_key(*SCOPES))
    canary = {"canary": 1}
    program = {"source": [{"title": "x"} | canary], "skills": [{"slug": "x", "why": "y"} | canary]}
    cases: list[tuple[str, str, Any, dict[str, set[str]]]] = [
        ("POST", "/v1/score", {"text": "x"} | canary, {"": {"text", "id", "options"}}),
        ("POST", "/v1/score", {"text": "x", "options": canary}, {"/options": {"include", "language", "preferences"}}),
        (
            "POST",
            "/v1/score/batch",
            {"items": [{"text": "x"}], "options": {"preferences": canary}},
            {"/options/preferences": {"focus", "max_months"}},
        ),
        ("POST", "/v1/assessments", {"text": "x"} | canary, {"": {"text", "subject_ref", "retention_days"}}),
        (
            "POST",
            "/v1/assessments/x/feedback",
            {"agree": True, "criteria": [{"slug": "change", "present": False, "evidence": [{"quote": "x"} | canary]}]},
            {"/criteria/0/evidence/0": {"quote"}},
        ),
        ("POST", "/v1/programs", program, {"/source/0": {"title", "url"}, "/skills/0": {"slug", "why", "basis"}}),
        (
            "PATCH",
            "/v1/skills/x",
            canary | {"source": [{"title": "x"} | canary]},
            {"": {"name"}, "/source/0": {"year"}},
        ),
    ]
    for method, url, body, allowed in cases:
        headers = mine | (PATCH | {"if-match": '"x"'} if method == "PATCH" else JSON)
        answer = await client.request(method, url, content=json.dumps(body), headers=headers)
        told = {error["pointer"]: error for error in answer.json()["errors"] if error["code"] == "extra_forbidden"}
        assert answer.status_code == 422, answer.text
        assert set(told) == set(allowed), url
        for pointer, names in allowed.items():
            assert names <= set(told[pointer]["message"].partition("allowed are ")[2].split(", ")), url
        assert "canary" not in answer.text


async def test_unknown_fields_of_items_and_lines_are_answered_with_the_known_ones(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/score/batch", json={"items": [{"text": "x", "canary": 1}]})
    (item,) = answer.json()["results"]
    assert item["error"]["detail"] == "The item does not fit: unknown field; allowed are text, id, group."
    assert "canary" not in answer.text


def test_an_unknown_field_of_a_line_is_answered_with_the_known_ones() -> None:
    item = json_item(b'{"text": "x", "canary": 1}')
    assert item.message == "The item does not fit: unknown field; allowed are text, id, group."
    crowded = json_item(b'{"text": "x"' + b', "canary": 1' * 200 + b"}")
    assert (crowded.code, crowded.message) == ("line_invalid", "The line holds more than 100 values, the limit.")


async def test_an_unknown_field_in_a_call_of_an_assistant_is_answered_with_the_known_ones(settings: Settings) -> None:
    params = {"name": "find_programs", "arguments": {"preferences": {"canary": 1}}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {"accept": "application/json, text/event-stream", "host": "localhost"}
    async with running(settings) as client:
        answer = await client.post("/mcp", json=call, headers=headers)
    told = answer.json()["result"]["content"][0]["text"]
    assert told == "preferences: unknown field; allowed are focus, delivery, pace, max_months"


def test_every_field_of_every_body_is_found_by_its_path() -> None:
    app = create_app(Settings(database_url="sqlite:///unused.db"))
    for route in iter_route_contexts(app.routes):
        for body in getattr(getattr(route, "dependant", None), "body_params", ()):
            assert fields_at(body.field_info.annotation, []), route.path


async def test_who_lacks_a_key_is_told_so_before_anything_else_on_every_route(settings: Settings) -> None:
    """With reading and scoring open: what else a request gets wrong is nobody's business without a key."""
    large = b"x" * (256 * 1024 + 1)
    asked = 0
    async with running(settings) as client:
        document = (await client.get("/openapi.json")).json()
        for path, described in document["paths"].items():
            url = path.replace("{slug}", "x").replace("{version}", "current").replace("{ref}", "x")
            for method, operation in described.items():
                if not operation.get("security") or {} in operation["security"]:
                    continue
                for body, headers in ((b"{", {}), (b"{", JSON), (b"\xff", PATCH), (large, JSON), (b"", {})):
                    for query in ("", "?nonsense=1"):
                        answer = await client.request(method.upper(), url + query, content=body, headers=headers)
                        assert answer.status_code == 401, (method, url, answer.text)
                        asked += 1
    assert asked > 100


async def test_who_lacks_a_scope_is_told_so_before_anything_else(settings: Settings, make_key: MakeKey) -> None:
    mine = key(make_key("read"))
    async with running(settings) as client:
        for method, url in (("POST", "/v1/programs"), ("PATCH", "/v1/skills/x"), ("POST", "/v1/score")):
            answer = await client.request(method, url, content=b"x" * 300_000, headers=mine | {"content-type": "x/y"})
            assert (answer.status_code, answer.json()["code"]) == (403, Forbidden.code)
        assert (await client.request("PUT", "/v1/score", headers=mine)).status_code == 405


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """The lines of the access log so far."""
    caplog.set_level(logging.INFO)

    def read() -> list[dict[str, Any]]:
        return [json.loads(record.getMessage()) for record in caplog.records if record.name == "lead_or_manage.access"]

    return read


@pytest.mark.parametrize(
    ("path", "media_type"), [("/v1/jobs", b"application/x-ndjson"), ("/v1/score", b"application/json")]
)
async def test_a_client_that_hangs_up_is_no_crash(
    settings: Settings, make_key: MakeKey, lines: Callable[[], list[dict[str, Any]]], path: str, media_type: bytes
) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"text": "half', "more_body": True},
        {"type": "http.disconnect"},
    ]
    headers = [(b"host", b"test"), (b"content-type", media_type), (b"x-api-key", make_key("score").encode())]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers, "state": {}}
    app = create_app(settings)
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async with app.router.lifespan_context(app):
        await app(scope | {"http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1)}, receive, send)
    (line,) = lines()
    assert (line["event"], line["status"], line["bytes_in"]) == ("request", 499, len(b'{"text": "half'))
    assert sent == []


async def test_the_log_names_the_model_of_kept_assessments_and_the_bytes_of_uploads(
    settings: Settings, make_key: MakeKey, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    mine = key(make_key(*SCOPES))
    body = json.dumps({"text": SITUATION})
    async with running(settings) as client:
        await client.post("/v1/assessments", content=body, headers=mine | JSON)
        await client.post("/v1/jobs", content=body, headers=mine | {"content-type": "application/x-ndjson"})
        model = (await client.get("/v1/models/current")).json()["version"]
    kept, upload, _ = lines()
    assert kept["model"] == model
    assert upload["bytes_in"] == len(body)


async def test_the_document_is_ready_before_the_first_request_and_errors_do_without_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as client:

        def generated(*_: object) -> None:
            raise AssertionError("the document was generated in a request")

        monkeypatch.setattr("fastapi.FastAPI.openapi", generated)
        monkeypatch.setattr("app.docs.openapi.add_examples", generated)
        assert (await client.get("/openapi.json")).json()["openapi"].startswith("3.1")
        answer = await client.get("/v1/programs?colour=red")
    assert "allowed are limit, cursor, q, sort" in answer.json()["detail"]


async def test_pages_of_other_origins_may_send_and_read_every_header(settings: Settings, make_key: MakeKey) -> None:
    origin = {"Origin": "https://hr.example.com"}
    listed = settings.model_copy(update={"cors_origins": ("https://hr.example.com",)})
    async with running(listed) as client:
        document = (await client.get("/openapi.json")).json()
        for path, described in document["paths"].items():
            for method, operation in described.items():
                named = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
                asked = [*named, "x-api-key", "authorization", "content-type", "if-none-match", "mcp-protocol-version"]
                headers = origin | {"Access-Control-Request-Method": method.upper()}
                headers["Access-Control-Request-Headers"] = ", ".join(asked)
                answer = await client.options(path, headers=headers)
                assert answer.status_code == 200, path
                assert set(asked) <= set(answer.headers["access-control-allow-headers"].split(", ")), path
        mine = key(make_key(*SCOPES)) | origin | {"Idempotency-Key": "cors", "content-type": "application/x-ndjson"}
        for _ in range(2):
            replayed = await client.post("/v1/jobs", content=json.dumps({"text": SITUATION}), headers=mine)
        listing = await client.get("/v1/criteria", headers=origin)
        foreign = await client.get("/v1/criteria", headers={"Origin": "https://evil.example.com"})
    assert {"location", "idempotency-replayed", "x-request-id"} <= exposed(replayed)
    assert {"etag", "x-request-id"} <= exposed(listing)
    assert "access-control-expose-headers" not in foreign.headers


def exposed(answer: httpx.Response) -> set[str]:
    return set(answer.headers["access-control-expose-headers"].split(", "))


async def test_one_crashing_text_has_an_error_of_its_own_and_the_log_its_type(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    judge = Assessor.judge

    def crash(self: Assessor, known: Any, text: str, *more: Any) -> Any:
        if text.startswith("canary"):
            raise ZeroDivisionError("canary")
        return judge(self, known, text, *more)

    monkeypatch.setattr(Assessor, "judge", crash)
    items = [{"text": SITUATION}, {"id": "b", "text": "canary breaks it"}, {"text": SITUATION}]
    answer = await client.post("/v1/score/batch", json={"items": items})
    assert [result["status"] for result in answer.json()["results"]] == ["ok", "error", "ok"]
    error = answer.json()["results"][1]["error"]
    assert (error["code"], error["errors"][0]["pointer"]) == ("scoring_failed", "/items/1/text")
    assert "ZeroDivisionError" in caplog.text
    assert "canary" not in caplog.text


def test_every_route_that_takes_json_counts_it() -> None:
    app = create_app(Settings(database_url="sqlite:///unused.db"))
    taking = [route for route in iter_route_contexts(app.routes) if getattr(route, "body_field", None)]
    assert len(taking) >= 8
    assert all(isinstance(route.original_route, JSONRoute) for route in taking)
