"""lead-or-manage evaluate, train."""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from app.failures import Failure
from app.scoring import Scorer
from app.scoring.contrast import consistency, read_contrast
from app.scoring.corpus import read_corpus
from app.scoring.evaluation import Predictions, predict
from app.scoring.records import Record, RecordError, Situations, Split, read_records
from app.scoring.report import by_form, details, table
from app.settings import data_path

COMMANDS = "lead_or_manage.commands"


def evaluate(
    data: Annotated[Path | None, typer.Option(help="Labelled JSONL [the test split that is shipped]")] = None,
    baselines: Annotated[bool, typer.Option(help="Also train and measure baselines; needs the extra `train`")] = False,
    corpus: Annotated[
        Path | None, typer.Option(help="Folder with texts.jsonl: real texts, whose labels are in seed/corpus")
    ] = None,
    contrast: Annotated[bool, typer.Option(help="Measure on the contrast sets of seed/contrast")] = False,
    split: Annotated[str, typer.Option(help="Of the corpus or the contrast sets: train, dev or test")] = "test",
) -> None:
    """Measure the model against labelled situations."""
    if split not in get_args(Split):
        raise Failure(f"--split is one of: {', '.join(get_args(Split))}")
    if corpus:
        return _evaluate_corpus(corpus, cast("Split", split))
    if contrast:
        return _evaluate_contrast(split)
    try:
        situations = Situations.load(data_path("seed") / "situations")
        records = read_records(data) if data else situations.splits["test"]
    except RecordError as error:
        raise Failure(str(error)) from None
    scorer = Scorer.load()
    where = data.name if data else f"untouched test split, trained on {len(situations.splits['train'])}"
    typer.echo(f"model {scorer.version} on {len(records)} situations ({where})\n")
    predictions = predict(scorer, records)
    rows = [("this model", predictions)]
    if baselines:
        rows += _extra("baselines")(situations.splits["train"], records)
    for line in [*table(rows, records), "", *details(scorer, predictions, records)]:
        typer.echo(line)


def _evaluate_corpus(folder: Path, split: Split) -> None:
    try:
        records = read_corpus(data_path("seed") / "corpus" / "labels.jsonl", folder, split)
    except RecordError as error:
        raise Failure(str(error)) from None
    predictions = _measured(records, f"real texts of strangers (corpus {split})")
    for line in ("", *by_form(predictions, records)):
        typer.echo(line)


def _evaluate_contrast(split: str) -> None:
    sets = read_contrast(data_path("seed") / "contrast", split)
    records = [record for one in sets for record in one.siblings]
    predictions = _measured(records, f"texts of {len(sets)} contrast sets ({split})")
    for line in ("", *consistency(sets, predictions)):
        typer.echo(line)


def _measured(records: list[Record], what: str) -> Predictions:
    scorer = Scorer.load()
    typer.echo(f"model {scorer.version} on {len(records)} {what}\n")
    predictions = predict(scorer, records)
    for line in table([("this model", predictions)], records):
        typer.echo(line)
    return predictions


def train(
    out: Annotated[Path | None, typer.Option(help="Artefact folder [app/scoring/artefact]")] = None,
    base_model: Annotated[str | None, typer.Option(help="Folder or hub name [MiniLM from its package]")] = None,
    teacher_model: Annotated[
        str | None, typer.Option(help="Folder or hub name of a larger model to learn from")
    ] = None,
    share: Annotated[float, typer.Option(min=0.01, max=1, help="Part of the texts, for a learning curve")] = 1.0,
) -> None:
    """Train the model anew from seed/situations and write the artefact; needs the extra `train`."""
    _extra("train")(data_path("seed") / "situations", out, base_model, teacher_model, share)


def _extra(name: str) -> Any:
    """A function that the extra `train` brings."""
    try:
        (entry,) = entry_points(group=COMMANDS, name=name)
        return entry.load()
    except (ImportError, ValueError):
        raise Failure("this needs the extra `train`; the README says how to install it and how to retrain") from None
