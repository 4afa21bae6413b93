"""Programs as CSV, for spreadsheets: one row each, lists with one entry per line of a cell.

A cell that a spreadsheet would take for a formula gets an apostrophe before it, which is taken away again on reading.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.catalog.inputs import ProgramGiven
from app.formulas import bare, guarded

COLUMNS = tuple(ProgramGiven.model_fields)
LISTS = ("focus", "seniority", "delivery", "pace", "topics", "features")
NUMBERS = ("modules", "months")
BAR = " | "
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
CELL_LIMIT = 500_000


class SheetError(Exception):
    """The file is no table of programs; the message says what is wrong with it."""


@dataclass(frozen=True)
class Row:
    """One row of a table, the header being row 1, and what its cells say, by column."""

    number: int
    fields: dict[str, Any]


def write_sheet(documents: Iterable[Mapping[str, Any]]) -> str:
    """Programs, as `editing.document` gives them, as a table."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for document in documents:
        writer.writerow([guarded(_cell(name, document[name])) for name in COLUMNS])
    return out.getvalue()


def read_sheet(content: bytes) -> Iterator[Row]:
    """The rows of a table, separated by commas, semicolons or tabs, with or without a byte order mark.

    Raises SheetError where the table itself is not sound.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SheetError("the file is not UTF-8; save it as “CSV UTF-8”") from None
    first, _, rest = text.partition("\n")
    if re.fullmatch(r"sep=.\r?", first):
        text, first = rest, rest.partition("\n")[0]
    csv.field_size_limit(CELL_LIMIT)
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        _check(header)
        for number, cells in enumerate(rows, start=2):
            if any(cell.strip() for cell in cells):
                yield Row(number, _fields(header, cells))
    except csv.Error as error:
        raise SheetError(f"after row {number}: not CSV: {error}") from None


def _check(header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or len(set(header)) < len(header) or "slug" not in header:
        raise SheetError(f"the first row must name columns, slug and any others of: {', '.join(COLUMNS)}; each once")


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


def _fields(header: list[str], cells: list[str]) -> dict[str, Any]:
    """The cells of a row as input; a number or a list that cannot be read stays text, and is refused as such."""
    if len(cells) > len(header):
        return {"slug": cells[0], "": "more cells than the first row has columns"}
    padded = cells + [""] * (len(header) - len(cells))
    return {name: _value(name, bare(cell)) for name, cell in zip(header, padded, strict=True)}


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
