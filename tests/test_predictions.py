"""Predictions as files: written by the model, scored again without it, and those that are shipped."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.assessments import commands
from app.cli import cli
from app.scoring.card import ARTEFACT, artefact_digest, read_card
from app.scoring.comparison import compared
from app.scoring.contrast import read_contrast
from app.scoring.corpus import agreed
from app.scoring.predictions import SETS, SHIPPED, SetName, file_name, read_predictions
from app.scoring.records import Record, Situations
from app.settings import data_path
from tests.support.classifiers import StandIn
from tests.support.paths import ROOT

SHIPPED_SETS = [name for name in SETS if (SHIPPED / file_name(name, "test")).exists()]
SEED = data_path("seed")
Labels = dict[str, tuple[str, list[str]]]


def evaluate(*arguments: str) -> Result:
    with StandIn().in_place():
        return CliRunner().invoke(cli, ["evaluate", *arguments])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with predictions of our own texts and the contrast sets, and what was told when they were written."""
    folder = tmp_path_factory.mktemp("predictions") / "new"
    told = evaluate("--split", "dev", "--out", str(folder))
    assert told.exit_code == 0, told.output
    return folder, told.stdout


def table(told: str) -> list[str]:
    """The lines from the head of the table on."""
    return told[told.index("    n  ") :].splitlines()


def test_evaluate_stands_the_sets_side_by_side_and_names_the_lowest(written: tuple[Path, str]) -> None:
    _, told = written
    lines = table(told)
    for name in ("own dev ", "  hand r01 ", "  hand w05 ", "contrast dev ", "  kind negated ", "  hand x02 "):
        assert any(line.startswith(name) for line in lines), name
    hands = {line.split()[1]: float(line.split()[3]) for line in lines if line.startswith("  hand ")}
    lowest = min(hands, key=lambda hand: hands[hand])
    assert f"\nlowest hand: {lowest} of " in told
    assert "corpus dev: no predictions are shipped; --corpus DIR" in told


def test_predictions_are_scored_again_without_the_model_and_say_the_same(written: tuple[Path, str]) -> None:
    folder, told = written
    script = (
        "import sys; from typer.testing import CliRunner; from app.cli import cli\n"
        f"told = CliRunner().invoke(cli, ['evaluate', '--split', 'dev', '--predictions', {str(folder)!r}])\n"
        "assert told.exit_code == 0, told.output\n"
        "heavy = {'onnxruntime', 'tokenizers', 'py3langid', 'fastapi', 'app.scoring.scorer'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "print(told.stdout)\n"
    )
    again = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert table(again.stdout.rstrip("\n")) == table(told.rstrip("\n"))


def test_the_files_hold_labels_and_probabilities_but_no_text(written: tuple[Path, str]) -> None:
    folder, _ = written
    assert sorted(path.name for path in folder.iterdir()) == ["contrast-dev.jsonl", "own-dev.jsonl"]
    first, *rows = [json.loads(line) for line in (folder / "own-dev.jsonl").read_text(encoding="utf-8").splitlines()]
    assert first == {
        "set": "own",
        "split": "dev",
        "model_version": StandIn.version,
        "artefact_sha256": artefact_digest(ARTEFACT),
    }
    records = Situations.load(SEED / "situations").splits["dev"]
    assert [row["id"] for row in rows] == [record.id for record in records]
    text = (folder / "own-dev.jsonl").read_text(encoding="utf-8")
    assert not any(json.dumps(record.text)[1:60] in text for record in records)


def change(field: str, value: Any) -> Callable[[list[Any]], Any]:
    return lambda rows: rows[1].update({field: value})


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (change("verdict", "maybe"), "line 2: verdict"),
        (change("verdict", []), "line 2: verdict"),
        (change("criteria", ["charm"]), "line 2: criteria"),
        (change("marked", "change"), "line 2: marked"),
        (change("marked", [{}]), "line 2: "),
        (change("probabilities", {"both": 1}), "line 2: probabilities"),
        (change("probabilities", None), "line 2: probabilities"),
        (change("criteria_probabilities", {}), "line 2: criteria_probabilities"),
        (change("id", 7), "line 2: id"),
        (change("text", "x"), "line 2: "),
        (lambda rows: rows[1]["probabilities"].update(both=float("nan")), "line 2: probabilities"),
        (lambda rows: rows[1]["probabilities"].update(both=10**400), "line 2: probabilities"),
        (lambda rows: rows[1].pop("hand"), "line 2: "),
        (lambda rows: rows.append(rows[1]), "each text once"),
        (lambda rows: rows[0].update(split="test"), "line 1: is of own test, not of own dev"),
        (lambda rows: rows.pop(0), "line 1: "),
        (lambda rows: rows.__setitem__(1, []), "line 2: "),
        (lambda rows: rows.__setitem__(slice(1, None), []), "one at least"),
        (list.clear, "line 1: "),
    ],
)
def test_a_file_that_is_not_well_formed_is_refused_with_its_line(
    written: tuple[Path, str], tmp_path: Path, spoil: Callable[[list[Any]], Any], named: str
) -> None:
    rows = [json.loads(line) for line in (written[0] / "own-dev.jsonl").read_text(encoding="utf-8").splitlines()[:9]]
    spoil(rows)
    (tmp_path / "own-dev.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    told = evaluate("--split", "dev", "--predictions", str(tmp_path))
    assert told.exit_code == 2
    assert "own-dev.jsonl" in told.stderr
    assert named in told.stderr


def test_contrast_predictions_without_their_set_are_refused(written: tuple[Path, str], tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (written[0] / "contrast-dev.jsonl").read_text(encoding="utf-8").splitlines()]
    del rows[1]["set"]
    (tmp_path / "contrast-dev.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    told = evaluate("--split", "dev", "--predictions", str(tmp_path))
    assert (told.exit_code, "`kind` and `set`" in told.stderr) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--shipped", "--predictions", "x"],
        ["--shipped", "--corpus", "x"],
        ["--predictions", "x", "--out", "y"],
        ["--data", "x", "--shipped"],
        ["--details", "--corpus", "x"],
    ],
)
def test_options_that_exclude_each_other_are_refused(arguments: list[str]) -> None:
    told = evaluate(*arguments)
    assert told.exit_code == 2
    assert "--predictions, or --shipped" in told.stderr


def test_a_folder_without_predictions_is_refused(tmp_path: Path) -> None:
    told = evaluate("--predictions", str(tmp_path))
    assert told.exit_code == 2
    assert "has none of own-test.jsonl, corpus-test.jsonl, contrast-test.jsonl" in told.stderr


def test_predictions_of_another_artefact_are_said_to_be(written: tuple[Path, str], tmp_path: Path) -> None:
    first, rest = (written[0] / "own-dev.jsonl").read_text(encoding="utf-8").split("\n", 1)
    other = json.dumps(json.loads(first) | {"artefact_sha256": "f" * 64})
    (tmp_path / "own-dev.jsonl").write_text(f"{other}\n{rest}", encoding="utf-8")
    told = evaluate("--split", "dev", "--predictions", str(tmp_path)).stdout
    assert "(artefact ffffffffffff, not the model of this package)" in told
    assert "contrast dev: no predictions here" in told


def corpus_labels() -> list[dict[str, Any]]:
    lines = (SEED / "corpus" / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def labels(records: list[Record]) -> Labels:
    return {record.id: (record.verdict, sorted(record.criteria)) for record in records}


def seed_labels(name: SetName) -> Labels:
    """The labels of the test split of a set by id, as the seed has them."""
    if name == "own":
        return labels(Situations.load(SEED / "situations").splits["test"])
    if name == "contrast":
        return labels([record for one in read_contrast(SEED / "contrast", "test") for record in one.siblings])
    return {
        row["id"]: (row["verdict"], [] if row["verdict"] == "insufficient" else sorted(agreed(row["hands"])))
        for row in corpus_labels()
        if row["split"] == "test" and row["verdict"]
    }


def test_predictions_of_every_set_are_shipped() -> None:
    assert [*SETS] == SHIPPED_SETS
    assert {path.name for path in SHIPPED.iterdir()} == {file_name(name, "test") for name in SHIPPED_SETS}


@pytest.mark.parametrize("name", SHIPPED_SETS)
def test_shipped_predictions_are_of_the_shipped_model_and_have_the_labels_of_the_seed(name: SetName) -> None:
    shipped = read_predictions(SHIPPED, name, "test")
    assert shipped.source.model_version == read_card(ARTEFACT)["version"]
    assert shipped.source.artefact_sha256 == artefact_digest(ARTEFACT)
    assert {row.id: (row.verdict, sorted(row.criteria)) for row in shipped.rows} == seed_labels(name)


@pytest.mark.parametrize(("name", "part"), [("own", "test"), ("corpus", "strangers")])
def test_the_figures_of_the_shipped_predictions_are_those_of_the_card(name: SetName, part: str) -> None:
    scores, card = compared(read_predictions(SHIPPED, name, "test"))[0].scores, read_card(ARTEFACT)[part]
    assert scores.n == card["n"]
    for figure in ("kappa", "kappa_interval", "accuracy", "macro_f1", "macro_f1_interval", "f1", "ece"):
        assert getattr(scores, figure) == pytest.approx(card[figure], abs=2e-4), figure


def test_the_contrast_sets_that_are_read_right_are_those_of_the_card() -> None:
    found, card = (
        compared(read_predictions(SHIPPED, "contrast", "test"))[0].consistency,
        read_card(ARTEFACT)["contrast"],
    )
    assert found and (found.right, found.sets) == (card["right"], card["sets"])


def test_shipped_predictions_are_scored_with_one_option() -> None:
    told = evaluate("--shipped")
    assert told.exit_code == 0
    for name in SHIPPED_SETS:
        count = len(read_predictions(SHIPPED, name, "test").rows)
        assert f"\n{name} test: {count} texts, model {read_card(ARTEFACT)['version']} (artefact " in f"\n{told.stdout}"


def test_the_corpus_is_told_from_shipped_predictions_where_its_texts_are_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [row for row in corpus_labels() if row["split"] == "dev" and row["verdict"]][:30]
    texts = "".join(f"{json.dumps({'id': row['id'], 'text': 'We meet. ' * n})}\n" for n, row in enumerate(found, 1))
    (tmp_path / "texts.jsonl").write_text(texts, encoding="utf-8")
    measured = evaluate("--split", "dev", "--corpus", str(tmp_path), "--out", str(tmp_path / "out")).stdout
    monkeypatch.setattr(commands, "SHIPPED", tmp_path / "out")
    told = evaluate("--split", "dev").stdout
    assert "corpus dev: from the shipped predictions; --corpus DIR" in told
    assert table(told) == table(measured)
    assert "\nlowest form: " in told
