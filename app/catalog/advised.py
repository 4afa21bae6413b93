"""What scoring reads of the catalogue: a few plain selects, whatever the number of rows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, bindparam, inspect, literal, select, union_all

from app.catalog.tables import Criterion, Program, ProgramCriterion, ProgramFacet, Style

FACETS = ("focus", "delivery", "pace")
EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any change."""


@dataclass(frozen=True, slots=True)
class AdvisedProgram:
    """A program as it is recommended; `criteria` in their order."""

    slug: str
    name: str
    catalogue: Literal["own", "shared"]
    criteria: tuple[str, ...]
    focus: tuple[str, ...]
    delivery: tuple[str, ...]
    pace: tuple[str, ...]
    months: int | None

    @property
    def href(self) -> str:
        return f"/v1/{Program.path}/{self.slug}"


@dataclass(frozen=True, slots=True)
class Changes:
    """Programs that changed: those in force, the slugs of retired ones, and when the last of either did."""

    programs: tuple[AdvisedProgram, ...]
    retired: tuple[str, ...]
    latest: datetime


_PROGRAM, _LINK, _FACET = (inspect(table).local_table.c for table in (Program, ProgramCriterion, ProgramFacet))


def _selects(whose: ColumnElement[bool]) -> tuple[Any, Any]:
    changed = whose & (_PROGRAM.modified_at >= bindparam("since"))
    plain = (_PROGRAM.id, _PROGRAM.slug, _PROGRAM.name, _PROGRAM.months, _PROGRAM.modified_at, _PROGRAM.retired_at)
    links = (_LINK.program_id, literal("criterion").label("kind"), _LINK.criterion_slug, _LINK.position)
    facets = (_FACET.program_id, _FACET.facet, _FACET.value, _FACET.position)
    return select(*plain).where(changed), union_all(
        select(*links).join_from(_LINK.program_id.table, _PROGRAM.id.table).where(changed),
        select(*facets).join_from(_FACET.program_id.table, _PROGRAM.id.table).where(changed, _FACET.facet.in_(FACETS)),
    )


_OWN, _SHARED = _selects(_PROGRAM.tenant == bindparam("tenant")), _selects(_PROGRAM.tenant.is_(None))
_criterion, _style = inspect(Criterion).local_table.c, inspect(Style).local_table.c
_WORDS = union_all(
    select(literal("criterion"), _criterion.slug, _criterion.question),
    select(literal("style"), _style.slug, _style.name),
)


def words(connection: Connection) -> tuple[dict[str, str], dict[str, str]]:
    """The questions of the criteria, and the names of the styles, by slug."""
    found: dict[str, dict[str, str]] = {"criterion": {}, "style": {}}
    for kind, slug, text in connection.execute(_WORDS):
        found[kind][slug] = text
    return found["criterion"], found["style"]


def changed_programs(connection: Connection, tenant: str | None, since: datetime = EVER) -> Changes:
    """The tenant's own programs, or the shared ones for None, that were changed at this time or later."""
    programs, links = _SHARED if tenant is None else _OWN
    wanted = {"tenant": tenant, "since": since} if tenant is not None else {"since": since}
    rows = connection.execute(programs, wanted).all()  # before the links, so that none is of an earlier state
    linked: dict[str, list[tuple[str, int, str]]] = {}
    for program, kind, value, position in connection.execute(links, wanted):
        linked.setdefault(program, []).append((kind, position, value))
    catalogue: Literal["own", "shared"] = "shared" if tenant is None else "own"
    found, retired, latest = [], [], since
    for program, slug, name, months, modified_at, retired_at in rows:
        latest = max(latest, modified_at)
        if retired_at is not None:
            retired.append(slug)
            continue
        criteria, focus, delivery, pace = _sorted_out(linked.get(program, []))
        found.append(AdvisedProgram(slug, name, catalogue, criteria, focus, delivery, pace, months))
    return Changes(tuple(found), tuple(retired), latest)


def _sorted_out(parts: list[tuple[str, int, str]]) -> list[tuple[str, ...]]:
    """The criteria and the values of the facets of a program, each kind in its order."""
    found: dict[str, list[str]] = {kind: [] for kind in ("criterion", *FACETS)}
    for kind, _, value in sorted(parts):
        found[kind].append(value)
    return [tuple(values) for values in found.values()]
