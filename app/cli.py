"""The command line: each command is imported when it is asked for."""

import errno
import logging
import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from app.failures import Failure
from app.loading import load

COMMANDS = {
    "serve": ("app.serving:serve", "Migrate and seed the database, then serve the API."),
    "keys": ("app.access.commands:keys", "Make, list, rotate and revoke API keys."),
    "programs": ("app.catalog.commands:programs", "Programs as CSV, out and in."),
    "backup": (
        "app.upkeep.commands:backup",
        "Copy the database into one checked file, while the service runs; never over a file that is there.",
    ),
    "restore": (
        "app.upkeep.commands:restore",
        "Bring a backup back. The former SQLite file is kept aside; a PostgreSQL database must be empty.",
    ),
    "where": (
        "app.upkeep.commands:where",
        "Where the database, the model and the seed are, and where each setting comes from.",
    ),
    "audit": ("app.archive.commands:audit", "Check the audit of what is kept."),
    "feedback": ("app.archive.commands:feedback", "Take out what readers corrected."),
    "purge": (
        "app.archive.commands:purge",
        "Erase every kept assessment whose day has come; `serve` does it every ten minutes.",
    ),
    "seed": (
        "app.catalog.commands:seed",
        "Bring the catalogue of the database up to date with the seed files. Running it twice changes nothing.",
    ),
    "score": ("app.jobs.commands:score_text", "Judge one situation, or with --out every line of a file."),
    "worker": (
        "app.jobs.commands:worker",
        "Score the texts of jobs from the queue (LOM_JOBS=queue, PostgreSQL), on as many machines as wanted.",
    ),
    "evaluate": ("app.assessments.commands:evaluate", "Measure the model against labelled situations."),
    "openapi": ("app.serving:openapi", "Print the OpenAPI document."),
    "train": (
        "app.assessments.commands:train",
        "Train the model anew from seed/ and real texts, and write the artefact; needs the extra `train`.",
    ),
}
"""Where each command stands, and the first lines of its help, which `--help` prints without importing it."""
PLAIN: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None}


def command(name: str) -> Any:
    """The command of this name, with its options."""
    found = load(COMMANDS[name][0])
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    single = typer.Typer(**PLAIN)
    single.command(name)(found)
    return typer.main.get_command(single)


class Commands(TyperGroup):
    """Knows the names of all commands, and imports one when it is called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = {name: TyperCommand(name=name, help=told) for name, (_, told) in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Its name, the command itself, and what is left of the arguments."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, command(str(name)), rest

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what the operator can mend is told in a line, with status 2."""
        try:
            return super().invoke(ctx)
        except Failure as error:
            reason = str(error)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        typer.echo(f"lead-or-manage: {reason}", err=True)
        raise typer.Exit(2)


cli = typer.Typer(name="lead-or-manage", cls=Commands, no_args_is_help=True, **PLAIN)


@cli.callback()
def lead_or_manage() -> None:
    """Does a described work situation call for leadership, for management, or for both?

    Start with `serve`, then open http://127.0.0.1:8000. Settings are environment variables LOM_*; the README lists
    them.
    """


def main() -> None:
    """Entry point of the `lead-or-manage` command. A mistake of ours is told in a line, with status 1."""
    try:
        cli()
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        typer.echo(
            f"lead-or-manage: this is a mistake of ours: {type(error).__name__} in {os.path.basename(place.filename)}, "
            f"line {place.lineno}. Please report it with what LOM_LOG_LEVEL=debug prints.",
            err=True,
        )
        if os.environ.get("LOM_LOG_LEVEL", "").strip().lower() == "debug":
            traceback.print_exc()
        logging.shutdown()
        sys.exit(1)


if __name__ == "__main__":
    main()
