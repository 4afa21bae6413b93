"""The tables of the catalogue. `*Base` holds what seed, table and answer share; slugs are the public ids."""

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict
from sqlalchemy import JSON, Index, Text
from sqlmodel import Field, Relationship, SQLModel

from app.database import Base

SLUG_LENGTH = 100
TENANT_LENGTH = 100
ID_LENGTH = TENANT_LENGTH + 1 + SLUG_LENGTH
WORD_LENGTH = 50
Fit = Literal["for", "against"]


def relation(**options: Any) -> Any:
    """A relation to other tables. It raises where a select has not named it, as `queries.related` does: nothing is read
    row by row."""
    return Relationship(
        back_populates=options.pop("back_populates", None), sa_relationship_kwargs={"lazy": "raise_on_sql", **options}
    )


def slug_key(target: str | None = None) -> Any:
    """A primary key that holds a slug, of this table or of another."""
    if target:
        return Field(primary_key=True, max_length=SLUG_LENGTH, foreign_key=target, ondelete="CASCADE", index=True)
    return Field(primary_key=True, max_length=SLUG_LENGTH)


def row_id(tenant: str | None, slug: str) -> str:
    """The key of a program or skill: the slug of a shared one, behind the tenant for what belongs to one."""
    return slug if tenant is None else f"{tenant}/{slug}"


def id_key(target: str | None = None) -> Any:
    """A primary key that holds a row_id, of this table or of another."""
    if target:
        return Field(primary_key=True, max_length=ID_LENGTH, foreign_key=target, ondelete="CASCADE", index=True)
    return Field(primary_key=True, max_length=ID_LENGTH)


def strings() -> Any:
    """A list of strings in one JSON column."""
    return Field(sa_type=JSON)


class Item(SQLModel):
    """What every item of the catalogue has."""

    model_config: ClassVar[Any] = ConfigDict(use_attribute_docstrings=True)

    slug: str = Field(max_length=SLUG_LENGTH)
    """The public name of the item in paths and links; never reused."""
    name: str
    """What people call it."""
    description: str = Field(sa_type=Text)
    """What it is, in a sentence or two."""


class Stored(Base):
    """What every stored item has besides: its place in the seed file, sources and search column."""

    path: ClassVar[str]

    position: int
    source: list[dict[str, Any]] = Field(sa_type=JSON)
    search: str = Field(sa_type=Text)

    @property
    def href(self) -> str:
        return f"/v1/{self.path}/{self.slug}"  # type: ignore[attr-defined]


class Editable(Stored):
    """What programs and skills have besides: whose they are, and what happened to them."""

    id: str = id_key()
    slug: str = Field(max_length=SLUG_LENGTH)
    tenant: str | None = Field(max_length=TENANT_LENGTH)
    version: int
    modified_at: datetime
    retired_at: datetime | None
    successor: str | None = Field(max_length=SLUG_LENGTH)
    edited: bool

    @property
    def catalogue(self) -> Literal["own", "shared"]:
        return "shared" if self.tenant is None else "own"


def _by_tenant(table: str) -> tuple[Index, ...]:
    """The indexes of an editable table: the order of its list, one item of a tenant, and what changed last."""
    return (
        Index(f"ix_{table}_tenant", "tenant", "position", "slug", "retired_at"),
        Index(f"ix_{table}_tenant_slug", "tenant", "slug"),
        Index(f"ix_{table}_tenant_modified_at", "tenant", "modified_at"),
        Index(f"ix_{table}_modified_at", "modified_at"),
    )


class ConceptBase(Item):
    responsible_for: str
    """What whoever does it is responsible for."""
    accountable_for: str
    """What it is answerable for."""
    skills: list[str] = strings()
    """What it needs of whoever does it."""
    found_at: str
    """Where in an organisation it is found."""
    provides: str
    """What it gives to the organisation."""
    overall_focus: list[str] = strings()
    """What it looks at first."""
    relations: list[str] = strings()
    """How it deals with people."""


class Concept(Stored, ConceptBase, table=True):
    path: ClassVar[str] = "concepts"

    slug: str = slug_key()
    criteria: list["Criterion"] = relation(back_populates="concept", order_by="Criterion.position", viewonly=True)
    styles: list["Style"] = relation(back_populates="concept", order_by="Style.position", viewonly=True)
    built_by: list["Skill"] = relation(
        back_populates="concept",
        primaryjoin="and_(Concept.slug == Skill.concept_slug, Skill.retired_at.is_(None))",
        order_by="Skill.position, Skill.slug",
        viewonly=True,
    )


class DifferenceBase(Item):
    kind: Literal["dimension", "contrast"] = Field(sa_type=Text)
    """A lasting `dimension`, or a short `contrast`."""
    leadership: str
    """What leadership does here."""
    management: str
    """What management does here."""
    leadership_in_practice: str | None
    """How that looks at work; null where the source does not say."""
    management_in_practice: str | None
    """How that looks at work; null where the source does not say."""


class Difference(Stored, DifferenceBase, table=True):
    path: ClassVar[str] = "differences"

    slug: str = slug_key()


class CriterionBase(Item):
    question: str
    """The question that settles whether a situation has it."""


class Criterion(Stored, CriterionBase, table=True):
    path: ClassVar[str] = "criteria"

    slug: str = slug_key()
    concept_slug: str = Field(foreign_key="concept.slug", index=True)
    concept: Concept = relation(back_populates="criteria")
    styles: list["StyleCriterion"] = relation(
        back_populates="criterion", order_by="StyleCriterion.style_slug", viewonly=True
    )
    programs: list["ProgramCriterion"] = relation(
        back_populates="criterion", order_by="ProgramCriterion.program_id", viewonly=True
    )


class FactorBase(Item):
    question: str
    """The question that settles whether a situation has it."""


class Factor(Stored, FactorBase, table=True):
    path: ClassVar[str] = "factors"

    slug: str = slug_key()
    styles: list["StyleFactor"] = relation(back_populates="factor", order_by="StyleFactor.style_slug", viewonly=True)


class StyleBase(Item):
    fits_when: list[str] = strings()
    """Situations in which it works."""
    fails_when: list[str] = strings()
    """Situations in which it does harm."""
    strengths: list[str] = strings()
    """What speaks for it."""
    risks: list[str] = strings()
    """What it can cost."""


class Style(Stored, StyleBase, table=True):
    path: ClassVar[str] = "styles"

    slug: str = slug_key()
    concept_slug: str = Field(foreign_key="concept.slug", index=True)
    concept: Concept = relation(back_populates="styles")
    criteria: list["StyleCriterion"] = relation(
        back_populates="style", order_by="StyleCriterion.position", cascade="all, delete-orphan"
    )
    factors: list["StyleFactor"] = relation(
        back_populates="style", order_by="StyleFactor.position", cascade="all, delete-orphan"
    )


class SkillBase(Item):
    purpose: str
    """What it is for."""


class Skill(Editable, SkillBase, table=True):
    __table_args__ = _by_tenant("skill")

    path: ClassVar[str] = "skills"

    concept_slug: str = Field(foreign_key="concept.slug", index=True)
    concept: Concept = relation(back_populates="built_by")
    programs: list["ProgramSkill"] = relation(back_populates="skill", order_by="ProgramSkill.program_id", viewonly=True)


class ProgramBase(Item):
    school: str
    """Who teaches it."""
    audience: str
    """Whom it is made for."""
    modules: int | None = Field(ge=1, le=1000)
    """Number of modules; null where the source does not say."""
    months: int | None = Field(ge=1, le=1000)
    """Length in months; null where the source does not say."""
    topics: list[str] = strings()
    """What is taught."""
    features: list[str] = strings()
    """What is special about it."""
    alumni: str | None
    """The standing that graduates get; null where the source does not say."""


class Program(Editable, ProgramBase, table=True):
    __table_args__ = _by_tenant("program")

    path: ClassVar[str] = "programs"

    facets: list["ProgramFacet"] = relation(
        order_by="ProgramFacet.facet, ProgramFacet.position", cascade="all, delete-orphan"
    )
    skills: list["ProgramSkill"] = relation(
        back_populates="program", order_by="ProgramSkill.position", cascade="all, delete-orphan"
    )
    criteria: list["ProgramCriterion"] = relation(
        back_populates="program", order_by="ProgramCriterion.position", cascade="all, delete-orphan"
    )

    def facet(self, name: str) -> list[str] | None:
        """The values of a facet, or None where the source does not say."""
        return [facet.value for facet in self.facets if facet.facet == name] or None

    @property
    def focus(self) -> list[str] | None:
        return self.facet("focus")

    @property
    def seniority(self) -> list[str] | None:
        return self.facet("seniority")

    @property
    def delivery(self) -> list[str] | None:
        return self.facet("delivery")

    @property
    def pace(self) -> list[str] | None:
        return self.facet("pace")


class FactBase(Item):
    value: int
    """The figure."""
    unit: str
    """What the figure counts."""
    as_printed: str
    """The words of the source."""
    attributed_to: str
    """Whom the source names for it."""
    as_of: str | None
    """When it held; null where the source does not say."""


class Fact(Stored, FactBase, table=True):
    path: ClassVar[str] = "facts"

    slug: str = slug_key()


class StyleCriterion(Base, table=True):
    """How far a criterion speaks for or against a style."""

    __tablename__ = "style_criterion"

    style_slug: str = slug_key("style.slug")
    criterion_slug: str = slug_key("criterion.slug")
    fit: Fit = Field(sa_type=Text)
    why: str
    position: int
    style: Style = relation(back_populates="criteria")
    criterion: Criterion = relation(back_populates="styles")


class StyleFactor(Base, table=True):
    """How far a factor speaks for or against a style."""

    __tablename__ = "style_factor"

    style_slug: str = slug_key("style.slug")
    factor_slug: str = slug_key("factor.slug")
    fit: Fit = Field(sa_type=Text)
    why: str
    position: int
    style: Style = relation(back_populates="factors")
    factor: Factor = relation(back_populates="styles")


class ProgramSkill(Base, table=True):
    """A skill that a program builds, with the ground for saying so."""

    __tablename__ = "program_skill"

    program_id: str = id_key("program.id")
    skill_id: str = id_key("skill.id")
    basis: str
    why: str
    position: int
    program: Program = relation(back_populates="skills")
    skill: Skill = relation(back_populates="programs")


class ProgramCriterion(Base, table=True):
    """A situational criterion that a program helps with, with the ground for saying so."""

    __tablename__ = "program_criterion"

    program_id: str = id_key("program.id")
    criterion_slug: str = slug_key("criterion.slug")
    basis: str
    why: str
    position: int
    program: Program = relation(back_populates="criteria")
    criterion: Criterion = relation(back_populates="programs")


class ProgramFacet(Base, table=True):
    """One value of one facet of a program; no row means that the source does not say."""

    __tablename__ = "program_facet"

    program_id: str = id_key("program.id")
    facet: str = Field(primary_key=True, max_length=SLUG_LENGTH)
    value: str = Field(primary_key=True, max_length=SLUG_LENGTH)
    position: int


class SearchWord(Base, table=True):
    """That a program or skill has a word, by the first characters of its stem; `owner` is its tenant, "" for none."""

    __tablename__ = "search_word"
    __table_args__ = ({"sqlite_with_rowid": False},)

    path: str = Field(primary_key=True, max_length=20)
    owner: str = Field(primary_key=True, max_length=TENANT_LENGTH)
    word: str = Field(primary_key=True, max_length=WORD_LENGTH)
    item_id: str = Field(primary_key=True, max_length=ID_LENGTH)


class CatalogueVersion(Base, table=True):
    """One row: the number that rises with every change of the shared catalogue. Whoever writes locks it."""

    __tablename__ = "catalogue_version"

    id: int = Field(primary_key=True)
    version: int


class OwnCatalogue(Base, table=True):
    """How often a tenant changed its own programs and skills; no row means never."""

    __tablename__ = "own_catalogue"

    tenant: str = Field(primary_key=True, max_length=TENANT_LENGTH)
    version: int
