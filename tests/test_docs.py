"""The documentation: every operation executes as it stands, and both views work in a real browser under the policy."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.support.pages import brightness
from tests.support.servers import Server


def executed(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    """What Execute sends for every operation, once for each example of its body: method, path, query, body."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("security", [{}])[0]:
                continue  # needs a key
            url, query = path, {}
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "path" or "example" not in parameter, (
                    "a query is prefilled by its default only"
                )
                if parameter["in"] == "path":
                    url = url.replace(f"{{{parameter['name']}}}", parameter["example"])
                elif parameter["schema"].get("default") not in (None, []):
                    query[parameter["name"]] = parameter["schema"]["default"]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in body.get("examples", {"none": {"value": None}}).values():
                if {} in operation.get("security", [{}]):  # the others need a key, and something that is kept
                    yield method, url, query, example["value"]


@pytest.mark.anyio
async def test_every_operation_executes_as_it_stands(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    requests = list(executed(document))
    assert len(requests) > 25
    for method, url, query, body in requests:
        answer = await client.request(method, url, params=query, json=body)
        assert answer.status_code == 200, (url, answer.text)
        assert answer.json().get("items", ["an item"]), f"{url} answers nothing"


@pytest.mark.anyio
async def test_the_reading_view_names_every_path_parameter_schema_and_field(client: httpx.AsyncClient) -> None:
    document, page = (await client.get("/openapi.json")).json(), (await client.get("/docs/reading")).text
    for path, operations in document["paths"].items():
        assert f"<code>{path}</code>" in page
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page
            for parameter in operation.get("parameters", []):
                assert f"<code>{parameter['name']}</code>" in page
    for name, schema in document["components"]["schemas"].items():
        section = page.partition(f'id="schema-{name}"')[2].partition("</section>")[0]
        for field in schema["properties"]:
            assert f"<code>{field}</code>" in section, f"{name}.{field}"
    targets = re.findall(r'id="([^"]+)"', page)
    assert len(targets) == len(set(targets))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(targets)


@pytest.mark.anyio
async def test_the_reading_view_has_no_script_and_allows_none(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs/reading")
    assert not re.search(r"<script|<style|\son\w+=|\sstyle=|javascript:", answer.text, re.IGNORECASE)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy and "unsafe" not in policy


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_stranger_scores_a_situation_from_the_documentation(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    page.get_by_text("Judge a situation", exact=True).last.click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".responses-table.live-responses-table")
    answer.wait_for(timeout=60_000)
    assert "200" in answer.inner_text()
    assert "probabilities" in answer.inner_text()


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_execute_in_the_browser_sends_no_query_but_the_size_of_the_page(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    for operation in ("list_styles", "list_programs", "get_program", "get_model"):
        block = page.locator(f"[id$='-{operation}']")
        block.locator(".opblock-summary-control").first.click()
        with page.expect_response(re.compile("/v1/")) as answered:
            block.get_by_role("button", name="Execute").click()
        assert answered.value.status == 200
        assert answered.value.url.partition("?")[2] in {"", "limit=20"}


def test_the_page_follows_the_colours_of_the_system(page: Page, server: Server, scheme: str) -> None:
    page.goto(f"{server.url}/docs")
    page.locator(".opblock").first.wait_for(timeout=60_000)
    assert (scheme == "dark") == page.evaluate("document.documentElement.classList.contains('dark-mode')")
    assert (
        brightness(page, "background-color") > 127 if scheme == "light" else brightness(page, "background-color") < 64
    )
    with page.expect_popup() as opened:  # Swagger UI opens the links of a description in a new tab
        page.get_by_role("link", name="To read").click()
    reading = opened.value
    reading.wait_for_url(f"{server.url}/docs/reading")
    dark = brightness(reading, "background-color") < brightness(reading, "color")
    assert dark == (scheme == "dark")
    reading.get_by_role("link", name="Try it").click()
    reading.wait_for_url(f"{server.url}/docs")


def test_the_reading_view_needs_no_script_and_fits_a_phone(browser: Browser, server: Server) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/docs/reading#schema-Evidence")
    assert page.get_by_role("heading", name="Evidence", exact=True).is_visible()
    assert page.locator("main").bounding_box()["width"] <= 360  # type: ignore[index]
    assert all(url.startswith((server.url, "data:")) for url in asked)
    context.close()


def test_the_page_is_served_under_a_strict_policy(server: Server) -> None:
    answer = httpx.get(f"{server.url}/docs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
