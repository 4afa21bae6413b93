"""Own test, corpus test and contrast sets side by side: in all, by hand, by form and by kind of contrast."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.scoring.evaluation import Scores, risk_coverage, score
from app.scoring.metrics import Bools, interval
from app.scoring.predictions import Prediction, PredictionSet, SetName
from app.scoring.report import surest

Facet = Literal["hand", "form", "kind"]
FACETS: dict[SetName, tuple[Facet, ...]] = {"own": ("hand",), "corpus": ("form",), "contrast": ("kind", "hand")}
LOWEST: tuple[Facet, ...] = ("hand", "form")
HEAD = f"{'':<28}{'n':>5}{'kappa':>8}{'[95 %]':>16}{'crit F1':>9}{'[95 %]':>16}{'ECE':>7}  sets right in all siblings"

NOTE = "(criteria F1 is the mean over all eight criteria; one that a group does not have counts as 0)"


@dataclass(frozen=True)
class Consistency:
    """How many contrast sets are read right in all their siblings."""

    right: int
    sets: int
    interval: tuple[float, float]


@dataclass(frozen=True)
class Row:
    """The figures of a whole set, or of one of its groups: `facet` and `value` say which."""

    set: str
    facet: Facet | None
    value: str
    scores: Scores
    has_criteria: bool
    consistency: Consistency | None

    def line(self) -> str:
        """The row as it is printed; criteria F1 is `-` where no text has a criterion."""
        name = f"  {self.facet} {self.value}" if self.facet else self.set
        return f"{name:<28}{self.scores.n:>5}{self._figures()}{_share(self.consistency)}"

    def _figures(self) -> str:
        low, high = self.scores.kappa_interval
        f_low, f_high = self.scores.macro_f1_interval
        f1, spread = f"{self.scores.macro_f1:.3f}", f"{f_low:.2f} to {f_high:.2f}"
        if not self.has_criteria:
            f1 = spread = "-"
        return f"{self.scores.kappa:>8.3f}{f'{low:.2f} to {high:.2f}':>16}{f1:>9}{spread:>16}{self.scores.ece:>7.3f}"


def compared(predicted: PredictionSet) -> list[Row]:
    """The figures of a set in all, then of its groups, for each facet the lowest kappa first.

    Intervals are by texts; for contrast sets by whole sets, whose siblings are no independent texts.
    """
    name = f"{predicted.source.set} {predicted.source.split}"
    rows = [_row(name, None, "", predicted)]
    for facet in FACETS[predicted.source.set]:
        groups: dict[str, list[Prediction]] = {}
        for one in predicted.rows:
            groups.setdefault(str(getattr(one, facet)), []).append(one)
        found = [_row(name, facet, value, PredictionSet(predicted.source, some)) for value, some in groups.items()]
        rows += sorted(found, key=lambda row: row.scores.kappa)
    return rows


def side_by_side(sets: list[PredictionSet]) -> Iterator[str]:
    """One table, the lowest hand and the lowest form, and what else is told of each set, line by line."""
    rows = [row for predicted in sets for row in compared(predicted)]
    yield HEAD
    yield from (row.line() for row in rows)
    yield NOTE
    yield ""
    for facet in LOWEST:
        if found := [row for row in rows if row.facet == facet]:
            lowest = min(found, key=lambda row: row.scores.kappa)
            low, high = lowest.scores.kappa_interval
            figures = f"kappa {lowest.scores.kappa:.3f} ({low:.2f} to {high:.2f}), n {lowest.scores.n}"
            yield f"lowest {facet}: {lowest.value} of {lowest.set}, {figures}"
    for predicted, whole in zip(sets, (row for row in rows if row.facet is None), strict=True):
        f1s = ", ".join(f"{slug} {value:.2f}" for slug, value in whole.scores.f1.items())
        yield f"{whole.set}, criterion F1: {f1s}"
        curve = risk_coverage(predicted.truth(), predicted.predictions())
        yield f"{whole.set}, accuracy of the surest: {surest(curve)}"


def _row(name: str, facet: Facet | None, value: str, predicted: PredictionSet) -> Row:
    truth, predictions = predicted.truth(), predicted.predictions()
    has_criteria = bool(truth.criteria.any())
    if predicted.source.set != "contrast":
        return Row(name, facet, value, score(truth, predictions), has_criteria, None)
    names = [str(row.set) for row in predicted.rows]
    clusters = np.unique(names, return_inverse=True)[1].astype(np.int64)
    right = predictions.verdicts.argmax(axis=1) == truth.verdicts
    whole: Bools = np.array([right[clusters == number].all() for number in np.unique(clusters)], bool)
    found = interval(lambda places: float(whole[places].mean()), len(whole))
    consistency = Consistency(int(whole.sum()), len(whole), found)
    return Row(name, facet, value, score(truth, predictions, clusters=clusters), has_criteria, consistency)


def _share(found: Consistency | None) -> str:
    if found is None:
        return ""
    low, high = found.interval
    return f"  {found.right} of {found.sets}, {found.right / found.sets:.3f} ({low:.2f} to {high:.2f})"
