"""lead-or-manage evaluate, train."""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from app import scoring
from app.failures import Failure
from app.outputs import replacing
from app.scoring.card import ARTEFACT, artefact_digest
from app.scoring.comparison import side_by_side
from app.scoring.contrast import read_contrast
from app.scoring.corpus import read_corpus
from app.scoring.evaluation import predict, subset
from app.scoring.predictions import (
    SETS,
    SHIPPED,
    PredictionSet,
    SetName,
    Source,
    file_name,
    lines,
    prediction,
    read_predictions,
)
from app.scoring.records import Record, RecordError, Situations, Split, read_records
from app.scoring.report import details_of, table
from app.settings import data_path

COMMANDS = "lead_or_manage.commands"


def evaluate(
    *,
    split: Annotated[str, typer.Option(help="Of every set: train, dev or test")] = "test",
    corpus: Annotated[
        Path | None,
        typer.Option(help="Folder with texts.jsonl: real texts, whose labels are in seed/corpus [shipped predictions]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder: write what the model says of each text, not the text")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Folder that --out wrote: count its figures again, without the model")
    ] = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="The same with the predictions that are shipped")] = False,
    data: Annotated[Path | None, typer.Option(help="Labelled JSONL: measure on it alone, evidence and all")] = None,
    details: Annotated[bool, typer.Option("--details", help="The same on our own texts of the split")] = False,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Also train and measure baselines; needs the extra `train`")
    ] = False,
) -> None:
    """Measure the model against labelled situations.

    Own texts by hand, real texts by form, contrast sets by kind and hand, side by side.
    """
    if split not in get_args(Split):
        raise Failure(f"--split is one of: {', '.join(get_args(Split))}")
    alone, again = bool(data or details or baselines), bool(predictions or shipped)
    beside = bool(out or (corpus and not baselines))
    if alone + again + beside > 1 or (predictions and shipped) or (data and corpus):
        raise Failure(
            "give --corpus and --out, or --corpus and --baselines, or --predictions, or --shipped, or --data, "
            "--details and --baselines"
        )
    part = cast("Split", split)
    try:
        if alone:
            return _beside_baselines(corpus, part) if corpus else _measure_alone(data, part, baselines)
        sets = _read(predictions or SHIPPED, part) if again else _measured(part, corpus)
    except RecordError as error:
        raise Failure(str(error)) from None
    if out:
        _write(out, sets)
    if not again and not corpus:
        sets[1:1] = _shipped_corpus(part)
    for line in (*map(_told, sets), "", *side_by_side(sets)):
        typer.echo(line)


def _measure_alone(data: Path | None, split: Split, baselines: bool) -> None:
    situations = Situations.load(data_path("seed") / "situations")
    records = read_records(data) if data else situations.splits[split]
    scorer = scoring.Scorer.load()
    told = "untouched test split" if split == "test" else f"{split} split"
    where = data.name if data else f"{told}, trained on {len(situations.splits['train'])}"
    typer.echo(f"model {scorer.version} on {len(records)} situations ({where})\n")
    predictions = predict(scorer, records)
    rows = [("this model", predictions)]
    if baselines:
        rows += _extra("baselines")(situations.splits["train"], records)
    for line in [*table(rows, records), "", *details_of(scorer, predictions, records)]:
        typer.echo(line)


def _beside_baselines(corpus: Path, split: Split) -> None:
    """The model and the baselines, trained on the same texts, on our own texts and on those of strangers."""
    seed = data_path("seed")
    situations = Situations.load(seed / "situations")
    labels, own = seed / "corpus" / "labels.jsonl", situations.splits[split]
    train, strangers = read_corpus(labels, corpus, "train"), read_corpus(labels, corpus, split)
    scorer = scoring.Scorer.load()
    rows = [("this model", predict(scorer, own + strangers))]
    rows += _extra("baselines")(situations.splits["train"] + train, own + strangers)
    typer.echo(f"model {scorer.version}; baselines trained on {len(situations.splits['train'])} + {len(train)} texts")
    places = list(range(len(own) + len(strangers)))
    for name, part, records in (("own", places[: len(own)], own), ("corpus", places[len(own) :], strangers)):
        typer.echo(f"\n{name} {split}, {len(records)} texts")
        for line in table([(row, subset(found, part)) for row, found in rows], records):
            typer.echo(line)


def _measured(split: Split, corpus: Path | None) -> list[PredictionSet]:
    """What the model says of each set; of the corpus where its texts are given."""
    seed = data_path("seed")
    records: dict[SetName, list[Record]] = {"own": Situations.load(seed / "situations").splits[split]}
    if corpus:
        records["corpus"] = read_corpus(seed / "corpus" / "labels.jsonl", corpus, split)
    siblings = [(one, record) for one in read_contrast(seed / "contrast", split) for record in one.siblings]
    scorer, digest = scoring.Scorer.load(), artefact_digest(ARTEFACT)
    rows = {name: [prediction(scorer, record) for record in some] for name, some in records.items()}
    rows["contrast"] = [prediction(scorer, record, kind=one.kind, set=one.name) for one, record in siblings]
    return [PredictionSet(Source(name, split, scorer.version, digest), some) for name, some in rows.items()]


def _read(folder: Path, split: Split) -> list[PredictionSet]:
    """The predictions of a folder, whichever sets it has."""
    there = [name for name in SETS if (folder / file_name(name, split)).exists()]
    if not there:
        raise Failure(f"{folder}: has none of {', '.join(file_name(name, split) for name in SETS)}")
    for name in SETS:
        if name not in there:
            typer.echo(f"{name} {split}: no predictions here")
    return [read_predictions(folder, name, split) for name in there]


def _shipped_corpus(split: Split) -> list[PredictionSet]:
    """The shipped predictions for the corpus, where there are some; says so either way."""
    if not (SHIPPED / file_name("corpus", split)).exists():
        typer.echo(f"corpus {split}: no predictions are shipped; --corpus DIR measures the texts in DIR/texts.jsonl")
        return []
    typer.echo(f"corpus {split}: from the shipped predictions; --corpus DIR measures the texts in DIR/texts.jsonl")
    return [read_predictions(SHIPPED, "corpus", split)]


def _write(folder: Path, sets: list[PredictionSet]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for predicted in sets:
        path = folder / file_name(predicted.source.set, predicted.source.split)
        with replacing(path) as file:
            file.writelines(f"{line}\n".encode() for line in lines(predicted))
        typer.echo(f"written: {path}")


def _told(predicted: PredictionSet) -> str:
    source = predicted.source
    other = "" if source.artefact_sha256 == artefact_digest(ARTEFACT) else ", not the model of this package"
    digest = f"artefact {source.artefact_sha256[:12]}{other}"
    return f"{source.set} {source.split}: {len(predicted.rows)} texts, model {source.model_version} ({digest})"


def train(
    *,
    corpus: Annotated[Path, typer.Option(help="Folder with texts.jsonl: real texts, whose labels are in seed/corpus")],
    base_model: Annotated[str, typer.Option(help="Folder or hub name of all-mpnet-base-v2")],
    out: Annotated[Path | None, typer.Option(help="Artefact folder [app/scoring/artefact]")] = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Part of the real texts, for a learning curve")] = 1.0,
    epochs: Annotated[int, typer.Option(min=1, help="How many times the texts are read")] = 4,
    checkpoint: Annotated[
        Path | None, typer.Option(help="File for the weights after each epoch; where it exists, go on from it")
    ] = None,
) -> None:
    """Train the model anew from seed/ and real texts, and write the artefact; needs the extra `train`."""
    _extra("train")(
        data_path("seed") / "situations",
        corpus,
        base_model,
        out or ARTEFACT,
        share=share,
        epochs=epochs,
        checkpoint=checkpoint,
    )


def _extra(name: str) -> Any:
    """A function that the extra `train` brings."""
    try:
        (entry,) = entry_points(group=COMMANDS, name=name)
        return entry.load()
    except (ImportError, ValueError):
        raise Failure("this needs the extra `train`; the README says how to install it and how to retrain") from None
