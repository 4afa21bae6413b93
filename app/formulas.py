"""Keeps what people wrote from running as a formula in a spreadsheet, after OWASP's advice on CSV injection."""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def guarded(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def bare(cell: str) -> str:
    """What `guarded` was given, from what it gave."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
