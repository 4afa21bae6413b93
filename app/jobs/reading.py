"""Bytes become texts: lines of JSON, and tables. For each line or row that is not blank there is one item."""

import re
from collections.abc import Iterator
from typing import Any, Protocol

from pydantic import ValidationError
from pydantic_core import from_json

from app.assessments.requests import MAX_IDENTIFIER
from app.errors import AppError
from app.jobs.items import Item, JobItem, checked, refused
from app.jobs.schemas import NewJob
from app.json_limits import check, limits
from app.tabular.encoding import Sample, Transcoder
from app.tabular.faults import MAX_LINE, NOT_UTF8, LineEndsMissing, too_long
from app.tabular.header import DELIMITERS
from app.tabular.lines import Lines
from app.tabular.reader import Row, TableReader
from app.validation import first_fault

JSON_LINES, TABLE = "application/x-ndjson", "text/csv"
LINE = limits(values=100, told="The line holds more than 100 values, the limit.")
_TWO_OBJECTS = re.compile(rb"\}\s*\{")


class Texts(Protocol):
    """Takes blocks of bytes and gives the items that end in each. Both raise TableError."""

    def feed(self, block: bytes) -> Iterator[Item]:
        """The items that end in this block."""

    def end(self) -> Iterator[Item]:
        """The last items."""


def texts(wanted: NewJob, media_type: str) -> Texts:
    """What reads a body of this type."""
    return TableTexts(wanted) if media_type == TABLE else JsonLines()


class JsonLines:
    """One JSON object a line."""

    def __init__(self) -> None:
        self._bytes, self._lines, self._sample = Transcoder(), Lines(), Sample()
        self._seen, self._run_together = False, False

    def feed(self, block: bytes) -> Iterator[Item]:
        """The items that end in this block."""
        for line in self._lines.feed(self._bytes.feed(block)):
            yield from self._read(line)

    def end(self) -> Iterator[Item]:
        """The last items."""
        for line in (*self._lines.feed(self._bytes.end()), *self._lines.end()):
            yield from self._read(line)
        if self._run_together and not self._lines.ended:
            raise LineEndsMissing
        self._sample.judge()

    def _read(self, line: bytes | None) -> Iterator[Item]:
        if line is None or len(line) > MAX_LINE:
            self._seen = self._run_together = True
            fault = too_long(MAX_LINE)
            yield refused(fault.code, fault.message)
        elif line.strip():
            if not self._seen:
                self._sample.first(line)
            self._seen = True
            self._sample.add(line)
            item = json_item(line)
            self._run_together = item.code == "line_invalid" and bool(_TWO_OBJECTS.search(line))
            yield item


def json_item(line: bytes) -> Item:
    """The item of one line; where only a part of it is wrong, its id and group stay."""
    try:
        check(line, LINE)
        found = JobItem.model_validate_json(line)
    except AppError as error:
        return refused("line_invalid", error.detail)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False, include_context=False)[0]["type"] == "json_invalid":
            return refused("line_invalid", "The line is not one JSON object in UTF-8.")
        message, pointer = first_fault(error, JobItem)
        told = (_name(line, "id"), _name(line, "group"))
        return refused("item_invalid", f"The item does not fit: {message}.", pointer, told)
    return checked(found.id, found.group, found.text)


def _name(line: bytes, field: str) -> str | None:
    """The id or the group of an object that does not fit otherwise."""
    whole: Any = from_json(line)
    value = whole.get(field) if isinstance(whole, dict) else None
    return value if isinstance(value, str) and _fits(value) else None


class TableTexts:
    """A table with one text a row, in the columns that a job names."""

    def __init__(self, wanted: NewJob) -> None:
        columns = {"text": wanted.text_column, "id": wanted.id_column, "group": wanted.group_column}
        self._table = TableReader(columns, DELIMITERS.get(wanted.delimiter))

    def feed(self, block: bytes) -> Iterator[Item]:
        """The items that end in this block."""
        return map(self._item, self._table.feed(block))

    def end(self) -> Iterator[Item]:
        """The last items."""
        return map(self._item, self._table.end())

    def _item(self, row: Row) -> Item:
        cells = {role: row.cells[place] for role, place in self._table.header.places.items()}
        text, names = cells["text"], {role: (cells.get(role) or "").strip() or None for role in ("id", "group")}
        odd = [role for role, name in names.items() if name is not None and not _fits(name)]
        known = (None if "id" in odd else names["id"], None if "group" in odd else names["group"])
        fault = row.fault if row.fault is not NOT_UTF8 or None in cells.values() else None
        if fault or text is None:
            fault = fault or NOT_UTF8
            return refused(fault.code, fault.message, "", known)
        if odd:
            message = f"The {odd[0]} has over {MAX_IDENTIFIER} characters or a NUL."
            return refused("item_invalid", message, f"/{odd[0]}", known)
        return checked(*known, text)


def _fits(name: str) -> bool:
    return len(name) <= MAX_IDENTIFIER and "\x00" not in name
