"""Programs as CSV, for spreadsheets: one row each, lists with one entry per line of a cell.

A cell that a spreadsheet would take for a formula gets an apostrophe before it, which is taken away again on reading.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.catalog.inputs import ProgramGiven
from app.formulas import MARK, bare, guarded
from app.tabular.faults import ColumnError, TableEmpty, TableError, listed
from app.tabular.header import folded
from app.tabular.lines import WINDOW
from app.tabular.reader import Row as Cells
from app.tabular.reader import TableReader

COLUMNS = tuple(ProgramGiven.model_fields)
LISTS = ("focus", "seniority", "delivery", "pace", "topics", "features")
NUMBERS = ("modules", "months")
ALLOWED = f"The first row must name columns, slug and any others of: {', '.join(COLUMNS)}; each once."
BAR = " | "
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
LONGEST = WINDOW
"""Bytes of a row: more than the longest program."""


class SheetError(Exception):
    """The file is no table of programs; the message says what is wrong with it."""


@dataclass(frozen=True)
class Row:
    """One row of a table, the header being row 1, and what its cells say, by column; `fault` where it has no such."""

    number: int
    fields: dict[str, Any]
    fault: str = ""


def write_sheet(documents: Iterable[Mapping[str, Any]]) -> str:
    """Programs, as `editing.document` gives them, as a table."""
    out = io.StringIO(newline="")
    out.write(MARK)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for document in documents:
        writer.writerow([guarded(_cell(name, document[name])) for name in COLUMNS])
    return out.getvalue()


def read_sheet(content: bytes, delimiter: str | None = None) -> Iterator[Row]:
    """The rows of a table, the header being row 1. The delimiter is found out unless it is told.

    Raises SheetError where the table itself is not sound.
    """
    table = TableReader({"slug": "slug"}, delimiter, anchor="", longest=LONGEST)
    try:
        for row in _rows(table, content):
            if row.fault:
                slug = row.cells[table.header.places["slug"]]
                yield Row(row.number, {"slug": slug}, row.fault.message)
            elif any((cell or "").strip() for cell in row.cells):
                yield Row(row.number, _fields(_names(table.header.names), row.cells))
        _names(table.header.names)
    except (TableEmpty, ColumnError) as error:
        raise SheetError(f"{error} {ALLOWED}") from None
    except TableError as error:
        raise SheetError(str(error)) from None


def _rows(table: TableReader, content: bytes) -> Iterator[Cells]:
    yield from table.feed(content)
    with suppress(TableEmpty):
        yield from table.end()


def _names(header: list[str]) -> list[str]:
    names = [folded(name) for name in header]
    unknown = [name for name, small in zip(header, names, strict=True) if small not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        what = f"the first row names {listed(unknown)}" if unknown else "a column is named twice"
        raise SheetError(f"{what}. {ALLOWED}")
    return names


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in LISTS:
        return "\n".join(value)
    if name in {"skills", "criteria"}:
        return "\n".join(BAR.join((link["slug"], link["basis"], link["why"])) for link in value)
    if name == "source":
        parts = ("title", "publisher", "year", "url")
        return "\n".join(BAR.join(str(entry[part] or "") for part in parts) for entry in value)
    return str(value)


def _fields(names: list[str], cells: list[str | None]) -> dict[str, Any]:
    """The cells of a row as input; a number or a list that cannot be read stays text, and is refused as such."""
    return {name: _value(name, bare(cell or "")) for name, cell in zip(names, cells, strict=True)}


def _value(name: str, cell: str) -> Any:
    lines = [line.strip() for line in re.split(r"\r\n?|\n", cell) if line.strip()]
    if name in LISTS:
        return lines or None
    if name in {"skills", "criteria"}:
        return [_named(("slug", "basis", "why"), line.split("|", 2)) for line in lines]
    if name == "source":
        return [_source(line) for line in lines]
    if name in NUMBERS:
        return (int(cell) if _NUMBER.fullmatch(cell.strip()) else cell.strip()) or None
    return cell.strip() or None


def _source(line: str) -> dict[str, Any]:
    named = _named(("title", "publisher", "year", "url"), line.rsplit("|", 3))
    known = {name: part for name, part in named.items() if part}
    if _NUMBER.fullmatch(known.get("year", "")):
        known["year"] = int(known["year"])
    return known


def _named(names: tuple[str, ...], parts: list[str]) -> dict[str, Any]:
    return dict(zip(names, (part.strip() for part in parts), strict=False))
