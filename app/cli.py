"""The command line: serve, keys, programs, seed, score, evaluate and more, and what the extras add."""

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import OperationalError

from app.access.commands import keys
from app.access.keys import AccessError
from app.archive.commands import audit, feedback, purge
from app.assessments.answers import ScoreAnswer
from app.assessments.requests import ScoreRequest
from app.assessments.service import Assessor
from app.catalog.commands import programs
from app.catalog.seeding import SeedError
from app.database import connect
from app.errors import AppError
from app.jobs.files import FileError, score_file
from app.jobs.items import ColumnMissing
from app.jobs.schemas import NewJob
from app.jobs.work import Judge
from app.logs import start_log
from app.main import create_app, open_queue, openapi_json, queue_module, set_up
from app.scoring import Scorer
from app.scoring.evaluation import predict
from app.scoring.records import RecordError, Situations, read_records
from app.scoring.report import details, table
from app.server import run
from app.settings import Settings, SettingsError, data_path, is_loopback, load_settings
from app.upkeep.commands import upkeep
from app.upkeep.presence import UpkeepError

cli = typer.Typer(
    name="lead-or-manage",
    help="Does a described work situation call for leadership, for management, or for both?\n\n"
    "Start with `serve`, then open http://127.0.0.1:8000. Settings are environment variables LOM_*; the README "
    "lists them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (keys, programs, upkeep, audit, feedback):
    cli.add_typer(group)
cli.command()(purge)
COMMANDS = "lead_or_manage.commands"
COLUMN_OPTIONS = ("text_column", "id_column", "group_column")


def fail(message: object) -> typer.Exit:
    """Print what is wrong and end with status 2."""
    typer.echo(f"lead-or-manage: {message}", err=True)
    return typer.Exit(2)


def _settings(**overrides: Any) -> Settings:
    try:
        return load_settings(**overrides)
    except SettingsError as error:
        raise fail(error) from None


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [LOM_HOST, 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port [LOM_PORT, 8000]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes [LOM_WORKERS, 1]")] = None,
) -> None:
    """Migrate and seed the database, then serve the API."""
    settings = _settings(host=host, port=port, workers=workers)
    if settings.require_key is None and not is_loopback(settings.host):
        raise fail(
            f"{settings.host} can be reached from other machines: set LOM_REQUIRE_KEY=true, and make keys with "
            "`lead-or-manage keys create`; or set it to false where something else guards the door"
        )
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise fail("LOM_TLS_CERTIFICATE and LOM_TLS_KEY go together: set both or none")
    start_log(settings.log_level)
    open_queue(settings)  # says now what is missing
    try:
        report = set_up(settings)
    except SeedError as error:
        raise fail(error) from None
    typer.echo(f"Catalogue ready: {report}.", err=True)
    run(settings)


@cli.command()
def seed(
    source: Annotated[Path | None, typer.Option("--from", help="Seed folder [the one that is shipped]")] = None,
) -> None:
    """Bring the catalogue of the database up to date with the seed files. Running it twice changes nothing."""
    try:
        report = set_up(_settings(), source)
    except SeedError as error:
        raise fail(error) from None
    for verb in ("added", "changed", "removed"):
        for slug in getattr(report, verb):
            typer.echo(f"{verb} {slug}")
    for slug in report.kept:
        typer.echo(f"kept {slug} (edited)")
    typer.echo(str(report))


@cli.command(name="score")
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
    settings = _settings()
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
        raise fail(_first_line(error)) from None
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


@cli.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Chunks of texts at the same time")] = 1,
) -> None:
    """Score the texts of jobs from the queue (LOM_JOBS=queue, PostgreSQL), on as many machines as wanted."""
    settings = _settings()
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


@cli.command()
def evaluate(
    data: Annotated[Path | None, typer.Option(help="Labelled JSONL [the test split that is shipped]")] = None,
    baselines: Annotated[bool, typer.Option(help="Also train and measure baselines; needs the extra `train`")] = False,
) -> None:
    """Measure the model against labelled situations."""
    try:
        situations = Situations.load(data_path("seed") / "situations")
        records = read_records(data) if data else situations.splits["test"]
    except RecordError as error:
        raise fail(error) from None
    scorer = Scorer.load()
    where = data.name if data else f"untouched test split, trained on {len(situations.splits['train'])}"
    typer.echo(f"model {scorer.version} on {len(records)} situations ({where})\n")
    predictions = predict(scorer, records)
    rows = [("this model", predictions)]
    if baselines:
        rows += _extra("baselines")(situations.splits["train"], records)
    for line in [*table(rows, records), "", *details(scorer, predictions, records)]:
        typer.echo(line)


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(openapi_json(create_app(_settings())))


def _extra(name: str) -> Any:
    """A function that the extra `train` brings."""
    try:
        (entry,) = entry_points(group=COMMANDS, name=name)
        return entry.load()
    except (ImportError, ValueError):
        raise fail("this needs the package installed with its extra `train`; the README says how to retrain") from None


@cli.command()
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


def main() -> None:
    """Entry point of the `lead-or-manage` command."""
    try:
        cli()
    except (AccessError, SettingsError, UpkeepError) as error:
        typer.echo(f"lead-or-manage: {error}", err=True)
        sys.exit(2)
    except OperationalError as error:
        typer.echo(
            f"lead-or-manage: LOM_DATABASE_URL: no database answers: {str(error.orig).splitlines()[0]}", err=True
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
