"""The statement itself: read from statement.yaml, checked against its shape, and written as Markdown for readers."""

from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

FILE = Path(__file__).parent / "statement.yaml"


class Part(BaseModel):
    """What every part of the statement is like."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")


class StoredThing(Part):
    """Something that is stored, and until when."""

    what: str
    """What it is."""
    kept_for: str
    """How long it is kept."""
    why: str
    """What it is kept for."""
    tables: list[str]
    """The tables of the database that hold it; empty where it is kept elsewhere or nowhere."""


class DataRight(Part):
    """A right of the people whose data it is."""

    right: str
    """The right, with the article that gives it."""
    how: str
    """How to exercise it here."""


class LawNote(Part):
    """What a law asks of whoever uses the service."""

    name: str
    """The law."""
    note: str
    """What it means here; not legal advice."""


class Privacy(Part):
    """Privacy and intended use in plain words."""

    as_of: date
    """The day at which this was true; laws change."""
    purpose: str
    """What the service is for."""
    forbidden_uses: list[str]
    """What it must not be used for."""
    stored: list[StoredThing]
    """What is stored, how long and why."""
    never_stored: list[str]
    """What is never stored."""
    rights: list[DataRight]
    """What people can ask for, and how."""
    subprocessors: list[str]
    """Others who receive data: none."""
    transfers: str
    """Where data goes."""
    contact: str
    """Whom to ask."""
    law: list[LawNote]
    """What laws ask, as we read them on the day of `as_of`."""
    worker_notice: str
    """A notice for the people whose situations are described, ready to be used; fill in the brackets."""


@cache
def statement() -> Privacy:
    """The statement of this release."""
    return Privacy.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def as_markdown() -> str:
    """The same words as a chapter to read."""
    said = statement()
    lists = {
        "What it must not be used for": said.forbidden_uses,
        "What is stored, and how long": [f"**{part.what}.** {part.kept_for} *{part.why}*" for part in said.stored],
        "What is never stored": said.never_stored,
        "Your rights": [f"**{part.right}.** {part.how}" for part in said.rights],
        "The law": [f"**{part.name}.** {part.note}" for part in said.law],
    }
    chapters = [f"{said.purpose} As of {said.as_of:%d %B %Y}."]
    chapters += [f"**{name}**\n\n" + "\n".join(f"- {line}" for line in lines) for name, lines in lists.items()]
    others = ", ".join(said.subprocessors) or "none"
    chapters.append(f"**Who else receives data**\n\nSubprocessors: {others}. Transfers: {said.transfers}")
    chapters.append(f"**Whom to ask**\n\n{said.contact}")
    chapters.append(f"**A notice for workers, ready to use**\n\n*{said.worker_notice}*")
    return "\n\n".join(chapters)
