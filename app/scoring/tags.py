"""Tags of languages: what ISO 639 codes are in BCP 47, and what the languages are called in English."""

import re
from pathlib import Path

LANGUAGES = Path(__file__).parent / "languages.txt"
UNKNOWN = "und"
EXPECTED = "must be the BCP 47 tag of a language, such as en, en-GB or de; ISO 639 codes such as eng are read as well"
MAX_TAG = 35
TAG = r"^([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{1,8})*)$"

_TAG = re.compile(TAG)


def _read() -> tuple[dict[str, str], dict[str, str]]:
    """The tag of each code, and the name of each tag."""
    tags: dict[str, str] = {}
    names: dict[str, str] = {}
    for entry in LANGUAGES.read_text(encoding="utf-8").replace("\n", "|").strip("|").split("|"):
        tag, codes, name = entry.split(" ", 2)
        names[tag] = name
        tags |= dict.fromkeys([tag, *codes.strip("-").split(",")], tag)
    return tags, names


_TAGS, _NAMES = _read()


def canonical(tag: str) -> str | None:
    """The tag as BCP 47 writes it, such as `en` for `eng` and `en-GB` for `eng_GB`; None where no language has it."""
    found = _TAG.fullmatch(tag) if len(tag) <= MAX_TAG else None
    language = _TAGS.get(found[1].lower()) if found else None
    return f"{language}{found[2].replace('_', '-')}" if found and language else None


def name(tag: str) -> str:
    """What a language is called in English, by its tag."""
    return _NAMES.get(tag.partition("-")[0].lower(), tag)
