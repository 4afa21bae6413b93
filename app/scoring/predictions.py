"""What a model says about labelled texts, as a small file without the texts, by which its figures are counted again.

The first line of a file says what it holds: {"set", "split", "model_version", "artefact_sha256"}. Each other line is a
text: its labels ("verdict", "criteria"), and what the model says ("probabilities", "criteria_probabilities", "marked").
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from app.scoring.assessment import Classifier
from app.scoring.card import ARTEFACT
from app.scoring.evaluation import Predictions, Truth
from app.scoring.labels import CRITERIA, VERDICTS, Verdict
from app.scoring.records import Record, RecordError, Split

SHIPPED = ARTEFACT / "predictions"
DIGITS = 4
SetName = Literal["own", "corpus", "contrast"]
SETS: tuple[SetName, ...] = get_args(SetName)


@dataclass(frozen=True, slots=True)
class Prediction:
    """One text: its labels and what the model says. `hand` is who wrote it; `kind` and `set` are of contrast sets."""

    id: str
    form: str
    hand: str
    verdict: Verdict
    criteria: list[str]
    probabilities: dict[str, float]
    criteria_probabilities: dict[str, float]
    marked: list[str]
    kind: str | None = None
    set: str | None = None

    def __post_init__(self) -> None:
        """Raises ValueError naming the field that is wrong."""
        for name in ("id", "form", "hand"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name}: must be a string")
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict: must be one of {', '.join(VERDICTS)}")
        for name in ("criteria", "marked"):
            if not isinstance(getattr(self, name), list) or not set(getattr(self, name)) <= {*CRITERIA}:
                raise ValueError(f"{name}: must be a list of {', '.join(CRITERIA)}")
        for name, labels in (("probabilities", VERDICTS), ("criteria_probabilities", CRITERIA)):
            found = getattr(self, name)
            if not isinstance(found, dict) or set(found) != {*labels} or not all(map(_is_probability, found.values())):
                raise ValueError(f"{name}: must have a number from 0 to 1 for each of {', '.join(labels)}")


def _is_probability(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


@dataclass(frozen=True, slots=True)
class Source:
    """What a file of predictions holds, and of which model."""

    set: SetName
    split: Split
    model_version: str
    artefact_sha256: str


Line = TypeVar("Line", Source, Prediction)


@dataclass(frozen=True, slots=True)
class PredictionSet:
    """The predictions of one model for all texts of a set."""

    source: Source
    rows: list[Prediction]

    def truth(self) -> Truth:
        """The labels as arrays."""
        criteria = [[slug in row.criteria for slug in CRITERIA] for row in self.rows]
        verdicts = [VERDICTS.index(row.verdict) for row in self.rows]
        return Truth(np.array(verdicts, np.int64), np.array(criteria, bool))

    def predictions(self) -> Predictions:
        """What the model says as arrays; the time it took is not kept, and 0."""
        return Predictions(
            np.array([[row.probabilities[name] for name in VERDICTS] for row in self.rows]),
            np.array([[row.criteria_probabilities[slug] for slug in CRITERIA] for row in self.rows]),
            np.zeros(len(self.rows)),
            marked=np.array([[slug in row.marked for slug in CRITERIA] for row in self.rows], bool),
        )


def prediction(classifier: Classifier, record: Record, **contrast: str) -> Prediction:
    """What a classifier says of a record, with probabilities rounded as the files have them; `contrast` is `kind` and
    `set` of a contrast set."""
    answer = classifier.assess(record.text)
    return Prediction(
        id=record.id,
        form=record.form,
        hand=record.writer,
        verdict=record.verdict,
        criteria=[slug for slug in CRITERIA if slug in record.criteria],
        probabilities={name: round(answer.probabilities[name], DIGITS) for name in VERDICTS},
        criteria_probabilities={trait.slug: round(trait.probability or 0.0, DIGITS) for trait in answer.criteria},
        marked=[trait.slug for trait in answer.criteria if trait.present],
        **contrast,
    )


def file_name(name: SetName, split: Split) -> str:
    """The name of the file with the predictions for a set."""
    return f"{name}-{split}.jsonl"


def lines(predicted: PredictionSet) -> Iterator[str]:
    """The lines of a file, without line ends."""
    yield json.dumps(asdict(predicted.source))
    for row in predicted.rows:
        yield json.dumps({name: value for name, value in asdict(row).items() if value is not None})


def read_predictions(folder: Path, name: SetName, split: Split) -> PredictionSet:
    """The predictions of a folder for a set. Raises RecordError where the file is missing or not well formed."""
    path = folder / file_name(name, split)
    try:
        first, *others = path.read_text(encoding="utf-8").splitlines() or [""]
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from None
    source = _checked(path, 1, first, Source)
    if (source.set, source.split) != (name, split):
        raise RecordError(f"{path.name}, line 1: is of {source.set} {source.split}, not of {name} {split}")
    rows = [_checked(path, number, line, Prediction) for number, line in enumerate(others, start=2)]
    if len({row.id for row in rows}) != len(rows) or not rows:
        raise RecordError(f"{path.name}: must have each text once, and one at least")
    if name == "contrast" and not all(row.kind and row.set for row in rows):
        raise RecordError(f"{path.name}: every text of a contrast set has `kind` and `set`")
    return PredictionSet(source, rows)


def _checked(path: Path, number: int, line: str, form: type[Line]) -> Line:
    try:
        return form(**json.loads(line))
    except (ValueError, TypeError) as error:
        known = ", ".join(field.name for field in fields(form))
        raise RecordError(f"{path.name}, line {number}: {error}; the fields are {known}") from None
