"""Import and export of many programs: few statements, and the same rows as one by one."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.catalog.bulk import AT_ONCE
from app.catalog.importing import export_programs, import_programs
from app.catalog.spreadsheet import COLUMNS, write_sheet
from app.catalog.tables import OwnCatalogue, Program, ProgramCriterion, ProgramFacet, ProgramSkill
from app.settings import Settings
from tests.support.apps import key_maker, running
from tests.support.databases import Databases
from tests.support.programs import ALL, key, patch, program
from tests.support.statements import statements

pytestmark = pytest.mark.anyio
Engines = Callable[[str], Engine]


def sheet(*programs: dict[str, Any]) -> bytes:
    """A table of programs, as `programs export` writes it."""
    lists: dict[str, Any] = {"topics": [], "features": [], "skills": [], "criteria": [], "source": []}
    whole: list[dict[str, Any]] = [dict.fromkeys(COLUMNS) | lists | given for given in programs]
    for given in whole:
        for name in ("skills", "criteria"):
            given[name] = [{"basis": "source"} | link for link in given[name]]
    return write_sheet(whole).encode()


def many(count: int, **more: Any) -> bytes:
    links = {"skills": [{"slug": "visioning", "why": "It does."}], "focus": ["leadership"]}
    return sheet(*(program(f"one-{number}", **links | more) for number in range(count)))


def outcomes(engine: Engine, tenant: str, content: bytes) -> set[str]:
    return {step.outcome for step in import_programs(engine, tenant, content, dry_run=False)}


def test_many_programs_take_as_many_statements_as_few(databases: Databases, engines: Engines) -> None:
    engine = engines(databases.seeded())
    counts: dict[str, list[int]] = {}
    for tenant, count in (("few", 5), ("many", AT_ONCE)):
        for told, content in (("add", many(count)), ("leave", many(count)), ("change", many(count, focus=None))):
            with statements(engine) as sent:
                assert outcomes(engine, tenant, content) == {told}
            counts.setdefault(told, []).append(len(sent))
        with statements(engine) as sent:
            assert len(export_programs(engine, tenant).splitlines()) > count
        counts.setdefault("export", []).append(len(sent))
    assert all(few == many for few, many in counts.values()), counts
    assert max(most for _, most in counts.values()) <= 25, counts


def test_each_row_of_several_batches_is_a_change_of_its_own(databases: Databases, engines: Engines) -> None:
    engine = engines(databases.seeded())
    count = AT_ONCE + 2
    assert outcomes(engine, "own", many(count)) == {"add"}
    with Session(engine) as session:
        rows = session.exec(select(Program).where(Program.tenant == "own").order_by(col(Program.position))).all()
        assert [row.slug for row in rows] == [f"one-{number}" for number in range(count)]
        times = [row.modified_at for row in rows]
        assert times == sorted(set(times)), "who syncs sees every row, and none twice"
        assert session.get_one(OwnCatalogue, "own").version == count


def test_a_refused_row_of_the_last_batch_leaves_nothing_behind(databases: Databases, engines: Engines) -> None:
    engine = engines(databases.seeded())
    bad = program("bad", criteria=[{"slug": "nothing", "why": "So."}])
    table = sheet(*(program(f"one-{number}") for number in range(AT_ONCE)), bad)
    *others, last = import_programs(engine, "none", table, dry_run=False)
    assert {step.outcome for step in others} == {"add"}
    assert str(last) == f"row {AT_ONCE + 2}: refuse bad (criteria.1.slug: /v1/criteria has no such slug)"
    with Session(engine) as session:
        assert session.exec(select(Program).where(Program.tenant == "none")).first() is None


def rows_of(engine: Engine, tenant: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of a tenant's programs and of what hangs on them, but for times and the tenant's name."""
    found: dict[str, list[dict[str, Any]]] = {}
    with Session(engine) as session:
        for table, owner in (
            (Program, Program.id),
            (ProgramFacet, ProgramFacet.program_id),
            (ProgramSkill, ProgramSkill.program_id),
            (ProgramCriterion, ProgramCriterion.program_id),
        ):
            rows = session.exec(select(table).where(col(owner).startswith(f"{tenant}/"))).all()
            plain = [row.model_dump(exclude={"modified_at", "tenant"}) for row in rows]
            found[str(table.__tablename__)] = sorted(
                ({name: str(value).replace(f"{tenant}/", "") for name, value in row.items()} for row in plain), key=str
            )
    return found


@pytest.mark.both_databases
async def test_an_imported_program_is_what_the_same_one_is_that_was_posted_and_patched(
    databases: Databases, engines: Engines
) -> None:
    settings = Settings(database_url=databases.seeded())
    engine = engines(settings.database_url)
    links = [{"slug": slug, "why": "So."} for slug in ("visioning", "budgeting", "gone")]
    given = program("same", skills=links, focus=["leadership"], delivery=["online", "blended"], topics=["One", "Two"])
    wanted = {"delivery": ["blended"], "pace": ["modular"], "criteria": [{"slug": "scale", "why": "It grows."}]}
    skill = {"slug": "gone", "name": "N", "description": "D.", "concept": "leadership", "purpose": "P."}
    make = key_maker(settings.database_url)
    posted, imported = (key(make(*ALL, tenant=tenant)) for tenant in ("posted", "imported"))
    async with running(settings) as client:
        for one in (posted, imported):
            assert (await client.post("/v1/skills", json=skill, headers=one)).status_code == 201
        made_program = await client.post("/v1/programs", json=given, headers=posted)
        assert made_program.status_code == 201, made_program.text
        assert outcomes(engine, "imported", sheet(given)) == {"add"}
        assert rows_of(engine, "posted") == rows_of(engine, "imported")
        for one in (posted, imported):
            assert (await client.delete("/v1/skills/gone", headers=one | {"If-Match": "*"})).status_code == 200
        changed = await patch(client, "/v1/programs/same", wanted, posted | {"If-Match": "*"})
        assert changed.status_code == 200, changed.text
        assert outcomes(engine, "imported", sheet(given | wanted | {"skills": links[:2]})) == {"change"}
        assert rows_of(engine, "posted") == rows_of(engine, "imported")
        assert len(rows_of(engine, "posted")["program_skill"]) == 3, "a link to a retired skill is hidden, not lost"
        for shorter in (links[:1], links[1:2]):
            change = {"skills": shorter}
            assert (await patch(client, "/v1/programs/same", change, posted | {"If-Match": "*"})).status_code == 200
            assert outcomes(engine, "imported", sheet(given | wanted | change)) == {"change"}
            assert rows_of(engine, "posted") == rows_of(engine, "imported")
        shown = [(await client.get("/v1/programs/same", headers=one)).json() for one in (posted, imported)]
        assert [one | {"modified_at": None} for one in shown] == [shown[0] | {"modified_at": None}] * 2
