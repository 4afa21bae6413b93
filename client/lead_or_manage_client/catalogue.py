"""The items of the catalogue: plain dictionaries, exactly as the service sent them; new fields may come."""

from typing import Literal, TypedDict


class Source(TypedDict):
    """Where a statement comes from; unknown parts are null."""

    title: str
    """What the work is called."""
    publisher: str | None
    """Who put it out."""
    year: int | None
    """When it came out."""
    url: str | None
    """Where to read it."""


class Link(TypedDict):
    """A related item."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    href: str
    """Where to get it whole."""


class CriterionFit(TypedDict):
    """A criterion that speaks for or against a style."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    href: str
    """Where to get it whole."""
    fit: Literal["for", "against"] | str
    """Whether it speaks `for` the style or `against` it."""
    why: str
    """The reason, in a sentence."""


class FactorFit(TypedDict):
    """A factor that speaks for or against a style."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    href: str
    """Where to get it whole."""
    fit: Literal["for", "against"] | str
    """Whether it speaks `for` the style or `against` it."""
    why: str
    """The reason, in a sentence."""


class StyleFit(TypedDict):
    """A style that a criterion or factor speaks for or against."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    href: str
    """Where to get it whole."""
    fit: Literal["for", "against"] | str
    """Whether it speaks `for` the style or `against` it."""
    why: str
    """The reason, in a sentence."""


class SkillBasis(TypedDict):
    """A skill that a program builds; `basis: editorial` marks our own judgement."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    href: str
    """Where to get it whole."""
    basis: str
    """`editorial`: our own judgement, not the program's word."""
    why: str
    """The reason, in a sentence."""


class CriterionBasis(TypedDict):
    """A criterion that a program helps with; `basis: editorial` marks our own judgement."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    href: str
    """Where to get it whole."""
    basis: str
    """`editorial`: our own judgement, not the program's word."""
    why: str
    """The reason, in a sentence."""


class ProgramBasis(TypedDict):
    """A program that builds a skill or helps with a criterion; `basis: editorial` marks our own judgement."""

    slug: str
    """Its slug."""
    name: str
    """Its name."""
    href: str
    """Where to get it whole."""
    basis: str
    """`editorial`: our own judgement, not the program's word."""
    why: str
    """The reason, in a sentence."""


class Concept(TypedDict):
    """Leadership or management: what it is and where it is found."""

    slug: str
    """The public name of the item in paths and links; never reused."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    responsible_for: str
    """What whoever does it is responsible for."""
    accountable_for: str
    """What it is answerable for."""
    skills: list[str]
    """What it needs of whoever does it."""
    found_at: str
    """Where in an organisation it is found."""
    provides: str
    """What it gives to the organisation."""
    overall_focus: list[str]
    """What it looks at first."""
    relations: list[str]
    """How it deals with people."""
    href: str
    """The path of this item."""
    criteria: list[Link]
    """Traits of a situation that call for it."""
    styles: list[Link]
    """Ways of doing it."""
    built_by: list[Link]
    """Skills that it takes."""
    source: list[Source]
    """Where its statements come from."""


class Difference(TypedDict):
    """One way in which leadership and management differ, side by side."""

    slug: str
    """The public name of the item in paths and links; never reused."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    kind: Literal["dimension", "contrast"] | str
    """A lasting `dimension`, or a short `contrast`."""
    leadership: str
    """What leadership does here."""
    management: str
    """What management does here."""
    leadership_in_practice: str | None
    """How that looks at work; null where the source does not say."""
    management_in_practice: str | None
    """How that looks at work; null where the source does not say."""
    href: str
    """The path of this item."""
    source: list[Source]
    """Where its statements come from."""


class Criterion(TypedDict):
    """A trait of a situation that calls for leadership or for management."""

    slug: str
    """The public name of the item in paths and links; never reused."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    question: str
    """The question that settles whether a situation has it."""
    href: str
    """The path of this item."""
    concept: Link
    """The side that it calls for."""
    styles: list[StyleFit]
    """Styles that it speaks for or against."""
    programs: list[ProgramBasis]
    """Programs that help with it."""
    source: list[Source]
    """Where its statements come from."""


class Factor(TypedDict):
    """A trait of a situation that helps to choose a style."""

    slug: str
    """The public name of the item in paths and links; never reused."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    question: str
    """The question that settles whether a situation has it."""
    href: str
    """The path of this item."""
    styles: list[StyleFit]
    """Styles that it speaks for or against."""
    source: list[Source]
    """Where its statements come from."""


class Style(TypedDict):
    """A style of leading or managing: when it fits, when it fails, and which criteria and factors tell."""

    slug: str
    """The public name of the item in paths and links; never reused."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    fits_when: list[str]
    """Situations in which it works."""
    fails_when: list[str]
    """Situations in which it does harm."""
    strengths: list[str]
    """What speaks for it."""
    risks: list[str]
    """What it can cost."""
    href: str
    """The path of this item."""
    concept: Link
    """Whether it is a style of leading or of managing."""
    criteria: list[CriterionFit]
    """Criteria that speak for or against it."""
    factors: list[FactorFit]
    """Factors that speak for or against it."""
    source: list[Source]
    """Where its statements come from."""


class Skill(TypedDict):
    """A skill that executive education builds."""

    slug: str
    """The public name of the item in paths and links; never reused."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    purpose: str
    """What it is for."""
    href: str
    """The path of this item."""
    concept: Link
    """The kind of role that needs it."""
    programs: list[ProgramBasis]
    """Programs that build it."""
    source: list[Source]
    """Where its statements come from."""
    catalogue: Literal["own", "shared"] | str
    """`own`: your organisation's; `shared`: everybody's."""
    version: int
    """Rises with each change of the item."""
    modified_at: str
    """When it last changed."""
    retired_at: str | None
    """When it was retired; null while it is offered."""
    successor: str | None
    """Slug of what follows it; null where nothing does."""


class Program(TypedDict):
    """An executive program. What its source does not say is null."""

    slug: str
    """The public name of the item in paths and links; never reused."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
    school: str
    """Who teaches it."""
    audience: str
    """Whom it is made for."""
    modules: int | None
    """Number of modules; null where the source does not say."""
    months: int | None
    """Length in months; null where the source does not say."""
    topics: list[str]
    """What is taught."""
    features: list[str]
    """What is special about it."""
    alumni: str | None
    """The standing that graduates get; null where the source does not say."""
    href: str
    """The path of this item."""
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
    source: list[Source]
    """Where its statements come from."""
    catalogue: Literal["own", "shared"] | str
    """`own`: your organisation's; `shared`: everybody's."""
    version: int
    """Rises with each change of the item."""
    modified_at: str
    """When it last changed."""
    retired_at: str | None
    """When it was retired; null while it is offered."""
    successor: str | None
    """Slug of what follows it; null where nothing does."""


class Fact(TypedDict):
    """A figure with its source."""

    slug: str
    """The public name of the item in paths and links; never reused."""
    name: str
    """What people call it."""
    description: str
    """What it is, in a sentence or two."""
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
    href: str
    """The path of this item."""
    source: list[Source]
    """Where its statements come from."""


class Catalogue(TypedDict):
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
