"""The copy of a text that the encoder reads: who the people are is told in neutral words, and so is noise.

Gendered words, given names with their surnames, nationalities, countries, religions and ages of persons are read as one
neutral word each, so that they cannot move a score. Every part of the copy knows which part of the text it stands for.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.scoring.folding import Copy, Span, folded, replaced
from app.scoring.naming import Namer, Names, Part, Word, shape, shouted
from app.scoring.text import readable_copy

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
SECTIONS = {"nationalities": "national", "countries": "country", "religions": "religious"}
NAMED: Mapping[Part, str] = {"given": "alex", "surname": "smith"}
AGE = "forty"

_AGE = (
    r"(?:\b\d{1,2}|\b(?:twenty|thirty|forty|fifty|sixty|seventy)(?:-[a-z]+)?)(?=[- ]years?[- ]olds?\b| ?yo\b)"
    r"|(?<=\baged )\d{1,2}\b|\b(?:(?:early|mid|late)[- ])?(?:twenties|thirties|forties|fifties|sixties|seventies)\b"
)
_WORD = r"(?:(?<![\w'])[OoDd]'(?=[^\W\d_]{2}))?[^\W\d_]+(?:-[^\W\d_]+)*"
_FOUND = re.compile(rf"(?P<age>{_AGE})|{_WORD}", re.IGNORECASE)


def _key(word: str) -> str:
    """How the lists spell a word: in small letters without accents."""
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _words() -> tuple[dict[str, str], Names]:
    """What stands for each word that is no name, and the names."""
    found = {word: neutral for neutral, words in NEUTRAL.items() for word in words.split()}
    listed: dict[str, frozenset[str]] = {}
    for section in PEOPLE.read_text(encoding="utf-8").split("# ")[1:]:
        title, *words = section.split()
        listed[title] = frozenset(map(_key, words))
        if title in SECTIONS:
            found |= dict.fromkeys(words, SECTIONS[title])
    given = listed["given_names"]
    unclear = listed["unclear_in_small_letters"] | listed["name_words"]
    return found, Names(given, listed["surnames"], listed["surname_words"], listed["name_words"] - given, unclear)


_NEUTRAL, _NAMES = _words()


@dataclass(frozen=True, slots=True)
class Blinded:
    """What the encoder reads of a text."""

    copy: str
    names_somebody: bool
    """Whether a person's name, or a title with a name, stands in the text."""
    _stages: tuple[Copy, Copy]

    def spans(self, offsets: list[Span]) -> list[Span]:
        """Spans in the copy as spans in the text; a span in a replaced word is the whole word."""
        for stage in reversed(self._stages):
            offsets = stage.spans(offsets)
        return offsets


def without_names(text: str) -> str:
    """The text without its names, and without any capitalised word where capitals say something."""
    matches = list(_FOUND.finditer(text))
    shout = shouted(text)
    words = [Word(*match.span(), shape(match.group(), shout), _key(match.group())) for match in matches]
    names = Namer(text, words, _NAMES).parts()
    hidden = (word for index, word in enumerate(words) if index in names or word.shape in {"capital", "acronym"})
    return replaced(text, [(word.start, word.end, "") for word in hidden]).text


def blinded(text: str) -> Blinded:
    """The text as the encoder reads it."""
    plain = folded(text)
    seen = readable_copy(plain.text)
    matches = list(_FOUND.finditer(seen))
    shout = shouted(seen)
    words = [Word(*match.span(), shape(match.group(), shout), _key(match.group())) for match in matches]
    names = Namer(seen, words, _NAMES).parts()
    changes = []
    for index, (match, word) in enumerate(zip(matches, words, strict=True)):
        if index in names:
            neutral: str | None = NAMED[names[index]]
        else:
            neutral = AGE if match["age"] else _neutral(match.group(), word, before_name=index + 1 in names)
        if neutral is not None:
            changes.append((word.start, word.end, neutral))
    copy = replaced(seen, changes)
    return Blinded(copy.text, bool(names), (plain, copy))


def _neutral(written: str, word: Word, before_name: bool) -> str | None:
    """What stands for a word that is no name; `we miss it`, `200 ms` and `polish it` tell of nobody."""
    if word.key == "polish" and word.shape == "lower":
        return None
    if word.key in {"miss", "ms"} and written != "Ms" and not before_name:
        return None
    return _NEUTRAL.get(written.lower())
