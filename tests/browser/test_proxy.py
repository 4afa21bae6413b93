"""The pages in a real browser under a path, as behind a proxy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from app.main import create_app
from app.settings import Settings
from tests.support.apps import scorer
from tests.support.servers import served
from tests.support.texts import SITUATION

ROOT_PATH = "/lom"


@pytest.fixture(scope="module")
def under_a_path(settings: Settings) -> Iterator[str]:
    with served(create_app(settings.model_copy(update={"root_path": ROOT_PATH}), scorer())) as url:
        yield url


def test_the_pages_work_in_a_browser_under_the_path(browser: Browser, under_a_path: str) -> None:
    page = browser.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
    page.goto(f"{under_a_path}{ROOT_PATH}/")
    page.get_by_role("textbox", name="The situation").fill(SITUATION)
    page.locator("#judge-result .verdict").wait_for(timeout=60_000)
    page.goto(f"{under_a_path}{ROOT_PATH}/docs")
    page.locator("[id$='-list_styles'] .opblock-summary-control").first.click(timeout=60_000)
    with page.expect_response(lambda response: "/v1/styles" in response.url) as answered:
        page.locator("[id$='-list_styles']").get_by_role("button", name="Execute").click()
    assert answered.value.status == 200
    assert answered.value.url.startswith(f"{under_a_path}{ROOT_PATH}/v1/styles")
    page.get_by_role("link", name="quickstart for integrators").first.wait_for()
    page.close()
    assert trouble == []
