"""Contrast sets: siblings that differ in as little as changes what a reader says, and how many are read right whole."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.scoring.evaluation import Predictions
from app.scoring.labels import VERDICTS, Verdict
from app.scoring.metrics import interval
from app.scoring.records import FIELDS, Record, RecordError, checked


@dataclass
class ContrastSet:
    """Siblings by one writer, and the kind of contrast between them."""

    kind: str
    writer: str
    siblings: list[Record] = field(default_factory=list)


def read_contrast(folder: Path, split: str) -> list[ContrastSet]:
    """The sets of a split, `train`, `dev` or `test`. The verdict of a text is what most of three hands say, the writer
    among them; a set with a text on which all three differ is left out.

    Raises RecordError where a file is not well formed.
    """
    sets: dict[str, ContrastSet] = {}
    unsettled: set[str] = set()
    readers = {row["id"]: row["verdicts"] for _, row in _rows(folder / "hands.jsonl")}
    for writer in json.loads((folder / "splits.json").read_text(encoding="utf-8"))[split]:
        path = folder / f"{writer}.jsonl"
        for number, row in _rows(path):
            try:
                record = checked({name: value for name, value in row.items() if name in FIELDS})
                verdict = _settled([record.verdict, *readers[record.id]])
                found = sets.setdefault(row["set"], ContrastSet(row["contrast"], writer))
            except (KeyError, ValueError, TypeError) as error:
                raise RecordError(f"{path.name}, line {number}: {error}") from None
            if verdict is None:
                unsettled.add(row["set"])
            else:
                found.siblings.append(replace(record, verdict=verdict))
    return [found for name, found in sets.items() if name not in unsettled]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        yield number, json.loads(line)


def _settled(verdicts: list[Verdict]) -> Verdict | None:
    verdict, count = Counter(verdicts).most_common(1)[0]
    return verdict if 2 * count > len(verdicts) else None


def consistency(sets: list[ContrastSet], predictions: Predictions) -> Iterator[str]:
    """How many sets are read right in all their siblings: in all, by writer and by kind, the lowest first. The
    predictions are of the siblings, set after set."""
    guesses = iter(predictions.verdicts.argmax(axis=1))
    right = []
    for one in sets:
        guessed = [VERDICTS[next(guesses)] for _ in one.siblings]
        right.append(guessed == [record.verdict for record in one.siblings])
    marks = np.array(right, dtype=bool)
    low, high = interval(lambda rows: float(marks[rows].mean()), len(marks))
    yield f"sets read right in all siblings: {marks.mean():.3f} ({low:.2f} to {high:.2f}), n {len(marks)}"
    for name in ("writer", "kind"):
        groups: dict[str, list[bool]] = defaultdict(list)
        for one, whole in zip(sets, right, strict=True):
            groups[getattr(one, name)].append(whole)
        lines = sorted((sum(found) / len(found), group, len(found)) for group, found in groups.items())
        yield f"by {name}: " + ", ".join(f"{group} {share:.2f} ({count})" for share, group, count in lines)
