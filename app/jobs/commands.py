"""lead-or-manage score, worker."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.assessments.answers import ScoreAnswer
from app.assessments.requests import ScoreRequest
from app.assessments.service import Assessor
from app.catalog.setup import set_up
from app.database import connect
from app.errors import AppError
from app.failures import Failure
from app.jobs.files import FileError, score_file
from app.jobs.items import ColumnMissing
from app.jobs.queues import queue_module
from app.jobs.schemas import NewJob
from app.jobs.work import Judge
from app.logs import start_log
from app.scoring import Scorer
from app.settings import load_settings

COLUMN_OPTIONS = ("text_column", "id_column", "group_column")


def score_text(
    text: Annotated[str, typer.Argument(help="The situation, or - for standard input, or a file's path")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer of POST /v1/score")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Score every line of a file (.ndjson, .csv) into this one (.ndjson, .csv)")
    ] = None,
    columns: Annotated[
        str, typer.Option(help="CSV: columns of the text, and after commas of your id and the group")
    ] = "text",
) -> None:
    """Judge one situation, or with --out every line of a file."""
    settings = load_settings()
    set_up(settings)
    assessor, engine = Assessor(Scorer.load(), settings.scoring_slots), connect(settings.database_url)
    try:
        if out is not None:
            wanted = NewJob.model_validate(dict(zip(COLUMN_OPTIONS, columns.split(","), strict=False)))
            judge = Judge(assessor, assessor.known(engine, "local"), wanted.options, "command-line")
            return _score_file(Path(text), out, wanted, judge)
        request = ScoreRequest.model_validate({"text": _read(text)})
        answer = assessor.score(assessor.known(engine, "local"), request.text, request.id, request.options)
    except (ValueError, AppError, ColumnMissing, FileError, OSError) as error:
        raise Failure(_first_line(error)) from None
    finally:
        engine.dispose()
    if as_json:
        typer.echo(ScoreAnswer.model_validate(answer).model_dump_json(exclude_unset=True))
    else:
        typer.echo(readable(answer))


def _score_file(source: Path, out: Path, wanted: NewJob, judge: Judge) -> None:
    with typer.progressbar(length=source.stat().st_size, label="scoring", file=sys.stderr, show_pos=False) as bar:
        texts, errors = score_file(source, out, wanted, judge, lambda read: bar.update(read - bar.pos))
    typer.echo(f"{texts} texts, {errors} with an error: {out}", err=True)


def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Chunks of texts at the same time")] = 1,
) -> None:
    """Score the texts of jobs from the queue (LOM_JOBS=queue, PostgreSQL), on as many machines as wanted."""
    settings = load_settings()
    start_log(settings.log_level)
    queue = queue_module(settings)
    set_up(settings)
    engine = connect(settings.database_url)
    try:
        queue.run_worker(engine, Assessor(Scorer.load(), concurrency), concurrency)
    finally:
        engine.dispose()


def _read(text: str) -> str:
    if text == "-":
        return sys.stdin.read().rstrip("\n")
    if len(text) < 300 and "\n" not in text and Path(text).is_file():
        return Path(text).read_text(encoding="utf-8").rstrip("\n")
    return text


def _first_line(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    return str(errors()[0]["msg"]) if callable(errors) else str(error)


def readable(answer: dict[str, Any]) -> str:
    """An answer for a reader at a terminal."""
    demand, verdict = answer["demand"], answer["verdict"]
    lines = [
        f"{verdict.upper()}  ({answer['status']}, probability {answer['probabilities'][verdict]:.2f})",
        f"leadership {_bar(demand['leadership'])}   management {_bar(demand['management'])}",
        "",
        answer["explanation"],
        "",
    ]
    for trait in answer["criteria"]:
        mark = "x" if trait["present"] else " "
        quotes = ", ".join(f"“{quote['quote']}”" for quote in trait["evidence"] if quote["polarity"] == "supports")
        lines.append(
            f"[{mark}] {trait['slug']:<16}{_bar(trait['probability'] or 0.0)}  {quotes if mark == 'x' else ''}"
        )
    for name, entries in answer["recommendations"].items():
        for entry in entries[:1]:
            lines.append(f"{name.replace('_', ' ')}: {entry['name']} (because of {', '.join(entry['because'])})")
    lines += [f"? {hint['ask']}" for hint in answer["missing"][:2]]
    return "\n".join(line.rstrip() for line in lines)


def _bar(probability: float) -> str:
    filled = round(probability * 10)
    return f"{'#' * filled}{'.' * (10 - filled)} {probability:.2f}"
