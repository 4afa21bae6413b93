"""Contrast sets: siblings that differ in as little as changes what a reader says."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.scoring.labels import Verdict
from app.scoring.records import FIELDS, Record, RecordError, checked


@dataclass
class ContrastSet:
    """Siblings by one writer, and the kind of contrast between them."""

    name: str
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
                found = sets.setdefault(row["set"], ContrastSet(row["set"], row["contrast"], writer))
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
