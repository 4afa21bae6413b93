"""Labels of real texts that are kept elsewhere: seed/corpus holds ids, labels and sources, never the texts."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.scoring.labels import CRITERIA
from app.scoring.records import Record, RecordError, Split


def read_corpus(labels: Path, folder: Path, split: Split) -> list[Record]:
    """The labelled texts of a split whose words stand in `folder`/texts.jsonl ({"id", "text"} a line), in the order of
    their ids. A text whose hands could not agree on a verdict is left out.

    Raises RecordError where the folder has no such file, or none of the texts.
    """
    return [_record(row, text) for row, text in _labelled(labels, folder, split) if row["verdict"]]


def read_hands(labels: Path, folder: Path, split: Split) -> list[tuple[str, list[dict[str, Any]]]]:
    """The texts of a split with what each hand says of them; see read_corpus."""
    return [(text, row["hands"]) for row, text in _labelled(labels, folder, split)]


def _labelled(labels: Path, folder: Path, split: Split) -> list[tuple[dict[str, Any], str]]:
    texts = {row["id"]: row["text"] for row in _rows(folder / "texts.jsonl")}
    rows = [row for row in _rows(labels) if row["split"] == split and row["id"] in texts]
    if not rows:
        raise RecordError(f"{folder / 'texts.jsonl'}: holds none of the labelled texts of {split}")
    return [(row, texts[row["id"]]) for row in rows]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise RecordError(f"{path.name}, line {number}: {error}") from None
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from None


def _record(row: dict[str, Any], text: str) -> Record:
    hands = row["hands"]
    return Record(
        id=row["id"],
        text=text,
        verdict=row["verdict"],
        criteria=_quoted(hands, text) if row["verdict"] != "insufficient" else {},
        counter={},
        factors={},
        leadership_styles=[],
        management_styles=[],
        writer="strangers",
        form=row["form"],
        industry="",
        traps=[],
        source=row["id"],
    )


def _quoted(hands: list[dict[str, Any]], text: str) -> dict[str, list[str]]:
    return {
        slug: [text[start:end] for hand in hands for start, end in hand["criteria"].get(slug, [])]
        for slug in agreed(hands)
    }


def agreed(hands: list[dict[str, Any]]) -> list[str]:
    """The criteria that most hands mark; where as many do as do not, the first hand decides."""
    marks = Counter(slug for hand in hands for slug in hand["criteria"])
    return [
        slug
        for slug in CRITERIA
        if 2 * marks[slug] > len(hands) or (2 * marks[slug] == len(hands) and slug in hands[0]["criteria"])
    ]
