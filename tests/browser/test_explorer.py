"""The explorer in a real browser: no foreign request, no violation of the policy, every view by hand and by key."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from app.main import create_app
from app.settings import Settings
from tests.support.apps import scorer
from tests.support.servers import Server, served
from tests.support.texts import SITUATION

PATIENCE = 30_000
EMOJI = "🏭 "  # two UTF-16 units: offsets in any other unit would be off by one


def judged(page: Page, desk: str = "judge") -> Locator:
    """The judgement of a desk, once it stands there."""
    expect(page.locator(f"#{desk}-status")).to_contain_text("Status:")
    return page.locator(f"#{desk}-result")


def answer_to(server: Server, text: str) -> dict[str, object]:
    body = {"text": text, "options": {"offset_unit": "utf16"}}
    answer: dict[str, object] = httpx.post(f"{server.url}/v1/score", json=body).json()
    return answer


def fits_the_width(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_what_is_typed_is_judged_when_the_writer_pauses(page: Page, server: Server) -> None:
    text = "Half the crew no longer speaks to the other half."
    asked: list[str] = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.post_data or ""))
    page.goto(server.url)
    box = page.get_by_role("textbox", name="The situation")
    box.fill(text[:-6])
    box.press_sequentially(text[-6:])
    shown = judged(page)
    answer = answer_to(server, text)
    assert json.loads(asked[-1])["text"] == text
    assert len(asked) <= 3
    assert str(answer["explanation"]) in shown.inner_text()
    meters = shown.get_by_role("meter")
    demand = answer["demand"]
    assert isinstance(demand, dict)
    values = [meters.nth(i).get_attribute("aria-valuenow") for i in range(2)]
    assert values == [str(int(demand[side] * 100 + 0.5)) for side in ("leadership", "management")]
    assert shown.locator(".trait").count() == 12
    assert shown.locator(".column.leadership .trait").count() == shown.locator(".column.management .trait").count() == 4


def test_a_newer_text_overtakes_an_older_one(page: Page, server: Server) -> None:
    page.goto(server.url)

    def hold(route: Route) -> None:
        if "slow" in (route.request.post_data or ""):
            page.get_by_role("textbox", name="The situation").fill(
                "Forty invoices a day, each checked against the order."
            )
            page.wait_for_timeout(700)
        route.continue_()

    page.route("**/v1/score", hold)
    page.get_by_role("textbox", name="The situation").fill("A slow text about a merger of two plants.")
    judged(page)
    assert "Forty invoices" in page.locator("#judge blockquote").inner_text()


def test_the_first_judgement_costs_little(page: Page, server: Server) -> None:
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.update({response.url: len(response.body())}))
    page.goto(server.url)
    page.get_by_role("textbox", name="The situation").fill(SITUATION)
    judged(page)
    page.wait_for_load_state("networkidle")
    assert len(sizes) <= 6
    assert sum(size for url, size in sizes.items() if not url.endswith("/v1/catalogue")) < 100_000
    assert sum(sizes.values()) < 150_000


def test_the_keyboard_lights_up_the_words_of_a_criterion(page: Page, server: Server) -> None:
    text = EMOJI + SITUATION
    answer = answer_to(server, text)
    page.goto(server.url)
    page.get_by_role("textbox", name="The situation").fill(text)
    judged(page)
    for trait in answer["criteria"]:  # type: ignore[attr-defined]
        button = page.locator(f"#judge .trait[data-slug={trait['slug']}]")
        assert button.evaluate("element => (element.focus(), element.matches(':focus-visible'))")
        for polarity, mark in (("supports", "for"), ("counters", "against")):
            quotes = [quote["quote"] for quote in trait["evidence"] if quote["polarity"] == polarity]
            lit = "".join(page.locator(f"#judge mark.{mark}").all_inner_texts())
            assert all(quote in lit for quote in quotes)
            assert bool(lit) == bool(quotes)
    page.keyboard.press("Enter")
    assert page.locator("#judge .trait[aria-pressed=true]").count() == 1
    page.keyboard.press("Tab")
    page.get_by_role("textbox", name="The situation").focus()
    assert page.locator("#judge .told.lit").count() == 1


def test_a_bar_has_a_line_from_where_on_its_criterion_is_present_and_the_tick_goes_by_that(
    page: Page, server: Server
) -> None:
    answer = answer_to(server, SITUATION)
    told: list[tuple[float, float]] = [(0.39, 0.35), (0.49, 0.5), (0.35, 0.35), (0.3, 0.9)]
    for trait, (probability, limit) in zip(answer["criteria"], told, strict=False):  # type: ignore[call-overload]
        trait |= {"probability": probability, "present_from": limit, "present": probability >= limit}
    answer |= {"status": "uncertain"}
    answer["confidence"] |= {"band": "uncertain", "accuracy": 0.64, "n": 54}  # type: ignore[operator]
    page.route("**/v1/score", lambda route: route.fulfill(json=answer))
    page.goto(f"{server.url}/#{httpx.QueryParams({'view': 'judge', 'text': SITUATION})}")
    judged(page)
    assert page.locator("#judge .trait .middle").count() == 0
    for trait in answer["criteria"] + answer["factors"]:  # type: ignore[operator]
        button = page.locator(f"#judge .trait[data-slug={trait['slug']}]")
        name = button.locator(".name")
        tick = name.evaluate("element => getComputedStyle(element, '::before').content.includes('✓')")
        assert tick == trait["present"], trait
        rail, line = (button.locator(part).bounding_box() for part in (".rail", ".limit:not(.edge)"))
        assert rail and line
        middle = line["x"] + line["width"] / 2
        assert abs((middle - rail["x"]) / rail["width"] - trait["present_from"]) < 0.01
        assert f"present from {round(trait['present_from'] * 100)} %" in str(button.text_content())
    expect(page.locator("#judge .verdict")).to_contain_text("of the 54 test situations whose two best verdicts were as")
    expect(page.locator("#judge .verdict")).to_contain_text("64 % were judged right")


def test_an_unreadable_text_has_bars_without_lines(page: Page, server: Server) -> None:
    page.goto(
        f"{server.url}/#{httpx.QueryParams({'view': 'judge', 'text': '我们正在合并两家工厂，没有人知道最终的结构。'})}"
    )
    judged(page)
    assert page.locator("#judge .trait").count() == 12
    assert page.locator("#judge .limit").count() == 0
    assert "present from" not in page.locator("#judge-result").inner_text()


def test_the_whole_page_is_reached_by_keyboard(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "judge-text"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    judged(page)


def test_every_example_is_one_click_away(page: Page, server: Server) -> None:
    page.goto(server.url)
    chips = page.locator("#judge .chip")
    assert chips.count() >= 4
    for chip in chips.all():
        chip.click()
        text = page.get_by_role("textbox", name="The situation").input_value()
        expect(page.locator("#judge blockquote")).to_have_text(text)


def test_a_question_goes_into_the_box_and_asks_nothing_of_the_service(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_role("textbox", name="The situation").fill("It is all a bit much at the office these days.")
    shown = judged(page)
    asked: list[str] = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    question = shown.locator(".question").first
    words = question.inner_text()
    question.click()
    box = page.get_by_role("textbox", name="The situation")
    assert box.input_value() == f"It is all a bit much at the office these days.\n\n{words} "
    expect(box).to_be_focused()
    page.wait_for_timeout(600)
    assert asked == []


def test_advice_says_why_and_leads_to_the_catalogue(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_role("textbox", name="The situation").fill(SITUATION)
    shown = judged(page)
    links = shown.locator(".advice a")
    expect(shown.locator(".because b").first).to_be_visible()
    name = links.first.inner_text()
    links.first.click()
    expect(page.locator(".chapter :focus")).to_contain_text(name)


def test_two_situations_stand_side_by_side(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/#view=compare")
    page.get_by_role("button", name="Try two examples").click()
    judged(page, "compare-a")
    judged(page, "compare-b")
    expect(page.locator("#compare .contrast svg")).to_be_visible()
    left, right = (page.locator("#compare .half").nth(i).bounding_box() for i in (0, 1))
    assert left and right and left["x"] + left["width"] <= right["x"] and left["y"] == right["y"]
    first = page.get_by_label("Situation A", exact=True).locator("textarea").input_value()
    page.get_by_role("button", name="Swap").click()
    assert page.get_by_label("Situation B", exact=True).locator("textarea").input_value() == first
    judged(page, "compare-b")


def test_a_column_becomes_a_table_that_sorts_and_a_safe_csv(page: Page, server: Server, tmp_path: Path) -> None:
    lines = ["=1+1 is what somebody typed", "", SITUATION, '@home, half the "crew" no longer speaks', "-", "y" * 10_001]
    lines += [f"Line {i} packs {i * 7} boxes a day by the same list." for i in range(25)]
    page.goto(f"{server.url}/#view=table")
    page.get_by_label("Situations, one on each line").fill("\n".join(lines))
    page.get_by_role("button", name="Judge all").click()
    expect(page.locator("#table-status")).to_have_text("Judged: 30 of 30.", timeout=60_000)
    assert page.locator("#table tbody tr").count() == 30
    expect(page.locator("#table .plane circle")).to_have_count(29)
    assert "longer than 10000 characters" in page.locator("#table tr.refused").inner_text()
    heads = page.locator("#table thead button")
    for i in range(heads.count()):
        heads.nth(i).click()
        heads.nth(i).click()
        assert page.locator("#table thead th").nth(i).get_attribute("aria-sort") in {"ascending", "descending"}
    page.get_by_role("button", name="Leadership").click()
    column = page.locator("#table tbody tr td:nth-child(6)").all_inner_texts()
    shares = [int(value.split()[0]) for value in column if value]
    assert shares == sorted(shares)
    assert column[-1] == ""
    page.get_by_role("button", name="Row", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    download.value.save_as(tmp_path / "table.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_bytes().decode("utf-8-sig"), newline="")))
    assert [row["text"] for row in rows[:4]] == [f"'{lines[0]}", SITUATION, f"'{lines[3]}", "'-"]
    assert rows[1]["row"] == "3"
    assert float(rows[1]["standardization"]) >= 0
    assert rows[4]["error"].startswith("The text is longer")


def test_a_link_carries_the_text_behind_its_hash(page: Page, server: Server) -> None:
    text = f'{EMOJI}100 % + 1 & more = "quotes" #hash\nsecond line'
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(server.url)
    page.get_by_role("textbox", name="The situation").fill(text)
    judged(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#announce")).to_contain_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    page.goto(link)
    judged(page)
    assert page.get_by_role("textbox", name="The situation").input_value() == text
    assert not any("hash" in url.split("#")[0] for url in seen)


def test_the_request_is_copied_as_curl_and_python(page: Page, server: Server) -> None:
    text = 'It\'s "late" again: 46 vans, one \\ checklist.'
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(server.url)
    page.get_by_role("textbox", name="The situation").fill(text)
    judged(page)
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#announce")).to_contain_text("curl command copied")
    curl = page.evaluate("navigator.clipboard.readText()")
    body = re.search(r"--data-raw '(.*)'\n", curl, re.DOTALL)
    assert body and json.loads(body[1].replace("'\\''", "'")) == {"text": text}
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator("#announce")).to_contain_text("Python program copied")
    program = page.evaluate("navigator.clipboard.readText()")
    said: list[object] = []
    exec(program, {"print": said.append})
    assert said == [answer_to(server, text)["verdict"]]


def test_a_report_prints_on_one_page(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_role("textbox", name="The situation").fill(SITUATION)
    judged(page)
    page.wait_for_load_state("networkidle")
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    page.emulate_media(media="print")
    assert page.locator("#judge-text").is_hidden()
    assert page.locator("#judge blockquote").is_visible()


def test_a_refusal_is_told_in_its_own_words(page: Page, server: Server, trouble: list[str]) -> None:
    page.goto(server.url)
    page.get_by_role("textbox", name="The situation").fill("z" * 10_001)
    expect(page.locator("#judge .trouble")).to_contain_text("longer than 10000 characters")
    assert "longer than 10000 characters" in page.locator("#judge-status").inner_text()
    assert all("422" in line for line in trouble)
    trouble.clear()


def test_a_lost_connection_keeps_the_text_and_comes_back(page: Page, server: Server, trouble: list[str]) -> None:
    page.goto(server.url)
    page.context.set_offline(True)
    page.get_by_role("textbox", name="The situation").fill(SITUATION)
    expect(page.locator("#judge .trouble")).to_contain_text("offline")
    assert page.get_by_role("textbox", name="The situation").input_value() == SITUATION
    page.context.set_offline(False)
    judged(page)
    assert all("ERR_INTERNET_DISCONNECTED" in line for line in trouble)
    trouble.clear()


def test_a_slow_service_shows_that_it_is_busy(page: Page, server: Server) -> None:
    page.goto(server.url)

    def slowly(route: Route) -> None:
        expect(page.locator("#judge-result")).to_have_attribute("aria-busy", "true")
        expect(page.locator("#judge-status")).to_contain_text("Reading")
        route.continue_()

    page.route("**/v1/score", slowly)
    page.get_by_role("textbox", name="The situation").fill(SITUATION)
    judged(page)
    expect(page.locator("#judge-result")).to_have_attribute("aria-busy", "false")


def test_markup_in_a_text_stays_text(page: Page, server: Server) -> None:
    text = "<img src=x onerror=alert(1)> We merge two plants <b>now</b> and nobody knows the structure."
    page.goto(server.url)
    page.get_by_role("textbox", name="The situation").fill(text)
    shown = judged(page)
    assert shown.locator("blockquote").text_content() == text
    assert page.locator("main img").count() == 0


def test_the_catalogue_is_read_and_filtered(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/#view=catalogue")
    chapter = page.get_by_role("region", name="Programs")
    expect(chapter.get_by_role("status")).to_have_text("4 of 4 programs.")
    chapter.get_by_label("Delivery").select_option("blended")
    expect(chapter.get_by_role("status")).to_have_text("1 of 4 programs.")
    assert "Chicago" in chapter.inner_text()
    styles = page.get_by_role("region", name="Styles")
    styles.get_by_label("Style of").select_option("management")
    assert "leadership" not in " ".join(styles.locator("li > h3").all_inner_texts()).lower()
    page.goto(f"{server.url}/#view=catalogue&item=transformational-leadership")
    expect(page.locator("#item-transformational-leadership")).to_be_focused()


@pytest.mark.parametrize("view", ["judge", "compare", "table", "catalogue"])
def test_a_narrow_screen_never_scrolls_sideways(page: Page, server: Server, view: str) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    texts = {"judge": {"text": SITUATION}, "compare": {"a": SITUATION, "b": "w" * 90}, "table": {"text": SITUATION}}
    fragment = httpx.QueryParams({"view": view} | texts.get(view, {}))
    page.goto(f"{server.url}/#{fragment}")
    ready = {"judge": ".evidence", "compare": ".contrast svg", "table": "td:has-text('%')", "catalogue": ".cards"}
    page.locator(f"#{view} {ready[view]}").first.wait_for(timeout=PATIENCE)
    assert fits_the_width(page)
    small = "button, select, summary, nav a"
    for target in page.locator(f":is({small}):visible").all():
        box = target.bounding_box()
        assert box and box["height"] >= 24 and box["width"] >= 24, target.inner_text()


def test_the_explorer_is_served_under_a_strict_policy(server: Server) -> None:
    answer = httpx.get(server.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?! type=\"module\" src=)|style=|onclick=|https?://", answer.text)
    assert 'href="docs"' in answer.text


@pytest.fixture(scope="module")
def closed(settings: Settings) -> Iterator[str]:
    """The address of a server that answers nobody without a key."""
    with served(create_app(settings.model_copy(update={"require_key": True}), scorer())) as url:
        yield url


@pytest.fixture
def guarded(browser: Browser, closed: str) -> Iterator[Page]:
    """A page of that server."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    yield page
    page.close()


def test_a_service_that_asks_for_a_key_gets_it_from_the_memory_of_the_page_alone(
    guarded: Page, closed: str, make_key: Callable[..., str]
) -> None:
    mine, other = make_key("read", "score"), make_key("read")
    asked: list[tuple[str, str | None]] = []
    guarded.on("request", lambda request: asked.append((request.url, request.headers.get("x-api-key"))))
    guarded.context.grant_permissions(["clipboard-read", "clipboard-write"])
    guarded.goto(closed)
    guarded.get_by_role("textbox", name="The situation").fill(SITUATION)
    dialog = guarded.get_by_role("dialog")
    expect(dialog).to_contain_text("needs an API key")
    field = dialog.get_by_label("API key")
    expect(field).to_be_focused()
    field.fill("lom_live_wrong")
    guarded.keyboard.press("Enter")
    expect(dialog).to_contain_text("not an API key of this service")
    dialog.get_by_label("API key").fill(other)
    guarded.keyboard.press("Enter")
    expect(guarded.locator("#judge .trouble")).to_contain_text("scope score")
    guarded.get_by_role("button", name="Try again").click()
    dialog.get_by_label("API key").fill(f" {mine} ")
    dialog.get_by_role("button", name="Use this key").click()
    shown = judged(guarded)
    expect(shown.locator(".because b").first).to_be_visible()
    assert guarded.get_by_role("dialog").count() == 0
    guarded.get_by_role("button", name="Copy as curl").click()
    expect(guarded.locator("#announce")).to_contain_text("curl command copied")
    copied = guarded.evaluate("navigator.clipboard.readText()")
    assert '-H "x-api-key: $LOM_KEY"' in copied
    kept = guarded.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, location.href, name])")
    for key in (mine, other):
        assert key not in kept + copied + guarded.content()
        assert key not in "".join(url for url, _ in asked)
    assert mine in {key for _, key in asked}
    guarded.goto(f"{closed}/#view=table")
    guarded.get_by_label("Situations, one on each line").fill(SITUATION)
    guarded.get_by_role("button", name="Judge all").click()
    expect(guarded.locator("#table-status")).to_have_text("Judged: 1 of 1.")
    guarded.reload()
    guarded.get_by_label("Situations, one on each line").fill(SITUATION)
    guarded.get_by_role("button", name="Judge all").click()
    expect(guarded.get_by_role("dialog")).to_be_visible()


def test_a_reader_without_a_key_is_left_in_peace_and_may_come_back(guarded: Page, closed: str) -> None:
    guarded.set_viewport_size({"width": 320, "height": 700})
    guarded.goto(closed)
    guarded.get_by_role("textbox", name="The situation").fill(SITUATION)
    dialog = guarded.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert fits_the_width(guarded)
    guarded.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(guarded.locator("#judge .trouble")).to_contain_text("needs an API key")
    assert guarded.get_by_role("textbox", name="The situation").input_value() == SITUATION
    guarded.get_by_role("button", name="Try again").click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(guarded.locator("#judge .trouble")).to_contain_text("needs an API key")


def test_authorize_in_the_documentation_lets_operations_execute(
    guarded: Page, closed: str, make_key: Callable[..., str]
) -> None:
    guarded.goto(f"{closed}/docs")
    guarded.get_by_role("button", name="Authorize", exact=True).click()
    first = guarded.locator(".auth-container").filter(has_text="X-API-Key")
    first.get_by_role("textbox").fill(make_key("read"))
    first.get_by_role("button", name=re.compile("^Apply|^Authorize")).click()
    guarded.get_by_role("button", name="Close", exact=True).last.click()
    block = guarded.locator("[id$='-list_styles']")
    block.locator(".opblock-summary-control").first.click()
    with guarded.expect_response(re.compile("/v1/styles")) as answered:
        block.get_by_role("button", name="Execute").click()
    assert answered.value.status == 200
    assert guarded.evaluate("JSON.stringify([localStorage, sessionStorage])") == "[{},{}]"
