"""How well a scorer agrees with labelled situations."""

import time
from dataclasses import dataclass, field

import numpy as np

from app.scoring.assessment import Classifier
from app.scoring.labels import CRITERIA, VERDICTS
from app.scoring.metrics import Bools, Doubles, Ints, calibration_error, f1, interval, kappa, macro_f1
from app.scoring.records import Record


@dataclass
class Truth:
    """The labels of some records as arrays."""

    verdicts: Ints
    criteria: Bools

    @classmethod
    def of(cls, records: list[Record]) -> "Truth":
        verdicts = np.array([VERDICTS.index(record.verdict) for record in records], dtype=np.int64)
        criteria = np.array([[slug in record.criteria for slug in CRITERIA] for record in records], dtype=bool)
        return cls(verdicts, criteria)


@dataclass
class Predictions:
    """What a classifier says about some records; probabilities have shape (records, labels)."""

    verdicts: Doubles
    criteria: Doubles
    milliseconds: Doubles
    styles: list[tuple[str | None, str | None]] = field(default_factory=list)
    marked: Bools | None = None
    """Which criteria are present; from a probability of one half on where a classifier has no thresholds of its own."""


def predict(scorer: Classifier, records: list[Record]) -> Predictions:
    """Assess every record, one at a time, as the service does."""
    verdicts, criteria, marked, times, styles = [], [], [], [], []
    for record in records:
        started = time.perf_counter()
        answer = scorer.assess(record.text)
        times.append((time.perf_counter() - started) * 1000)
        verdicts.append([answer.probabilities[name] for name in VERDICTS])
        criteria.append([trait.probability or 0.0 for trait in answer.criteria])
        marked.append([trait.present for trait in answer.criteria])
        lists = (answer.leadership_styles, answer.management_styles)
        leadership, management = (fits[0].slug if fits else None for fits in lists)
        styles.append((leadership, management))
    return Predictions(np.array(verdicts), np.array(criteria), np.array(times), styles, np.array(marked, bool))


@dataclass
class Scores:
    """The main figures with 95 % bootstrap intervals."""

    n: int
    kappa: float
    kappa_interval: tuple[float, float]
    accuracy: float
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    f1: dict[str, float]
    ece: float
    side_accuracy: float
    """Of the one-sided situations, how many have the larger demand on their side, whatever the verdict."""
    median_ms: float
    styles_top1: float | None


def score(
    truth: Truth, predictions: Predictions, records: list[Record] | None = None, clusters: Ints | None = None
) -> Scores:
    """Compare predictions with the truth. Records with one number in `clusters` belong together, for the intervals."""
    guess = predictions.verdicts.argmax(axis=1).astype(np.int64)
    marked = predictions.criteria >= 0.5 if predictions.marked is None else predictions.marked
    correct = guess == truth.verdicts
    n = len(guess)
    return Scores(
        n=n,
        kappa=kappa(truth.verdicts, guess),
        kappa_interval=interval(lambda rows: kappa(truth.verdicts[rows], guess[rows]), n, clusters),
        accuracy=float(correct.mean()),
        macro_f1=macro_f1(truth.criteria, marked),
        macro_f1_interval=interval(lambda rows: macro_f1(truth.criteria[rows], marked[rows]), n, clusters),
        f1={slug: f1(truth.criteria[:, k], marked[:, k]) for k, slug in enumerate(CRITERIA)},
        ece=calibration_error(predictions.verdicts.max(axis=1), correct),
        side_accuracy=_side_accuracy(truth.verdicts, predictions.verdicts),
        median_ms=float(np.median(predictions.milliseconds)),
        styles_top1=_styles_top1(predictions, records) if records and predictions.styles else None,
    )


def _side_accuracy(truth: Ints, probabilities: Doubles) -> float:
    leadership, management = VERDICTS.index("leadership"), VERDICTS.index("management")
    one_sided = (truth == leadership) | (truth == management)
    larger = np.where(probabilities[:, leadership] > probabilities[:, management], leadership, management)
    return float((larger == truth)[one_sided].mean()) if one_sided.any() else 0.0


def confusion(truth: Truth, predictions: Predictions) -> list[list[int]]:
    """How many records of each true verdict (rows) are read as each verdict (columns), in the order of VERDICTS."""
    table = np.zeros((len(VERDICTS), len(VERDICTS)), dtype=np.int64)
    np.add.at(table, (truth.verdicts, predictions.verdicts.argmax(axis=1)), 1)
    rows: list[list[int]] = table.tolist()
    return rows


def risk_coverage(truth: Truth, predictions: Predictions) -> dict[int, float]:
    """Accuracy over the surest part of the texts, by percent of texts."""
    order = np.argsort(-predictions.verdicts.max(axis=1), kind="stable")
    correct = (predictions.verdicts.argmax(axis=1) == truth.verdicts)[order]
    return {part: float(correct[: max(1, len(correct) * part // 100)].mean()) for part in (100, 90, 80, 70, 50)}


def subset(predictions: Predictions, rows: list[int]) -> Predictions:
    """The predictions for some of the records."""
    styles = [predictions.styles[row] for row in rows] if predictions.styles else []
    marked = None if predictions.marked is None else predictions.marked[rows]
    return Predictions(
        predictions.verdicts[rows], predictions.criteria[rows], predictions.milliseconds[rows], styles, marked
    )


def _styles_top1(predictions: Predictions, records: list[Record]) -> float:
    """How often the first style is among those the label accepts, over both lists of all work situations."""
    hits = []
    for (leadership, management), record in zip(predictions.styles, records, strict=True):
        if record.verdict != "insufficient":
            hits += [leadership in record.leadership_styles, management in record.management_styles]
    return float(np.mean(hits))
