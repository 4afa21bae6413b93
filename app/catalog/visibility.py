"""What a tenant sees of the catalogue: what is shared, and what belongs to it; never what belongs to another."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, event, exists, func, inspect, or_, select
from sqlalchemy.orm import ORMExecuteState, aliased, with_loader_criteria
from sqlmodel import Session, col

from app.catalog.tables import CatalogueVersion, Editable, OwnCatalogue, Program, ProgramCriterion, ProgramSkill, Skill

_OWN, _SHARED = inspect(OwnCatalogue).local_table.c, inspect(CatalogueVersion).local_table.c
_VERSIONS = select(
    _SHARED.version, func.coalesce(select(_OWN.version).where(_OWN.tenant == bindparam("tenant")).scalar_subquery(), 0)
)
"""Of the tables themselves, as every answer asks for it."""


def own_or_shared(table: type[Editable], tenant: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Rows of the tenant, and the shared ones of which the tenant has none with the same slug."""
    own = inspect(table).local_table.alias()
    hidden = exists().where(own.c.tenant == tenant, own.c.slug == col(table.slug))
    return col(table.tenant) == tenant, col(table.tenant).is_(None) & ~hidden


def belongs(table: type[Editable], tenant: str) -> ColumnElement[bool]:
    """Rows that a tenant sees, where they are found by that."""
    return or_(*own_or_shared(table, tenant))


def _guarded(table: type[Editable], tenant: str) -> ColumnElement[bool]:
    """As `belongs`, where rows are found by something else: no index fits it, so that a database takes the other."""
    own, shared = func.coalesce(col(table.tenant), "") == tenant, own_or_shared(table, tenant)[1]
    return or_(own, shared)


def _leads_to(link: Any, table: type[Editable], tenant: str) -> ColumnElement[bool]:
    """Links to what the tenant sees and is not retired: looked up for each link, as few are read at a time."""
    item = aliased(table)
    return exists().where(col(item.id) == link, _guarded(item, tenant), col(item.retired_at).is_(None))


def see_as(session: Session, tenant: str) -> Session:
    """From now on every select and every relation of this session shows what the tenant sees, and links lead to
    nothing that is retired."""
    narrowing = [
        with_loader_criteria(Program, _guarded(Program, tenant)),
        with_loader_criteria(Skill, _guarded(Skill, tenant)),
        with_loader_criteria(ProgramCriterion, _leads_to(col(ProgramCriterion.program_id), Program, tenant)),
        with_loader_criteria(
            ProgramSkill,
            _leads_to(col(ProgramSkill.program_id), Program, tenant)
            & _leads_to(col(ProgramSkill.skill_id), Skill, tenant),
        ),
    ]

    @event.listens_for(session, "do_orm_execute")
    def _narrow(state: ORMExecuteState) -> None:
        if state.is_select and not state.is_column_load and not state.is_relationship_load:
            state.statement = state.statement.options(*narrowing)

    session.info["tenant"] = tenant
    return session


def tenant_of(session: Session) -> str:
    """The tenant that this session sees as."""
    tenant: str = session.info["tenant"]
    return tenant


def versions(connection: Connection, tenant: str) -> tuple[int, int]:
    """How often the shared catalogue changed, and how often the tenant's own."""
    shared, mine = connection.execute(_VERSIONS, {"tenant": tenant}).one()
    return shared, mine
