"""Writes app/scoring/languages from the model that py3langid carries: `python -m app.training.languages`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from app.scoring.language import LANGUAGES
from app.scoring.ngrams import FOLDER, NONE

BYTES = 256
CLOSE = 64
"""How far back the search for a place goes from the last one."""
Children = list[dict[int, int]]
"""For each state its children by byte, without those that only stand for a suffix."""


def trie(following: NDArray[np.int64]) -> tuple[Children, list[int]]:
    """The states of a complete Aho-Corasick automaton as a trie: children, and for each state that of its longest
    suffix. `following` has shape (states, 256): the state after each byte; state 0 is the root. Children of a state
    are those that are reached from none that is nearer to the root."""
    count = len(following)
    children: Children = [{} for _ in range(count)]
    fail, seen, queue = [0] * count, [False] * count, [0]
    seen[0] = True
    for state in queue:
        row = following[state].tolist()
        for byte in range(BYTES):
            reached = row[byte]
            if not seen[reached]:
                seen[reached] = True
                children[state][byte] = reached
                fail[reached] = int(following[fail[state], byte]) if state else 0
                queue.append(reached)
    return children, fail


def double_array(children: Children, fail: Sequence[int], feature: Sequence[int]) -> NDArray[np.int32]:
    """The automaton as `Ngrams` reads it. States get new numbers: sets of several children each the next place where
    they fit, the largest first; then single children what is free between them."""
    size = 8 * len(children) + BYTES
    taken = bytearray(size)
    taken[0] = 1
    base, place = [0] * len(children), [0] * len(children)
    start, free = 1, 1
    for state in sorted(range(len(children)), key=lambda state: -len(children[state])):
        wanted = list(children[state])
        if len(wanted) > 1:
            start = max(start - CLOSE, 1)
            while any(taken[start + byte] for byte in wanted):
                start += 1
            base[state] = start
        elif wanted:
            while taken[free] or free <= wanted[0]:
                free += 1
            base[state] = free - wanted[0]
        for byte, reached in children[state].items():
            place[reached] = base[state] + byte
            taken[place[reached]] = 1
    found = np.full((4, max(place) + 1 + BYTES), NONE, np.int32)
    found[0] = 0
    for state, slot in enumerate(place):
        found[0, slot], found[2, slot], found[3, slot] = base[state], place[fail[state]], feature[state]
        for reached in children[state].values():
            found[1, place[reached]] = slot
    return found


def write(folder: Path) -> None:
    """Write automaton.npy, weights.npy and priors.npy for the languages that are told apart."""
    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    rows = np.asarray(model.tk_nextmove, np.int64).reshape(-1, BYTES)
    children, fail = trie(rows[np.asarray(model.tk_row)])
    known = set(LANGUAGES.split())
    columns = [index for index, language in enumerate(model.nb_classes) if language in known]
    priors = [(model.nb_classes[index], model.nb_pc[index]) for index in columns]
    folder.mkdir(exist_ok=True)
    np.save(folder / "automaton.npy", double_array(children, fail, model.tk_output))
    np.save(folder / "weights.npy", np.ascontiguousarray(model.nb_ptc[:, columns]))
    np.save(folder / "priors.npy", np.array(priors, [("language", "U3"), ("prior", np.float32)]))


if __name__ == "__main__":
    write(FOLDER)
