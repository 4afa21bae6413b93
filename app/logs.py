"""The log: one JSON object a line, whoever writes it."""

import json
import logging
import sys


class JSONLines(logging.Formatter):
    """Our own records are JSON already; those of the libraries become JSON."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.name.startswith("lead_or_manage"):
            return message
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        line = {"event": "log", "level": record.levelname.lower(), "logger": record.name, "message": message}
        return json.dumps(line | ({"error": error} if error else {}))


def start_log(level: str) -> None:
    """Write to standard error from this level on; Alembic speaks from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
