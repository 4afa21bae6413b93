"""The guides in a real browser."""

import pytest
from playwright.sync_api import Page

from tests.support.pages import brightness
from tests.support.servers import Server


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["quickstart", "mistakes", "operating"])
def test_the_pages_fit_a_phone_and_follow_the_colours(page: Page, server: Server, name: str, scheme: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{server.url}/docs/{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    dark = brightness(page, "background-color") < brightness(page, "color")
    assert dark == (scheme == "dark")
