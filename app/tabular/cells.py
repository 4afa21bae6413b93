"""The cells of a line: where quotes open and close.

A quote opens a cell only as its first character (RFC 4180), blanks before it and after the closing one left out.
Everything here is linear in the length of the line.
"""

import re
from dataclasses import dataclass

_CLOSING = re.compile(rb'[^"]*+(?:""[^"]*+)*+"')
"""From inside a quoted cell to behind the quote that closes it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a line does to the cell that it stands in."""

    cells: int
    """How many cells it has."""
    open: bool = False
    """Whether a quoted cell goes on in the next line."""
    fault: bool = False
    """Whether words follow a quote inside a quoted cell."""
    begins_cell: bool = False
    """Whether the first of these quotes stands where a cell begins, so that it opens one."""


@dataclass(frozen=True, slots=True)
class Split:
    """The cells of a row; those from `broken` on cannot be told for certain."""

    cells: list[bytes]
    broken: int | None = None


class Dialect:
    """A delimiter, or None where all of a line is one cell."""

    def __init__(self, delimiter: str | None) -> None:
        self.delimiter = delimiter
        self._mark = (delimiter or "").encode()
        blank, mark = (rb" *+", rb"\t") if delimiter == "\t" else (rb"[ \t]*+", re.escape(self._mark) or rb"(?!)")
        self._opening = re.compile(blank + b'"')
        self._after = re.compile(blank + rb"(?:(" + mark + rb")|\Z)")
        self._nothing = b" " if delimiter == "\t" else b" \t"

    def is_blank(self, line: bytes) -> bool:
        """Whether a line holds nothing but blanks."""
        return not line.strip(self._nothing + b"\r\n")

    def scan(self, line: bytes, *, inside: bool = False) -> Scan:
        """Read a line without its end, from a new row or from inside a quoted cell."""
        if b'"' not in line:
            return Scan(1, open=True) if inside else Scan(line.count(self._mark) + 1 if self._mark else 1)
        place, cells, fault, begins = 0, 1, False, False
        while True:
            if inside:
                closing = _CLOSING.match(line, place)
                if closing is None:
                    return Scan(cells, True, fault, begins)
                after = self._after.match(line, closing.end())
                if after is None:
                    begins = begins or (not fault and self._stands_first(line, closing.end()))
                    fault, place = True, self._next(line, closing.end())
                else:
                    place = after.end() if after.group(1) else -1
                if place < 0:
                    return Scan(cells, False, fault, begins)
                cells, inside = cells + 1, False
            if opening := self._opening.match(line, place):
                place, inside = opening.end(), True
            elif (place := self._next(line, place)) < 0:
                return Scan(cells, False, fault, begins)
            else:
                cells += 1

    def split(self, record: bytes) -> Split:
        """The cells of a whole row, which may hold line ends inside quotes."""
        if b'"' not in record:
            return Split(record.split(self._mark) if self._mark else [record])
        place, cells, broken = 0, list[bytes](), None
        while place >= 0:
            opening = self._opening.match(record, place)
            closing = _CLOSING.match(record, opening.end()) if opening else None
            after = self._after.match(record, closing.end()) if closing else None
            if opening and closing and after:
                cells.append(record[opening.end() : closing.end() - 1].replace(b'""', b'"'))
                place = after.end() if after.group(1) else -1
                continue
            if opening and broken is None:
                broken = len(cells)
            following = self._next(record, closing.end() if closing else len(record) if opening else place)
            cells.append(record[place : following - len(self._mark) if following >= 0 else len(record)])
            place = following
        return Split(cells, broken)

    def _next(self, line: bytes, place: int) -> int:
        """Where the next cell begins; -1 where there is none."""
        found = line.find(self._mark, place) if self._mark else -1
        return found + len(self._mark) if found >= 0 else -1

    def _stands_first(self, line: bytes, end: int) -> bool:
        """Whether the run of quotes that ends here begins where a cell does."""
        start = len(line[:end].rstrip(b'"'))
        return start == 0 or (bool(self._mark) and line.endswith(self._mark, 0, start))
