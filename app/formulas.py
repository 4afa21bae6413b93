"""CSV for people: a mark by which spreadsheets know UTF-8, and no cell that they take for a formula (after OWASP's
advice on CSV injection). `tests/awkward/formulas.json` has the cases, for the page of the explorer, too."""

import re

MARK = "\ufeff"
"""Begins every CSV file that people open; readers here leave it out."""
_FORMULA = re.compile(r"'*(\s*[=+\-@＝＋－＠]|[\t\r\n])")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


def guarded(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would take it for a formula; numbers stay."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def bare(cell: str) -> str:
    """What was guarded, as it was."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
