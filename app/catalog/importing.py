"""Programs in and out as tables: what an import would do, row by row, and doing it, all or nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import Session, col

from app.catalog.editing import PROGRAM, add, document, editing, may_change, update
from app.catalog.inputs import ProgramGiven
from app.catalog.queries import find, visible
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
        rows = session.exec(statement.order_by(col(Program.position), col(Program.slug)))
        return write_sheet([document(row) for row in rows])


def import_programs(
    engine: Engine, tenant: str, content: bytes, dry_run: bool, delimiter: str | None = None
) -> list[Step]:
    """Bring a tenant's programs to what a table says. Nothing is written in a dry run, or if any row is refused.

    Raises SheetError where the table itself is not sound.
    """
    rows = list(read_sheet(content, delimiter))
    steps: list[Step] = []
    with _undoable(engine, tenant) as session:
        seen: set[Any] = set()
        for given in rows:
            steps.append(_step(session, given, tenant, seen))
            seen.add(given.fields["slug"])
        if dry_run or any(step.outcome == "refuse" for step in steps):
            raise _Undo
    return steps


@contextmanager
def _undoable(engine: Engine, tenant: str) -> Iterator[Session]:
    try:
        with editing(engine, tenant) as session:
            yield session
    except _Undo:
        return


def _step(session: Session, given: Row, tenant: str, seen: set[Any]) -> Step:
    slug = str(given.fields["slug"] or "")
    try:
        if given.fault:
            raise Refused(given.fault)
        if slug in seen:
            raise Refused("slug: it stands in a row before")
        outcome, fields = _take(session, given, tenant)
        return Step(given.number, outcome, slug, ", ".join(fields))
    except Refused as refused:
        return Step(given.number, "refuse", slug if slug.isprintable() else "", str(refused))


def _take(session: Session, given: Row, tenant: str) -> tuple[Outcome, list[str]]:
    row = find(session, Program, str(given.fields["slug"] or ""))
    if row is None:
        whole = {name: value for name, value in given.fields.items() if value is not None}
        _checked(lambda: add(session, PROGRAM, ProgramGiven.model_validate(whole)))
        return "add", []
    if row.retired_at:
        raise Refused("slug: it was retired, and slugs are never used again")
    before = document(row)
    whole = {name: value for name, value in (before | given.fields).items() if value is not None}
    program: ProgramGiven = _checked(lambda: ProgramGiven.model_validate(whole))
    wanted = program.model_dump()
    changed = [name for name in wanted if wanted[name] != before[name]]
    if changed and not may_change(tenant, row):
        raise Refused("slug: it is shared by all, and only the tenant local changes it")
    if not changed:
        return "leave", []
    _checked(lambda: update(session, PROGRAM, row, program))
    return "change", changed


def _checked(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise Refused("; ".join(_told(detail["loc"], detail["msg"]) for detail in found[:5])) from None
    except InvalidParameter as error:
        told = [_told(_place(detail.pointer), detail.message) for detail in error.errors]
        raise Refused("; ".join(told)) from None


def _place(pointer: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdecimal() else part for part in pointer.split("/")[1:])


def _told(place: tuple[str | int, ...], message: str) -> str:
    return f"{'.'.join(str(part + 1 if isinstance(part, int) else part) for part in place)}: {message}"
