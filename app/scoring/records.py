"""Labelled situations: the record form of seed/situations, read and checked, and the split by writer."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from app.scoring.labels import CRITERIA, FACTORS, LEADERSHIP_STYLES, MANAGEMENT_STYLES, VERDICTS, Verdict

Split = Literal["train", "dev", "test"]
FIELDS = {
    "id",
    "text",
    "verdict",
    "criteria",
    "counter",
    "factors",
    "leadership_styles",
    "management_styles",
    "writer",
    "form",
    "industry",
    "traps",
    "source",
}


class RecordError(Exception):
    """A record does not have the documented form; the message names file, line and field."""


@dataclass(frozen=True, slots=True)
class Record:
    """One labelled situation. `criteria`, `counter` and `factors` map slugs to words quoted from the text."""

    id: str
    text: str
    verdict: Verdict
    criteria: dict[str, list[str]]
    counter: dict[str, list[str]]
    factors: dict[str, list[str]]
    leadership_styles: list[str]
    management_styles: list[str]
    writer: str
    form: str
    industry: str
    traps: list[str]
    source: str | None


@dataclass(frozen=True, slots=True)
class Labels:
    """What a second hand said of a text that it read without seeing the first hand's labels."""

    id: str
    verdict: Verdict
    criteria: list[str]
    factors: list[str]
    leadership_styles: list[str]
    management_styles: list[str]


def read_second_hand(path: Path) -> dict[str, Labels]:
    """The second hand's labels by the id of the record; none where the file is not there."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {labels.id: labels for labels in (Labels(**json.loads(line)) for line in lines)}


def read_records(path: Path) -> list[Record]:
    """All records of a JSONL file. Raises RecordError at the first that is not well formed."""
    records = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path.name}: cannot be read: {error}") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                records.append(checked(json.loads(line)))
            except (ValueError, TypeError, AttributeError) as error:
                raise RecordError(f"{path.name}, line {number}: {error}") from None
    return records


def checked(row: dict[str, Any]) -> Record:
    """The record of a JSON object. Raises ValueError naming the field that is wrong."""
    if set(row) != FIELDS:
        raise ValueError(f"fields missing {sorted(FIELDS - set(row))}, unknown {sorted(set(row) - FIELDS)}")
    record = Record(**row)
    if record.verdict not in VERDICTS:
        raise ValueError(f"verdict: must be one of {', '.join(VERDICTS)}")
    for field, allowed in (("criteria", CRITERIA), ("counter", CRITERIA), ("factors", FACTORS)):
        for slug, quotes in row[field].items():
            if slug not in allowed:
                raise ValueError(f"{field}: {slug} is unknown; allowed: {', '.join(allowed)}")
            if not quotes or any(not quote or quote not in record.text for quote in quotes):
                raise ValueError(f"{field}.{slug}: every quote must be an exact part of the text")
    styles = {"leadership_styles": set(LEADERSHIP_STYLES), "management_styles": set(MANAGEMENT_STYLES)}
    for field, known in styles.items():
        if unknown := set(row[field]) - known:
            raise ValueError(f"{field}: {', '.join(sorted(unknown))} is unknown")
    if record.verdict == "insufficient" and (record.criteria or record.factors or record.leadership_styles):
        raise ValueError("verdict: an insufficient text has no criteria, factors or styles")
    return record


Hand = TypeVar("Hand", Record, Labels)


@dataclass(frozen=True)
class Situations:
    """The folder seed/situations: one file per writer, splits.json that says whose texts train, tune or test, the
    labels of a second hand, and a third's verdict where the two differ, which settles it."""

    splits: dict[Split, list[Record]]
    second: dict[str, Labels]
    digest: str

    @classmethod
    def load(cls, folder: Path) -> "Situations":
        """Read every writer's file. A writer that splits.json does not name trains."""
        named: dict[str, list[str]] = json.loads((folder / "splits.json").read_text(encoding="utf-8"))
        digest = hashlib.sha256()
        splits: dict[Split, list[Record]] = {"train": [], "dev": [], "test": []}
        for path in sorted(folder.glob("*.jsonl")):
            digest.update(path.read_bytes())
            split: Split = "test" if path.stem in named["test"] else "dev" if path.stem in named["dev"] else "train"
            splits[split] += read_records(path)
        hands = folder / "second"
        for path in (hands / "labels.jsonl", hands / "third.jsonl"):
            digest.update(path.read_bytes() if path.exists() else b"")
        second, settled = read_second_hand(hands / "labels.jsonl"), _read_settled(hands / "third.jsonl")
        for split, records in splits.items():
            splits[split] = [_settle(record, settled) for record in records]
        second = {name: _settle(labels, settled) for name, labels in second.items()}
        return cls(splits, second, digest.hexdigest())


def _read_settled(path: Path) -> dict[str, Verdict]:
    """The verdicts of a third hand by the id of the record; none where the file is not there."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {row["id"]: row["verdict"] for row in map(json.loads, lines)}


def _settle(hand: Hand, settled: dict[str, Verdict]) -> Hand:
    return replace(hand, verdict=settled[hand.id]) if hand.id in settled else hand
