"""The filters of the lists. Several values of one filter mean or, different filters mean and."""

from typing import TypeAlias, TypedDict

Texts: TypeAlias = str | list[str]


class ListFilters(TypedDict, total=False):
    """What every list takes."""

    q: str
    """All words must occur in the item's own texts, in any English inflection."""
    sort: str
    """Fields with commas, `-` for descending, nulls last: name, slug, and what the list adds."""


class ConceptFilters(ListFilters, total=False):
    """How to choose and sort concepts."""


class DifferenceFilters(ListFilters, total=False):
    """How to choose and sort differences; they also sort by kind."""

    kind: Texts
    """A lasting dimension, or a short contrast."""


class CriterionFilters(ListFilters, total=False):
    """How to choose and sort criteria."""

    concept: Texts
    """The side that the criterion calls for."""


class FactorFilters(ListFilters, total=False):
    """How to choose and sort factors."""


class StyleFilters(ListFilters, total=False):
    """How to choose and sort styles."""

    concept: Texts
    """Styles of leading or of managing."""
    criterion: Texts
    """Slug of a criterion that speaks for the style."""
    factor: Texts
    """Slug of a factor that speaks for the style."""


class SkillFilters(ListFilters, total=False):
    """How to choose and sort skills."""

    concept: Texts
    """The roles that need the skill."""
    modified_since: str
    """Items changed at this time (RFC 3339) or later; the largest `modified_at` you have."""
    include_retired: bool
    """Retired items too, known by `retired_at`; a copy takes them away."""


class ProgramFilters(ListFilters, total=False):
    """How to choose and sort programs; they also sort by months, modules, school."""

    focus: Texts
    """`leadership`, `management` or `technology`."""
    seniority: Texts
    """Such as `c-level` or `emerging-leader`."""
    delivery: Texts
    """`on-campus`, `online` or `blended`."""
    pace: Texts
    """`part-time` or `modular`."""
    skill: Texts
    """Slug of a skill that the program builds."""
    criterion: Texts
    """Slug of a criterion that the program helps with."""
    months: int | list[int]
    """Length in months."""
    max_months: int
    """At most this many months."""
    school: Texts
    """The school, as written in the catalogue."""
    modified_since: str
    """Items changed at this time (RFC 3339) or later; the largest `modified_at` you have."""
    include_retired: bool
    """Retired items too, known by `retired_at`; a copy takes them away."""


class FactFilters(ListFilters, total=False):
    """How to choose and sort facts; they also sort by value."""


class AssessmentFilters(TypedDict, total=False):
    """How to choose kept assessments."""

    verdict: Texts
    """With this verdict."""
    status: Texts
    """With this status."""
    model: str
    """Judged by this version of the model."""
    created_from: str
    """Kept at this time or later: RFC 3339, with its offset from UTC."""
    created_to: str
    """Kept before this time: RFC 3339, with its offset from UTC."""
