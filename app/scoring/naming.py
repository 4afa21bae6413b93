"""Where a text names a person: given names, surnames and initials, told from words and acronyms that look like them."""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal

Part = Literal["given", "surname"]
Shape = Literal["lower", "capital", "acronym", "initial"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


SHOUTED = 3
"""A text with more capitals than this many times its small letters says nothing by its capitals."""
_SUFFIX = re.compile(
    r"..(?:ski|sky|ska|wicz|escu|enko|ovic|ović|opoulos|idis|akis|ssen|sson|stein|bauer|mann|oglu|zadeh|yan)$"
)
_PARTICLES = _set("van von der den de da do dos di del della la le bin ibn al el ter ten")
_TITLE = re.compile(
    rf"\b(?:(?P<plain>mr|mrs|mister)|(?P<short>ms|dr|prof)|(?P<loose>miss|sir|madam))(?P<dot>\.)?"
    rf" (?:(?:{'|'.join(_PARTICLES)}) ){{0,3}}$",
    re.IGNORECASE,
)
_MAYBE_TITLED = _PARTICLES | _set("mr mrs mister ms dr prof miss sir madam")
_LOOK_BACK = 24
_SMALL = _set(
    "a an and are as at but by can for from had has he her his i if in is it me my no not of on or our she so that the "
    "their them then they this to us was we were what when who why will with you your"
)
_VERBS = "keeps|refuses|said|says|thinks|told|asked|shouts|complains|insists|ignores"
_STATES = "is|was|has|wants|never|always|does|did"
_DONE = frozenset(f"{_VERBS}|{_STATES}".split("|"))
_TEAMS = (
    "payroll|shipping|accounting|accounts|finance|hr|sales|marketing|it|support|legal|procurement|purchasing|logistics|"
    "production|engineering|operations|maintenance|reception|billing|security|dispatch|quality|design|compliance|audit|the"
)
_ACTS = re.compile(rf" (?:{_VERBS})\b", re.IGNORECASE)
_ACTS_OR_IS = re.compile(rf" (?:{_VERBS}|{_STATES}|(?:from|in|at) (?:{_TEAMS}))\b", re.IGNORECASE)
_ACTS_OR_IS_OWNER = re.compile(rf"'s [a-z]|{_ACTS_OR_IS.pattern}", re.IGNORECASE)
_BELONGS = re.compile(rf" (?:from (?:{_TEAMS})|in (?:{_TEAMS.removesuffix('|the')}))\b", re.IGNORECASE)
_BEGINS = re.compile(r"(?:^|[.!?:;\n]|[-*•] )[\s\"'(]*$")
_AFTER_SMALL = re.compile(r"(?<![^\W_])(?!(?:the|a|an|our|this|that|each|every|no|any|your) )[a-z]+,? $")
_BEFORE_INITIAL = re.compile(r"\b(?:with|by|from|ask|asked|tell|told|for|that|about) $")
_NEVER_BY_PLACE = _set("april august autumn june july may summer major art")
_IDEAS = _set("will hope faith joy grace harmony patience mercy melody rock sky")

_PRODUCTS = _set(
    "teams office word excel project access sql windows outlook dynamics azure sharepoint visio exchange planner "
    "powerpoint build paint edge"
)


@dataclass(frozen=True, slots=True)
class Names:
    """The words that name people, each in small letters and without accents."""

    given: Set[str]
    surnames: Set[str]
    surname_words: Set[str]
    """Surnames that are words as well."""
    words: Set[str]
    """Given names that are words as well."""
    unclear: Set[str]
    """Given names that are no name in small letters, unless a title or a surname stands beside them."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the text; `key` is how the lists of names spell it."""

    start: int
    end: int
    shape: Shape
    key: str


def shouted(text: str) -> bool:
    """Whether a text is so full of capitals that they say nothing."""
    capitals = sum(map(str.isupper, text))
    return capitals > SHOUTED * sum(map(str.islower, text))


def shape(word: str, shout: bool) -> Shape:
    """How a word is written; in a shouted text every longer word counts as written small."""
    if len(word) == 1:
        return "initial" if word.isupper() else "lower"
    if shout or not word[0].isupper():
        return "lower"
    return "acronym" if word.isupper() else "capital"


class Namer:
    """Tells word by word, from left to right, which part of a name each word of one text is."""

    def __init__(self, text: str, words: list[Word], names: Names) -> None:
        self._text = text
        self._words = words
        self._names = names
        self._shout = shouted(text)
        self._name_end = -2
        self._after_initial = False
        self._found: dict[int, Part] = {}

    def parts(self) -> Mapping[int, Part]:
        """The index of every word that belongs to a name."""
        for index, word in enumerate(self._words):
            part = self._part(index, word)
            if part is not None:
                self._found[index] = part
            if part is not None or (word.key in _PARTICLES and self._follows(word)):
                self._name_end = word.end
                self._after_initial = word.end - word.start == 1
        return self._found

    def _part(self, index: int, word: Word) -> Part | None:
        title = None
        if index and self._words[index - 1].key in _MAYBE_TITLED:
            title = _TITLE.search(self._text, max(0, word.start - _LOOK_BACK), word.start)
        if title is not None and self._titled(word, title):
            return "given" if self._is_given(word) else "surname"
        if self._is_given(word):
            return "given" if self._names_by_itself(index, word) else None
        if word.key in self._names.words and self._word_is_name(index, word):
            return "given"
        if self._is_surname(index, word):
            return "surname"
        return None

    def _follows(self, word: Word) -> bool:
        """Whether a name ends right before the word."""
        gap = self._text[max(self._name_end, 0) : word.start] if word.start - self._name_end <= 2 else ""
        if self._after_initial:
            return gap in {".", ". "} or (gap == " " and self._looks_like_surname(word))
        return gap == " "

    def _titled(self, word: Word, title: re.Match[str]) -> bool:
        """Whether a title right before the word makes it a name; `MS Teams`, `DR Plan` and `we miss it` are none."""
        written = title.group().strip(" .")
        loose = title["loose"] is not None
        acronym = written.isupper() and not self._shout and title["short"] is not None
        if self._listed(word):
            return not loose or word.shape == "capital" or self._shout
        if word.end - word.start == 1:
            dotted = self._text[word.end : word.end + 1] == "."
            return not loose and (dotted or bool(title["plain"]) or (word.shape == "initial" and not acronym))
        if word.key in _SMALL or word.key in _PARTICLES or acronym:
            return False
        if word.shape == "lower":
            return bool(title["plain"] or title["dot"]) and word.key not in _DONE
        return written[0].isupper() and not (written.lower() == "ms" and word.key in _PRODUCTS)

    def _listed(self, word: Word) -> bool:
        names = self._names
        return self._is_given(word) or word.key in names.words or self._looks_like_surname(word)

    def _is_given(self, word: Word) -> bool:
        return word.key in self._names.given or (
            "-" in word.key and all(part in self._names.given for part in word.key.split("-"))
        )

    def _looks_like_surname(self, word: Word) -> bool:
        if word.key in self._names.surnames or word.key.startswith("o'"):
            return True
        if word.shape != "lower" and (word.key in self._names.surname_words or word.key in self._names.given):
            return True
        return _SUFFIX.search(word.key) is not None

    def _names_by_itself(self, index: int, word: Word) -> bool:
        if self._follows(word) and word.shape != "lower":
            return True
        if self._before_surname(index):
            return True
        if word.shape == "acronym" or self._glued(word):
            return False
        return word.shape == "capital" or word.key not in self._names.unclear

    def _before_surname(self, index: int) -> bool:
        """Whether a surname stands right after the word."""
        if index + 1 == len(self._words):
            return False
        word, after = self._words[index], self._words[index + 1]
        if self._text[word.end : after.start] != " " or self._glued(word) or self._glued(after):
            return False
        if word.shape == "acronym" and after.key in self._names.given and after.key not in self._names.surnames:
            return False
        return (after.shape == "lower") == (word.shape == "lower") and self._looks_like_surname(after)

    def _glued(self, word: Word) -> bool:
        """Whether a digit, an underscore or a slash touches the word; `Ann/Bob` are two people."""
        before, after = self._text[word.start - 1 : word.start], self._text[word.end : word.end + 1]
        if any(sign.isdigit() or sign == "_" for sign in (before, after)):
            return True
        if "/" not in {before, after} or word.shape == "acronym":
            return "/" in {before, after}
        beside = re.compile(r"[^\W\d_]+").match(self._text, word.end + 1) if after == "/" else None
        left = re.search(r"([^\W\d_]+)/$", self._text[max(0, word.start - _LOOK_BACK) : word.start])
        others = [found.lower() for found in (beside and beside.group(), left and left[1]) if found]
        return not others or not all(other in self._names.given for other in others)

    def _word_is_name(self, index: int, word: Word) -> bool:
        """Whether a word such as `grace` or `Mark` is meant as a name here."""
        if self._glued(word):
            return False
        if self._before_surname(index):
            return word.shape != "lower" or self._begins(word)
        if word.shape == "acronym" or word.key in _NEVER_BY_PLACE:
            return False
        if self._begins(word):
            if word.shape == "lower":
                return bool(_ACTS.match(self._text, word.end) or _BELONGS.match(self._text, word.end))
            acts = _ACTS if word.key in _IDEAS else _ACTS_OR_IS_OWNER
            return bool(acts.match(self._text, word.end) or _BELONGS.match(self._text, word.end))
        before = self._text[max(0, word.start - _LOOK_BACK) : word.start]
        return word.shape == "capital" and _AFTER_SMALL.search(before) is not None

    def _begins(self, word: Word) -> bool:
        start = max(0, word.start - 6)
        before = self._text[start : word.start]
        return _BEGINS.search(before if start == 0 else f"x{before}") is not None

    def _is_surname(self, index: int, word: Word) -> bool:
        if word.shape == "initial":
            return self._is_initial(index, word)
        if self._follows(word):
            if word.shape == "capital":
                return word.key not in _SMALL
            if word.shape == "acronym":
                return word.end - word.start > 3 or self._looks_like_surname(word)
            return self._looks_like_surname(word)
        return word.key.startswith("o'") and word.end - word.start > 4 and word.key != "o'clock"

    def _is_initial(self, index: int, word: Word) -> bool:
        """`K.` after a given name, before a surname, or where it does what only people do."""
        dotted = self._text[word.end : word.end + 1] == "."
        inside = self._text[word.start - 1 : word.start] == "."  # the U.S. is no one
        if not dotted or inside or self._follows(word):
            return dotted and self._follows(word)
        if _ACTS_OR_IS.match(self._text, word.end + 1):
            sure = word.key not in "abc" or _BELONGS.match(self._text, word.end + 1)
            return bool(sure) and (self._begins(word) or self._after_small(word))
        after = self._words[index + 1] if index + 1 < len(self._words) else None
        if after is None or self._text[word.end : after.start] not in {". ", "."}:
            return False
        if after.shape == "capital" and self._looks_like_surname(after):
            return True
        before = self._text[max(0, word.start - _LOOK_BACK) : word.start]
        return after.shape == "capital" and after.key not in _SMALL and _BEFORE_INITIAL.search(before) is not None

    def _after_small(self, word: Word) -> bool:
        return _AFTER_SMALL.search(self._text[max(0, word.start - _LOOK_BACK) : word.start]) is not None
