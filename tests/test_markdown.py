"""Markdown as our guides and descriptions use it, as HTML that holds nothing of the writer's own."""

import pytest

from app.docs.markdown import chapters, inline, prose


def test_lists_numbers_tables_and_code_are_what_they_are_written_as() -> None:
    lists, table = "1. one\n2. two, on\n   two lines\n\n- a\n- b\n\n", "| x | y |\n| --- | --- |\n| 1 | `<2>` |\n\n"
    page = prose(f"{lists}{table}```sh\nls <x>\n```\n")
    assert page.count("<li>") == 4 and "<ol>" in page and "<ul>" in page
    assert "<td>1</td>" in page and "<td><code>&lt;2&gt;</code></td>" in page
    assert '<pre tabindex="0" aria-label="sh"><code>ls &lt;x&gt;</code></pre>' in page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src="https://example.com/x.png" onerror="alert(1)">',
        "![a picture](https://example.com/x.png)",
        "[a link](javascript:alert(1))",
        "a <b>bold</b> word",
        "```<script>\nx\n```",
    ],
)
def test_html_pictures_and_scripts_stay_words(text: str) -> None:
    for page in (prose(text), inline(text)):
        assert not any(tag in page for tag in ("<script", "<img", "<b>", 'href="javascript'))


def test_a_document_tells_its_title_and_the_anchors_of_its_chapters() -> None:
    title, contents, page = chapters("# A guide\n\nWords.\n\n## On *many* machines\n\nMore.\n\n## People\n\nEnd.\n")
    assert title == "A guide"
    assert [target for target, _ in contents] == ["on-many-machines", "people"]
    for target, _ in contents:
        assert f'<h2 id="{target}">' in page
