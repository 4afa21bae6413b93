"""The texts of a job: how lines of NDJSON and CSV become items, whatever is wrong with some of them."""

import csv
import json
import zlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Protocol

from pydantic import Field, ValidationError

from app.assessments.requests import MAX_IDENTIFIER, Body, Identifier, text_problem
from app.errors import AppError
from app.json_limits import check, limits
from app.validation import first_fault

MAX_LINE = 128 * 1024
"""Bytes of a line: the longest text, each character written as two JSON escapes."""
MAX_GROUPS = 1_000
CHUNK_ITEMS = 500
LINE = limits(values=100, told="The line holds more than 100 values, the limit.")


@dataclass(frozen=True, slots=True)
class Item:
    """One text, or, where `code` is set, what is wrong with it."""

    id: str | None
    group: str | None
    text: str | None
    code: str | None = None
    message: str | None = None
    pointer: str = ""


class JobItem(Body):
    """One line of an NDJSON job."""

    text: str
    """The situation, as in `/v1/score`."""
    id: Identifier | None = None
    """Yours; echoed in the results."""
    group: Identifier | None = Field(default=None)
    """What the summary counts by, such as a site or a question."""


class Reader(Protocol):
    def read(self, record: bytes | None) -> Item | None:
        """The item of a record; None where it holds none. A record that was too long comes as None."""


def refused(code: str, message: str, pointer: str = "", item: tuple[str | None, str | None] = (None, None)) -> Item:
    """An item that cannot be scored; `item` is its id and group where they are known."""
    return Item(*item, None, code, message, pointer)


TOO_LONG = refused("line_too_long", f"The line is longer than {MAX_LINE} bytes, the limit.")
NOT_UTF8 = refused("line_invalid", "The line is not UTF-8.")


class LinesOfJSON:
    """One JSON object a line."""

    def read(self, record: bytes | None) -> Item | None:
        if record is None:
            return TOO_LONG
        if not record.strip():
            return None
        try:
            check(record, LINE)
        except AppError as error:
            return refused("line_invalid", error.detail)
        try:
            found = JobItem.model_validate_json(record)
        except ValidationError as error:
            if error.errors(include_url=False, include_input=False, include_context=False)[0]["type"] == "json_invalid":
                return refused("line_invalid", "The line is not one JSON object in UTF-8.")
            message, pointer = first_fault(error, JobItem)
            return refused("item_invalid", f"The item does not fit: {message}.", pointer)
        return _checked(found.id, found.group, found.text)


class ColumnMissing(Exception):
    """The header of a CSV file lacks a column that was named; the message says which parameter named it."""


@dataclass
class RowsOfCSV:
    """A header and then one text a row."""

    columns: dict[str, str | None]
    """Names of the columns by what they hold: text, id and group."""
    delimiter: str
    _places: dict[str, int] | None = None
    _width: int = 0

    def read(self, record: bytes | None) -> Item | None:
        if record is None:
            return TOO_LONG
        try:
            row = next(csv.reader([record.decode()], delimiter=self.delimiter, strict=True), [])
        except UnicodeDecodeError:
            return NOT_UTF8
        except csv.Error:
            return refused("line_invalid", "The row is not well-formed CSV.")
        if self._places is None:
            self._places, self._width = self._header(row), len(row)
            return None
        return self._item(row, self._places) if row else None

    def _item(self, row: list[str], places: dict[str, int]) -> Item:
        if len(row) != self._width:
            return refused("line_invalid", "The row has not as many fields as the header.")
        found = {name: row[place] for name, place in places.items()}
        identifier, group = found.get("id") or None, found.get("group") or None
        for name, value in (("id", identifier), ("group", group)):
            if value is not None and (len(value) > MAX_IDENTIFIER or "\x00" in value):
                return refused("item_invalid", f"The {name} has over 200 characters or a NUL.", f"/{name}")
        return _checked(identifier, group, found["text"])

    def _header(self, row: list[str]) -> dict[str, int]:
        for name, column in self.columns.items():
            if column is not None and row.count(column) != 1:
                raise ColumnMissing(f"{name}_column")
        return {name: row.index(column) for name, column in self.columns.items() if column is not None}


def _checked(identifier: str | None, group: str | None, text: str) -> Item:
    if refusal := text_problem(text):
        return refused(refusal.code, refusal.message, refusal.pointer, (identifier, group))
    return Item(identifier, group, text)


class Records:
    """Cuts a stream of bytes into lines, or into CSV records, whose quoted fields may hold line ends."""

    def __init__(self, *, quoted: bool) -> None:
        self._quoted = quoted
        self._rest, self._record = b"", b""
        self._open = self._skipping = False

    def feed(self, block: bytes) -> Iterator[bytes | None]:
        """Every record that ends in this block; None for one that is too long, which is skipped to its line end."""
        lines = (self._rest + block).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            yield from self._line(line)
        if len(self._rest) + len(self._record) > MAX_LINE and not self._skipping:
            self._record, self._open, self._skipping = b"", False, True
            yield None
        if self._skipping:
            self._rest = b""

    def end(self) -> Iterator[bytes | None]:
        """The last record, where no line end follows it."""
        if self._rest or self._record:
            yield from self._line(self._rest)
            if self._open:
                yield self._record

    def _line(self, line: bytes) -> Iterator[bytes | None]:
        if self._skipping:
            self._skipping = False
            return
        self._record += line
        if len(self._record) > MAX_LINE:
            self._record, self._open = b"", False
            yield None
            return
        if self._quoted and line.count(b'"') % 2:
            self._open = not self._open
        if self._open:
            self._record += b"\n"
            return
        record, self._record = self._record.removesuffix(b"\r"), b""
        yield record


def pack(items: list[Item]) -> bytes:
    """The items of a chunk as they are kept until they are scored."""
    return zlib.compress(json.dumps([astuple(item) for item in items], ensure_ascii=False).encode(), 1)


def unpack(packed: bytes) -> list[Item]:
    """The items of a chunk."""
    return [Item(*fields) for fields in json.loads(zlib.decompress(packed))]
