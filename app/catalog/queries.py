"""Reads of the catalogue: one select per resource with its facets, and single items."""

from typing import Any, TypeVar

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.catalog import schemas
from app.catalog.tables import (
    CatalogueVersion,
    Concept,
    Criterion,
    Difference,
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
from app.errors import NotFound
from app.pagination import Columns, ListQuery, paginate, search_filter

T = TypeVar("T", bound=Stored)


def get_or_404(session: Session, table: type[T], slug: str) -> T:
    """The item with this slug. Raises NotFound."""
    row = session.get(table, slug) if "\x00" not in slug else None
    if row is None:
        raise NotFound(f"There is no such item; the list at /v1/{table.path} has every slug.")
    return row


def everything(session: Session, table: type[T]) -> list[T]:
    """All rows of a table in their canonical order."""
    return list(session.exec(select(table).order_by(col(table.position))).all())


def catalogue_version(session: Session) -> int:
    """The number that rises with every change of the catalogue."""
    return session.exec(select(CatalogueVersion.version)).one()


def page(
    session: Session,
    table: type[T],
    statement: SelectOfScalar[T],
    query: ListQuery,
    links: str,
    **sortable: Any,
) -> dict[str, Any]:
    """A page of a statement over a table, searched by `q`; `sortable` names fields besides slug, name, position."""
    if query.q is not None:
        statement = statement.where(search_filter(col(table.search), query.q))  # type: ignore[arg-type]
    columns: Columns = {"slug": table.slug, "name": table.name, "position": table.position, **sortable}  # type: ignore[attr-defined, dict-item]
    rows, info = paginate(session, statement, columns, query, path=f"/v1/{table.path}", links=links)
    return {"items": rows, "page": info, "catalogue_version": catalogue_version(session)}


def select_differences(query: schemas.DifferenceQuery) -> SelectOfScalar[Difference]:
    statement = select(Difference)
    return statement.where(col(Difference.kind).in_(query.kind)) if query.kind else statement


def select_criteria(query: schemas.CriterionQuery) -> SelectOfScalar[Criterion]:
    statement = select(Criterion)
    return statement.where(col(Criterion.concept_slug).in_(query.concept)) if query.concept else statement


def select_skills(query: schemas.SkillQuery) -> SelectOfScalar[Skill]:
    statement = select(Skill)
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


def select_programs(query: schemas.ProgramQuery) -> SelectOfScalar[Program]:
    statement = select(Program)
    for facet in ("focus", "seniority", "delivery", "pace"):
        if values := getattr(query, facet):
            having = select(ProgramFacet.program_slug).where(
                ProgramFacet.facet == facet, col(ProgramFacet.value).in_(values)
            )
            statement = statement.where(col(Program.slug).in_(having))
    if query.skill:
        building = select(ProgramSkill.program_slug).where(col(ProgramSkill.skill_slug).in_(query.skill))
        statement = statement.where(col(Program.slug).in_(building))
    if query.criterion:
        helping = select(ProgramCriterion.program_slug).where(col(ProgramCriterion.criterion_slug).in_(query.criterion))
        statement = statement.where(col(Program.slug).in_(helping))
    if query.months:
        statement = statement.where(col(Program.months).in_(query.months))
    if query.max_months is not None:
        statement = statement.where(col(Program.months) <= query.max_months)
    if query.school:
        statement = statement.where(col(Program.school).in_(query.school))
    return statement


def whole_catalogue(session: Session) -> dict[str, Any]:
    """Every item of every resource."""
    tables = (Concept, Difference, Criterion, Factor, Style, Skill, Program, Fact)
    return {table.path: everything(session, table) for table in tables} | {
        "catalogue_version": catalogue_version(session)
    }
