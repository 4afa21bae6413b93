"""The documentation in a real browser: no foreign request, no violation of the policy, Execute works."""

import httpx
from playwright.sync_api import Page

from tests.conftest import Server


def test_a_stranger_scores_a_situation_from_the_documentation(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
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
