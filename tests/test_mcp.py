"""MCP, tried with the client of the library against a real server."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from app.main import create_app
from app.settings import Settings
from tests.support.apps import scorer
from tests.support.databases import Databases
from tests.support.paths import ROOT
from tests.support.servers import Server, served
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio
MakeKey = Callable[..., str]
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@asynccontextmanager
async def calling(url: str, key: str | None = None, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"X-API-Key": key} if key else {}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"{url}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def asked(url: str, method: str, path: str, **more: Any) -> httpx.Response:
    return httpx.request(method, f"{url}{path}", timeout=60, **more)


async def told(client: Client, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    return answer.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    return str(answer.content[0].text)  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def closed(settings: Settings) -> Iterator[str]:
    """A server that goes by a name and asks everybody for a key."""
    strict = settings.model_copy(update={"require_key": True, "allowed_hosts": ("lom.example.com",)})
    with served(create_app(strict, scorer())) as url:
        yield url


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_assistant_judges_a_situation_as_the_api_does(server: Server, mode: str) -> None:
    body = {"text": SITUATION, "options": {"max_recommendations": 2}}
    api = asked(server.url, "POST", "/v1/score", json=body).json()
    async with calling(server.url, mode=mode) as client:
        judged = await told(client, "score_situation", text=SITUATION)
    for same in ("verdict", "status", "probabilities", "demand", "confidence", "explanation"):
        assert judged[same] == api[same], same
    assert [reason["slug"] for reason in judged["reasons"]] == [
        trait["slug"] for trait in api["criteria"] + api["factors"] if trait["present"]
    ]
    assert [reason["present_from"] for reason in judged["reasons"]] == [
        trait["present_from"] for trait in api["criteria"] + api["factors"] if trait["present"]
    ]
    quotes = [quote for reason in judged["reasons"] for quote in reason["quotes"] + reason["against"]]
    assert quotes and all(quote in SITUATION for quote in quotes)
    assert {name: judged[name] for name in api["recommendations"]} == api["recommendations"]
    assert judged["ask"] == [hint["ask"] for hint in api["missing"]]
    assert judged["model"] == api["versions"]["model"]


async def test_tools_say_when_to_use_them_and_what_they_take_and_answer(server: Server) -> None:
    async with calling(server.url) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "not people" in str(client.instructions)
    assert 4 <= len(tools) <= 6
    for tool in tools.values():
        assert "Use it" in str(tool.description), tool.name
        assert tool.output_schema, tool.name
        assert tool.annotations and tool.annotations.read_only_hint
    score = tools["score_situation"]
    assert "not people" in str(score.description)
    assert score.input_schema["required"] == ["text"]
    assert score.input_schema["properties"]["text"]["maxLength"] == 10_000


async def test_an_assistant_looks_up_the_catalogue(server: Server) -> None:
    criteria = asked(server.url, "GET", "/v1/criteria").json()["items"]
    styles = asked(server.url, "GET", "/v1/styles?concept=leadership&criterion=change").json()["items"]
    programs = asked(server.url, "GET", "/v1/programs?criterion=change&max_months=6&limit=3").json()
    differences = asked(server.url, "GET", "/v1/differences?limit=100").json()["items"]
    style = asked(server.url, "GET", "/v1/styles/transformational-leadership").json()
    async with calling(server.url) as client:
        known = await told(client, "list_criteria")
        assert [row["slug"] for row in known["criteria"]] == [row["slug"] for row in criteria]
        assert len(known["factors"]) == 4
        found = (await told(client, "list_styles", side="leadership", criterion="change"))["result"]
        assert [row["slug"] for row in found] == [row["slug"] for row in styles]
        assert all("change" in row["speaks_for"] for row in found)
        offered = await told(client, "find_programs", criterion="change", preferences={"max_months": 6}, limit=3)
        assert [row["slug"] for row in offered["programs"]] == [row["slug"] for row in programs["items"]]
        assert offered["total"] == programs["page"]["total"]
        hits = await told(client, "search_catalogue", kind="differences", limit=100)
        assert [hit["slug"] for hit in hits["hits"]] == [row["slug"] for row in differences]
        assert hits["total"] == len(differences)
        kinds = {hit["kind"] for hit in (await told(client, "search_catalogue", query="vision"))["hits"]}
        assert len(kinds) > 1
        whole = await told(client, "get_item", kind="styles", slug=style["slug"])
        assert whole.pop("details") | {name: whole[name] for name in ("slug", "name", "description", "href")} == style


async def test_a_mistake_is_answered_with_what_to_do_and_never_with_what_was_sent(server: Server) -> None:
    canary = "Zanzibarian"
    async with calling(server.url) as client:
        answers = {
            "1 to 10000 or the limit": await refused(client, "score_situation", text=f"{canary} " * 2000),
            "visible": await refused(client, "score_situation", text=" "),
            "takes text": await refused(client, "score_situation", text=SITUATION, person=canary),
            "valid string": await refused(client, "score_situation", text=[canary]),
            "'blended'": await refused(client, "find_programs", preferences={"delivery": canary}),
            "/v1/styles": await refused(client, "get_item", kind="styles", slug=canary),
            "score_situation": await refused(client, canary),
        }
    for hint, answer in answers.items():
        assert any(part in answer for part in hint.split(" or ")), answer
        assert canary not in answer


async def test_a_tool_needs_the_scope_that_its_route_needs(closed: str, make_key: MakeKey) -> None:
    assert asked(closed, "POST", "/mcp", json=PING).status_code == 401
    async with calling(closed, make_key("read")) as client:
        assert len((await told(client, "list_criteria"))["criteria"]) == 8
        assert "scope score" in await refused(client, "score_situation", text=SITUATION)
    async with calling(closed, make_key("score")) as client:
        assert (await told(client, "score_situation", text=SITUATION))["verdict"]
        for tool, arguments in (("list_criteria", {}), ("get_item", {"kind": "styles", "slug": "x"})):
            assert "scope read" in await refused(client, tool, **arguments)


def test_both_paths_work_and_nothing_else_than_post(server: Server) -> None:
    accept = {"Accept": "application/json, text/event-stream"}
    for path in ("/mcp", "/mcp/"):
        answer = asked(server.url, "POST", path, json=PING, headers=accept)
        assert (answer.status_code, answer.json()["result"]) == (200, {})
        for method in ("GET", "HEAD", "DELETE"):
            answer = asked(server.url, method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert asked(server.url, "GET", "/mcp/x").status_code == 404


def test_foreign_names_pages_and_media_types_are_refused(server: Server) -> None:
    refusals = {
        421: {"Host": "evil.example.com"},
        403: {"Origin": "https://evil.example.com"},
        415: {"Content-Type": "text/plain"},
    }
    for status, headers in refusals.items():
        answer = asked(server.url, "POST", "/mcp", json=PING, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "evil" not in answer.text


def test_a_service_with_a_name_answers_to_it_and_to_this_machine_alone(closed: str, make_key: MakeKey) -> None:
    mine = {"X-API-Key": make_key("read")}
    for host in ("lom.example.com", "LOM.example.com:8443", "127.0.0.1", "localhost:5", "[::1]"):
        assert asked(closed, "GET", "/v1/criteria", headers=mine | {"Host": host}).status_code == 200, host
    for host in ("evil.example.com", "lom.example.com.evil.example", "127.0.0.1.evil.example", "lom.example.comx"):
        for path in ("/v1/criteria", "/healthz", "/docs"):
            answer = asked(closed, "GET", path, headers=mine | {"Host": host})
            assert (answer.status_code, answer.json()["code"]) == (421, "misdirected_request"), host
    named = mine | {"Host": "lom.example.com", "Origin": "https://lom.example.com"}
    accept = {"Accept": "application/json, text/event-stream"}
    assert asked(closed, "POST", "/mcp", json=PING, headers=named | accept).status_code == 200


@pytest.mark.both_databases
async def test_scoring_goes_on_and_the_catalogue_says_so_when_the_database_goes_away(databases: Databases) -> None:
    url = databases.seeded()
    server = Server(url)
    try:
        server.wait()
        async with calling(server.url) as client:
            judged = await told(client, "score_situation", text=SITUATION)
            databases.destroy(url)
            assert await told(client, "score_situation", text=SITUATION) == judged
            assert await refused(client, "list_criteria") == "The database does not answer just now. Try again."
    finally:
        server.stop()


def test_the_service_runs_without_the_extra() -> None:
    program = (
        "import sys; sys.modules['mcp'] = None\n"
        "from app.main import create_app; from app.settings import Settings\n"
        "app = create_app(Settings(database_url='sqlite:///unused.db'))\n"
        "assert not hasattr(app.state, 'mcp'); assert '/v1/score' in app.openapi()['paths']\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
