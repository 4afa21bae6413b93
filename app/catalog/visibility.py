"""What a tenant sees of the catalogue: what is shared, and what belongs to it; never what belongs to another."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, event, func, inspect, or_, select
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlmodel import Session, col

from app.catalog.tables import CatalogueVersion, Editable, OwnCatalogue, Program, ProgramCriterion, ProgramSkill, Skill

_OWN, _SHARED = inspect(OwnCatalogue).local_table.c, inspect(CatalogueVersion).local_table.c
_VERSIONS = select(
    _SHARED.version, func.coalesce(select(_OWN.version).where(_OWN.tenant == bindparam("tenant")).scalar_subquery(), 0)
)
"""Of the tables themselves, as every answer asks for it."""


def belongs(table: type[Editable], tenant: str) -> ColumnElement[bool]:
    """Rows of the tenant, and the shared ones, unless the tenant has one with the same slug."""
    own = inspect(table).local_table.alias()
    hides = select(own.c.slug).where(own.c.tenant == tenant)
    shared = col(table.tenant).is_(None) & col(table.slug).not_in(hides)
    return or_(col(table.tenant) == tenant, shared)


def _offered(table: type[Editable], tenant: str) -> Any:
    return select(col(table.id)).where(belongs(table, tenant), col(table.retired_at).is_(None))


def see_as(session: Session, tenant: str) -> Session:
    """From now on every select and every relation of this session shows what the tenant sees, and links lead to
    nothing that is retired."""
    programs, skills = _offered(Program, tenant), _offered(Skill, tenant)
    narrowing = [
        with_loader_criteria(Program, belongs(Program, tenant)),
        with_loader_criteria(Skill, belongs(Skill, tenant)),
        with_loader_criteria(ProgramCriterion, col(ProgramCriterion.program_id).in_(programs)),
        with_loader_criteria(
            ProgramSkill, col(ProgramSkill.program_id).in_(programs) & col(ProgramSkill.skill_id).in_(skills)
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
