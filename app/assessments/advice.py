"""Which programs fit a judgement, at a cost that hardly grows with their number."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from app.assessments.requests import Options, Preferences
from app.catalog.advised import AdvisedProgram
from app.scoring import Assessment
from app.scoring.labels import SIDES

UNKNOWN_MONTHS = np.iinfo(np.int32).max


class Programs:
    """Programs by slug. They are kept as numbers: what can be said of one depends on which of few kinds it is of, by
    criteria and focus, and which of few forms it has, by focus, delivery and pace."""

    def __init__(self, programs: Iterable[AdvisedProgram]) -> None:
        self._programs = sorted(programs, key=lambda program: program.slug)
        kinds: dict[tuple[frozenset[str], tuple[str, ...]], int] = {}
        forms: dict[tuple[tuple[str, ...], ...], int] = {}
        self._kind = np.array([kinds.setdefault(_kind(one), len(kinds)) for one in self._programs], dtype=np.intp)
        self._form = np.array([forms.setdefault(_form(one), len(forms)) for one in self._programs], dtype=np.intp)
        self._own = np.array([one.catalogue == "own" for one in self._programs], dtype=bool)
        months = [UNKNOWN_MONTHS if one.months is None else one.months for one in self._programs]
        self._months = np.array(months, dtype=np.int32)
        self._kinds, self._forms = tuple(kinds), tuple(forms)

    def recommended(self, assessment: Assessment, options: Options) -> list[dict[str, Any]]:
        """The best programs whose criteria the situation shows: the score is the share of what is shown that they help
        with, weighed by probability, times how far their focus is what the situation calls for."""
        if assessment.verdict == "insufficient":
            return []
        present = {trait.slug: trait.probability or 0.0 for trait in assessment.criteria if trait.present}
        scores = [_score(criteria, sides, present, assessment.demand) for criteria, sides in self._kinds]
        fitting = np.array([score is not None for score in scores], dtype=bool)[self._kind]
        places = np.flatnonzero(fitting & self._wanted(options.catalogue, options.preferences))
        score = np.array([score or 0.0 for score in scores])[self._kind[places]]
        best = places[
            np.argsort(-score, kind="stable")[: options.max_recommendations]
        ]  # a tie keeps the order of slugs
        return [_fit(self._programs[place], scores[self._kind[place]], present) for place in best]

    def _wanted(self, catalogue: Literal["both", "own", "shared"], wanted: Preferences) -> Any:
        """Whether each program is of the catalogue and the form that the caller wants, as an array of bools."""
        formed = np.array([_preferred(form, wanted) for form in self._forms], dtype=bool)[self._form]
        if catalogue != "both":
            formed &= self._own == (catalogue == "own")
        if wanted.max_months is not None:
            formed &= self._months <= wanted.max_months
        return formed


def _kind(program: AdvisedProgram) -> tuple[frozenset[str], tuple[str, ...]]:
    return frozenset(program.criteria), tuple(side for side in SIDES if side in program.focus)


def _form(program: AdvisedProgram) -> tuple[tuple[str, ...], ...]:
    return program.focus, program.delivery, program.pace


def _score(
    criteria: frozenset[str], sides: tuple[str, ...], present: Mapping[str, float], demand: Mapping[str, float]
) -> float | None:
    """How far a kind of program fits, to four decimals; None where the situation shows nothing that it helps with."""
    shown = sorted((present[slug] for slug in criteria if slug in present), reverse=True)
    if not shown:
        return None
    score = sum(shown) / sum(present.values())
    if sides:
        score *= max(demand[side] for side in sides)
    return round(score, 4)


def _preferred(form: tuple[tuple[str, ...], ...], wanted: Preferences) -> bool:
    return all(
        one is None or one in values
        for one, values in zip((wanted.focus, wanted.delivery, wanted.pace), form, strict=True)
    )


def _fit(program: AdvisedProgram, score: float | None, present: Mapping[str, float]) -> dict[str, Any]:
    because = sorted((slug for slug in program.criteria if slug in present), key=lambda slug: -present[slug])
    return {
        "slug": program.slug,
        "name": program.name,
        "score": score,
        "because": because,
        "href": program.href,
        "catalogue": program.catalogue,
    }
