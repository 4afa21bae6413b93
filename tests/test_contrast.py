"""Contrast sets: sound, and measured whole."""

import json
from collections import Counter
from typing import Any

from app.scoring.comparison import Row, compared
from app.scoring.contrast import read_contrast
from app.scoring.labels import VERDICTS
from app.scoring.predictions import PredictionSet, Source, prediction
from app.settings import data_path
from tests.support.classifiers import StandIn

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
    sets = read_contrast(FOLDER, "dev")[:3]
    reader = StandIn({record.text: record.verdict for one in sets for record in one.siblings})
    source = Source("contrast", "dev", reader.version, "0")

    def whole() -> Row:
        rows = [prediction(reader, record, kind=one.kind, set=one.name) for one in sets for record in one.siblings]
        return compared(PredictionSet(source, rows))[0]

    assert whole().scores.kappa == 1
    assert "  3 of 3, 1.000 (1.00 to 1.00)" in whole().line()
    first = sets[0].siblings[0]
    reader.verdicts[first.text] = "both" if first.verdict != "both" else "leadership"
    assert "  2 of 3, 0.667 (0.00 to 1.00)" in whole().line()


def test_the_rows_of_contrast_sets_are_by_kind_and_by_hand_and_hold_every_text() -> None:
    sets, reader = read_contrast(FOLDER, "dev"), StandIn()
    rows = [prediction(reader, record, kind=one.kind, set=one.name) for one in sets for record in one.siblings]
    whole, *groups = compared(PredictionSet(Source("contrast", "dev", reader.version, "0"), rows))
    for facet, names in (("kind", {one.kind for one in sets}), ("hand", {"x02"})):
        found = [row for row in groups if row.facet == facet]
        assert {row.value for row in found} == names
        assert sum(row.scores.n for row in found) == whole.scores.n == len(rows)
        kappas = [row.scores.kappa for row in found]
        assert kappas == sorted(kappas)
