"""The first row of a table: its delimiter, and which column holds what."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.tabular.cells import Dialect
from app.tabular.faults import MAX_LINE, ColumnError, HeaderInvalid
from app.tabular.lines import WINDOW
from app.tabular.records import Record, Records

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_SEPARATOR_LINE = re.compile(rb'"?sep=([^\r\n])"?\r?\n?|"?sep=([^\r\n])"?\r', re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """The names of the columns as they stand there, the delimiter, and the place of each column asked for."""

    names: list[str]
    delimiter: str | None
    places: dict[str, int]


def named_delimiter(line: bytes) -> str | None:
    """The delimiter that a line such as `sep=;` names."""
    found = _SEPARATOR_LINE.fullmatch(line)
    sign = (found.group(1) or found.group(2)) if found else None
    return sign.decode() if sign and sign.isascii() and sign != b'"' else None


def folded(name: str) -> str:
    """A name as it is compared: whatever its case, its blanks and its normal form."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


@dataclass
class Try:
    """The first rows under one delimiter."""

    delimiter: str | None
    rows: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dialect = Dialect(self.delimiter)
        self.records = Records(self.dialect)

    @cached_property
    def names(self) -> list[str]:
        """The cells of the first row; none where it cannot be read."""
        if not self.rows or self.rows[0].never_closes or len(self.rows[0].content) > MAX_LINE:
            return []
        split = self.dialect.split(self.rows[0].content)
        return [] if split.broken is not None else [cell.decode(errors="replace") for cell in split.cells]


@dataclass(frozen=True)
class Found:
    """A header, and what reads on behind it."""

    header: Header
    under: Try


class HeaderReader:
    """Takes lines until the first row is whole, however it is delimited."""

    def __init__(self, wanted: Mapping[str, str | None], delimiter: str | None) -> None:
        self._wanted = {role: name for role, name in wanted.items() if name is not None}
        self._delimiter = delimiter
        self._tries: list[Try] = []
        self._held = 0

    @property
    def begun(self) -> bool:
        """Whether a line of the header has come."""
        return bool(self._tries)

    def feed(self, line: bytes) -> Found | None:
        """The header, once it is whole. Raises HeaderInvalid and ColumnError."""
        if not self._tries:
            if named := named_delimiter(line):
                self._delimiter = self._delimiter or named
                return None
            if Dialect("\t").is_blank(line):
                return None
            self._tries = [Try(sign) for sign in ([self._delimiter] if self._delimiter else DELIMITERS.values())]
            self._tries += [] if self._delimiter else [Try(None)]
        self._held += len(line)
        for one in self._tries:
            one.rows += one.records.feed(line)
        return self._choose() if all(one.rows for one in self._tries) or self._held > WINDOW else None

    def end(self) -> Found | None:
        """The header, where nothing follows it; None where there is none. Raises as `feed` does."""
        for one in self._tries:
            one.rows += one.records.end()
        return self._choose() if self._tries else None

    def _choose(self) -> Found:
        best = max(self._tries, key=lambda one: (self._fits(one), len(one.names)))
        unreadable = any(not one.names for one in self._tries)
        if not best.names or (unreadable and not self._fits(best)):
            raise HeaderInvalid(
                "The first row cannot be read: a quote in it opens a cell and never closes, or it is longer than "
                f"{MAX_LINE} bytes. It must name the columns."
            )
        if len(best.names) == 1:
            best = self._tries[-1]  # nothing is split, unless a delimiter was named
        places = {role: find(best.names, role, name) for role, name in self._wanted.items()}
        return Found(Header(best.names, best.delimiter, places), best)

    def _fits(self, one: Try) -> bool:
        try:
            return all(find(one.names, role, name) >= 0 for role, name in self._wanted.items())
        except ColumnError:
            return False


def find(names: list[str], role: str, wanted: str) -> int:
    """The place of the one column with this name. Raises ColumnError."""
    for same in (lambda name: name == wanted, lambda name: folded(name) == folded(wanted)):
        places = [place for place, name in enumerate(names) if same(name)]
        if len(places) == 1:
            return places[0]
    raise ColumnError(role, wanted, names, several=len(places) > 1)
