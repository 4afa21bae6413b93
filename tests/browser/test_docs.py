"""The documentation in a real browser: both views work under the policy."""

import re

import pytest
from playwright.sync_api import Browser, Page

from tests.support.pages import brightness
from tests.support.servers import Server


def test_a_stranger_scores_a_situation_from_the_documentation(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    page.get_by_text("Judge a situation", exact=True).last.click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".responses-table.live-responses-table")
    answer.wait_for(timeout=60_000)
    assert "200" in answer.inner_text()
    assert "probabilities" in answer.inner_text()


def test_execute_in_the_browser_sends_no_query_but_the_size_of_the_page(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    for operation in ("list_styles", "list_programs", "get_program", "get_model"):
        block = page.locator(f"[id$='-{operation}']")
        block.locator(".opblock-summary-control").first.click()
        with page.expect_response(re.compile("/v1/")) as answered:
            block.get_by_role("button", name="Execute").click()
        assert answered.value.status == 200
        assert answered.value.url.partition("?")[2] in {"", "limit=20"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
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
