"""How many of some texts call for what, corrected for how often the model errs, without showing small groups.

The model confuses verdicts at rates that its card holds, measured on texts that it never saw: `confusion[i][j]` texts
of true verdict i were read as j. What was counted is, on average, the true shares times those rates, so the true shares
are estimated by inverting them (for two classes that is the estimator of Rogan and Gladen, 1978). The interval is a
bootstrap over both sources of chance: the rates (Dirichlet, with the test split's counts) and the texts (multinomial).
It holds as far as the model errs on these texts as it did on the test split.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.scoring.labels import VERDICTS

SMALLEST_GROUP = 10
DRAWS = 1_000
SEED = 20260101
METHOD = (
    "Verdicts as counted are what the model read. Corrected figures invert the model's confusion of verdicts, as "
    "measured on {n} texts of {population}; intervals are 95 %, by bootstrap over those texts and yours. They hold as "
    "far as the model errs on your texts as it did there."
)
Doubles = NDArray[np.float64]


@dataclass
class Counts:
    """What was counted in one group, or in all."""

    verdicts: NDArray[np.int64]
    unreadable: int
    errors: int
    demand: Doubles

    @property
    def n(self) -> int:
        """Texts that got a verdict."""
        return int(self.verdicts.sum())

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.verdicts + other.verdicts,
            self.unreadable + other.unreadable,
            self.errors + other.errors,
            self.demand + other.demand,
        )


NOTHING = Counts(np.zeros(len(VERDICTS), dtype=np.int64), 0, 0, np.zeros(2))
Groups = dict[str | None, Counts]


def tally(lines: Iterable[dict[str, Any]]) -> list[Any]:
    """What the summary needs of some lines: by group how many of each verdict, unreadable, refused, and the demands.

    Rows are [group, counts of the four verdicts, unreadable, errors, sum of leadership, sum of management].
    """
    counts: dict[str | None, Counter[str]] = {}
    for line in lines:
        group = counts.setdefault(line["group"], Counter())
        result = line.get("result")
        if result is None:
            group["error"] += 1
        elif result["status"] == "unreadable":
            group["unreadable"] += 1
        else:
            group[result["verdict"]] += 1
            for side, demand in result["demand"].items():
                group[f"demand_{side}"] += demand
    fields = ("unreadable", "error", "demand_leadership", "demand_management")
    return [[name, [c[v] for v in VERDICTS], *(round(c[field], 4) for field in fields)] for name, c in counts.items()]


def needed(result: dict[str, Any] | None) -> dict[str, Any] | None:
    """The little of a result that `tally` reads."""
    return result and {name: result[name] for name in ("status", "verdict", "demand")}


def gather(tallies: list[list[Any]]) -> Groups:
    """The counts of each group over all tallies."""
    groups: Groups = {}
    for rows in tallies:
        for name, verdicts, unreadable, errors, leadership, management in rows:
            demand = np.array([leadership, management])
            counts = Counts(np.array(verdicts, dtype=np.int64), int(unreadable), int(errors), demand)
            groups[name] = groups.get(name, NOTHING) + counts
    return groups


def withheld(groups: Groups) -> set[str | None]:
    """The groups that are not shown: those under ten texts, and as many of the next larger ones as it takes so that
    what is left of the total when all shown groups are taken away is at least two groups and ten texts."""
    hidden = {name for name, counts in groups.items() if counts.n < SMALLEST_GROUP}
    for name in sorted(groups, key=lambda name: (groups[name].n, name is not None, name or "")):
        rest = sum(groups[one].n for one in hidden)
        if not hidden or (len(hidden) >= 2 and rest >= SMALLEST_GROUP):
            break
        hidden.add(name)
    return hidden


class Correction:
    """Turns counts into shares of true verdicts, by the confusion that a model card holds."""

    def __init__(self, confusion: list[list[int]]) -> None:
        table = np.array(confusion, dtype=np.float64)
        chance = np.random.default_rng(SEED)
        rates = np.stack([chance.dirichlet(row + 0.5, DRAWS) for row in table], axis=1)
        self._best = np.linalg.inv((table / table.sum(axis=1, keepdims=True)).T)
        self._drawn = np.linalg.inv(rates.transpose(0, 2, 1))

    def shares(self, counts: Counts) -> tuple[Doubles, Doubles]:
        """The shares of the four verdicts, and DRAWS more of them that might as well be."""
        seen = counts.verdicts / counts.n
        drawn = np.random.default_rng(SEED).multinomial(counts.n, seen, DRAWS) / counts.n
        return _onto_simplex(self._best @ seen), _onto_simplex(np.einsum("dij,dj->di", self._drawn, drawn))

    def describe(self, counts: Counts) -> dict[str, Any]:
        """Counts and demand of one group, as counted and as corrected."""
        best, drawn = self.shares(counts)
        both = VERDICTS.index("both")
        found: dict[str, Any] = {"n": counts.n, "unreadable": counts.unreadable, "errors": counts.errors}
        found["verdicts"] = {
            name: {"counted": int(counts.verdicts[place]), "corrected": _estimate(best, drawn, [place], counts.n)}
            for place, name in enumerate(VERDICTS)
        }
        found["demand"] = {
            side: {
                "mean": round(float(counts.demand[place]) / counts.n, 4),
                "corrected": _estimate(best, drawn, [VERDICTS.index(side), both], 1),
            }
            for place, side in enumerate(("leadership", "management"))
        }
        return found


def _onto_simplex(shares: Doubles) -> Doubles:
    cut = np.clip(shares, 0.0, None)
    whole: Doubles = cut / cut.sum(axis=-1, keepdims=True)
    return whole


def _estimate(best: Doubles, drawn: Doubles, places: list[int], scale: int) -> dict[str, Any]:
    digits = 4 if scale == 1 else 1
    low, high = np.quantile(drawn[:, places].sum(axis=1), [0.025, 0.975])
    value = float(best[places].sum())
    return {
        "value": round(value * scale, digits) + 0.0,
        "interval": [round(min(float(low), value) * scale, digits), round(max(float(high), value) * scale, digits)],
    }


def summarise(tallies: list[list[Any]], confusion: list[list[int]]) -> dict[str, Any]:
    """The total and the groups that may be shown. No total of fewer than ten texts is shown either."""
    groups = gather(tallies)
    total = sum(groups.values(), NOTHING)
    hidden = withheld(groups) if set(groups) != {None} else set()
    correction = Correction(confusion)
    shown = sorted((name for name in groups if name not in hidden), key=lambda name: (name is None, name or ""))
    grouped = set(groups) - {None}
    return {
        "total": correction.describe(total) if total.n >= SMALLEST_GROUP else None,
        "groups": [{"group": name} | correction.describe(groups[name]) for name in shown] if grouped else [],
        "withheld": len(hidden),
        "smallest_group": SMALLEST_GROUP,
    }


def explained(tallies: list[list[Any]], card: dict[str, Any]) -> dict[str, Any]:
    """The summary by the errors on the model's card, in the shape of Summarised."""
    test, population = card["test"], card["confidence"]["population"]
    method = METHOD.format(n=test["n"], population=population)
    return summarise(tallies, test["confusion"]) | {"method": method}
