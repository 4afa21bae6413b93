"""What the catalogue answers, and the query parameters of its lists."""

from typing import Annotated, Any, Literal

from pydantic import AliasPath, BaseModel, ConfigDict, Field

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
from app.pagination import PRINTABLE, ListQuery, sort_by


def through(relation: str, field: str) -> Any:
    """A field read from the row at the other end of a relation."""
    return Field(validation_alias=AliasPath(relation, field))


class Answer(BaseModel):
    """Read from a row of the database."""

    model_config = ConfigDict(from_attributes=True)


class Source(Answer):
    """Where a statement comes from; unknown parts are null."""

    title: str
    publisher: str | None
    year: int | None
    url: str | None


class Link(Answer):
    """A related item."""

    slug: str
    name: str
    href: str


class CriterionFit(Answer):
    """A criterion that speaks for or against a style."""

    slug: str = through("criterion", "slug")
    name: str = through("criterion", "name")
    href: str = through("criterion", "href")
    fit: Fit
    why: str


class FactorFit(Answer):
    """A factor that speaks for or against a style."""

    slug: str = through("factor", "slug")
    name: str = through("factor", "name")
    href: str = through("factor", "href")
    fit: Fit
    why: str


class StyleFit(Answer):
    """A style that a criterion or factor speaks for or against."""

    slug: str = through("style", "slug")
    name: str = through("style", "name")
    href: str = through("style", "href")
    fit: Fit
    why: str


class SkillBasis(Answer):
    """A skill that a program builds; `basis: editorial` marks our own judgement."""

    slug: str = through("skill", "slug")
    name: str = through("skill", "name")
    href: str = through("skill", "href")
    basis: str
    why: str


class CriterionBasis(Answer):
    """A criterion that a program helps with; `basis: editorial` marks our own judgement."""

    slug: str = through("criterion", "slug")
    name: str = through("criterion", "name")
    href: str = through("criterion", "href")
    basis: str
    why: str


class ProgramBasis(Answer):
    """A program that builds a skill or helps with a criterion; `basis: editorial` marks our own judgement."""

    slug: str = through("program", "slug")
    name: str = through("program", "name")
    href: str = through("program", "href")
    basis: str
    why: str


class Concept(ConceptBase):
    """Leadership or management: what it is and where it is found."""

    href: str
    criteria: list[Link]
    styles: list[Link]
    built_by: list[Link]
    source: list[Source]


class Difference(DifferenceBase):
    """One way in which leadership and management differ, side by side."""

    href: str
    source: list[Source]


class Criterion(CriterionBase):
    """A trait of a situation that calls for leadership or for management."""

    href: str
    concept: Link
    styles: list[StyleFit]
    programs: list[ProgramBasis]
    source: list[Source]


class Factor(FactorBase):
    """A trait of a situation that helps to choose a style."""

    href: str
    styles: list[StyleFit]
    source: list[Source]


class Style(StyleBase):
    """A style of leading or managing: when it fits, when it fails, and which criteria and factors tell."""

    href: str
    concept: Link
    criteria: list[CriterionFit]
    factors: list[FactorFit]
    source: list[Source]


class Skill(SkillBase):
    """A skill that executive education builds."""

    href: str
    concept: Link
    programs: list[ProgramBasis]
    source: list[Source]


class Program(ProgramBase):
    """An executive program. What its source does not say is null."""

    href: str
    focus: list[str] | None
    seniority: list[str] | None
    delivery: list[str] | None
    pace: list[str] | None
    skills: list[SkillBasis]
    criteria: list[CriterionBasis]
    source: list[Source]


class Fact(FactBase):
    """A figure with its source."""

    href: str
    source: list[Source]


class Catalogue(Answer):
    """Everything in one document."""

    catalogue_version: int
    concepts: list[Concept]
    differences: list[Difference]
    criteria: list[Criterion]
    factors: list[Factor]
    styles: list[Style]
    skills: list[Skill]
    programs: list[Program]
    facts: list[Fact]


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


class SkillQuery(ListQuery):
    concept: list[Side] = facet("The roles that need the skill.")


class FactQuery(ListQuery):
    sort: str | None = sort_by("value")


class ProgramQuery(ListQuery):
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
