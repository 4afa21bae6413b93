"""What can be wrong with a table as a whole, and with one row."""

from dataclasses import dataclass

from app.failures import Failure

MAX_LINE = 128 * 1024
"""Bytes of a row: the longest text, each character written as two JSON escapes."""
SHOWN_NAMES = 20
SHOWN_CHARACTERS = 60


class TableError(Failure):
    """The table cannot be read; the message says what is wrong and what to do, `code` is for programs."""

    code = "table_invalid"


class EncodingUnsupported(TableError):
    """Not UTF-8, and not UTF-16 with a byte order mark."""

    code = "encoding_unsupported"

    def __init__(self, found: str) -> None:
        super().__init__(
            f"The text is not UTF-8; it looks like {found}. Save it anew as UTF-8: Excel calls that "
            "“CSV UTF-8 (Comma delimited)”, other programs ask for the character set."
        )


class HeaderInvalid(TableError):
    """The first row cannot be read."""

    code = "header_invalid"


class TableEmpty(TableError):
    """There are no rows."""

    code = "table_empty"


class LineEndsMissing(TableError):
    """Everything stands in one line."""

    code = "line_ends_missing"

    def __init__(self) -> None:
        super().__init__(
            "There is no line end, so that all of it is one line. curl takes the line ends out with -d: send the file "
            "with --data-binary @FILE."
        )


class ColumnError(TableError):
    """No column, or not exactly one, has a name that was asked for. `role` says what it was to hold."""

    def __init__(self, role: str, name: str, header: list[str], *, several: bool) -> None:
        self.role, self.code = role, "column_ambiguous" if several else "column_missing"
        found = "several columns are" if several else "no column is"
        super().__init__(f"In the first row {found} called “{name}”. The columns are: {listed(header)}.")


def listed(header: list[str]) -> str:
    """The names of columns for people; what is too long for a name is none, and is told by its place."""
    names = [" ".join(name.split()) for name in header[:SHOWN_NAMES]]
    shown = [
        f"“{name}”" if name.isprintable() and 0 < len(name) <= SHOWN_CHARACTERS else f"(number {place})"
        for place, name in enumerate(names, start=1)
    ]
    more = len(header) - SHOWN_NAMES
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Fault:
    """Why one row cannot be read."""

    code: str
    message: str


NOT_UTF8 = Fault("line_invalid", "The line is not UTF-8.")
NEVER_CLOSES = Fault("line_invalid", "A cell opens with a quote that never closes. The next line is read as a new row.")
WORDS_AFTER_QUOTE = Fault("line_invalid", "Words follow the closing quote of a cell. Double each quote inside a cell.")
TOO_MANY_CELLS = Fault(
    "line_invalid", "The row has more cells than the header. Put a cell that holds the delimiter into quotes."
)


def too_long(limit: int) -> Fault:
    """The fault of a row with more bytes than are read."""
    return Fault("line_too_long", f"The line is longer than {limit} bytes, the limit.")
