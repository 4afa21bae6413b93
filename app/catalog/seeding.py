"""Loads seed/*.yaml into the database: validated, idempotent, only what changed is written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from sqlmodel import Session, SQLModel, col, select

from app.catalog.queries import related
from app.catalog.rows import FACETS, bring, change_time, program_links, searched
from app.catalog.tables import (
    SLUG_LENGTH,
    CatalogueVersion,
    Concept,
    ConceptBase,
    Criterion,
    CriterionBase,
    Difference,
    DifferenceBase,
    Editable,
    Fact,
    FactBase,
    Factor,
    FactorBase,
    Fit,
    Program,
    ProgramBase,
    Skill,
    SkillBase,
    Stored,
    Style,
    StyleBase,
    StyleCriterion,
    StyleFactor,
)
from app.catalog.words import Searched, keep_words
from app.failures import Failure

LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where it is there: it reads ten times as fast."""


class SeedError(Failure):
    """A seed file is wrong; the message names file, line and field."""


class SourceSeed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str
    title: str
    publisher: str | None
    year: int | None
    url: str | None


class Sourced(SQLModel):
    """What every seed item has besides the fields of its table."""

    model_config = {"extra": "forbid"}

    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=SLUG_LENGTH)]
    source: list[str]


class FitSeed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    slug: str
    fit: Fit
    why: str


class BasisSeed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    slug: str
    basis: Literal["editorial", "source"]
    why: str


Side = Literal["leadership", "management"]


class ConceptSeed(Sourced, ConceptBase):
    pass


class DifferenceSeed(Sourced, DifferenceBase):
    pass


class CriterionSeed(Sourced, CriterionBase):
    concept: Side


class FactorSeed(Sourced, FactorBase):
    pass


class StyleSeed(Sourced, StyleBase):
    concept: Side
    criteria: list[FitSeed]
    factors: list[FitSeed]


class SkillSeed(Sourced, SkillBase):
    concept: Side


class ProgramSeed(Sourced, ProgramBase):
    focus: list[str] | None
    seniority: list[str] | None
    delivery: list[str] | None
    pace: list[str] | None
    skills: list[BasisSeed]
    criteria: list[BasisSeed]


class FactSeed(Sourced, FactBase):
    pass


RESOURCES: list[tuple[type[Any], type[Any]]] = [
    (Concept, ConceptSeed),
    (Difference, DifferenceSeed),
    (Factor, FactorSeed),
    (Criterion, CriterionSeed),
    (Style, StyleSeed),
    (Skill, SkillSeed),
    (Program, ProgramSeed),
    (Fact, FactSeed),
]
LINKS: dict[type[Any], dict[str, type[Any]]] = {
    Style: {"criteria": Criterion, "factors": Factor},
    Program: {"skills": Skill, "criteria": Criterion},
}


@dataclass
class SeedReport:
    """What a run did: slugs as `styles/autocratic-leadership`, and the catalogue version after it. What was edited
    through the API is kept."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    version: int = 0

    def __str__(self) -> str:
        counts = f"{len(self.added)} added, {len(self.changed)} changed, {len(self.removed)} removed"
        kept = f", {len(self.kept)} kept as edited" if self.kept else ""
        return f"{counts}{kept}; catalogue version {self.version}"


class SeedFile:
    """One YAML file, which knows the line of whatever is wrong in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8")
            self.rows = LOADER(self.text).get_single_data()
        except (OSError, UnicodeDecodeError) as error:
            raise SeedError(f"{path.name}: cannot be read: {error}") from None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise SeedError(f"{path.name}, line {line}: not YAML: {error.problem}") from None
        if not isinstance(self.rows, list):
            raise SeedError(f"{path.name}, line 1: must be a list of items")

    def error(self, place: tuple[str | int, ...], message: str) -> SeedError:
        """What is wrong at a place: the index of the row, then names and indexes inwards."""
        node: Any = yaml.compose(self.text, Loader=yaml.SafeLoader)
        line = 1
        for part in place:
            line = node.start_mark.line + 1
            if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                node = node.value[part]
            elif isinstance(node, yaml.MappingNode):
                found = [value for key, value in node.value if key.value == part]
                if not found:
                    break
                node = found[0]
            line = node.start_mark.line + 1
        name = ".".join(str(part) for part in place[1:])
        return SeedError(f"{self.path.name}, line {line}, {name or 'item'}: {message}")

    def items(self, model: type[Any]) -> Iterator[Any]:
        """The rows as validated seed models. Raises SeedError at the first that does not fit."""
        for index, row in enumerate(self.rows):
            try:
                yield model.model_validate(row, strict=True)
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                raise self.error((index, *first["loc"]), first["msg"]) from None


class Seed:
    """The seed folder, read and checked as a whole before anything is written."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise SeedError(f"{folder}: there is no such folder; a seed folder holds the files that seed/ holds")
        files = {table: SeedFile(folder / f"{table.path}.yaml") for table, _ in RESOURCES}
        self.sources: dict[str, SourceSeed] = {
            source.key: source for source in SeedFile(folder / "sources.yaml").items(SourceSeed)
        }
        self.items: dict[type[Stored], list[Any]] = {
            table: list(files[table].items(model)) for table, model in RESOURCES
        }
        for table, items in self.items.items():
            self._check(files[table], table, items)

    def _check(self, file: SeedFile, table: type[Stored], items: list[Any]) -> None:
        seen: set[str] = set()
        for index, item in enumerate(items):
            if item.slug in seen:
                raise file.error((index, "slug"), f"{item.slug} is there twice")
            seen.add(item.slug)
            for place, key in enumerate(item.source):
                if key not in self.sources:
                    raise file.error((index, "source", place), f"{key} is not in sources.yaml")
            for name, target in LINKS.get(table, {}).items():
                known = {other.slug for other in self.items[target]}
                links = [link.slug for link in getattr(item, name)]
                for place, slug in enumerate(links):
                    if slug not in known or slug in links[:place]:
                        raise file.error((index, name, place, "slug"), f"{slug} is unknown or there twice")

    def row(self, table: type[Stored], item: Any, position: int) -> dict[str, Any]:
        """The columns of an item."""
        columns = item.model_dump(exclude={"source", "concept", "criteria", "factors", *FACETS})
        if table is Program:
            columns.pop("skills")
        facets = {name: getattr(item, name) for name in FACETS} if table is Program else {}
        columns["search"] = searched({**columns, **facets, "slug": None})
        if hasattr(item, "concept"):
            columns["concept_slug"] = item.concept
        columns["source"] = [self.sources[key].model_dump(exclude={"key"}) for key in item.source]
        return {**columns, "position": position}

    def links(self, table: type[Stored], item: Any) -> dict[str, list[SQLModel]]:
        """The rows that tie an item to others, by the name of the relation."""
        if table is Program:
            return program_links(item.slug, item, {skill.slug: skill.slug for skill in self.items[Skill]})
        if table is not Style:
            return {}
        return {
            "criteria": [
                StyleCriterion(
                    style_slug=item.slug, criterion_slug=link.slug, fit=link.fit, why=link.why, position=position
                )
                for position, link in enumerate(item.criteria)
            ],
            "factors": [
                StyleFactor(style_slug=item.slug, factor_slug=link.slug, fit=link.fit, why=link.why, position=position)
                for position, link in enumerate(item.factors)
            ],
        }


def sync(session: Session, seed: Seed) -> SeedReport:
    """Make the shared catalogue equal to the seed. Unchanged rows stay untouched, and so do those that were edited
    through the API; any change raises the version by one."""
    report = SeedReport()
    version = session.exec(select(CatalogueVersion).with_for_update()).first()
    if version is None:
        version = CatalogueVersion(id=1, version=0)
        session.add(version)
    for table, items in seed.items.items():
        _sync_table(session, seed, table, items, report)
        session.flush()
    if report.added or report.changed or report.removed:
        version.version += 1
    report.version = version.version
    return report


def _sync_table(session: Session, seed: Seed, table: type[Any], items: list[Any], report: SeedReport) -> None:
    editable, now = issubclass(table, Editable), change_time(session)
    statement = select(table).where(col(table.tenant).is_(None)) if editable else select(table)
    rows = {row.slug: row for row in session.exec(statement.options(*related(table))).all()}
    for position, item in enumerate(items):
        label = f"{table.path}/{item.slug}"
        columns, links = seed.row(table, item, position), seed.links(table, item)
        row = rows.pop(item.slug, None)
        if row is None:
            session.add(table(**columns, **links, **(_new(item.slug, now) if editable else {})))
            if editable:
                keep_words(session.connection(), table, [Searched(item.slug, None, "", columns["search"])])
            report.added.append(label)
        elif editable and row.edited:
            report.kept.append(label)
        elif bring(session, row, columns | ({"retired_at": None} if editable else {}), links):
            report.changed.append(label)
            if editable:
                row.version, row.modified_at = row.version + 1, now
    for slug, row in rows.items():
        _drop(session, row, f"{table.path}/{slug}", now, report)


def _drop(session: Session, row: Any, label: str, now: datetime, report: SeedReport) -> None:
    """Take away what the seed no longer holds. Programs and skills are retired, so that who syncs learns of it."""
    if not isinstance(row, Editable):
        session.delete(row)
    elif row.edited:
        report.kept.append(label)
        return
    elif row.retired_at:
        return
    else:
        row.version, row.modified_at, row.retired_at = row.version + 1, now, now
    report.removed.append(label)


def _new(slug: str, now: datetime) -> dict[str, Any]:
    """The columns of a shared program or skill that no seed file has."""
    return {
        "id": slug,
        "tenant": None,
        "version": 1,
        "modified_at": now,
        "retired_at": None,
        "successor": None,
        "edited": False,
    }
