"""From checked input to rows: search column, links and facets, and bringing a stored row up to date."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, inspect, select
from sqlmodel import Session, SQLModel

from app.catalog.tables import Editable, Program, ProgramCriterion, ProgramFacet, ProgramSkill, Skill
from app.catalog.words import Searched, keep_words
from app.pagination import search_text

FACETS = ("delivery", "focus", "pace", "seniority")


def searched(fields: Mapping[str, Any]) -> str:
    """What the search column of an item holds: every text among its own fields, lists of texts among them. Its slug
    and what it is linked to are not searched."""
    texts: list[str] = []
    for _, value in sorted(fields.items()):
        texts += value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return search_text(*texts)


def change_time(session: Session) -> datetime:
    """When a change happened that is made now: never before an earlier change, though the clock was set back since, as
    clients ask for what changed after the last that they saw. Whoever calls holds the lock of the catalogue."""
    latest: list[datetime | None] = []
    for table in (Program, Skill):
        changed = inspect(table).local_table.c.modified_at
        latest.append(session.connection().scalar(select(func.max(changed))))
    return max([datetime.now(UTC), *(moment for moment in latest if moment)])


LINK_TABLES: dict[str, type[SQLModel]] = {
    "skills": ProgramSkill,
    "criteria": ProgramCriterion,
    "facets": ProgramFacet,
}
"""The tables that tie programs to others, by the name of the relation."""


def program_link_rows(identifier: str, given: Any, skill_ids: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The rows that tie a program to skills and criteria, and its facets, by the name of the relation."""
    return {
        "skills": [
            {"program_id": identifier, "skill_id": skill_ids[link.slug], **_ground(link), "position": position}
            for position, link in enumerate(given.skills)
        ],
        "criteria": [
            {"program_id": identifier, "criterion_slug": link.slug, **_ground(link), "position": position}
            for position, link in enumerate(given.criteria)
        ],
        "facets": [
            {"program_id": identifier, "facet": facet, "value": value, "position": position}
            for facet in FACETS
            for position, value in enumerate(getattr(given, facet) or [])
        ],
    }


def _ground(link: Any) -> dict[str, str]:
    return {"basis": link.basis, "why": link.why}


def program_links(identifier: str, given: Any, skill_ids: Mapping[str, str]) -> dict[str, list[SQLModel]]:
    """As `program_link_rows`, for a session."""
    rows = program_link_rows(identifier, given, skill_ids)
    return {name: [table(**row) for row in rows[name]] for name, table in LINK_TABLES.items()}


def differing(row: Any, columns: Mapping[str, Any], links: Mapping[str, list[SQLModel]]) -> list[str]:
    """The columns and relations in which a row differs from what is wanted."""
    fields = [name for name, value in columns.items() if getattr(row, name) != value]
    return fields + [name for name, wanted in links.items() if _dumped(getattr(row, name)) != _dumped(wanted)]


def _dumped(links: list[Any]) -> list[dict[str, Any]]:
    """Links as plain values in the order of their table, which sorts facets by name first."""
    return sorted((link.model_dump() for link in links), key=lambda link: (link.get("facet", ""), link["position"]))


def bring(session: Session, row: Any, columns: Mapping[str, Any], links: Mapping[str, list[SQLModel]]) -> bool:
    """Write what differs; whether anything did."""
    changed = differing(row, columns, links)
    if "search" in changed and isinstance(row, Editable):
        searched_by = Searched(row.id, row.tenant, row.search, columns["search"])
        keep_words(session.connection(), type(row), [searched_by])
    for name in changed:
        if name in links:
            setattr(row, name, [])
            session.flush()
            setattr(row, name, links[name])
        else:
            setattr(row, name, columns[name])
    return bool(changed)
