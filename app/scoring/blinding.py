"""The copy of a text that the encoder reads: who the people are is told in neutral words, and so is noise.

Gendered words, given names with their surnames, nationalities, countries, religions and ages of persons are read as one
neutral word each, so that they cannot move a score. Every part of the copy knows which part of the text it stands for.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from app.scoring.text import Span, readable_copy

PEOPLE = Path(__file__).parent / "people.txt"
NEUTRAL = {
    "they": "he she",
    "their": "him his her hers",
    "themselves": "himself herself",
    "person": "man woman gentleman lady male female guy bloke lad gal boy girl",
    "people": "men women gentlemen ladies males females guys blokes lads gals boys girls",
    "mr": "mr mrs ms miss mister sir madam",
    "parent": "father mother dad mum mom daddy mummy stepfather stepmother",
    "parents": "fathers mothers dads mums moms",
    "child": "son daughter stepson stepdaughter",
    "children": "sons daughters",
    "sibling": "brother sister",
    "siblings": "brothers sisters",
    "partner": "husband wife boyfriend girlfriend",
    "grandparent": "grandfather grandmother grandpa grandma",
    "relative": "uncle aunt nephew niece",
    "chair": "chairman chairwoman",
    "officer": "policeman policewoman",
    "owner": "businessman businesswoman",
    "waiter": "waitress",
}
SECTIONS = {"given_names": "alex", "nationalities": "national", "countries": "country", "religions": "religious"}
SURNAME = "smith"
AGE = "forty"

_AGE = (
    r"(?:\b\d{1,2}|\b(?:twenty|thirty|forty|fifty|sixty|seventy)(?:-[a-z]+)?)(?=[- ]years?[- ]olds?\b| ?yo\b)"
    r"|(?<=\baged )\d{1,2}\b|\b(?:(?:early|mid|late)[- ])?(?:twenties|thirties|forties|fifties|sixties|seventies)\b"
)
_FOUND = re.compile(rf"(?P<age>{_AGE})|[^\W\d_]+(?:-[^\W\d_]+)*", re.IGNORECASE)
_TITLE = re.compile(r"\b(?:mr|mrs|ms|miss|mister|dr|prof|sir|madam)\.? $", re.IGNORECASE)


def _words() -> tuple[dict[str, str], frozenset[str]]:
    """What stands for each word, and which of them are meant only where they are capitalised."""
    found = {word: neutral for neutral, words in NEUTRAL.items() for word in words.split()}
    proper: frozenset[str] = frozenset()
    for section in PEOPLE.read_text(encoding="utf-8").split("# ")[1:]:
        title, *words = section.split()
        if title == "given_names":
            proper = frozenset([*words, "polish"])
        found |= dict.fromkeys(words, SECTIONS[title])
    return found, proper


_NEUTRAL, _PROPER = _words()


@dataclass(frozen=True, slots=True)
class Blinded:
    """What the encoder reads of a text."""

    copy: str
    pieces: list[tuple[int, int, int, int]]
    """(start, end) in the copy and (start, end) in the text of every word that was replaced, in order."""

    @property
    def names_somebody(self) -> bool:
        """Whether a person's name, or a title with a name, stands in the text."""
        return any(self.copy[start:end] in {SECTIONS["given_names"], SURNAME} for start, end, _, _ in self.pieces)

    def spans(self, offsets: list[Span]) -> list[Span]:
        """Spans in the copy as spans in the text; a span in a replaced word is the whole word."""
        found: list[Span] = []
        index, shift = 0, 0
        for start, end in offsets:
            while index < len(self.pieces) and self.pieces[index][1] <= start:
                shift = self.pieces[index][3] - self.pieces[index][1]
                index += 1
            if index < len(self.pieces) and self.pieces[index][0] < end:
                found.append(self.pieces[index][2:])
            else:
                found.append((start + shift, end + shift))
        return found


def blinded(text: str) -> Blinded:
    """The text as the encoder reads it."""
    plain = readable_copy(text)
    capitals = not plain.isupper()
    copy: list[str] = []
    pieces: list[tuple[int, int, int, int]] = []
    done = length = 0
    name_end = -2
    for match in _FOUND.finditer(plain):
        start, end = match.span()
        word = match.group()
        named = capitals and word[0].isupper() and len(word) > 1
        follows = (start == name_end + 1 and plain[name_end] == " ") or _TITLE.search(plain, max(0, start - 8), start)
        neutral = AGE if match["age"] else _NEUTRAL.get(word.lower())
        if neutral is None and named and follows:
            neutral = SURNAME
        if neutral is None or (word.lower() in _PROPER and not named):
            continue
        if neutral in {SURNAME, SECTIONS["given_names"]}:
            name_end = end
        copy += [plain[done:start], neutral]
        length += start - done + len(neutral)
        pieces.append((length - len(neutral), length, start, end))
        done = end
    return Blinded("".join([*copy, plain[done:]]), pieces)
