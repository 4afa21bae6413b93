"""Ways of writing the same letters, read alike: styled letters, ligatures, decomposed accents, curly signs.

The folded copy may be longer or shorter than the text; it knows which part of the text each part of it stands for.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

Span = tuple[int, int]
Piece = tuple[int, int, int, int]
"""(start, end) in a copy and (start, end) in what it was copied from, of a part whose length differs."""

MAX_MARKS = 30  # more combining marks on one letter make normalisation quadratic and carry no meaning

_RANGES = (
    (0x00AA, 0x02B9),
    (0x1D00, 0x1DC0),
    (0x2070, 0x218F),
    (0x2460, 0x2500),
    (0x2776, 0x2794),
    (0x2C60, 0x2C80),
    (0xA720, 0xA800),
    (0xAB30, 0xAB70),
    (0xFB00, 0xFB07),
    (0xFF01, 0xFF5F),
    (0x1D400, 0x1D800),
    (0x1F100, 0x1F1AD),
)
_ENCLOSED = re.compile(r"(?:CIRCLED|SQUARED|PARENTHESIZED|BRACKETED).* LATIN (CAPITAL|SMALL) LETTER ([A-Z])$")
_SMALL_CAPITAL = re.compile(r"LATIN LETTER SMALL CAPITAL ([A-Z])$")
_SIGNS = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u00b4",
    '"': "\u201c\u201d\u201e\u201f\u2033",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63",
    "...": "\u2026",
    " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u2800\u3000",
}


def _plain(character: str) -> str:
    """The Latin letters, digits or signs that a character is a style of; itself where it is none."""
    name = unicodedata.name(character, "")
    if enclosed := _ENCLOSED.search(name):
        return enclosed[2] if enclosed[1] == "CAPITAL" else enclosed[2].lower()
    if small := _SMALL_CAPITAL.search(name):
        return small[1].lower()
    plain = unicodedata.normalize("NFKC", character)
    if "<super>" in unicodedata.decomposition(character) and plain.isdigit():
        return character  # 10² is not 102
    wide = "\uff01" <= character <= "\uff5e"
    return plain if wide or all(letter.isalnum() and letter < "\u0250" for letter in plain) else character


def _folds() -> dict[str, str]:
    """What stands for each character that is folded."""
    every = (chr(code) for first, end in _RANGES for code in range(first, end))
    found = {character: _plain(character) for character in every if not character.isspace()}
    found |= {"™": "™", "℠": "℠"}
    found |= {character: sign for sign, characters in _SIGNS.items() for character in characters}
    return {character: plain for character, plain in found.items() if plain != character}


_FOLDS = _folds()
_MARKS = r"\u0300-\u036f\u20d0-\u20f0\ufe00-\ufe0f"
_INVISIBLE = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_ODD = re.compile(
    rf"(?P<base>[^\s{_MARKS}{_INVISIBLE}])(?P<marks>[{_MARKS}]{{1,{MAX_MARKS}}})"
    rf"|[{''.join(map(re.escape, _FOLDS))}]|[{_MARKS}{_INVISIBLE}]+"
)
_ODD_ALONE = re.compile(rf"[{''.join(map(re.escape, _FOLDS))}]|[{_INVISIBLE}]+")
_PLAIN = re.compile(r"[\t\n\v\f\r -~]*")
_MARKED = re.compile(f"[{_MARKS}]")
_LEFT = re.compile(f"[{_MARKS}]+")


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a text, with every part whose length differs, in order."""

    text: str
    pieces: list[Piece]

    def spans(self, offsets: list[Span]) -> list[Span]:
        """Spans in the copy as spans in what it was copied from; what touches a piece takes it whole."""
        if not self.pieces:
            return offsets
        starts = [piece[0] for piece in self.pieces]
        return [
            (self._place(bisect_right(starts, start) - 1, start, 2), self._place(bisect_left(starts, end) - 1, end, 3))
            for start, end in offsets
        ]

    def _place(self, index: int, place: int, side: int) -> int:
        if index < 0:
            return place
        piece = self.pieces[index]
        after = place - piece[1]
        return piece[3] + after if after > 0 or (after == 0 and side == 2) else piece[side]


def replaced(text: str, changes: list[tuple[int, int, str]]) -> Copy:
    """The text with parts of it replaced, each given as (start, end, new), in order."""
    parts: list[str] = []
    pieces: list[Piece] = []
    done = length = 0
    for start, end, new in changes:
        parts += [text[done:start], new]
        length += start - done
        if len(new) != end - start or len(new) > 1:
            pieces.append((length, length + len(new), start, end))
        length += len(new)
        done = end
    return Copy("".join([*parts, text[done:]]), pieces)


def folded(text: str) -> Copy:
    """The text in plain letters and signs, accents composed, without what nobody sees."""
    if _PLAIN.fullmatch(text):
        return Copy(text, [])
    if _MARKED.search(text):
        return replaced(text, [(*match.span(), _fold(match)) for match in _ODD.finditer(text)])
    found = ((*match.span(), _FOLDS.get(match.group(), "")) for match in _ODD_ALONE.finditer(text))
    return replaced(text, list(found))


def _fold(match: re.Match[str]) -> str:
    base = match["base"]
    if base is None:
        return _FOLDS.get(match.group(), "")
    return _LEFT.sub("", unicodedata.normalize("NFC", _FOLDS.get(base, base) + match["marks"]))
