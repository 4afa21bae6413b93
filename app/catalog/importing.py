"""Programs in and out as tables: what an import would do, row by row, and doing it, all or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import Session, col

from app.catalog.bulk import AT_ONCE, Batch, Programs, Stored
from app.catalog.editing import document, editing, may_change
from app.catalog.inputs import ProgramGiven
from app.catalog.queries import related, visible
from app.catalog.spreadsheet import Row, read_sheet, write_sheet
from app.catalog.tables import Program
from app.catalog.visibility import see_as
from app.errors import InvalidParameter

Outcome = Literal["add", "change", "leave", "refuse"]


@dataclass(frozen=True)
class Step:
    """What becomes of one row; `detail` names changed fields, or why it is refused."""

    row: int
    outcome: Outcome
    slug: str
    detail: str = ""

    def __str__(self) -> str:
        return f"row {self.row}: {self.outcome} {self.slug}" + (f" ({self.detail})" if self.detail else "")


class Refused(Exception):
    """A row cannot be taken; the message says why."""


class _Undo(Exception):
    """Ends a session without writing."""


def export_programs(engine: Engine, tenant: str | None) -> str:
    """The tenant's own programs as a table, or the shared ones for None; without retired ones."""
    with Session(engine.execution_options(readonly=True)) as session:
        see_as(session, tenant or "")
        statement = visible(session, Program).where(col(Program.tenant) == tenant, col(Program.retired_at).is_(None))
        ordered = statement.order_by(col(Program.position), col(Program.slug)).options(*related(Program))
        return write_sheet(map(document, session.exec(ordered.execution_options(yield_per=AT_ONCE))))


def import_programs(
    engine: Engine, tenant: str, content: bytes, dry_run: bool, delimiter: str | None = None
) -> list[Step]:
    """Bring a tenant's programs to what a table says. Nothing is written in a dry run, or if any row is refused.

    Raises SheetError where the table itself is not sound.
    """
    rows = list(read_sheet(content, delimiter))
    steps: list[Step] = []
    with _undoable(engine, tenant) as session:
        programs, seen = Programs(session), set[Any]()
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            stored = programs.stored({_slug(given) for given in some if "\x00" not in _slug(given)})
            batch = Batch()
            for given in some:
                steps.append(_step(programs, given, stored.get(_slug(given)), seen, batch))
                seen.add(given.fields["slug"])
            if not dry_run and not _refused(steps):
                programs.write(batch)
        if dry_run or _refused(steps):
            raise _Undo
    return steps


def _slug(given: Row) -> str:
    return str(given.fields["slug"] or "")


def _refused(steps: list[Step]) -> bool:
    return any(step.outcome == "refuse" for step in steps)


@contextmanager
def _undoable(engine: Engine, tenant: str) -> Iterator[Session]:
    try:
        with editing(engine, tenant) as session:
            yield session
    except _Undo:
        return


def _step(programs: Programs, given: Row, before: Stored | None, seen: set[Any], batch: Batch) -> Step:
    slug = _slug(given)
    try:
        if given.fault:
            raise Refused(given.fault)
        if slug in seen:
            raise Refused("slug: it stands in a row before")
        outcome, fields = _take(programs, given, before, batch)
        return Step(given.number, outcome, slug, ", ".join(fields))
    except Refused as refused:
        return Step(given.number, "refuse", slug if slug.isprintable() else "", str(refused))


def _take(programs: Programs, given: Row, before: Stored | None, batch: Batch) -> tuple[Outcome, list[str]]:
    if before is None:
        batch.added.append(_known(programs, _valid(given.fields)))
        return "add", []
    if before.retired:
        raise Refused("slug: it was retired, and slugs are never used again")
    wanted = _valid(before.document | given.fields)
    fields = wanted.model_dump()
    changed = [name for name in fields if fields[name] != before.document[name]]
    if changed and not may_change(programs.tenant, before):
        raise Refused("slug: it is shared by all, and only the tenant local changes it")
    if not changed:
        return "leave", []
    batch.changed.append((before, _known(programs, wanted), changed))
    return "change", changed


def _valid(fields: dict[str, Any]) -> ProgramGiven:
    try:
        return ProgramGiven.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise Refused("; ".join(_told(detail["loc"], detail["msg"]) for detail in found[:5])) from None


def _known(programs: Programs, given: ProgramGiven) -> ProgramGiven:
    try:
        programs.check(given)
    except InvalidParameter as error:
        told = [_told(_place(detail.pointer), detail.message) for detail in error.errors]
        raise Refused("; ".join(told)) from None
    return given


def _place(pointer: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdecimal() else part for part in pointer.split("/")[1:])


def _told(place: tuple[str | int, ...], message: str) -> str:
    return f"{'.'.join(str(part + 1 if isinstance(part, int) else part) for part in place)}: {message}"
