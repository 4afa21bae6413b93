"""search by index: the stems of programs and skills, one row for each

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
LONGEST, AT_ONCE = 50, 200
PATHS = {"program": "programs", "skill": "skills"}
KEY = ("path", "owner", "word", "item_id")


def upgrade() -> None:
    words = op.create_table(
        "search_word",
        sa.Column("path", Text(length=20), nullable=False),
        sa.Column("owner", Text(length=100), nullable=False),
        sa.Column("word", Text(length=LONGEST), nullable=False),
        sa.Column("item_id", Text(length=201), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_search_word")),
        sqlite_with_rowid=False,
    )
    for table, path in PATHS.items():
        last = ""
        while found := some(table, last):
            op.bulk_insert(words, [row for item in found for row in rows(path, *item)])
            last = found[-1][0]


def some(table: str, after: str) -> list[tuple[str, str | None, str]]:
    """The next items of a table by id: their tenants and search columns."""
    stored = sa.table(table, sa.column("id"), sa.column("tenant"), sa.column("search"))
    following = sa.select(stored.c.id, stored.c.tenant, stored.c.search).where(stored.c.id > after)
    return [(row[0], row[1], row[2]) for row in op.get_bind().execute(following.order_by(stored.c.id).limit(AT_ONCE))]


def rows(path: str, item_id: str, tenant: str | None, search: str) -> list[dict[str, str]]:
    words = sorted({word[:LONGEST] for word in search.partition("\n")[0].split()})
    return [dict(zip(KEY, (path, tenant or "", word, item_id), strict=True)) for word in words]


def downgrade() -> None:
    op.drop_table("search_word")
