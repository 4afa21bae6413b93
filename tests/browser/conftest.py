"""A browser and its pages. Its loop runs in this thread while it is open, so the package has no asynchronous tests."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.support.missing import cannot_run
from tests.support.servers import Server

expect.set_options(timeout=30_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        cannot_run("Chromium: no browser on this machine, so the pages were not tried in one")
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=quiet)
        except Error:
            cannot_run("Chromium: the browser does not start on this machine")
        yield browser
        browser.close()


@pytest.fixture
def trouble() -> list[str]:
    """Foreign requests and errors of the page; a test that provokes some takes them out."""
    return []


@pytest.fixture
def scheme() -> Any:
    """The colours that the system asks for."""
    return "light"


@pytest.fixture
def page(browser: Browser, server: Server, trouble: list[str], scheme: Any) -> Iterator[Page]:
    """A page that may only talk to the server, and must not complain."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600}, color_scheme=scheme)
    page.on(
        "request", lambda request: request.url.startswith((server.url, "data:", "blob:")) or trouble.append(request.url)
    )
    page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.set_default_timeout(60_000)
    yield page
    page.unroute_all(behavior="ignoreErrors")
    page.close()
    assert trouble == []
