"""What is written into the catalogue: whole programs and skills, and merge patches of them."""

from typing import Literal, NotRequired, TypedDict

from lead_or_manage_client.scoring import Side


class SourceGiven(TypedDict):
    """Where a statement comes from; leave out what is unknown."""

    title: str
    """What the work is called."""
    publisher: NotRequired[str | None]
    """Who put it out; without a vertical bar."""
    year: NotRequired[int | None]
    """When it came out."""
    url: NotRequired[str | None]
    """Where to read it: http or https."""


class LinkGiven(TypedDict):
    """A skill that the program builds, or a criterion that it helps with."""

    slug: str
    """Its slug in the catalogue that you see."""
    basis: NotRequired[Literal["editorial", "source"] | str]
    """`source`: the program says so itself; `editorial`: somebody's own judgement."""
    why: str
    """The reason, in a sentence."""


class ProgramGiven(TypedDict):
    """A program to keep. What you do not know, leave out."""

    slug: str
    """Its name in paths and links: small letters, digits and hyphens. It is never used again."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    school: str
    """Who teaches it."""
    audience: str
    """Whom it is made for."""
    focus: NotRequired[list[str] | None]
    """`leadership`, `management` or `technology`; scoring weighs a program by it."""
    seniority: NotRequired[list[str] | None]
    """The ranks it is made for, such as `c-level`."""
    delivery: NotRequired[list[str] | None]
    """`on-campus`, `online` or `blended`."""
    pace: NotRequired[list[str] | None]
    """`part-time` or `modular`."""
    modules: NotRequired[int | None]
    """Number of modules."""
    months: NotRequired[int | None]
    """Length in months."""
    topics: NotRequired[list[str]]
    """What is taught."""
    features: NotRequired[list[str]]
    """What is special about it."""
    alumni: NotRequired[str | None]
    """The standing that graduates get."""
    skills: NotRequired[list[LinkGiven]]
    """Skills that it builds."""
    criteria: NotRequired[list[LinkGiven]]
    """Criteria that it helps with: the reasons for which scoring recommends it. Without any it never does."""
    source: NotRequired[list[SourceGiven]]
    """Where these statements come from."""


class ProgramPatch(TypedDict, total=False):
    """What is named is replaced, lists as a whole; None takes away; the rest stays."""

    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    school: str
    """Who teaches it."""
    audience: str
    """Whom it is made for."""
    focus: list[str] | None
    """What it is mainly about."""
    seniority: list[str] | None
    """The ranks it is made for."""
    delivery: list[str] | None
    """Where it takes place."""
    pace: list[str] | None
    """How it is spread over time."""
    modules: int | None
    """Number of modules."""
    months: int | None
    """Length in months."""
    topics: list[str] | None
    """What is taught."""
    features: list[str] | None
    """What is special about it."""
    alumni: str | None
    """The standing that graduates get."""
    skills: list[LinkGiven] | None
    """Skills that it builds."""
    criteria: list[LinkGiven] | None
    """Criteria that it helps with."""
    source: list[SourceGiven] | None
    """Where these statements come from."""


class SkillGiven(TypedDict):
    """A skill to keep."""

    slug: str
    """Its name in paths and links: small letters, digits and hyphens. It is never used again."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    concept: Side
    """The kind of role that needs it."""
    purpose: str
    """What it is for."""
    source: NotRequired[list[SourceGiven]]
    """Where these statements come from."""


class SkillPatch(TypedDict, total=False):
    """What is named is replaced, lists as a whole; None takes away; the rest stays."""

    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    concept: Side
    """The kind of role that needs it."""
    purpose: str
    """What it is for."""
    source: list[SourceGiven] | None
    """Where these statements come from."""


class Tombstone(TypedDict):
    """What is left of a retired item. Its slug is never used again."""

    slug: str
    """The slug that it had."""
    name: str
    """The name that it had."""
    retired_at: str
    """When it was retired (RFC 3339)."""
    successor: str | None
    """Slug of what takes its place; null where nothing does."""
