"""The reader of tables, where a file of the corpus cannot ask it: any table, any block, any size."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tabular import cells
from app.tabular.lines import WINDOW
from app.tabular.reader import Row, TableReader

CELL = st.text(st.sampled_from('a "\n\r,;\t|é🏭=7'), max_size=12)
TABLES = st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8)


def blocks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[place : place + size] for place in range(0, len(content), size))


def read(content: bytes, size: int = 1 << 18) -> list[Row]:
    table = TableReader({"text": "text"})
    return [*(row for block in blocks(content, size) for row in table.feed(block)), *table.end()]


@settings(max_examples=200, deadline=None)
@given(TABLES, st.sampled_from(",;\t|"), st.sampled_from([1, 5, 1 << 18]), st.sampled_from(["utf-8-sig", "utf-16"]))
def test_what_a_csv_library_writes_is_read_as_it_was(
    rows: list[list[str]], sign: str, size: int, encoding: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=sign, quoting=csv.QUOTE_ALL)
    writer.writerows([["id", "site", "text"], *rows])
    found = read(out.getvalue().encode(encoding), size)
    assert [(row.cells, row.fault) for row in found] == [(row, None) for row in rows]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.sampled_from('a",\r é'), max_size=15), max_size=30), st.sampled_from([1, 3, 7]))
def test_any_lines_are_read_the_same_however_they_arrive(lines: list[str], size: int) -> None:
    content = "\n".join(["id,site,text", *lines, "9,Leeds,Last."]).encode()
    assert read(content, size) == read(content)


LINES = (b'"\n', b'1,L,"open\n', b'"')
MORE = (b'"""\n', b',"\n', b'a,b"c,"d\n', b'" "\n', b"\n", b'x"y",\n', b'"",', b",", b'\r"', b"a\n")


@pytest.mark.parametrize("line", [*LINES, *(pytest.param(line, marks=pytest.mark.slow) for line in MORE)])
def test_no_line_is_looked_at_more_than_a_few_times_and_little_is_held(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, scan = 0, cells.Dialect.scan

    def counted(self: cells.Dialect, line: bytes, *, inside: bool = False) -> cells.Scan:
        nonlocal looked
        looked += len(line) + 1
        return scan(self, line, inside=inside)

    monkeypatch.setattr(cells.Dialect, "scan", counted)
    table = TableReader({"text": "text"})
    content = b'id,site,text\n0,Leeds,"never closed\n' + line * (3 * WINDOW // (2 * len(line)))
    for block in blocks(content, 1 << 18):
        list(table.feed(block))
        assert table._records._held <= 2 * WINDOW
    list(table.end())
    assert looked <= 8 * len(content)


def test_a_line_beyond_all_bounds_is_one_error_and_the_next_is_read() -> None:
    rows = read(b"id,site,text\n1,Leeds," + b"word " * 600_000 + b"\n2,Leeds,A plan.\n")
    assert [(row.number, row.fault and row.fault.code) for row in rows] == [(2, "line_too_long"), (3, None)]
