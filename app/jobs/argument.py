"""What `lead-or-manage score` is given: one situation, a file that holds one, or a file of many by mistake."""

import os
import re
import sys
from pathlib import Path

from pydantic_core import from_json

from app.jobs.files import TYPES, FileError
from app.tabular.encoding import Sample, Transcoder, name_of
from app.tabular.faults import EncodingUnsupported, TableError
from app.tabular.reader import TableReader

KNOWN = "csv|tsv|txt|md|json|ndjson|jsonl|xlsx?|ods|docx?|odt|rtf|pdf"
_PATH = re.compile(
    r"(~|\.{1,2})?[/\\]\S.*"  # /home/me, ~/a, ../a
    r"|[a-z]:[/\\].*"  # C:\a
    r"|\S+[/\\]\S*"  # a/b
    r"|\S+\.[a-z]\w{0,4}"  # a.txt
    rf"|(\S+ ){{1,3}}\S*\.({KNOWN})",  # my table.csv
    re.IGNORECASE,
)


def situation(given: str) -> str:
    """The text to judge. Raises FileError where it is a file that is not there, or many texts at once."""
    if given == "-":
        return _one_text(sys.stdin.buffer.read(), None)
    path = given.strip()
    if os.path.isfile(path):
        return _one_text(Path(path).read_bytes(), Path(path))
    if os.path.isdir(path) and _PATH.fullmatch(path):
        raise FileError(f"{path} is a folder; name a file in it")
    if _PATH.fullmatch(path):
        raise FileError(
            f"there is no file {path}. If these are the words to be judged, give them by standard input: "
            "`lead-or-manage score -`"
        )
    return given


def _one_text(content: bytes, path: Path | None) -> str:
    turned = Transcoder()
    content = turned.feed(content) + turned.end()
    if (path and path.suffix.lower() in TYPES and path.suffix.lower() != ".txt") or _many(content):
        name = path or Path("table.csv")
        call = f"lead-or-manage score {name} --out {name.with_name(name.stem + '-scored.csv')} --columns TEXT,ID,GROUP"
        first = "" if path else " Save it as a file first."
        raise FileError(f"{path or 'the input'} is a table of many texts, not one. Score each: `{call}`.{first}")
    Sample().first(content)
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise EncodingUnsupported(name_of(content)) from None


def _many(content: bytes) -> bool:
    """Whether this is a table with a column of texts, or JSON objects one a line."""
    first, _, rest = content.strip().partition(b"\n")
    if not rest:
        return False
    try:
        if first.lstrip().startswith(b"{"):
            return isinstance(from_json(first), dict)
        table = TableReader({"text": "text"})
        list(table.feed(content))
        return len(table.header.names) > 1
    except (TableError, ValueError):
        return False
