"""Which language a text is in, and whether the model can read it."""

import unicodedata
from functools import cache

from app.scoring.blinding import without_names
from app.scoring.folding import folded
from app.scoring.ngrams import Ngrams
from app.scoring.tags import UNKNOWN

READABLE = "en"
MIN_LETTERS = 20
LEAST_LEFT = 6
"""What is left of a text without its names tells its language from this many letters on."""
LEAD = 8.0
LEAD_OF_FEW = 200.0
LEAD_OF_REST = 10.0
"""A language other than English must be likelier than English by e to the power of LEAD + LEAD_OF_FEW / letters, and of
LEAD_OF_REST without names. Measured: short English headlines come to 11 and 5, short sentences in other languages
begin at 22 and 15."""
LANGUAGES = (
    "ar bg bn cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk sl sr sv sw ta th "
    "tl tr uk ur vi zh"
)


@cache
def _ngrams() -> Ngrams:
    return Ngrams()


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def in_latin_letters(text: str) -> bool:
    """Whether there are letters, and most of them are of the Latin alphabet, the only one that the model knows."""
    if text.isascii():
        return any(map(str.isalpha, text))
    letters = [character for character in folded(text).text if character.isalpha()]
    return sum(character < "\u0250" or "\u1e00" <= character < "\u1f00" for character in letters) * 2 > len(letters)


def detect(text: str) -> str:
    """The language of a text as a BCP 47 tag; `und` under 20 letters, and where names may be all that is foreign."""
    plain = unicodedata.normalize("NFC", folded(text).text)
    if _letters(plain) < MIN_LETTERS:
        return UNKNOWN
    language, lead = _likeliest(plain)
    if language == READABLE:
        return READABLE
    rest = without_names(plain)
    named = lead >= LEAD + LEAD_OF_FEW / _letters(plain)
    if named and _letters(rest) >= LEAST_LEFT and _likeliest(rest)[1] >= LEAD_OF_REST:
        return language
    return UNKNOWN


def _likeliest(text: str) -> tuple[str, float]:
    """The likeliest language, and by what power of e it is likelier than English."""
    scores = _ngrams().scores(text.lower())
    language = max(scores, key=lambda name: scores[name])
    return language, scores[language] - scores[READABLE]
