"""Lines become rows: a quoted cell may hold line ends, and one that never closes costs its own row alone.

Each line is read at most twice, once as a new row and once from inside a quoted cell, whatever stands in it: what was
seen from inside holds for every row before it that is still open there.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from app.tabular.cells import Dialect, Scan
from app.tabular.lines import WINDOW

ROWS = 20
"""More lines than this with just as many cells as the header are rows, even where a quote further down closes."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it stands in the file, without the line end behind it; `never_closes` where a cell of it does not."""

    content: bytes
    never_closes: bool = False


class Records:
    """Joins lines into rows."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.width: int | None = None
        """How many columns there are, once that is known."""
        self._lines: deque[bytes] = deque()
        self._held = 0
        self._first_is_open: bool | None = None
        self._inside: deque[bool] = deque()  # lines after the first that do not close its cell; whether each fits a row
        self._fitting = 0
        self._closes: bool | None = None  # whether the line after these closes it, or else can only be a row

    def feed(self, line: bytes) -> Iterator[Record]:
        """Every row that ends with this line."""
        if not self._lines and b'"' not in line:
            yield Record(_bare(line))
            return
        self._lines.append(line)
        self._held += len(line)
        yield from self._settle(final=False)

    def end(self) -> Iterator[Record]:
        """What is left, where nothing follows."""
        yield from self._settle(final=True)

    def _settle(self, *, final: bool) -> Iterator[Record]:
        while self._lines:
            if self._first_is_open is None:
                self._first_is_open = self._dialect.scan(_bare(self._lines[0])).open
            if not self._first_is_open:
                yield Record(_bare(self._take(1)))
            elif not self._look() and not final and self._held <= WINDOW:
                return
            elif self._closes:
                yield Record(_bare(self._take(len(self._inside) + 2)))
            else:
                yield Record(_bare(self._take(1)), never_closes=True)

    def _look(self) -> bool:
        """Whether it is known how the cell ends that is open after the first line."""
        while self._closes is None and len(self._inside) + 1 < len(self._lines):
            line = _bare(self._lines[len(self._inside) + 1])
            seen = self._dialect.scan(line, inside=True)
            if seen.fault and self._is_row(line, seen):
                self._closes = False
            elif seen.open:
                self._inside.append(self._fits(line))
                self._fitting += self._inside[-1]
            else:
                self._closes = True
            if ROWS < len(self._inside) == self._fitting:
                self._closes = False
        return self._closes is not None

    def _is_row(self, line: bytes, seen: Scan) -> bool:
        """Whether a line whose quotes do not fit the cell that it stands in is a row of its own."""
        return seen.begins_cell or any(self._cells(one) >= (self.width or 1) for one in (line, _bare(self._lines[1])))

    def _fits(self, line: bytes) -> bool:
        return self.width is not None and self.width > 1 and self._cells(line) == self.width

    def _cells(self, line: bytes) -> int:
        return self._dialect.scan(line).cells

    def _take(self, count: int) -> bytes:
        taken = b"".join(self._lines.popleft() for _ in range(count))
        self._held -= len(taken)
        self._first_is_open = None
        if count == 1 and self._inside:
            self._fitting -= self._inside.popleft()
        else:
            self._inside.clear()
            self._fitting, self._closes = 0, None
        return taken


def _bare(line: bytes) -> bytes:
    """A line without its end."""
    return line[:-2] if line.endswith(b"\r\n") else line[:-1] if line.endswith((b"\n", b"\r")) else line
