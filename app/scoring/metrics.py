"""The measures that `evaluate` prints, in plain numpy."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]


def kappa(truth: Ints, guess: Ints) -> float:
    """Cohen's kappa of two labelings of the same items."""
    labels = np.union1d(truth, guess)
    agreement = float(np.mean(truth == guess))
    chance = float(sum(np.mean(truth == label) * np.mean(guess == label) for label in labels))
    return (agreement - chance) / (1 - chance) if chance < 1 else 1.0


def f1(truth: Bools, guess: Bools) -> float:
    """F1 of one label; 0 where nothing is right."""
    hits = int(np.sum(truth & guess))
    total = int(truth.sum() + guess.sum())
    return 2 * hits / total if total else 0.0


def macro_f1(truth: Bools, guess: Bools) -> float:
    """Mean F1 over the columns of shape (items, labels)."""
    return float(np.mean([f1(truth[:, k], guess[:, k]) for k in range(truth.shape[1])]))


def calibration_error(confidence: Doubles, correct: Bools, bins: int = 10) -> float:
    """Expected calibration error over equal-width bins of confidence (Guo et al. 2017)."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == b].mean() - correct[place == b].mean()) * np.mean(place == b)
        for b in range(bins)
        if np.any(place == b)
    ]
    return float(sum(gaps))


def interval(
    measure: Callable[[Ints], float], count: int, clusters: Ints | None = None, rounds: int = 1000
) -> tuple[float, float]:
    """95 % bootstrap interval of a measure of item indices, with a fixed seed. Items with one number in `clusters` are
    drawn together."""
    random = np.random.default_rng(20261124)
    if clusters is None:
        values = [measure(random.integers(0, count, count)) for _ in range(rounds)]
    else:
        members = [np.flatnonzero(clusters == number) for number in np.unique(clusters)]
        draws = (random.integers(0, len(members), len(members)) for _ in range(rounds))
        values = [measure(np.concatenate([members[place] for place in draw])) for draw in draws]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
