"""Contrast sets: sound, and measured whole."""

import json
from collections import Counter
from typing import Any

import numpy as np

from app.scoring.contrast import consistency, read_contrast
from app.scoring.evaluation import Predictions, predict
from app.scoring.labels import VERDICTS
from app.settings import data_path
from tests.support.apps import scorer
from tests.support.commands import run

FOLDER = data_path("seed") / "contrast"
SPLITS: dict[str, list[str]] = json.loads((FOLDER / "splits.json").read_text(encoding="utf-8"))


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def test_every_set_has_two_to_four_siblings_by_one_writer_and_two_more_readers() -> None:
    assert sorted(writer for part in SPLITS.values() for writer in part) == sorted(
        path.stem for path in FOLDER.glob("x*.jsonl")
    )
    read = {row["id"]: row["verdicts"] for row in rows("hands.jsonl")}
    for writer in (writer for part in SPLITS.values() for writer in part):
        texts = rows(f"{writer}.jsonl")
        assert all(2 <= count <= 4 for count in Counter(row["set"] for row in texts).values())
        for row in texts:
            assert row["writer"] == writer
            assert len(read[row["id"]]) == 2 and set(read[row["id"]]) <= set(VERDICTS)


def test_every_split_is_well_formed_and_no_text_stands_twice() -> None:
    texts = [record.text for split in SPLITS for one in read_contrast(FOLDER, split) for record in one.siblings]
    assert len(texts) > 900
    assert len(set(texts)) == len(texts)


def test_a_set_counts_only_where_all_its_siblings_are_read_right() -> None:
    sets = read_contrast(FOLDER, "test")[:3]
    records = [record for one in sets for record in one.siblings]
    right = np.array([[float(name == record.verdict) for name in VERDICTS] for record in records])
    wrong = right.copy()
    wrong[0] = np.roll(wrong[0], 1)
    criteria, times = np.zeros((len(records), 8)), np.zeros(len(records))
    told = list(consistency(sets, Predictions(right, criteria, times)))
    assert told[0].startswith("sets read right in all siblings: 1.000 ")
    assert told[0].endswith("n 3")
    told = list(consistency(sets, Predictions(wrong, criteria, times)))
    assert told[0].startswith("sets read right in all siblings: 0.667 ")
    assert list(consistency(sets, predict(scorer(), records)))


def test_evaluate_prints_the_sets_by_writer_and_by_kind() -> None:
    told = run("evaluate", "--contrast", "--split", "dev")
    assert told.exit_code == 0
    assert "contrast sets (dev)" in told.stdout
    for line in ("sets read right in all siblings: ", "by writer: ", "by kind: "):
        assert f"\n{line}" in told.stdout
