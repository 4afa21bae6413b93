"""Changes of programs and skills by their owners: create, change, retire.

A tenant changes what belongs to it. What is shared, the operator alone changes: the tenant `local`.
"""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from app.access.scopes import Forbidden
from app.catalog import schemas
from app.catalog.entity_tags import require_match
from app.catalog.inputs import ProgramGiven, ProgramPatch, SkillGiven, SkillPatch
from app.catalog.queries import find, in_force, visible
from app.catalog.rows import FACETS, bring, change_time, program_links, searched
from app.catalog.tables import CatalogueVersion, Criterion, OwnCatalogue, Program, Skill, row_id
from app.catalog.visibility import see_as, tenant_of
from app.catalog.words import Searched, keep_words
from app.errors import AppError, ProblemDetail, misfit

OPERATOR = "local"
Given = ProgramGiven | SkillGiven
Patch = ProgramPatch | SkillPatch


class SlugTaken(AppError):
    """409: there is, or was, an item with this slug."""

    status, code = 409, "slug_taken"


@dataclass(frozen=True)
class Kind:
    """What programs and skills are written as and answered as."""

    table: Any
    given: type[Given]
    answer: Any


@dataclass(frozen=True)
class Target:
    """The item that a tenant means to change, in the state that If-Match names."""

    engine: Engine
    tenant: str
    slug: str
    if_match: str | None


PROGRAM = Kind(Program, ProgramGiven, schemas.Program)
SKILL = Kind(Skill, SkillGiven, schemas.Skill)


@contextmanager
def editing(engine: Engine, tenant: str) -> Iterator[Session]:
    """A session that writes for a tenant, one at a time over all tenants, so that `modified_at` and versions rise in
    the order in which others see them. Commits at its end."""
    with Session(engine) as session:
        session.exec(select(CatalogueVersion).with_for_update()).one()
        yield see_as(session, tenant)
        session.commit()


def create(engine: Engine, tenant: str, kind: Kind, given: Given) -> Any:
    """Keep a new item of the tenant. Raises SlugTaken."""
    with editing(engine, tenant) as session:
        if find(session, kind.table, given.slug):
            raise SlugTaken("There is an item with this slug, or was one: slugs are never used again. Choose another.")
        add(session, kind, given)
        return answered(session, kind, given.slug)


def change(kind: Kind, target: Target, patch: Patch) -> Any:
    """Apply a merge patch to an item that is as the caller knows it."""
    with editing(target.engine, target.tenant) as session:
        row = _owned(session, kind, target)
        update(session, kind, row, merged(kind, row, patch))
        return answered(session, kind, target.slug)


def retire(kind: Kind, target: Target, successor: str | None) -> Any:
    """Take an item out of the catalogue for good, and leave its tombstone."""
    with editing(target.engine, target.tenant) as session:
        row = _owned(session, kind, target)
        if successor is not None:
            heir = find(session, kind.table, successor)
            if heir is None or heir.retired_at or heir.slug == target.slug:
                raise misfit([_detail("?successor", "unknown_slug", "there is no such item that is not retired")])
        row.retired_at, row.successor = change_time(session), successor
        _stamp(session, row)
        session.flush()
        return schemas.Tombstone.model_validate(row)


def add(session: Session, kind: Kind, given: Given) -> None:
    """Store a new item of the session's tenant."""
    tenant = tenant_of(session)
    seen = visible(session, kind.table).with_only_columns(func.max(col(kind.table.position)))
    life = new_columns(tenant, given.slug) | {"version": 0, "position": next_position(session.scalar(seen))}
    row = kind.table(**life, **columns_of(given), **_links(session, life["id"], given))
    _stamp(session, row)
    session.add(row)
    session.flush()
    keep_words(session.connection(), kind.table, [Searched(row.id, tenant, "", row.search)])


def new_columns(tenant: str, slug: str) -> dict[str, Any]:
    """The columns of a new item of a tenant that nobody gives."""
    return {"id": row_id(tenant, slug), "slug": slug, "tenant": tenant, "retired_at": None, "successor": None}


def next_position(last: int | None) -> int:
    """Where a new item stands among those that a tenant sees."""
    return -1 if last is None else last + 1


def update(session: Session, kind: Kind, row: Any, given: Given) -> None:
    """Bring an item to what is given; one that is so already stays as it is."""
    if bring(session, row, columns_of(given), _links(session, row.id, given)):
        _stamp(session, row)
    session.flush()


def document(row: Any) -> dict[str, Any]:
    """An item in the shape in which it is written, without links to what is retired."""
    fields: dict[str, Any] = {"slug": row.slug, "name": row.name, "description": row.description, "source": row.source}
    if isinstance(row, Skill):
        return {**fields, "concept": row.concept_slug, "purpose": row.purpose}
    plain = ("school", "audience", "modules", "months", "topics", "features", "alumni", *FACETS)
    return {
        **fields,
        **{name: getattr(row, name) for name in plain},
        "skills": [{"slug": link.skill.slug, "basis": link.basis, "why": link.why} for link in row.skills],
        "criteria": [{"slug": link.criterion_slug, "basis": link.basis, "why": link.why} for link in row.criteria],
    }


def merged(kind: Kind, row: Any, patch: Patch) -> Given:
    """What an item is after a merge patch. Raises InvalidParameter where that is no item any more."""
    named = patch.model_dump(exclude_unset=True)
    whole = {name: value for name, value in (document(row) | named).items() if name not in named or value is not None}
    try:
        return kind.given.model_validate(whole)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
        raise misfit([_detail(_pointer(found["loc"]), found["type"], found["msg"]) for found in details]) from None


def answered(session: Session, kind: Kind, slug: str) -> Any:
    """The item as it is answered, read anew."""
    session.flush()
    session.expunge_all()
    return kind.answer.model_validate(find(session, kind.table, slug))


def may_change(tenant: str, row: Any) -> bool:
    """Whether a tenant may change an item that it sees."""
    return tenant in {row.tenant, OPERATOR}


def _owned(session: Session, kind: Kind, target: Target) -> Any:
    row = in_force(session, kind.table, target.slug)
    if not may_change(tenant_of(session), row):
        raise Forbidden("This item is shared by all: only the operator changes it. Keep one of your own beside it.")
    require_match(target.if_match, kind.answer.model_validate(row))
    return row


def columns_of(given: Given) -> dict[str, Any]:
    """The columns of an item that hold what is given."""
    whole = given.model_dump(exclude={"slug", "skills", "criteria", "concept"})
    source = whole.pop("source")
    columns = {name: value for name, value in whole.items() if name not in FACETS}
    columns |= {"source": source, "search": searched(whole)}
    return columns | ({"concept_slug": given.concept} if isinstance(given, SkillGiven) else {})


def _links(session: Session, identifier: str, given: Given) -> dict[str, Any]:
    if isinstance(given, SkillGiven):
        return {}
    skills = visible(session, Skill).where(
        col(Skill.slug).in_([link.slug for link in given.skills]), col(Skill.retired_at).is_(None)
    )
    skill_ids = {skill.slug: skill.id for skill in session.exec(skills)}
    check_links(given, skill_ids, set(session.exec(select(Criterion.slug))))
    return program_links(identifier, given, skill_ids)


def check_links(given: ProgramGiven, skills: Container[str], criteria: Container[str]) -> None:
    """Raises InvalidParameter where a program names a skill or a criterion that is not among these."""
    for name, known in (("skills", skills), ("criteria", criteria)):
        for place, link in enumerate(getattr(given, name)):
            if link.slug not in known:
                raise misfit([_detail(f"/{name}/{place}/slug", "unknown_slug", f"/v1/{name} has no such slug")])


def _stamp(session: Session, row: Any) -> None:
    """Note a change of a row, and raise the version of the catalogue that it stands in."""
    row.version, row.modified_at, row.edited = row.version + 1, change_time(session), True
    raise_version(session, row.tenant, 1)


def raise_version(session: Session, tenant: str | None, changes: int) -> None:
    """Count changes of the catalogue of a tenant, or of the shared one for None."""
    if tenant is None:
        session.exec(select(CatalogueVersion)).one().version += changes
        return
    own = session.get(OwnCatalogue, tenant)
    if own is None:
        own = OwnCatalogue(tenant=tenant, version=0)
        session.add(own)
    own.version += changes


def _pointer(path: tuple[str | int, ...]) -> str:
    return "".join(f"/{part}" for part in path)


def _detail(pointer: str, code: str, message: str) -> ProblemDetail:
    return ProblemDetail(pointer=pointer, code=code, message=message)
