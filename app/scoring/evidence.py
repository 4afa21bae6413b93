"""The words that moved a trait: runs of words whose summed shares are largest, with their exact weight."""

import numpy as np

from app.scoring.assessment import Evidence
from app.scoring.encoder import Floats
from app.scoring.folding import Span
from app.scoring.text import sentences, words

LEAST_WEIGHT = 0.15
"""A run that moves the logit by less is not worth quoting."""
LEAST_PART = 0.3
"""A run that moves the logit by less than this part of the strongest run is not worth quoting."""
COST = 0.03
"""What each further word of a run must bring, as a part of the strongest word's share."""
FEWEST_WORDS = 5
"""A run is widened to this many words where its sentence has them."""


class Quoter:
    """Finds evidence in one text for any trait; words, sentences and tokens are matched once."""

    def __init__(self, text: str, tokens: list[Span]) -> None:
        self._text = text
        self._words = words(text)
        ends = np.array([end for _, end in self._words], dtype=np.int64)
        middles = np.array([(start + end) / 2 for start, end in tokens])
        self._word_of_token = np.searchsorted(ends, middles, side="left")
        starts = np.array([start for start, _ in self._words], dtype=np.int64)
        bounds = np.searchsorted(starts, np.array(sentences(text), dtype=np.int64).reshape(-1, 2))
        self._sentences: list[Span] = [(first, last) for first, last in bounds.tolist() if first < last]

    def quotes(self, shares: Floats) -> list[Evidence]:
        """Evidence for and against, strongest first. `shares` has one entry per token."""
        per_word = np.zeros(len(self._words) + 1, np.float64)
        np.add.at(per_word, self._word_of_token, shares.astype(np.float64))
        per_word = per_word[:-1]  # what stands after the last word belongs to no word
        found: list[Evidence] = []
        for polarity in (1.0, -1.0):
            gains = per_word * polarity
            strongest = 0.0
            taken = np.zeros(len(gains), bool)
            while (run := self._best_run(gains, taken)) is not None:
                first, last = run
                taken[first:last] = True
                weight = float(per_word[first:last].sum())
                strongest = max(strongest, abs(weight))
                if weight * polarity < max(LEAST_WEIGHT, LEAST_PART * strongest):
                    break
                start, end = self._words[first][0], self._words[last - 1][1]
                supports = polarity > 0
                found.append(
                    Evidence(self._text[start:end], start, end, "supports" if supports else "counters", weight)
                )
        return sorted(found, key=lambda evidence: (-abs(evidence.weight), evidence.start))

    def _best_run(self, gains: np.ndarray, taken: np.ndarray) -> Span | None:
        """The run of free words in one sentence with the largest gain above the cost of its words."""
        free = np.where(taken, -np.inf, gains)
        peak = free.max(initial=-np.inf)
        if peak <= 0:
            return None
        net = (free - COST * peak).tolist()
        best, found = 0.0, None
        for first, last in self._sentences:
            total, begin = 0.0, first
            for index in range(first, last):
                if total <= 0:
                    total, begin = 0.0, index
                total += net[index]
                if total > best:
                    best, found = total, (begin, index + 1, first, last)
        if found is None:
            return None
        begin, end, first, last = found
        while end - begin < FEWEST_WORDS:
            right = end < last and not taken[end]
            left = begin > first and not taken[begin - 1]
            if right and (not left or gains[end] >= gains[begin - 1]):
                end += 1
            elif left:
                begin -= 1
            else:
                break
        return begin, end
