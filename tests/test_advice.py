"""Recommended programs: the same as by looking at each, read in a few statements, and never older than a change."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.assessments import known
from app.assessments.advice import Programs
from app.assessments.known import Catalogues, Known
from app.assessments.requests import Options, Preferences
from app.catalog.advised import AdvisedProgram
from app.catalog.editing import PROGRAM, Target, change, create, retire
from app.catalog.importing import import_programs
from app.catalog.inputs import ProgramGiven, ProgramPatch
from app.catalog.setup import set_up
from app.scoring import Assessment
from app.scoring.labels import CRITERIA
from app.settings import Settings, data_path
from tests.support.apps import scorer
from tests.support.databases import Databases
from tests.support.programs import program
from tests.support.statements import statements
from tests.support.texts import SITUATION

Engines = Callable[[str], Engine]
SCALE = {"slug": "scale", "why": "It grows."}


def judged(**present: float) -> Assessment:
    """A judgement in which these criteria are present, with these probabilities."""
    found = scorer().assess(SITUATION)
    criteria = tuple(
        replace(trait, present=trait.slug in present, probability=present.get(trait.slug, 0.01))
        for trait in found.criteria
    )
    return replace(found, verdict="both", criteria=criteria)


def one_by_one(programs: list[AdvisedProgram], assessment: Assessment, options: Options) -> list[dict[str, Any]]:
    """What is recommended, found by looking at each program."""
    present = {trait.slug: trait.probability or 0.0 for trait in assessment.criteria if trait.present}
    wanted = options.preferences
    fits: list[dict[str, Any]] = []
    for one in programs:
        because = sorted((slug for slug in one.criteria if slug in present), key=lambda slug: -present[slug])
        fitting = (
            options.catalogue in {"both", one.catalogue}
            and (wanted.focus is None or wanted.focus in one.focus)
            and (wanted.delivery is None or wanted.delivery in one.delivery)
            and (wanted.pace is None or wanted.pace in one.pace)
            and (wanted.max_months is None or (one.months is not None and one.months <= wanted.max_months))
        )
        if not because or not fitting:
            continue
        score = sum(present[slug] for slug in because) / sum(present.values())
        sides = [side for side in ("leadership", "management") if side in one.focus]
        score *= max(assessment.demand[side] for side in sides) if sides else 1
        place = {"href": f"/v1/programs/{one.slug}", "catalogue": one.catalogue}
        fits.append({"slug": one.slug, "name": one.name, "score": round(score, 4), "because": because} | place)
    fits.sort(key=lambda fit: (-fit["score"], fit["slug"]))
    return fits[: options.max_recommendations]


def some(chance: random.Random, *values: str) -> tuple[str, ...]:
    return tuple(chance.sample(values, chance.randint(0, len(values))))


def invented(chance: random.Random, number: int) -> AdvisedProgram:
    return AdvisedProgram(
        f"program-{number}",
        f"Program {number}",
        chance.choice(("own", "shared")),
        some(chance, *CRITERIA),
        some(chance, "leadership", "management", "technology"),
        some(chance, "on-campus", "online", "blended"),
        some(chance, "part-time", "modular"),
        chance.choice((None, 3, 6, 12)),
    )


@pytest.mark.parametrize("seed", range(20))
def test_recommendations_are_those_that_a_look_at_each_program_gives(seed: int) -> None:
    chance = random.Random(seed)
    programs = [invented(chance, number) for number in range(chance.choice((0, 1, 40, 400)))]
    kept = Programs(programs)
    for _ in range(20):
        shown = {slug: chance.choice((0.5, 0.7, 0.4 + chance.random() / 2)) for slug in some(chance, *CRITERIA)}
        assessment = judged(**shown)
        options = Options(
            max_recommendations=chance.choice((0, 3, 10)),
            catalogue=chance.choice(("both", "own", "shared")),
            preferences=Preferences(
                focus=chance.choice((None, None, "leadership")),
                delivery=chance.choice((None, None, "online")),
                pace=chance.choice((None, None, "modular")),
                max_months=chance.choice((None, None, 6)),
            ),
        )
        assert kept.recommended(assessment, options) == one_by_one(programs, assessment, options)
    assert kept.recommended(replace(judged(change=0.9), verdict="insufficient"), Options()) == []


def given(slug: str, **more: Any) -> ProgramGiven:
    return ProgramGiven.model_validate(program(slug, **more))


def table(count: int) -> bytes:
    rows = (f"p-{number},Name,School,About.,Leaders.,leadership,change | source | So.\n" for number in range(count))
    return ("slug,name,school,description,audience,focus,criteria\n" + "".join(rows)).encode()


def test_the_catalogue_is_read_in_a_few_statements_however_many_programs_there_are(
    databases: Databases, engines: Engines
) -> None:
    engine = engines(databases.seeded())
    counts = []
    for tenant, count in (("few", 2), ("many", 300)):
        import_programs(engine, tenant, table(count), dry_run=False)
        kept = Catalogues()
        for step in ("first", "again", "changed"):
            if step == "changed":
                create(engine, tenant, PROGRAM, given("new"))
            with statements(engine) as sent:
                kept.known(engine, tenant)
            counts.append(len([one for one in sent if one.startswith("SELECT")]))
    assert counts[:3] == counts[3:]
    first, again, changed = counts[:3]
    assert (first <= 7, again, changed <= 4) == (True, 1, True), counts


def test_of_many_callers_who_need_a_changed_catalogue_one_reads_it(databases: Databases, engines: Engines) -> None:
    engine = engines(databases.seeded())
    import_programs(engine, "busy", table(400), dry_run=False)
    kept = Catalogues()
    with statements(engine) as sent, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: kept.known(engine, "busy"), range(24)))
    assert all(one is found[0] for one in found)
    assert sum("program_facet" in one for one in sent) == 2, "the shared programs and the tenant's own, once each"


def advised(found: Known) -> list[dict[str, Any]]:
    everything = Options().model_copy(update={"max_recommendations": 10_000})
    return found.programs.recommended(judged(**dict.fromkeys(CRITERIA, 0.5)), everything)


@pytest.mark.both_databases
def test_what_is_kept_of_a_catalogue_is_what_a_new_reader_finds_after_every_change(
    databases: Databases, engines: Engines, tmp_path: Path
) -> None:
    engine = engines(databases.seeded())
    kept, slugs = Catalogues(), set[str]()

    def target(slug: str, tenant: str = "mine") -> Target:
        return Target(engine, tenant, slug, "*")

    def seed_again() -> None:
        replaced = {"programs": ("slug: mit-tlp", "slug: p-1"), "criteria": ('question: "', 'question: "Now: ')}
        for file in data_path("seed").glob("*.yaml"):
            content = file.read_text(encoding="utf-8").replace(*replaced.get(file.stem, ("", "")), 1)
            (tmp_path / file.name).write_text(content, encoding="utf-8")
        set_up(Settings(database_url=engine.url.render_as_string(hide_password=False)), tmp_path)

    def drop_criterion() -> None:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM criterion WHERE slug = 'change'"))
            connection.execute(text("UPDATE catalogue_version SET version = version + 1"))
        create(engine, "mine", PROGRAM, given("d", criteria=[SCALE]))

    changes: list[Callable[[], Any]] = [
        lambda: None,
        lambda: create(engine, "mine", PROGRAM, given("a", criteria=[])),
        lambda: create(engine, "other", PROGRAM, given("b")),
        lambda: change(PROGRAM, target("a"), ProgramPatch.model_validate({"criteria": given("x").criteria})),
        lambda: import_programs(engine, "mine", table(3), dry_run=False),
        lambda: change(PROGRAM, target("p-2"), ProgramPatch.model_validate({"name": "Anew", "months": 4})),
        lambda: retire(PROGRAM, target("a"), None),
        lambda: import_programs(engine, "mine", table(5).replace(b"Name", b"Other name"), dry_run=False),
        lambda: change(PROGRAM, target("mit-tlp", "local"), ProgramPatch.model_validate({"name": "For all"})),
        lambda: retire(PROGRAM, target("berkeley-epm", "local"), None),
        seed_again,
        lambda: retire(PROGRAM, target("p-1"), None),
        lambda: create(engine, "mine", PROGRAM, given("c", criteria=[*given("x").criteria, SCALE])),
        drop_criterion,
    ]
    for place, make in enumerate(changes):
        make()
        for tenant in ("mine", "none"):
            found, new = kept.known(engine, tenant), Catalogues().known(engine, tenant)
            assert advised(found) == advised(new), place
            assert (found.versions, found.questions, found.styles) == (new.versions, new.questions, new.styles), place
        slugs |= {one["slug"] for one in advised(kept.known(engine, "mine")) if one["catalogue"] == "own"}
    assert slugs == {"a", "p-0", "p-1", "p-2", "p-3", "p-4", "c", "d"}
    last = {one["slug"]: one["because"] for one in advised(kept.known(engine, "mine"))}
    assert "p-1" not in last, "a retired program hides a shared one with its slug"
    assert last["c"] == ["scale"]


def test_the_catalogue_longest_unused_goes_first(
    databases: Databases, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engines(databases.seeded())
    monkeypatch.setattr(known, "KEPT_PROGRAMS", 7)
    kept = Catalogues()
    for tenant in ("a", "b", "c"):
        import_programs(engine, tenant, table(3), dry_run=False)
    first, _ = kept.known(engine, "a"), kept.known(engine, "b")
    assert kept.known(engine, "a") is first
    kept.known(engine, "c")
    assert kept.known(engine, "a") is first
    with statements(engine) as sent:
        kept.known(engine, "b")
    assert any("program_facet" in one for one in sent)
