"""Words and sentences of a text with their offsets, and a copy of it without noise.

Every offset counts code points of the caller's own text; the copy has the same length.
"""

import re
import unicodedata
from collections.abc import Iterator

from app.scoring.folding import MAX_MARKS, Span, folded

MAX_SIGNS = 12  # what follows in a longer run of signs between two words ("!?!?!?!?") carries no meaning

_WORD = re.compile(r"[^\W_]+(?:[-'’.&/][^\W_]+)*")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|no|nr|vs|etc|approx|dept|inc|ltd|co|corp|e\.g|i\.e|a\.m|p\.m|u\.s|u\.k|fig|jan|feb|"
    r"mar|apr|jun|jul|aug|sep|sept|oct|nov|dec)|\b[a-z])\.$",
    re.IGNORECASE,
)
_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’)\]]*(?=\s)|\n")

_MANY_SIGNS = re.compile(rf"(?:[^A-Za-z0-9\s]\s*){{{MAX_SIGNS + 1}}}")


def words(text: str) -> list[Span]:
    """Where each word stands; hyphens, apostrophes and dots inside a word belong to it."""
    copy = folded(text)
    return copy.spans([match.span() for match in _WORD.finditer(copy.text)])


def sentences(text: str) -> list[Span]:
    """Where each sentence stands, without the space around it. Lines end sentences; abbreviations do not."""
    copy = folded(text)
    return copy.spans(_sentences(copy.text))


def _sentences(text: str) -> list[Span]:
    found: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        ends_line = match.group() == "\n"
        if not ends_line and _ABBREVIATION.search(text[max(start, match.end() - 8) : match.end()]):
            continue
        found += _trimmed(text, start, match.end())
        start = match.end()
    found += _trimmed(text, start, len(text))
    return found


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left < right:
        yield left, right


def readable_copy(text: str) -> str:
    """The text with over-long runs of marks or signs as spaces; nothing moves."""
    if text.isascii() and not _MANY_SIGNS.search(text):
        return text
    kept = []
    marks = signs = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if character.isalnum():
            signs = 0
        elif not character.isspace():
            signs += 1
        kept.append(" " if marks > MAX_MARKS or signs > MAX_SIGNS else character)
    return "".join(kept)
