"""Seeding: idempotent, changes only what changed, and errors that name file, line and field."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from app.catalog.queries import related
from app.catalog.seeding import SeedError
from app.catalog.setup import set_up
from app.catalog.tables import Program, Style
from app.settings import Settings, data_path
from tests.support.catalogue import RESOURCES, seeded
from tests.support.databases import Databases


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "seed"
    target.mkdir()
    for file in data_path("seed").glob("*.yaml"):
        shutil.copy(file, target)
    return target


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.both_databases
def test_a_second_run_changes_nothing_and_an_edit_changes_just_its_rows(
    databases: Databases, folder: Path, engines: Callable[[str], Engine]
) -> None:
    settings = Settings(database_url=databases.create())
    first = set_up(settings, folder)
    assert (len(first.added), first.version) == (sum(len(seeded(resource)) for resource in RESOURCES), 1)
    again = set_up(settings, folder)
    assert (again.added, again.changed, again.removed, again.version) == ([], [], [], 1)
    edit(folder, "programs.yaml", "months: 9", "months: 10")
    edited = set_up(settings, folder)
    assert (edited.added, edited.changed, edited.removed, edited.version) == ([], ["programs/chicago-booth-adp"], [], 2)
    with Session(engines(settings.database_url)) as session:
        assert session.exec(select(Program.months).where(Program.slug == "chicago-booth-adp")).one() == 10


@pytest.mark.both_databases
def test_links_and_facets_follow_the_file_and_removed_items_go(
    databases: Databases, folder: Path, engines: Callable[[str], Engine]
) -> None:
    settings = Settings(database_url=databases.create())
    set_up(settings, folder)
    edit(folder, "programs.yaml", "delivery: [blended]", "delivery: [online, blended]")
    styles = (folder / "styles.yaml").read_text(encoding="utf-8")
    (folder / "styles.yaml").write_text(styles[: styles.rindex("- slug:")], encoding="utf-8")
    report = set_up(settings, folder)
    assert report.changed == ["programs/chicago-booth-adp"]
    assert report.removed == ["styles/visionary-management"]
    with Session(engines(settings.database_url)) as session:
        program = session.get(Program, "chicago-booth-adp", options=related(Program))
        assert program is not None
        assert program.delivery == ["online", "blended"]
        assert session.get(Style, "visionary-management") is None


@pytest.mark.parametrize(
    ("file", "old", "new", "line_of", "field"),
    [
        ("programs.yaml", "months: 9", "months: nine", "months: nine", "months"),
        ("programs.yaml", "months: 9", "monthes: 9", "- slug: chicago-booth-adp", "months"),
        ("styles.yaml", "concept: leadership", "concept: leading", "concept: leading", "concept"),
        ("facts.yaml", "source: [article]", "source: [hearsay]", "source: [hearsay]", "source"),
        ("skills.yaml", "slug: visioning", "slug: communication", "slug: communication", "slug"),
        ("concepts.yaml", "slug: management", "slug: Mana gement", "slug: Mana gement", "slug"),
    ],
)
def test_a_wrong_seed_file_is_refused_with_file_line_and_field(
    tmp_path: Path, folder: Path, file: str, old: str, new: str, line_of: str, field: str
) -> None:
    edit(folder, file, old, new)
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(SeedError) as caught:
        set_up(settings, folder)
    message = str(caught.value)
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    places = [number for number, line in enumerate(lines, start=1) if line_of in line]
    assert any(message.startswith(f"{file}, line {place}, {field}") for place in places), message


def test_a_file_that_is_no_list_or_no_yaml_is_refused(tmp_path: Path, folder: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'x.db'}")
    for content, words in (("a: 1", "list"), ("- [", "not YAML"), (None, "cannot be read")):
        if content is None:
            (folder / "facts.yaml").unlink()
        else:
            (folder / "facts.yaml").write_text(content, encoding="utf-8")
        with pytest.raises(SeedError, match=words):
            set_up(settings, folder)
