"""The guides in a real browser."""

import re

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


def test_the_reading_view_is_a_print_of_under_sixty_pages_and_hides_nothing_on_screen(
    page: Page, server: Server
) -> None:
    page.goto(f"{server.url}/docs/reading")
    assert page.locator("ol > li").count() > 3, "numbered lists are lists"
    elsewhere = "[...document.querySelectorAll('main *')].filter((one) => !one.closest('.paper'))"
    hidden = page.evaluate(f"{elsewhere}.filter((one) => !one.checkVisibility()).length")
    assert hidden == 0, "what only paper has stands elsewhere on screen"
    printed = page.pdf(prefer_css_page_size=True)
    assert 10 < len(re.findall(rb"/Type\s*/Page\b", printed)) < 60
