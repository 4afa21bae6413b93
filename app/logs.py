"""The log: one JSON object a line, whoever writes it."""

import json
import logging
import re
import sys

log = logging.getLogger("lead_or_manage.start")
_LISTENS = re.compile(r"Uvicorn running on (https?://)(\S+):([0-9]+)")
_ALL_ADDRESSES = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104


class JSONLines(logging.Formatter):
    """Our own records are JSON already; those of the libraries become JSON."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.name.startswith("lead_or_manage"):
            return message
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        line = {"event": "log", "level": record.levelname.lower(), "logger": record.name, "message": message}
        return json.dumps(line | ({"error": error} if error else {}))


class ForTerminal(JSONLines):
    """For somebody who watches: the steps of the start, and the address to open, in words."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.name.startswith("lead_or_manage") and message.startswith("{"):
            line = json.loads(message)
            return str(line.get("step") or line.get("detail") or message)
        if listens := _LISTENS.match(message):
            host = "127.0.0.1" if listens[2] in _ALL_ADDRESSES else listens[2]
            return f"Ready: open {listens[1]}{host}:{listens[3]} (Ctrl-C ends it)."
        return super().format(record)


def _worth_watching(record: logging.LogRecord) -> bool:
    """What uvicorn says of its own start and end is nothing for a terminal."""
    chatter = record.name.startswith("uvicorn") and record.levelno < logging.WARNING
    return not chatter or bool(_LISTENS.match(record.getMessage()))


def step(what: str) -> None:
    """Say which step of the start begins."""
    log.info(json.dumps({"event": "start", "step": what}))


def start_log(level: str) -> None:
    """Write to standard error from this level on, in words for a terminal; Alembic speaks from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    watched = sys.stderr.isatty()
    handler.setFormatter(ForTerminal() if watched else JSONLines())
    if watched:
        handler.addFilter(_worth_watching)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no line tells them
    logging._srcfile = None  # nor where it comes from
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
