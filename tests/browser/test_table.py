"""The explorer's table in a real browser: how cells and files are read, what is sent, and what is given away as CSV."""

import csv
import io
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.paths import ROOT
from tests.support.servers import Server
from tests.support.texts import SITUATION

AWKWARD = ROOT / "tests" / "awkward"
EXPECTED: dict[str, dict[str, Any]] = json.loads((AWKWARD / "expected.json").read_text("utf-8"))
FORMULAS: list[dict[str, str]] = json.loads((AWKWARD / "formulas.json").read_text("utf-8"))
LEFT_TO_THE_SERVICE = {"text_too_long", "text_invalid", "line_too_long"}
ANSWER = {
    "verdict": "both",
    "status": "judged",
    "probabilities": {"both": 0.9},
    "demand": {"leadership": 0.8, "management": 0.7},
    "criteria": [],
}


@pytest.fixture
def sent(page: Page, server: Server) -> list[str]:
    """The texts that the opened table sends; each is answered at once, as if it had been judged."""
    texts: list[str] = []

    def answer(route: Route) -> None:
        items = json.loads(route.request.post_data or "")["items"]
        texts.extend(item["text"] for item in items)
        route.fulfill(json={"results": [{"index": i, "result": ANSWER} for i in range(len(items))]})

    page.route("**/v1/score/batch", answer)
    page.goto(f"{server.url}/#view=table")
    expect(page.get_by_role("button", name="Judge all")).to_be_visible()
    return texts


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Situations")


def open_file(page: Page, name: str, content: bytes) -> None:
    """Open a file, and return once it is read."""
    page.locator("#table-count").evaluate("count => (count.textContent = 'not read yet')")
    page.set_input_files("#table-file", {"name": name, "mimeType": "text/csv", "buffer": content})
    expect(page.locator("#table-count")).not_to_have_text(re.compile("not read yet|Reading"))


def judge_all(page: Page) -> None:
    page.get_by_role("button", name="Judge all").click()
    expect(page.locator("#table-status")).to_have_text(re.compile(r"^Judged: (\d+) of \1\.$|^There is no text"))


def rows_of(page: Page, sent: list[str]) -> list[dict[str, Any]]:
    """Every row of the table once all are judged, in their order: its id, its group, and its text or an error."""
    rows = page.evaluate(
        """() => {
          const heads = [...document.querySelectorAll("#table thead button")].map((head) => head.textContent);
          const at = (row, head) => row.children[heads.indexOf(head)]?.textContent || null;
          return [...document.querySelectorAll("#table tbody tr")].map((row) =>
            ({ number: Number(at(row, "Row")), id: at(row, "Id"), group: at(row, "Group") }));
        }"""
    )
    rows = [row | {"text": text} for row, text in zip(rows, sent, strict=True)]
    for line in page.locator("#table .refusals li").all_text_contents():
        refused = re.fullmatch(r"Row (\d+)(?: \(id (.*?)\))?: (.*)", line, re.DOTALL)
        assert refused, line
        rows.append({"number": int(refused[1]), "id": refused[2], "error": refused[3]})
    return sorted(rows, key=lambda row: row["number"])


def folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def choose(page: Page, columns: dict[str, str], header: list[str]) -> None:
    """Choose the columns by hand."""
    exact = [folded(name) for name in header]
    for role, chooser in (("text", "Text"), ("id", "Id"), ("group", "Group")):
        names = header if columns.get(role) in header else exact
        wanted = columns[role] if columns.get(role) in header else folded(columns.get(role, ""))
        place = names.index(wanted) if wanted in names else -1
        if len(header) > 1:
            page.get_by_label(chooser, exact=True).select_option(str(place))


@pytest.mark.parametrize("refused", [False, True], ids=["read", "refused"])
def test_every_awkward_table_is_read_as_jobs_read_it(page: Page, sent: list[str], refused: bool) -> None:
    files = {name: file for name, file in EXPECTED.items() if ("refused" in file) == refused}
    assert len(files) > (8 if refused else 40)
    for name, file in files.items():
        sent.clear()
        open_file(page, name, (AWKWARD / name).read_bytes())
        if file.get("refused") == "encoding_unsupported":
            expect(page.get_by_role("alert")).to_contain_text("not UTF-8; it looks like")
        elif file.get("refused") == "header_invalid":
            expect(page.locator("#table .refusals")).to_contain_text("Row 1")
        elif file.get("refused") == "table_empty":
            judge_all(page)
            assert sent == [], name
        elif not refused:
            expect(page.get_by_label("The first row is a header")).to_be_checked()
            choose(page, file["columns"], file["header"])
            judge_all(page)
            rows = rows_of(page, sent)
            assert len(rows) == len(file["rows"]), name
            for row, expected in zip(rows, file["rows"], strict=True):
                assert row["id"] == expected["id"], (name, row)
                if "text" in row:
                    assert row["group"] == expected["group"], (name, row)
                    assert expected.get("error") in LEFT_TO_THE_SERVICE or row["text"] == expected["text"], name
                else:
                    assert "error" in expected, (name, row)


def test_cells_from_the_clipboard_are_read_as_the_spreadsheet_meant_them(page: Page, sent: list[str]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    column = (
        'Kommentar\r\n"We merge two plants,\nand ""nobody"" knows who decides."\r\n'
        '"Quality" is our word; it is late.\r\n\r\n'
        'The 12" pipe crew must follow the checklist.\r\n'
    )
    texts = ['We merge two plants,\nand "nobody" knows who decides.', '"Quality" is our word; it is late.']
    texts.append('The 12" pipe crew must follow the checklist.')
    page.evaluate("cells => navigator.clipboard.writeText(cells)", column)
    box(page).click()
    page.keyboard.press("ControlOrMeta+V")
    expect(page.locator("#table-count")).to_have_text("3 texts to judge.")
    judge_all(page)
    assert sent == texts
    page.get_by_label("The first row is a header").uncheck()
    expect(page.locator("#table-count")).to_have_text("4 texts to judge.")
    sent.clear()
    quoted = texts[0].replace('"', '""')
    cells = f'Ref\tPlant\tWhat happened\n17\tLeeds\t"{quoted}"\n18\tYork\t{texts[2]}\n19\tYork\n'
    page.evaluate("cells => navigator.clipboard.writeText(cells)", cells)
    box(page).press("ControlOrMeta+A")
    page.keyboard.press("ControlOrMeta+V")
    expect(page.locator("#table-count")).to_have_text("2 texts to judge; 1 of 3 rows cannot be read.")
    page.get_by_label("Group", exact=True).select_option("Plant")
    judge_all(page)
    rows = rows_of(page, sent)
    assert [(row["id"], row.get("group"), row.get("text")) for row in rows] == [
        ("17", "Leeds", texts[0]),
        ("18", "York", texts[2]),
        ("19", None, None),
    ]


def test_prose_is_not_cut_at_its_commas_and_another_separator_can_be_chosen(page: Page, sent: list[str]) -> None:
    box(page).fill("We merge, and nobody knows who decides.\nForty invoices, each checked before five.")
    expect(page.locator("#table-count")).to_have_text("2 texts to judge.")
    page.get_by_label("Cells are separated by").select_option("Commas")
    page.get_by_label("Text", exact=True).select_option("1")
    judge_all(page)
    assert sent == [" and nobody knows who decides.", " each checked before five."]
    page.get_by_label("The first row is a header").check()
    expect(page.locator("#table-count")).to_have_text("1 text to judge.")
    assert page.get_by_label("Text", exact=True).input_value() == "1"


def test_a_file_is_dropped_and_taken_away_and_what_was_written_is_still_there(page: Page, sent: list[str]) -> None:
    box(page).fill(SITUATION)
    page.evaluate(
        """content => {
          const data = new DataTransfer();
          data.items.add(new File([content], "some notes.csv", { type: "text/csv" }));
          const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
          document.getElementById("table-text").dispatchEvent(drop);
        }""",
        "id;text\n7;Two plants merge.\n",
    )
    expect(page.locator("#table-count")).to_have_text("1 text to judge.")
    expect(page.locator("#table .file")).to_contain_text("some notes.csv")
    judge_all(page)
    page.get_by_role("button", name="Remove").click()
    assert box(page).input_value() == SITUATION
    expect(page.locator("#table-status")).to_contain_text("judged before")
    judge_all(page)
    assert sent == ["Two plants merge.", SITUATION]


def test_what_is_no_table_is_named_and_another_encoding_read_on_demand(page: Page, sent: list[str]) -> None:
    open_file(page, "umfrage.csv", (AWKWARD / "excel-german.csv").read_bytes())
    expect(page.get_by_role("alert")).to_contain_text("it looks like Windows-1252")
    page.get_by_role("button", name="Read it as Windows-1252").click()
    expect(page.locator("#table-group")).to_contain_text("Ort")
    page.get_by_label("Group", exact=True).select_option("Ort")
    judge_all(page)
    assert "Köln" in page.locator("#table tbody").inner_text()
    open_file(page, "wide.csv", b"x," * 200_000 + b"text\n" + b"1," * 200_000 + b"Two plants merge.\n")
    expect(page.locator("#table-column option")).to_have_count(500)
    for content, name in ((b"PK\x03\x04rest", "Excel workbook"), (b"%PDF-1.7", "PDF")):
        page.set_input_files("#table-file", {"name": "x.csv", "mimeType": "text/csv", "buffer": content})
        expect(page.get_by_role("alert")).to_contain_text(name)


def test_one_refused_text_costs_no_other_row_of_its_chunk(page: Page, server: Server, trouble: list[str]) -> None:
    asked: list[int] = []

    def refuse_some(route: Route) -> None:
        items = json.loads(route.request.post_data or "")["items"]
        asked.append(len(items))
        statuses = [413 if "huge" in item["text"] else 422 for item in items if re.search("huge|odd", item["text"])]
        if statuses:
            problem = {"detail": f"This is refused for {len(items)} texts."}
            return route.fulfill(status=statuses[0], json=problem)
        answers = [{"index": i, "result": ANSWER} for i in range(len(items))]
        return route.fulfill(json={"results": answers})

    page.route("**/v1/score/batch", refuse_some)
    page.goto(f"{server.url}/#view=table")
    box(page).fill(
        "\n".join(f"Row {i} is {'huge' if i == 3 else 'odd' if i == 17 else 'plain'}." for i in range(1, 31))
    )
    judge_all(page)
    refused = page.locator("#table tbody tr.refused")
    expect(refused).to_have_count(2)
    assert [row.locator("td").first.inner_text() for row in refused.all()] == ["3", "17"]
    assert all("refused for 1 texts" in text for text in refused.all_inner_texts())
    assert len(asked) <= 20
    assert all("413" in line or "422" in line for line in trouble)
    trouble.clear()


def test_any_other_refusal_lets_the_rows_wait(page: Page, server: Server, trouble: list[str]) -> None:
    page.route("**/v1/score/batch", lambda route: route.fulfill(status=400, json={"detail": "Not today."}))
    page.goto(f"{server.url}/#view=table")
    box(page).fill(SITUATION)
    page.get_by_role("button", name="Judge all").click()
    expect(page.locator("#table .trouble")).to_contain_text("Not today.")
    page.unroute("**/v1/score/batch")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#table-status")).to_have_text("Judged: 1 of 1.")
    trouble.clear()


def test_a_service_that_is_asked_too_often_is_asked_again_when_it_says_so(
    page: Page, sent: list[str], trouble: list[str]
) -> None:
    answers = iter([429, 503])

    def refuse_at_first(route: Route) -> None:
        status = next(answers, None)
        if status is None:
            return route.fallback()
        return route.fulfill(status=status, headers={"Retry-After": "1"}, json={"detail": "Too many."})

    page.route("**/v1/score/batch", refuse_at_first)
    box(page).fill(SITUATION)
    judge_all(page)
    assert sent == [SITUATION]
    assert len(trouble) == 2
    trouble.clear()


def test_what_the_service_refuses_stands_beside_its_row(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/#view=table")
    open_file(page, "nul.csv", (AWKWARD / "nul-bytes.csv").read_bytes())
    judge_all(page)
    assert "NUL" in page.locator("#table tbody tr.refused").inner_text()
    assert "Row 4 (id 3): The group" in page.locator("#table .refusals").inner_text()
    open_file(page, "long.csv", (AWKWARD / "very-long-cell.csv").read_bytes())
    judge_all(page)
    expect(page.locator("#table tbody tr.refused")).to_have_count(3)


def test_the_csv_for_people_runs_nothing_and_holds_every_row(page: Page, sent: list[str], tmp_path: Path) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "site", "text"])
    writer.writerows([f"{i}", "=Köln", case["cell"]] for i, case in enumerate(FORMULAS))
    out.write('x,Leeds,"never closes\r\n')
    open_file(page, "formulas.csv", out.getvalue().encode())
    judge_all(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    download.value.save_as(tmp_path / "table.csv")
    content = (tmp_path / "table.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    *rows, broken = rows
    assert {row["id"]: row["text"] for row in rows} == {str(i): case["guarded"] for i, case in enumerate(FORMULAS)}
    assert {row["group"] for row in rows} == {"'=Köln"}
    assert (broken["id"], broken["error"][:18]) == ("x", "A cell opens with ")


def test_ten_thousand_pasted_rows_hold_up_nothing_and_can_be_stopped_and_continued(page: Page, sent: list[str]) -> None:
    lines = [f'{i}\t"Line {i} packs boxes\nby the same list."' for i in range(10_000)]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("cells => navigator.clipboard.writeText(cells)", "\n".join(lines))
    box(page).fill(SITUATION)
    box(page).press("ControlOrMeta+A")
    page.evaluate(
        """() => new PerformanceObserver((list) => {
          window.longest = Math.max(window.longest ?? 0, ...list.getEntries().map((task) => task.duration));
        }).observe({ type: "longtask" })"""
    )
    page.keyboard.press("ControlOrMeta+V")
    expect(page.locator("#table-count")).to_have_text("10,000 texts to judge.")
    page.get_by_role("button", name="Judge all").click()
    expect(page.locator("#table-status")).to_have_text(re.compile(r"Reading: [1-9]\d* of 10000."))
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#table-status")).to_contain_text("Stopped")
    assert page.locator("#table tbody tr").count() == 200
    expect(page.get_by_role("button", name="Show all 10000 rows")).to_be_visible()
    expect(page.get_by_role("button", name="Copy link")).to_be_hidden()
    before = len(sent)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#table-status")).to_contain_text("Reading")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    assert len(sent) > before
    assert page.evaluate("window.longest ?? 0") < 2_000
    page.get_by_role("button", name="Remove").click()
    assert box(page).input_value() == SITUATION
