"""How likely each language is for a text, by the sequences of up to six bytes that occur in it.

The naive Bayes model of py3langid, in arrays that are mapped from files: nothing is unpacked, and workers share them.
"""

import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "languages"
NONE = -1
"""In the automaton: no state, or no feature."""


class Ngrams:
    """The model of one folder.

    automaton.npy, int32 of shape (4, states): an Aho-Corasick automaton over bytes as a double array. The child of a
    state `s` by a byte `b` is `t = base[s] + b` if `check[t] == s`; `fail[s]` is the state of the longest proper suffix
    that has one, and `feature[s]` the row of the weights that counts when `s` is reached, or NONE. State 0 is the root.
    weights.npy, float16 of shape (features, columns); priors.npy, one row (language, prior) for each column. A language
    may have several columns; the likeliest of them counts.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        automaton = np.load(folder / "automaton.npy", mmap_mode="r")
        self._base, self._check, self._fail, self._feature = (memoryview(row) for row in automaton)
        self._weights = np.load(folder / "weights.npy", mmap_mode="r")
        priors = np.load(folder / "priors.npy")
        self._languages: list[str] = priors["language"].tolist()
        self._priors = priors["prior"]

    def scores(self, text: str) -> dict[str, float]:
        """The log-likelihood of each language for a text in small letters, but for a constant; all are 0 where nothing
        that is known occurs."""
        composed = unicodedata.normalize("NFC", text)
        found = Counter(self._features(composed.encode("utf-8", errors="surrogatepass")))
        if not found:
            return dict.fromkeys(self._languages, 0.0)
        rows = np.fromiter(found.keys(), dtype=np.intp, count=len(found))
        counts = np.fromiter(found.values(), dtype=np.float32, count=len(found))
        likelihoods = np.log1p(counts) @ self._weights[rows] + self._priors
        scores: dict[str, float] = {}
        for language, score in zip(self._languages, likelihoods.tolist(), strict=True):
            scores[language] = max(score, scores.get(language, score))
        return scores

    def _features(self, text: bytes) -> list[int]:
        """The features that occur in a text, in order; at each byte the longest that ends there."""
        base, check, fail, feature = self._base, self._check, self._fail, self._feature
        found, state = [], 0
        for byte in text:
            reached = base[state] + byte
            while check[reached] != state and state:
                state = fail[state]
                reached = base[state] + byte
            if check[reached] == state:
                state = reached
            if feature[state] != NONE:
                found.append(feature[state])
        return found
