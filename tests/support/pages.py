"""What a page looks like."""

import re

from playwright.sync_api import Page


def brightness(page: Page, colour: str) -> float:
    """The mean of red, green and blue of this colour of the body."""
    value = page.evaluate(f"getComputedStyle(document.body).getPropertyValue('{colour}')")
    return sum(int(part) for part in re.findall(r"\d+", value)[:3]) / 3
