"""The documentation in a real browser: no foreign request, no violation of the policy, Execute works."""

import shutil
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.conftest import Server, cannot_run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        cannot_run("Chromium: no browser on this machine, so the documentation page was not tried in one")
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=quiet)
        except Error:
            cannot_run("Chromium: the browser does not start on this machine")
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    trouble: list[str] = []
    page.on(
        "request", lambda request: request.url.startswith((server.url, "data:", "blob:")) or trouble.append(request.url)
    )
    page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    yield page
    page.close()
    assert trouble == []


def test_a_stranger_scores_a_situation_from_the_documentation(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/")
    assert page.url == f"{server.url}/docs"
    page.get_by_text("Judge a situation").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".responses-table.live-responses-table")
    answer.wait_for(timeout=15_000)
    assert "200" in answer.inner_text()
    assert "probabilities" in answer.inner_text()


def test_a_list_executes_as_it_stands(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    page.get_by_text("List the styles").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".responses-table.live-responses-table")
    answer.wait_for(timeout=15_000)
    assert "autocratic-leadership" in answer.inner_text()


def test_an_item_executes_as_it_stands(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    page.get_by_text("Get a program").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".responses-table.live-responses-table")
    answer.wait_for(timeout=15_000)
    assert "chicago-booth-adp" in answer.inner_text()


def test_the_page_is_served_under_a_strict_policy(server: Server) -> None:
    answer = httpx.get(f"{server.url}/docs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
