"""Clauses of a text: the stretches between which a reader would cut a quote, as runs of words."""

from app.scoring.folding import Span, folded
from app.scoring.text import sentences, words

SHORTEST, LONGEST = 4, 22
"""A clause has at least so many words where its sentence does, and a quote at most so many."""


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


SPLITTING = _set(
    "and but or so yet because although though while whereas since unless until if when before after which who whose "
    "where"
)
LEADING = _set("and but or so yet nor plus")
PREPOSITIONS = _set(
    "with for after before in at from by to on into under over about during between through without within"
)
OTHER_FUNCTION = _set(
    "a an the of that this these those my your his her its our their as than then is are was were be been am has have "
    "had do does did will would can could should may might must shall not no very too just only also i we you he she "
    "it they there what how why whom such each every any some"
)
FUNCTION = PREPOSITIONS | SPLITTING | OTHER_FUNCTION
NEGATIONS = _set(
    "no not never nobody none nothing neither nor without hardly barely cannot nowhere isnt arent wasnt werent dont "
    "doesnt didnt wont cant"
)
_CUTS = frozenset(",;:—–•|/")


def negates(word: str) -> bool:
    """Whether a word in small letters denies what stands beside it."""
    return word in NEGATIONS or word.endswith("n't")


class Clauses:
    """The words of a text, and its clauses as (first word, end)."""

    def __init__(self, text: str) -> None:
        copy = folded(text)
        self._copy, self._places = copy.text, words(copy.text)
        self.words = copy.spans(self._places)
        self.lower = [copy.text[start:end].lower() for start, end in self._places]
        self.inside = self._inside_brackets()
        self.found: list[Span] = []
        self.sentence_of: list[int] = []
        """For each clause, the number of its sentence."""
        word = 0
        for number, (start, end) in enumerate(sentences(copy.text)):
            first = word
            while word < len(self.words) and self._places[word][0] < end:
                word += 1
            if self.words[first:word] and start <= self._places[first][0]:
                parts = self._split(first, word)
                self.found += parts
                self.sentence_of += [number] * len(parts)

    def _inside_brackets(self) -> list[bool]:
        """For each word, whether a bracket stands open before it; a line ends what was never closed."""
        found, depth, done = [], 0, 0
        for start, _ in self._places:
            for sign in self._copy[done:start]:
                depth = 0 if sign == "\n" else depth + (sign in "([") - (sign in ")]" and depth > 0)
            found.append(depth > 0)
            done = start
        return found

    def _split(self, first: int, last: int) -> list[Span]:
        starts = [first]
        for place in range(first + 1, last):
            gap = self._copy[self._places[place - 1][1] : self._places[place][0]]
            marked = not _CUTS.isdisjoint(gap) or " - " in gap
            joined = self.lower[place] in SPLITTING and self.lower[place - 1] not in FUNCTION
            roomy = place - starts[-1] >= SHORTEST and last - place >= SHORTEST
            if (marked or joined) and roomy and not self.inside[place]:
                starts.append(place)
        return list(zip(starts, [*starts[1:], last], strict=True))

    def trimmed(self, first: int, end: int) -> Span:
        """Words without a joining word at the start, and without function words where the cut is inside a sentence."""
        while end - first > 1 and self.lower[first] in LEADING:
            first += 1
        while end - first > 1 and self.lower[end - 1] in FUNCTION and not self._stops(end):
            end -= 1
        return first, end

    def _stops(self, end: int) -> bool:
        """Whether punctuation, or nothing, follows the word before `end`."""
        after = self._places[end][0] if end < len(self._places) else len(self._copy)
        return end == len(self._places) or bool(self._copy[self._places[end - 1][1] : after].strip())

    def shortened(self, first: int, end: int, gains: list[float]) -> Span:
        """The part of a long clause, cut before prepositions and joining words, in which the gains are largest; a
        negation before it stays with it where there is room."""
        if end - first <= LONGEST:
            return first, end
        breaks = [
            place
            for place in range(first, end)
            if place == first
            or (self.lower[place] in PREPOSITIONS | SPLITTING and self.lower[place - 1] not in FUNCTION | NEGATIONS)
        ]
        sums = [0.0]
        for place in range(first, end):
            sums.append(sums[-1] + gains[place])
        peak = max(range(first, end), key=gains.__getitem__)
        left = max(first, min(peak - LONGEST // 2, end - LONGEST))
        best, most = (left, left + LONGEST), float("-inf")  # where nothing is to be cut at
        for number, left in enumerate(breaks):
            for right in [*breaks[number + 1 : number + 1 + LONGEST], end]:
                if SHORTEST <= right - left <= LONGEST and (total := sums[right - first] - sums[left - first]) > most:
                    best, most = (left, right), total
        left, right = best
        for place in range(left - 1, first - 1, -1):
            if negates(self.lower[place]) and right - place <= LONGEST:
                return place, right
        return best

    def quote(self, first: int, end: int) -> Span:
        """Where the words stand in the text, as (start, end)."""
        return self.words[first][0], self.words[end - 1][1]
