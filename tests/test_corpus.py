"""The labels of real texts: sound without the texts, and measured with them."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.scoring.labels import CRITERIA, FACTORS, STYLES, VERDICTS
from app.settings import data_path
from tests.support.classifiers import StandIn
from tests.support.commands import run

FOLDER = data_path("seed") / "corpus"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def test_every_label_is_one_of_the_guide_and_has_a_source() -> None:
    labels, sources = rows("labels.jsonl"), {source["id"] for source in rows("sources.jsonl")}
    assert len({label["id"] for label in labels}) == len(labels)
    assert {label["id"] for label in labels} == sources
    for label in labels:
        assert len(label["hands"]) >= 2, label["id"]
        said = [hand["verdict"] for hand in label["hands"]]
        agreed = [verdict for verdict in VERDICTS if 2 * said.count(verdict) > len(said)]
        assert label["verdict"] == (agreed[0] if agreed else None), label["id"]
        for hand in label["hands"]:
            assert hand["verdict"] in VERDICTS
            assert set(hand["criteria"]) <= set(CRITERIA)
            assert all(0 <= start < end for quotes in hand["criteria"].values() for start, end in quotes)
            assert set(hand.get("factors", [])) <= set(FACTORS)
            assert {*hand.get("leadership_styles", []), *hand.get("management_styles", [])} <= set(STYLES)
            assert hand["verdict"] != "insufficient" or not hand["criteria"]


def test_no_repository_is_on_two_sides_and_nothing_trains_without_a_licence() -> None:
    split = {label["id"]: label["split"] for label in rows("labels.jsonl")}
    sides: dict[str, set[str]] = defaultdict(set)
    for source in rows("sources.jsonl"):
        sides[source["repository"]].add(split[source["id"]])
        assert split[source["id"]] != "train" or source["use"] == "train"
        assert source["commit"] and source["path"] and source["licence"]
    assert [repository for repository, found in sides.items() if len(found) > 1] == []


def test_evaluate_measures_the_texts_of_a_folder_form_by_form(tmp_path: Path) -> None:
    dev = [label for label in rows("labels.jsonl") if label["split"] == "dev" and label["verdict"]]
    forms = {label["form"] for label in dev[:12]}
    texts = [
        {"id": label["id"], "text": f"We plan week {n} and check each delivery."} for n, label in enumerate(dev[:12])
    ]
    (tmp_path / "texts.jsonl").write_text("".join(f"{json.dumps(text)}\n" for text in texts), encoding="utf-8")
    with StandIn().in_place():
        told = CliRunner().invoke(cli, ["evaluate", "--corpus", str(tmp_path), "--split", "dev"])
    assert told.exit_code == 0
    assert "\ncorpus dev: 12 texts, model stand-in" in told.stdout
    for form in forms:
        assert f"\n  form {form} " in told.stdout


@pytest.mark.parametrize(
    ("content", "split", "named"),
    [
        (None, "test", "texts.jsonl"),
        ('{"id": "nobody", "text": "x"}\n', "test", "none of the labelled texts"),
        ("{\n", "test", "line 1"),
        ("", "all", "--split"),
    ],
)
def test_a_folder_that_cannot_be_measured_is_refused(
    tmp_path: Path, content: str | None, split: str, named: str
) -> None:
    if content is not None:
        (tmp_path / "texts.jsonl").write_text(content, encoding="utf-8")
    told = run("evaluate", "--corpus", str(tmp_path), "--split", split)
    assert told.exit_code == 2
    assert named in told.stderr
