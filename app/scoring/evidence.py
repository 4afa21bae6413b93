"""The clauses that moved a trait, with their exact weight."""

from collections.abc import Iterator

import numpy as np

from app.scoring.assessment import Evidence
from app.scoring.clauses import LONGEST, Clauses, negates
from app.scoring.encoder import Floats
from app.scoring.folding import Span

MOST_QUOTES = 10
"""How many quotes a trait has at most; a request cannot ask for more."""
LEAST_WEIGHT = 0.15
"""A further clause that raises the logit by less is not worth quoting."""
LEAST_PART = 0.5
"""A clause that raises the logit by less than this part of the strongest clause is not worth quoting."""
NEIGHBOUR = 0.4
"""A clause of the same sentence joins the quote if it brings this part of what the first one brings."""
LONGEST_DENYING = 20
"""In a text of so many words a clause that denies something is read once more as if it did not; in longer ones it took
13 % of the time and found 1 of 71 denials."""


class Quoter:
    """Finds evidence in one text for any trait; clauses and tokens are matched once."""

    def __init__(self, text: str, tokens: list[Span]) -> None:
        self._text = text
        self._clauses = Clauses(text)
        ends = np.array([end for _, end in self._clauses.words], dtype=np.int64)
        middles = np.array([(start + end) / 2 for start, end in tokens])
        self._word_of_token = np.searchsorted(ends, middles, side="left")

    def per_word(self, shares: Floats) -> list[float]:
        """What each word adds; `shares` has one entry per token. What follows the last word belongs to none."""
        found = np.zeros(len(self._clauses.words) + 1, np.float64)
        np.add.at(found, self._word_of_token, shares.astype(np.float64))
        gains: list[float] = found[:-1].tolist()
        return gains

    def supporting(self, shares: Floats) -> list[Evidence]:
        """Clauses that speak for a trait, strongest first."""
        gains = self.per_word(shares)
        found: list[Evidence] = []
        free = set(range(len(self._clauses.found)))
        totals = [sum(gains[first:end]) for first, end in self._clauses.found]
        strongest = 0.0
        while free and len(found) < MOST_QUOTES:
            best = max(free, key=lambda place: (totals[place], -place))
            strongest = max(strongest, totals[best])
            if totals[best] <= 0 or (found and totals[best] < max(LEAST_WEIGHT, LEAST_PART * strongest)):
                break
            first, last = self._joined(best, totals, free)
            free -= set(range(first, last + 1))
            quote = self._evidence(self._clauses.found[first][0], self._clauses.found[last][1], gains, 1)
            if quote.weight > 0:
                found.append(quote)
        return sorted(found, key=lambda evidence: (-evidence.weight, evidence.start))

    def denials(self, taken: list[Evidence]) -> Iterator[tuple[Span, str]]:
        """The clauses of a short text that deny something and are not quoted already: their words as (first, end), and
        the same clause as if it denied nothing."""
        for first, end in self._clauses.found if len(self._clauses.words) <= LONGEST_DENYING else ():
            denied = [negates(word) for word in self._clauses.lower[first:end]]
            if any(denied) and self._free((first, end), taken):
                kept = [span for span, out in zip(self._clauses.words[first:end], denied, strict=True) if not out]
                yield (first, end), " ".join(self._text[slice(*span)] for span in kept)

    def denying(self, clause: Span, shares: Floats) -> Evidence:
        """A clause as evidence against a trait."""
        return self._evidence(*clause, self.per_word(shares), -1)

    def strongest(self, shares: Floats, taken: list[Evidence]) -> str:
        """The clause with the largest share, of those that are not quoted yet if there are any, or its sentence where
        that is short enough, as it stands in the text; empty where the text has no word."""
        gains = self.per_word(shares)
        spans, of = self._clauses.found, self._clauses.sentence_of
        if not spans:
            return ""
        free = [place for place, span in enumerate(spans) if self._free(span, taken)]
        best = max(free or range(len(spans)), key=lambda place: sum(gains[slice(*spans[place])]))
        first, end = spans[of.index(of[best])][0], spans[len(of) - 1 - of[::-1].index(of[best])][1]
        if end - first > LONGEST or not self._free((first, end), taken):
            first, end = spans[best]
        return self._evidence(first, end, gains, 1).quote

    def _free(self, words: Span, taken: list[Evidence]) -> bool:
        """Whether no quote touches the words (first, end)."""
        start, stop = self._clauses.quote(*words)
        return all(quote.end <= start or quote.start >= stop for quote in taken)

    def _joined(self, best: int, totals: list[float], free: set[int]) -> Span:
        """The clause with the neighbour of its sentence that brings nearly as much, as (first clause, last clause)."""
        spans, of = self._clauses.found, self._clauses.sentence_of
        for other in (best + 1, best - 1):
            first, last = min(best, other), max(best, other)
            if (
                other in free
                and of[other] == of[best]
                and totals[other] >= NEIGHBOUR * totals[best]
                and spans[last][1] - spans[first][0] <= LONGEST
            ):
                return first, last
        return best, best

    def _evidence(self, first: int, end: int, gains: list[float], polarity: int) -> Evidence:
        first, end = self._clauses.shortened(first, end, [gain * polarity for gain in gains])
        first, end = self._clauses.trimmed(first, end)
        start, stop = self._clauses.quote(first, end)
        stop += _closes(self._text[start:stop], self._text[stop : stop + 1])
        weight = sum(gains[first:end])
        return Evidence(self._text[start:stop], start, stop, "supports" if polarity > 0 else "counters", weight)


def _closes(quote: str, following: str) -> bool:
    """Whether the sign that follows closes a bracket or a quotation mark that the quote opens."""
    closing = dict(zip(")]”»", "([“«", strict=True))
    if following in closing:
        return quote.count(closing[following]) > quote.count(following)
    return following == '"' and quote.count('"') % 2 == 1
