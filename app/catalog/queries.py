"""Reads of the catalogue: one select per resource with its facets, and single items."""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.catalog import schemas
from app.catalog.tables import (
    Concept,
    Criterion,
    Difference,
    Editable,
    Fact,
    Factor,
    Program,
    ProgramCriterion,
    ProgramFacet,
    ProgramSkill,
    Skill,
    Stored,
    Style,
    StyleCriterion,
    StyleFactor,
)
from app.catalog.visibility import belongs, own_or_shared, tenant_of, versions
from app.catalog.words import found_by
from app.errors import Gone, NotFound
from app.pagination import Columns, ListQuery, Parts, paginate, search_filter

TABLES: tuple[type[Stored], ...] = (Concept, Difference, Criterion, Factor, Style, Skill, Program, Fact)
T = TypeVar("T", bound=Stored)
E = TypeVar("E", bound=Editable)


def _linked(links: Any, item: Any) -> ORMOption:
    """The items behind the rows of a link table, in one statement for all."""
    return selectinload(links).joinedload(item)


_RELATED: dict[type[Stored], tuple[ORMOption, ...]] = {
    Concept: tuple(selectinload(links) for links in (Concept.criteria, Concept.styles, Concept.built_by)),  # type: ignore[arg-type]
    Criterion: (
        joinedload(Criterion.concept),  # type: ignore[arg-type]
        _linked(Criterion.styles, StyleCriterion.style),
        _linked(Criterion.programs, ProgramCriterion.program),
    ),
    Factor: (_linked(Factor.styles, StyleFactor.style),),
    Style: (
        joinedload(Style.concept),  # type: ignore[arg-type]
        _linked(Style.criteria, StyleCriterion.criterion),
        _linked(Style.factors, StyleFactor.factor),
    ),
    Skill: (joinedload(Skill.concept), _linked(Skill.programs, ProgramSkill.program)),  # type: ignore[arg-type]
    Program: (
        selectinload(Program.facets),  # type: ignore[arg-type]
        _linked(Program.skills, ProgramSkill.skill),
        _linked(Program.criteria, ProgramCriterion.criterion),
    ),
}


def related(table: type[Stored]) -> tuple[ORMOption, ...]:
    """What an answer shows of other items, to be read with the item: nothing is left to be read while it is written."""
    return _RELATED.get(table, ())


def get_or_404(session: Session, table: type[T], slug: str) -> T:
    """The item with this slug. Raises NotFound."""
    row = session.get(table, slug, options=related(table)) if "\x00" not in slug else None
    if row is None:
        raise NotFound(f"There is no such item; the list at /v1/{table.path} has every slug.")
    return row


def find(session: Session, table: type[E], slug: str) -> E | None:
    """The program or skill with this slug that the session's tenant sees, retired or not."""
    if "\x00" in slug:
        return None
    named = visible(session, table).where(col(table.slug) == slug)
    return session.exec(named.options(*related(table))).first()


def in_force(session: Session, table: type[E], slug: str) -> E:
    """The program or skill with this slug. Raises NotFound, or Gone with the tombstone of a retired one."""
    row = find(session, table, slug)
    if row is None:
        raise NotFound(f"There is no such item; the list at /v1/{table.path} has every slug.")
    if row.retired_at:
        tombstone = schemas.Tombstone.model_validate(row).model_dump(mode="json")
        raise Gone("This item is retired, and its slug is never used again; see `tombstone`.", tombstone)
    return row


def visible(session: Session, table: type[E]) -> SelectOfScalar[E]:
    """The programs or skills that the session's tenant sees, retired ones among them."""
    return select(table).where(belongs(table, tenant_of(session)))


def offered(session: Session, table: type[T]) -> SelectOfScalar[T]:
    """The items of a table without retired ones and what belongs to others."""
    statement = select(table)
    if issubclass(table, Editable):
        statement = statement.where(belongs(table, tenant_of(session)), col(table.retired_at).is_(None))
    return statement


def everything(session: Session, table: type[T]) -> list[T]:
    """All items of a table that are offered, in their canonical order."""
    statement = offered(session, table).options(*related(table))
    return list(session.exec(statement.order_by(col(table.position), table.slug)).all())  # type: ignore[attr-defined]


def catalogue_version(session: Session) -> int:
    """The number that rises with every change of what the session's tenant sees."""
    return sum(versions(session.connection(), tenant_of(session)))


def page(
    session: Session,
    table: type[T],
    statement: SelectOfScalar[T],
    query: ListQuery,
    links: str,
    **sortable: Any,
) -> dict[str, Any]:
    """A page of a statement over a table, searched by `q`; `sortable` names fields besides slug, name, position."""
    words: list[ColumnElement[bool]] = []
    if query.q is not None:
        if issubclass(table, Editable):
            words = found_by(table, tenant_of(session), query.q)
        statement = statement.where(*words, search_filter(col(table.search), query.q))  # type: ignore[arg-type]
    columns: Columns = {"slug": table.slug, "name": table.name, "position": table.position, **sortable}  # type: ignore[attr-defined, dict-item]
    statement = statement.options(*related(table))
    parts = None
    if issubclass(table, Editable) and not words:
        parts = Parts(table.id, own_or_shared(table, tenant_of(session)))  # type: ignore[arg-type]
    rows, info = paginate(session, statement, columns, query, path=f"/v1/{table.path}", links=links, parts=parts)
    return {"items": rows, "page": info, "catalogue_version": catalogue_version(session)}


def select_differences(query: schemas.DifferenceQuery) -> SelectOfScalar[Difference]:
    statement = select(Difference)
    return statement.where(col(Difference.kind).in_(query.kind)) if query.kind else statement


def select_criteria(query: schemas.CriterionQuery) -> SelectOfScalar[Criterion]:
    statement = select(Criterion)
    return statement.where(col(Criterion.concept_slug).in_(query.concept)) if query.concept else statement


def _changed(statement: SelectOfScalar[E], table: type[E], query: schemas.SyncQuery) -> SelectOfScalar[E]:
    if not query.include_retired:
        statement = statement.where(col(table.retired_at).is_(None))
    if query.modified_since is not None:
        statement = statement.where(col(table.modified_at) >= query.modified_since)
    return statement


def select_skills(query: schemas.SkillQuery) -> SelectOfScalar[Skill]:
    statement = _changed(select(Skill), Skill, query)
    return statement.where(col(Skill.concept_slug).in_(query.concept)) if query.concept else statement


def select_styles(query: schemas.StyleQuery) -> SelectOfScalar[Style]:
    statement = select(Style)
    if query.concept:
        statement = statement.where(col(Style.concept_slug).in_(query.concept))
    if query.criterion:
        fitting = select(StyleCriterion.style_slug).where(
            col(StyleCriterion.criterion_slug).in_(query.criterion), StyleCriterion.fit == "for"
        )
        statement = statement.where(col(Style.slug).in_(fitting))
    if query.factor:
        fitting = select(StyleFactor.style_slug).where(
            col(StyleFactor.factor_slug).in_(query.factor), StyleFactor.fit == "for"
        )
        statement = statement.where(col(Style.slug).in_(fitting))
    return statement


def select_programs(session: Session, query: schemas.ProgramQuery) -> SelectOfScalar[Program]:
    statement = _changed(select(Program), Program, query)
    for facet in ("focus", "seniority", "delivery", "pace"):
        if values := getattr(query, facet):
            having = select(ProgramFacet.program_id).where(
                ProgramFacet.facet == facet, col(ProgramFacet.value).in_(values)
            )
            statement = statement.where(col(Program.id).in_(having))
    if query.skill:
        skills = visible(session, Skill).with_only_columns(col(Skill.id)).where(col(Skill.slug).in_(query.skill))
        building = select(ProgramSkill.program_id).where(col(ProgramSkill.skill_id).in_(skills))
        statement = statement.where(col(Program.id).in_(building))
    if query.criterion:
        helping = select(ProgramCriterion.program_id).where(col(ProgramCriterion.criterion_slug).in_(query.criterion))
        statement = statement.where(col(Program.id).in_(helping))
    if query.months:
        statement = statement.where(col(Program.months).in_(query.months))
    if query.max_months is not None:
        statement = statement.where(col(Program.months) <= query.max_months)
    if query.school:
        statement = statement.where(col(Program.school).in_(query.school))
    return statement


def whole_catalogue(session: Session) -> dict[str, Any]:
    """Every item of every resource."""
    return {table.path: everything(session, table) for table in TABLES} | {
        "catalogue_version": catalogue_version(session)
    }
