"""lead-or-manage score, worker."""

import sys
from pathlib import Path
from typing import Annotated, get_args

import typer
from pydantic import ValidationError

from app.assessments.answers import ScoreAnswer
from app.assessments.requests import ScoreRequest
from app.assessments.service import Assessor
from app.catalog.setup import set_up
from app.database import connect
from app.errors import AppError
from app.failures import Failure
from app.jobs.argument import situation
from app.jobs.files import TYPES, WRITTEN, FileError, media_type, score_file
from app.jobs.queues import queue_module
from app.jobs.schemas import Delimiter, NewJob
from app.jobs.terminal import readable
from app.jobs.work import Judge
from app.logs import start_log
from app.outputs import database_file, refuse_same
from app.scoring import Scorer
from app.settings import load_settings
from app.tabular.cells import Dialect
from app.tabular.faults import ColumnError

COLUMN_OPTIONS = ("text_column", "id_column", "group_column")


def score_text(
    text: Annotated[str, typer.Argument(help="The situation, or - for standard input, or a file's path")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer of POST /v1/score")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help=f"Score every line of a file ({', '.join(TYPES)}) into this one ({', '.join(WRITTEN)})"),
    ] = None,
    columns: Annotated[
        str, typer.Option(help="Tables: columns of the text, and after commas of your id and the group")
    ] = "text",
    delimiter: Annotated[
        str, typer.Option(help=f"Tables: what stands between cells: {', '.join(get_args(Delimiter))}")
    ] = "auto",
) -> None:
    """Judge one situation, or with --out every line of a file."""
    try:
        if out is None:
            typer.echo(_one(situation(text), as_json))
        else:
            _many(Path(text), out, _wanted(columns, delimiter))
    except ColumnError as error:
        raise Failure(f"{error} Name the columns with --columns TEXT,ID,GROUP.") from None
    except AppError as error:
        raise Failure(str(error)) from None


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


def _wanted(columns: str, delimiter: str) -> NewJob:
    names = [name.decode().strip() or None for name in Dialect(",").split(columns.encode()).cells]
    if len(names) > len(COLUMN_OPTIONS):
        raise FileError('--columns names at most three: TEXT,ID,GROUP; put a name with a comma into quotes ("")')
    given = {option: name for option, name in zip(COLUMN_OPTIONS, names, strict=False) if name}
    try:
        return NewJob.model_validate(given | {"delimiter": delimiter})
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False, include_context=False)[0]
        option = "delimiter" if told["loc"] == ("delimiter",) else "columns"
        raise FileError(f"--{option}: {told['msg']}") from None


def _one(text: str, as_json: bool) -> str:
    try:
        request = ScoreRequest.model_validate({"text": text})
    except ValidationError as error:
        raise FileError(error.errors()[0]["msg"]) from None
    settings = load_settings()
    set_up(settings)
    assessor, engine = Assessor(Scorer.load(), settings.scoring_slots), connect(settings.database_url)
    try:
        answer = assessor.score(assessor.known(engine, "local"), request.text, request.id, request.options)
    finally:
        engine.dispose()
    return ScoreAnswer.model_validate(answer).model_dump_json(exclude_unset=True) if as_json else readable(answer)


def _many(source: Path, out: Path, wanted: NewJob) -> None:
    if not source.is_file():
        raise FileError(f"there is no file {source}; --out scores each line of one")
    media_type(source, TYPES)
    media_type(out, WRITTEN)
    settings = load_settings()
    database = database_file(settings.database_url)
    refuse_same(out, source, database)
    set_up(settings)
    assessor, engine = Assessor(Scorer.load(), settings.scoring_slots), connect(settings.database_url)
    try:
        judge = Judge(assessor, assessor.known(engine, "local"), wanted.options, "command-line")
        with typer.progressbar(length=source.stat().st_size, label="scoring", file=sys.stderr, show_pos=False) as bar:
            texts, errors = score_file(source, out, wanted, judge, lambda read: bar.update(read - bar.pos), database)
    finally:
        engine.dispose()
    typer.echo(f"{texts} texts, {errors} with an error: {out}", err=True)
    if errors == texts:
        typer.echo("lead-or-manage: none of the texts could be scored; the file says why, row by row", err=True)
        raise typer.Exit(1)
