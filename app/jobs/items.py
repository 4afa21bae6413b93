"""The texts of a job, and what is wrong with those that cannot be scored."""

import json
import zlib
from dataclasses import astuple, dataclass

from pydantic import Field

from app.assessments.requests import Body, Identifier, text_problem

MAX_GROUPS = 1_000
CHUNK_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One text, or, where `code` is set, what is wrong with it."""

    id: str | None
    group: str | None
    text: str | None
    code: str | None = None
    message: str | None = None
    pointer: str = ""


class JobItem(Body):
    """One line of an NDJSON job."""

    text: str
    """The situation, as in `/v1/score`."""
    id: Identifier | None = None
    """Yours; echoed in the results."""
    group: Identifier | None = Field(default=None)
    """What the summary counts by, such as a site or a question."""


def refused(code: str, message: str, pointer: str = "", item: tuple[str | None, str | None] = (None, None)) -> Item:
    """An item that cannot be scored; `item` is its id and group where they are known."""
    return Item(*item, None, code, message, pointer)


def checked(identifier: str | None, group: str | None, text: str) -> Item:
    """The item of a text, or what is wrong with it."""
    if refusal := text_problem(text):
        return refused(refusal.code, refusal.message, refusal.pointer, (identifier, group))
    return Item(identifier, group, text)


def pack(items: list[Item]) -> bytes:
    """The items of a chunk as they are kept until they are scored."""
    return zlib.compress(json.dumps([astuple(item) for item in items], ensure_ascii=False).encode(), 1)


def unpack(packed: bytes) -> list[Item]:
    """The items of a chunk."""
    return [Item(*fields) for fields in json.loads(zlib.decompress(packed))]
