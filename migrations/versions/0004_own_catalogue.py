"""own catalogue: programs and skills that belong to a tenant, with versions, edits and retirement

Revision ID: 0004
Revises: 0003
"""

from datetime import UTC, datetime

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("program_facet", "program_skill", "program_criterion", "program", "skill")
PROGRAM = "name, description, school, audience, modules, months, topics, features, alumni, position, source, search"
SKILL = "name, description, purpose, position, source, search, concept_slug"


def text(length: int | None = None) -> sa.types.TypeEngine:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def upgrade() -> None:
    put_aside()
    create_items(own=True)
    create_links("id", 201)
    life = "id, slug, version, modified_at, edited"
    values = "slug, slug, 1, :now, false"
    copy("program", f"{life}, {PROGRAM}", f"{values}, {PROGRAM}")
    copy("skill", f"{life}, {SKILL}", f"{values}, {SKILL}")
    copy("program_facet", "program_id, facet, value, position", "program_slug, facet, value, position")
    copy(
        "program_skill", "program_id, skill_id, basis, why, position", "program_slug, skill_slug, basis, why, position"
    )
    criterion = "criterion_slug, basis, why, position"
    copy("program_criterion", f"program_id, {criterion}", f"program_slug, {criterion}")
    throw_away()
    op.create_table(
        "own_catalogue",
        sa.Column("tenant", text(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_own_catalogue")),
    )


def downgrade() -> None:
    """What belongs to tenants goes, and so does what is retired: there is no place for either."""
    op.drop_table("own_catalogue")
    put_aside()
    create_items(own=False)
    create_links("slug", 100)
    left = " WHERE tenant IS NULL AND retired_at IS NULL"
    copy("program", f"slug, {PROGRAM}", f"slug, {PROGRAM}", left)
    copy("skill", f"slug, {SKILL}", f"slug, {SKILL}", left)
    programs = " WHERE program_id IN (SELECT slug FROM program)"
    both = f"{programs} AND skill_id IN (SELECT slug FROM skill)"  # noqa: S608
    copy("program_facet", "program_slug, facet, value, position", "program_id, facet, value, position", programs)
    copy(
        "program_skill",
        "program_slug, skill_slug, basis, why, position",
        "program_id, skill_id, basis, why, position",
        both,
    )
    criterion = "criterion_slug, basis, why, position"
    copy("program_criterion", f"program_slug, {criterion}", f"program_id, {criterion}", programs)
    throw_away()


def put_aside() -> None:
    """The links go before the items, so that no cascade takes anything away."""
    for table in TABLES:
        op.execute(f"CREATE TABLE old_{table} AS SELECT * FROM {table}")  # noqa: S608
    for table in TABLES:
        op.drop_table(table)


def copy(table: str, into: str, values: str, where: str = "") -> None:
    statement = sa.text(f"INSERT INTO {table} ({into}) SELECT {values} FROM old_{table}{where}")  # noqa: S608
    if ":now" in values:
        now = sa.bindparam("now", datetime.now(UTC), type_=sqlmodel.sql.sqltypes.UTCDateTime())
        statement = statement.bindparams(now)
    op.get_bind().execute(statement)


def throw_away() -> None:
    for table in TABLES:
        op.drop_table(f"old_{table}")


def create_items(own: bool) -> None:
    def key_and_life() -> list[sa.Column]:
        if not own:
            return [sa.Column("slug", text(100), nullable=False)]
        return [
            sa.Column("slug", text(100), nullable=False),
            sa.Column("id", text(201), nullable=False),
            sa.Column("tenant", text(100), nullable=True),
            sa.Column("version", sa.Integer(), nullable=False),
            sa.Column("modified_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
            sa.Column("retired_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
            sa.Column("successor", text(100), nullable=True),
            sa.Column("edited", sa.Boolean(), nullable=False),
        ]

    key = "id" if own else "slug"
    op.create_table(
        "program",
        sa.Column("name", text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("school", text(), nullable=False),
        sa.Column("audience", text(), nullable=False),
        sa.Column("modules", sa.Integer(), nullable=True),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("alumni", text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.JSON(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        *key_and_life(),
        sa.PrimaryKeyConstraint(key, name=op.f("pk_program")),
    )
    op.create_table(
        "skill",
        sa.Column("name", text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("purpose", text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.JSON(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("concept_slug", text(), nullable=False),
        *key_and_life(),
        sa.ForeignKeyConstraint(["concept_slug"], ["concept.slug"], name=op.f("fk_skill_concept_slug_concept")),
        sa.PrimaryKeyConstraint(key, name=op.f("pk_skill")),
    )
    op.create_index(op.f("ix_skill_concept_slug"), "skill", ["concept_slug"])
    if own:
        op.create_index(op.f("ix_program_tenant"), "program", ["tenant"])
        op.create_index(op.f("ix_skill_tenant"), "skill", ["tenant"])


def create_links(key: str, length: int) -> None:
    def belongs(table: str, target: str, column: str, remote: str) -> sa.ForeignKeyConstraint:
        name = op.f(f"fk_{table}_{column}_{target}")
        return sa.ForeignKeyConstraint([column], [f"{target}.{remote}"], name=name, ondelete="CASCADE")

    program = f"program_{key}"
    op.create_table(
        "program_facet",
        sa.Column(program, text(length), nullable=False),
        sa.Column("facet", text(100), nullable=False),
        sa.Column("value", text(100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        belongs("program_facet", "program", program, key),
        sa.PrimaryKeyConstraint(program, "facet", "value", name=op.f("pk_program_facet")),
    )
    op.create_index(op.f(f"ix_program_facet_{program}"), "program_facet", [program])
    for target, column, remote, size in (
        ("criterion", "criterion_slug", "slug", 100),
        ("skill", f"skill_{key}", key, length),
    ):
        table = f"program_{target}"
        op.create_table(
            table,
            sa.Column(program, text(length), nullable=False),
            sa.Column(column, text(size), nullable=False),
            sa.Column("basis", text(), nullable=False),
            sa.Column("why", text(), nullable=False),
            sa.Column("position", sa.Integer(), nullable=False),
            belongs(table, "program", program, key),
            belongs(table, target, column, remote),
            sa.PrimaryKeyConstraint(program, column, name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_{program}"), table, [program])
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
