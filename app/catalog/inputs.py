"""What may be written into the catalogue: whole programs and skills, and merge patches of them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.catalog.tables import SLUG_LENGTH
from app.numbers import whole


def _visible(but: str) -> str:
    """A pattern for text of signs other than these, at least one of them no white space."""
    return rf"^[^{but}]*[^\s\x85{but}][^{but}]*$"


LINE = _visible(r"\x00-\x1f\x7f\u2028\u2029")
PROSE = _visible(r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f")
PUBLISHER = _visible(r"\x00-\x1f\x7f|\u2028\u2029")


def _line(most: int, pattern: str = LINE) -> Any:
    return StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=most, pattern=pattern)


def _each_once(most: int) -> Any:
    return Field(min_length=1, max_length=most, json_schema_extra={"uniqueItems": True})


def _once(values: list[Any] | None) -> list[Any] | None:
    seen = [value.slug if isinstance(value, LinkGiven) else value for value in values or []]
    if len(set(seen)) < len(seen):
        raise PydanticCustomError("twice", "an entry is there twice")
    return values


Slug = Annotated[str, StringConstraints(strict=True, max_length=SLUG_LENGTH, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Name = Annotated[str, _line(200)]
Text = Annotated[str, _line(4000, PROSE)]
Strings = Annotated[list[Annotated[str, _line(500)]], Field(max_length=50)]
Count = Annotated[int, Field(strict=True, ge=1, le=1000), BeforeValidator(whole)]
Seniority = Annotated[list[Slug], _each_once(20), AfterValidator(_once)]
Focus = Annotated[list[Literal["leadership", "management", "technology"]], _each_once(3), AfterValidator(_once)]
Delivery = Annotated[list[Literal["on-campus", "online", "blended"]], _each_once(3), AfterValidator(_once)]
Pace = Annotated[list[Literal["part-time", "modular"]], _each_once(2), AfterValidator(_once)]
Side = Literal["leadership", "management"]


def _never_null(schema: dict[str, Any]) -> None:
    """No item is without this field, so a merge patch may not take it away."""
    (kind,) = (choice for choice in schema.pop("anyOf") if choice != {"type": "null"})
    schema.pop("default", None)
    schema.update(kind)


def _stays() -> Any:
    """A field of a merge patch that can be replaced and not taken away: null is refused with the merged item."""
    return Field(default=None, json_schema_extra=_never_null)


class Body(BaseModel):
    """A body that refuses unknown names."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class SourceGiven(Body):
    """Where a statement comes from; leave out what is unknown."""

    title: Name
    """What the work is called."""
    publisher: Annotated[str, _line(200, PUBLISHER)] | None = None
    """Who put it out; without a vertical bar."""
    year: Annotated[int, Field(strict=True, ge=1000, le=9999), BeforeValidator(whole)] | None = None
    """When it came out."""
    url: Annotated[str, _line(1000, r"^https?://[^\x00-\x20\x7f\x22<>|]+$")] | None = None
    """Where to read it: http or https."""


class LinkGiven(Body):
    """A skill that the program builds, or a criterion that it helps with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"slug": "change", "why": "It is made for mergers."}]})

    slug: Slug
    """Its slug in the catalogue that you see."""
    basis: Literal["editorial", "source"] = "source"
    """`source`: the program says so itself; `editorial`: somebody's own judgement."""
    why: Annotated[str, _line(500)]
    """The reason, in a sentence."""


Links = Annotated[list[LinkGiven], Field(max_length=50), AfterValidator(_once)]
Sources = Annotated[list[SourceGiven], Field(max_length=20)]


class ProgramGiven(Body):
    """A program to keep. What you do not know, leave out."""

    slug: Slug
    """Its name in paths and links: small letters, digits and hyphens. It is never used again."""
    name: Name
    """What people call it."""
    description: Text
    """What it is, in a sentence or two."""
    school: Name
    """Who teaches it."""
    audience: Text
    """Whom it is made for."""
    focus: Focus | None = None
    """What it is mainly about; scoring weighs a program by it."""
    seniority: Seniority | None = None
    """The ranks it is made for, such as `c-level`."""
    delivery: Delivery | None = None
    """Where it takes place."""
    pace: Pace | None = None
    """How it is spread over time."""
    modules: Count | None = None
    """Number of modules."""
    months: Count | None = None
    """Length in months."""
    topics: Strings = []
    """What is taught."""
    features: Strings = []
    """What is special about it."""
    alumni: Annotated[str, _line(500)] | None = None
    """The standing that graduates get."""
    skills: Links = []
    """Skills that it builds."""
    criteria: Links = []
    """Criteria that it helps with: the reasons for which scoring recommends it. Without any it never does."""
    source: Sources = []
    """Where these statements come from."""


class SkillGiven(Body):
    """A skill to keep."""

    slug: Slug
    """Its name in paths and links: small letters, digits and hyphens. It is never used again."""
    name: Name
    """What people call it."""
    description: Text
    """What it is, in a sentence or two."""
    concept: Side
    """The kind of role that needs it."""
    purpose: Text
    """What it is for."""
    source: Sources = []
    """Where these statements come from."""


class ProgramPatch(Body):
    """A merge patch (RFC 7396): what is named is replaced, lists as a whole; null takes away; the rest stays."""

    name: Name | None = _stays()
    """What people call it."""
    description: Text | None = _stays()
    """What it is, in a sentence or two."""
    school: Name | None = _stays()
    """Who teaches it."""
    audience: Text | None = _stays()
    """Whom it is made for."""
    focus: Focus | None = None
    """What it is mainly about."""
    seniority: Seniority | None = None
    """The ranks it is made for."""
    delivery: Delivery | None = None
    """Where it takes place."""
    pace: Pace | None = None
    """How it is spread over time."""
    modules: Count | None = None
    """Number of modules."""
    months: Count | None = None
    """Length in months."""
    topics: Strings | None = None
    """What is taught."""
    features: Strings | None = None
    """What is special about it."""
    alumni: Annotated[str, _line(500)] | None = None
    """The standing that graduates get."""
    skills: Links | None = None
    """Skills that it builds."""
    criteria: Links | None = None
    """Criteria that it helps with."""
    source: Sources | None = None
    """Where these statements come from."""


class SkillPatch(Body):
    """A merge patch (RFC 7396): what is named is replaced, lists as a whole; null takes away; the rest stays."""

    name: Name | None = _stays()
    """What people call it."""
    description: Text | None = _stays()
    """What it is, in a sentence or two."""
    concept: Side | None = _stays()
    """The kind of role that needs it."""
    purpose: Text | None = _stays()
    """What it is for."""
    source: Sources | None = None
    """Where these statements come from."""


class RetireQuery(BaseModel):
    """Query parameters of a retirement; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")

    successor: str | None = Field(
        default=None,
        max_length=SLUG_LENGTH,
        pattern=r"^[^\x00]*$",
        description="Slug of the item that takes its place, if one does.",
    )
