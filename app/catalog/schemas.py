"""What the catalogue answers, and the query parameters of its lists."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasPath, BaseModel, ConfigDict, Field
from sqlmodel import SQLModel

from app.catalog.tables import (
    ConceptBase,
    CriterionBase,
    DifferenceBase,
    FactBase,
    FactorBase,
    Fit,
    ProgramBase,
    SkillBase,
    StyleBase,
)
from app.moments import Moment
from app.pagination import PRINTABLE, ListQuery, Page, sort_by


class Answer(BaseModel):
    """Read from a row of the database."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


LINKED = {"slug": "Its slug.", "name": "Its name.", "href": "Where to get it whole."}


def through(relation: str, field: str) -> Any:
    """A field read from the row at the other end of a relation."""
    return Field(validation_alias=AliasPath(relation, field), description=LINKED[field])


WhichWay = Annotated[Fit, Field(description="Whether it speaks `for` the style or `against` it.")]
Why = Annotated[str, Field(description="The reason, in a sentence.")]
Basis = Annotated[str, Field(description="`editorial`: our own judgement, not the program's word.")]
Href = Annotated[str, Field(description="The path of this item.")]


class Source(Answer):
    """Where a statement comes from; unknown parts are null."""

    title: str
    """What the work is called."""
    publisher: str | None
    """Who put it out."""
    year: int | None
    """When it came out."""
    url: str | None
    """Where to read it."""


Sources = Annotated[list[Source], Field(description="Where its statements come from.")]


class Link(Answer):
    """A related item."""

    slug: str = Field(description=LINKED["slug"])
    name: str = Field(description=LINKED["name"])
    href: str = Field(description=LINKED["href"])


class CriterionFit(Answer):
    """A criterion that speaks for or against a style."""

    slug: str = through("criterion", "slug")
    name: str = through("criterion", "name")
    href: str = through("criterion", "href")
    fit: WhichWay
    why: Why


class FactorFit(Answer):
    """A factor that speaks for or against a style."""

    slug: str = through("factor", "slug")
    name: str = through("factor", "name")
    href: str = through("factor", "href")
    fit: WhichWay
    why: Why


class StyleFit(Answer):
    """A style that a criterion or factor speaks for or against."""

    slug: str = through("style", "slug")
    name: str = through("style", "name")
    href: str = through("style", "href")
    fit: WhichWay
    why: Why


class SkillBasis(Answer):
    """A skill that a program builds; `basis: editorial` marks our own judgement."""

    slug: str = through("skill", "slug")
    name: str = through("skill", "name")
    href: str = through("skill", "href")
    basis: Basis
    why: Why


class CriterionBasis(Answer):
    """A criterion that a program helps with; `basis: editorial` marks our own judgement."""

    slug: str = through("criterion", "slug")
    name: str = through("criterion", "name")
    href: str = through("criterion", "href")
    basis: Basis
    why: Why


class ProgramBasis(Answer):
    """A program that builds a skill or helps with a criterion; `basis: editorial` marks our own judgement."""

    slug: str = through("program", "slug")
    name: str = through("program", "name")
    href: str = through("program", "href")
    basis: Basis
    why: Why


class Concept(ConceptBase):
    """Leadership or management: what it is and where it is found."""

    href: Href
    criteria: list[Link]
    """Traits of a situation that call for it."""
    styles: list[Link]
    """Ways of doing it."""
    built_by: list[Link]
    """Skills that it takes."""
    source: Sources


class Difference(DifferenceBase):
    """One way in which leadership and management differ, side by side."""

    href: Href
    source: Sources


class Criterion(CriterionBase):
    """A trait of a situation that calls for leadership or for management."""

    href: Href
    concept: Link
    """The side that it calls for."""
    styles: list[StyleFit]
    """Styles that it speaks for or against."""
    programs: list[ProgramBasis]
    """Programs that help with it."""
    source: Sources


class Factor(FactorBase):
    """A trait of a situation that helps to choose a style."""

    href: Href
    styles: list[StyleFit]
    """Styles that it speaks for or against."""
    source: Sources


class Style(StyleBase):
    """A style of leading or managing: when it fits, when it fails, and which criteria and factors tell."""

    href: Href
    concept: Link
    """Whether it is a style of leading or of managing."""
    criteria: list[CriterionFit]
    """Criteria that speak for or against it."""
    factors: list[FactorFit]
    """Factors that speak for or against it."""
    source: Sources


class Kept(SQLModel):
    """Whose an item is, and what happened to it."""

    model_config: ClassVar[Any] = ConfigDict(use_attribute_docstrings=True)

    catalogue: Literal["own", "shared"]
    """`own`: your organisation's; `shared`: everybody's."""
    version: int
    """Rises with every change of this item."""
    modified_at: datetime
    """When it was last changed; the largest that you have seen is your next `modified_since`."""
    retired_at: datetime | None
    """When it was retired; null while it is offered."""
    successor: str | None
    """Slug of what takes its place; null where nothing does."""


class Tombstone(Answer):
    """What is left of a retired item. Its slug is never used again."""

    slug: str
    """The slug that it had."""
    name: str
    """The name that it had."""
    retired_at: datetime
    """When it was retired."""
    successor: str | None
    """Slug of what takes its place; null where nothing does."""


class Skill(Kept, SkillBase):
    """A skill that executive education builds."""

    href: Href
    concept: Link
    """The kind of role that needs it."""
    programs: list[ProgramBasis]
    """Programs that build it."""
    source: Sources


class Program(Kept, ProgramBase):
    """An executive program. What its source does not say is null."""

    href: Href
    focus: list[str] | None
    """`leadership`, `management` or `technology`; null where the source does not say."""
    seniority: list[str] | None
    """The rank it is made for, such as `c-level`; null where the source does not say."""
    delivery: list[str] | None
    """`on-campus`, `online` or `blended`; null where the source does not say."""
    pace: list[str] | None
    """`part-time` or `modular`; null where the source does not say."""
    skills: list[SkillBasis]
    """Skills that it builds."""
    criteria: list[CriterionBasis]
    """Criteria that it helps with."""
    source: Sources


class Fact(FactBase):
    """A figure with its source."""

    href: Href
    source: Sources


class ConceptPage(Page[Concept]):
    """One page of the concepts. `next` and `prev` are relative links, or null at the ends."""


class DifferencePage(Page[Difference]):
    """One page of the differences. `next` and `prev` are relative links, or null at the ends."""


class CriterionPage(Page[Criterion]):
    """One page of the criteria. `next` and `prev` are relative links, or null at the ends."""


class FactorPage(Page[Factor]):
    """One page of the factors. `next` and `prev` are relative links, or null at the ends."""


class StylePage(Page[Style]):
    """One page of the styles. `next` and `prev` are relative links, or null at the ends."""


class SkillPage(Page[Skill]):
    """One page of the skills. `next` and `prev` are relative links, or null at the ends."""


class ProgramPage(Page[Program]):
    """One page of the programs. `next` and `prev` are relative links, or null at the ends."""


class FactPage(Page[Fact]):
    """One page of the facts. `next` and `prev` are relative links, or null at the ends."""


class Catalogue(Answer):
    """Everything in one document."""

    catalogue_version: int
    """Rises with every change; keep it to know what you have seen."""
    concepts: list[Concept]
    """Leadership and management."""
    differences: list[Difference]
    """How the two differ."""
    criteria: list[Criterion]
    """The eight criteria."""
    factors: list[Factor]
    """The four factors."""
    styles: list[Style]
    """Every style of either."""
    skills: list[Skill]
    """Every skill."""
    programs: list[Program]
    """Every program."""
    facts: list[Fact]
    """Every figure."""


Side = Literal["leadership", "management"]


Word = Annotated[str, Field(max_length=200, pattern=PRINTABLE)]
Number = Annotated[int, Field(ge=0, le=1000)]


def facet(description: str) -> Any:
    """A query parameter that may be given several times; the values mean or."""
    return Field(default=[], max_length=20, description=f"{description} Repeat for or.")


class DifferenceQuery(ListQuery):
    sort: str | None = sort_by("kind")
    kind: list[Literal["dimension", "contrast"]] = facet("A lasting dimension, or a short contrast.")


class CriterionQuery(ListQuery):
    concept: list[Side] = facet("The side that the criterion calls for.")


class StyleQuery(ListQuery):
    concept: list[Side] = facet("Styles of leading or of managing.")
    criterion: list[Word] = facet("Slug of a criterion that speaks for the style.")
    factor: list[Word] = facet("Slug of a factor that speaks for the style.")


class SyncQuery(ListQuery):
    modified_since: Moment | None = Field(
        default=None, description="Items changed at this time (RFC 3339) or later; the largest `modified_at` you have."
    )
    include_retired: bool | None = Field(
        default=None, description="Retired items too, known by `retired_at`; a copy takes them away."
    )


class SkillQuery(SyncQuery):
    concept: list[Side] = facet("The roles that need the skill.")


class FactQuery(ListQuery):
    sort: str | None = sort_by("value")


class ProgramQuery(SyncQuery):
    sort: str | None = sort_by("months", "modules", "school")
    focus: list[Word] = facet("`leadership`, `management` or `technology`.")
    seniority: list[Word] = facet("Such as `c-level` or `emerging-leader`.")
    delivery: list[Word] = facet("`on-campus`, `online` or `blended`.")
    pace: list[Word] = facet("`part-time` or `modular`.")
    skill: list[Word] = facet("Slug of a skill that the program builds.")
    criterion: list[Word] = facet("Slug of a criterion that the program helps with.")
    months: list[Number] = facet("Length in months.")
    max_months: int | None = Field(default=None, ge=1, le=1000, description="At most this many months.")
    school: list[Word] = facet("The school, as written in the catalogue.")
