"""search: the column holds every text of an item, not its name and description alone

Revision ID: 0006
Revises: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.pagination import search_text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FIELDS: dict[str, tuple[str, ...]] = {
    "concept": (
        "accountable_for",
        "description",
        "found_at",
        "name",
        "overall_focus",
        "provides",
        "relations",
        "responsible_for",
        "skills",
    ),
    "criterion": ("description", "name", "question"),
    "difference": (
        "description",
        "kind",
        "leadership",
        "leadership_in_practice",
        "management",
        "management_in_practice",
        "name",
    ),
    "fact": ("as_of", "as_printed", "attributed_to", "description", "name", "unit"),
    "factor": ("description", "name", "question"),
    "program": ("alumni", "audience", "description", "features", "name", "school", "topics"),
    "skill": ("description", "name", "purpose"),
    "style": ("description", "fails_when", "fits_when", "name", "risks", "strengths"),
}
LISTS = {"skills", "overall_focus", "relations", "topics", "features", "fits_when", "fails_when", "strengths", "risks"}
BEFORE = ("name", "description", "leadership", "management")


def upgrade() -> None:
    for table, fields in FIELDS.items():
        rebuild(table, fields, facets=table == "program", in_order=sorted)


def downgrade() -> None:
    for table, fields in FIELDS.items():
        rebuild(table, tuple(name for name in BEFORE if name in fields), facets=False, in_order=list)


def rebuild(table: str, fields: tuple[str, ...], facets: bool, in_order: Any) -> None:
    """Write the search column of a table anew, from these fields."""
    key = "id" if table in {"program", "skill"} else "slug"
    kinds = [sa.column(name, sa.JSON() if name in LISTS else sa.Text()) for name in fields]
    stored = sa.table(table, sa.column(key), sa.column("search"), *kinds)
    connection = op.get_bind()
    for row in connection.execute(sa.select(stored.c[key], *(stored.c[name] for name in fields))).all():
        found = dict(zip(fields, row[1:], strict=True)) | (facets_of(connection, row[0]) if facets else {})
        texts = [text for name in in_order(found) for text in as_list(found[name])]
        change = sa.update(stored).where(stored.c[key] == row[0]).values(search=search_text(*texts))
        connection.execute(change)


def facets_of(connection: sa.Connection, program: str) -> dict[str, list[str]]:
    """The facets of a program, in the order in which it has them."""
    names = ("program_id", "facet", "value", "position")
    stored = sa.table("program_facet", *map(sa.column, names))
    found: dict[str, list[str]] = {}
    mine = sa.select(stored.c.facet, stored.c.value).where(stored.c.program_id == program)
    for facet, value in connection.execute(mine.order_by(stored.c.position)):
        found.setdefault(facet, []).append(value)
    return found


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [value]
