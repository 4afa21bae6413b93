"""Many programs of a tenant, read and written in a few statements however many they are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, inspect, update
from sqlmodel import Session, SQLModel, col, select

from app.catalog.editing import check_links, columns_of, document, new_columns, next_position, raise_version
from app.catalog.inputs import ProgramGiven
from app.catalog.queries import offered, related, visible
from app.catalog.rows import FACETS, LINK_TABLES, change_time, program_link_rows
from app.catalog.tables import Criterion, Program, ProgramSkill, Skill, row_id
from app.catalog.visibility import tenant_of
from app.catalog.words import Searched, keep_words

AT_ONCE = 500
"""Programs that are read or written together."""


@dataclass(frozen=True)
class Stored:
    """A program as it is, retired or not; `document` as `editing.document` gives it."""

    id: str
    tenant: str | None
    version: int
    retired: bool
    search: str
    document: dict[str, Any]


def _stored(row: Program) -> Stored:
    return Stored(row.id, row.tenant, row.version, row.retired_at is not None, row.search, document(row))


@dataclass
class Batch:
    """Checked programs that are to be added or changed."""

    added: list[ProgramGiven] = field(default_factory=list)
    changed: list[tuple[Stored, ProgramGiven, list[str]]] = field(default_factory=list)
    """With the names of the fields that change."""


class Programs:
    """The programs that the tenant of a session sees, for as long as the session holds the lock of the catalogue."""

    def __init__(self, session: Session) -> None:
        self._session, self.tenant = session, tenant_of(session)
        skills = offered(session, Skill).with_only_columns(col(Skill.slug), col(Skill.id))
        self._skills: dict[str, str] = dict(session.connection().execute(skills).all())
        self._criteria = set(session.exec(select(Criterion.slug)))
        last = visible(session, Program).with_only_columns(func.max(col(Program.position)))
        self._next = next_position(session.scalar(last))
        self._moment = change_time(session)

    def stored(self, slugs: Iterable[str]) -> dict[str, Stored]:
        """Those that have one of these slugs, up to AT_ONCE of them."""
        named = visible(self._session, Program).where(col(Program.slug).in_(slugs))
        rows = self._session.exec(named.options(*related(Program))).all()
        found = {row.slug: _stored(row) for row in rows}
        self._session.expunge_all()
        return found

    def check(self, given: ProgramGiven) -> None:
        """Raises InvalidParameter where it leads to a skill or criterion that there is not."""
        check_links(given, self._skills, self._criteria)

    def write(self, batch: Batch) -> None:
        """Add and change, each a microsecond after the one before, as who syncs goes by the time."""
        links: dict[str, list[dict[str, Any]]] = {name: [] for name in LINK_TABLES}
        rows = [self._new(given, links) for given in batch.added]
        changes = [self._change(before, given, names, links) for before, given, names in batch.changed]
        self._unlink(batch)
        program = _table(Program)
        writing = self._session.connection().execute
        if rows:
            writing(insert(program), rows)
        if changes:
            values: dict[str, Any] = {name: bindparam(name) for name in changes[0] if name != "this"}
            writing(update(program).where(program.c.id == bindparam("this")).values(values), changes)
        new = [Searched(row["id"], self.tenant, "", row["search"]) for row in rows]
        old = [
            Searched(before.id, before.tenant, before.search, row["search"])
            for (before, _, _), row in zip(batch.changed, changes, strict=True)
        ]
        keep_words(self._session.connection(), Program, new + old)
        for name, linked in links.items():
            if linked:
                writing(insert(_table(LINK_TABLES[name])), linked)
        owners = Counter([before.tenant for before, _, _ in batch.changed])
        owners[self.tenant] += len(rows)
        for tenant, count in owners.items():
            if count:
                raise_version(self._session, tenant, count)

    def _new(self, given: ProgramGiven, links: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        identifier = row_id(self.tenant, given.slug)
        for name, rows in program_link_rows(identifier, given, self._skills).items():
            links[name] += rows
        life = new_columns(self.tenant, given.slug) | {"position": self._next}
        self._next += 1
        return life | columns_of(given) | self._stamp(0)

    def _change(
        self, before: Stored, given: ProgramGiven, names: list[str], links: dict[str, list[dict[str, Any]]]
    ) -> dict[str, Any]:
        for name, rows in program_link_rows(before.id, given, self._skills).items():
            if _touched(name, names):
                links[name] += rows
        return {"this": before.id} | columns_of(given) | self._stamp(before.version)

    def _stamp(self, version: int) -> dict[str, Any]:
        self._moment += timedelta(microseconds=1)
        return {"version": version + 1, "modified_at": self._moment, "edited": True}

    def _unlink(self, batch: Batch) -> None:
        """Take away the links that are written anew. Links to retired skills are seen by nobody, and stay."""
        for name, table in LINK_TABLES.items():
            touched = [before for before, _, names in batch.changed if _touched(name, names)]
            if table is ProgramSkill:
                self._unlink_skills(touched)
            elif touched:
                stored = _table(table)
                gone = stored.c.program_id.in_([before.id for before in touched])
                self._session.connection().execute(delete(stored).where(gone))

    def _unlink_skills(self, touched: list[Stored]) -> None:
        stored = _table(ProgramSkill)
        gone = delete(stored).where(
            stored.c.program_id == bindparam("program"), stored.c.skill_id == bindparam("skill")
        )
        rows = [
            {"program": before.id, "skill": self._skills[link["slug"]]}
            for before in touched
            for link in before.document["skills"]
        ]
        if rows:
            self._session.connection().execute(gone, rows)


def _touched(relation: str, names: list[str]) -> bool:
    """Whether a change of these fields is one of this relation."""
    return any(name == relation or (relation == "facets" and name in FACETS) for name in names)


def _table(kind: type[SQLModel]) -> Any:
    """A table by itself, without what a session keeps of its rows."""
    return inspect(kind).local_table
