"""own programs and skills by index: the order of their list, one of them, and what changed last

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("program", "skill")
NEW = (["tenant", "slug"], ["tenant", "modified_at"], ["modified_at"])


def upgrade() -> None:
    for table in TABLES:
        op.drop_index(op.f(f"ix_{table}_tenant"), table)
        op.create_index(op.f(f"ix_{table}_tenant"), table, ["tenant", "position", "slug", "retired_at"])
        for columns in NEW:
            op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def downgrade() -> None:
    for table in TABLES:
        for columns in NEW:
            op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
        op.drop_index(op.f(f"ix_{table}_tenant"), table)
        op.create_index(op.f(f"ix_{table}_tenant"), table, ["tenant"])
