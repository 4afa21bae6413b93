"""A table as a stream: bytes in, rows out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.tabular.cells import Dialect, Split
from app.tabular.encoding import Sample, Transcoder
from app.tabular.faults import (
    MAX_LINE,
    NEVER_CLOSES,
    NOT_UTF8,
    TOO_MANY_CELLS,
    WORDS_AFTER_QUOTE,
    ColumnError,
    Fault,
    HeaderInvalid,
    LineEndsMissing,
    TableEmpty,
    too_long,
)
from app.tabular.header import Found, Header, HeaderReader
from app.tabular.lines import Lines
from app.tabular.records import Record, Records


@dataclass(frozen=True, slots=True)
class Row:
    """A row under the header; `number` counts from 1, the first line's row. A cell that cannot be told is None."""

    number: int
    cells: list[str | None]
    fault: Fault | None = None


class TableReader:
    """Reads one table. Whatever its rows hold, there is one Row for each that is not blank.

    `wanted` names columns by what they hold, such as `{"text": "comment", "id": None}`; the column of `anchor` is the
    one whose cells may hold delimiters that should be quoted. `delimiter` is told unless it is to be found out.
    A row has up to `longest` bytes, 1 MiB at most.
    """

    def __init__(
        self,
        wanted: Mapping[str, str | None],
        delimiter: str | None = None,
        *,
        anchor: str = "text",
        longest: int = MAX_LINE,
    ) -> None:
        self._anchor, self._longest = anchor, longest
        self._bytes, self._lines, self._sample = Transcoder(), Lines(), Sample()
        self._first: HeaderReader | None = HeaderReader(wanted, delimiter)
        self._header: Header | None = None
        self._dialect, self._records = Dialect(None), Records(Dialect(None))
        self._number, self._seen = 1, False

    @property
    def header(self) -> Header:
        """The header, once it has come. Raises TableEmpty before."""
        if self._header is None:
            raise TableEmpty("There is no first row that names the columns.")
        return self._header

    def feed(self, block: bytes) -> Iterator[Row]:
        """Every row that ends in this block. Raises TableError where the table itself cannot be read."""
        for line in self._lines.feed(self._bytes.feed(block)):
            yield from self._line(line)

    def end(self) -> Iterator[Row]:
        """The last rows. Raises TableError where the table itself cannot be read, or has none."""
        try:
            for line in (*self._lines.feed(self._bytes.end()), *self._lines.end()):
                yield from self._line(line)
            if self._first:
                yield from self._begin(self._first.end())
        except (ColumnError, HeaderInvalid):
            if self._lines.ended:
                raise
            raise LineEndsMissing from None
        yield from self._rows(self._records.end())
        self._sample.judge()
        if not self._seen:
            raise TableEmpty(
                "There are no rows: the first names the columns, and each further one is a text. Where the file has "
                "some, see that its line ends arrive: curl needs --data-binary, -d takes them out."
            )

    def _line(self, line: bytes | None) -> Iterator[Row]:
        if self._first:
            if line is None:
                raise LineEndsMissing
            if not self._first.begun:
                self._sample.first(line)
                self._sample.header(line)
            yield from self._begin(self._first.feed(line))
        elif line is None:
            yield from self._rows(self._records.end())
            self._number, self._seen = self._number + 1, True
            yield Row(self._number, [None] * len(self.header.names), too_long(self._longest))
        else:
            yield from self._rows(self._records.feed(line))

    def _begin(self, found: Found | None) -> Iterator[Row]:
        if found is None:
            return
        self._first, self._header = None, found.header
        self._sample.header(found.under.rows[0].content)
        self._dialect, self._records = Dialect(found.header.delimiter), found.under.records
        self._records.width = len(found.header.names)
        yield from self._rows(found.under.rows[1:])

    def _rows(self, records: Iterable[Record]) -> Iterator[Row]:
        for record in records:
            if self._dialect.is_blank(record.content):
                self._number += 1
            else:
                self._sample.add(record.content)
                yield self._row(record)

    def _row(self, record: Record) -> Row:
        self._number, self._seen = self._number + 1, True
        split = self._dialect.split(record.content)
        told = [_decoded(cell) for cell in self._told(split)]
        return Row(self._number, told, self._fault(record, split) or (NOT_UTF8 if None in told else None))

    def _fault(self, record: Record, split: Split) -> Fault | None:
        if len(record.content) > self._longest:
            return too_long(self._longest)
        if record.never_closes:
            return NEVER_CLOSES
        if split.broken is not None:
            return WORDS_AFTER_QUOTE
        return TOO_MANY_CELLS if self._surplus(split) else None

    def _surplus(self, split: Split) -> bool:
        return any(cell.strip() for cell in split.cells[len(self.header.names) :])

    def _told(self, split: Split) -> list[bytes | None]:
        """A cell for each column, None where it cannot be told which it is."""
        width = len(self.header.names)
        if split.broken is not None:
            known = [*split.cells[: min(split.broken, width)]]
            return [*known, *[None] * (width - len(known))]
        anchor = self.header.places.get(self._anchor)
        if anchor is not None and self._surplus(split):
            right = width - anchor - 1
            return [*split.cells[:anchor], None, *split.cells[len(split.cells) - right :]]
        return [*split.cells[:width], *[b""] * (width - len(split.cells))]


def _decoded(cell: bytes | None) -> str | None:
    if cell is None:
        return None
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return None
