"""Which language a text is in, and whether the model can read it."""

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

READABLE = "en"
MIN_LETTERS = 20
LANGUAGES = (
    "ar bg bn cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk sl sr sv sw ta th "
    "tl tr uk ur vi zh"
)


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages([language for language in LANGUAGES.split() if language in identifier.nb_classes])
    return identifier


def in_latin_letters(text: str) -> bool:
    """Whether there are letters, and most of them are of the Latin alphabet, the only one that the model knows."""
    letters = [character for character in text if character.isalpha()]
    return sum(character < "\u0250" for character in letters) * 2 > len(letters)


def detect(text: str) -> str:
    """The language of a text as a BCP 47 tag; `und` under 20 letters."""
    if sum(character.isalpha() for character in text) < MIN_LETTERS:
        return "und"
    language, _ = _identifier().classify(text.lower())
    return str(language)
