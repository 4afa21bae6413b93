"""by index: lists, filters, purges and checks of what is kept, and of jobs, however much there is

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NEW = {
    "ix_audit_entry_assessment_id": ("audit_entry", ["assessment_id"]),
    "ix_job_tenant": ("job", ["tenant", "id"]),
    "ix_job_status": ("job", ["status", "expires_at"]),
    "ix_job_webhook_state": ("job", ["webhook_state", "webhook_due"]),
    "ix_job_webhook_lease": ("job", ["webhook_lease"]),
}
WIDER = {
    "ix_assessment_tenant": (["tenant", "created_at", "id"], ["expires_at", "verdict", "status", "model"]),
    "ix_assessment_subject_ref": (["subject_ref", "tenant"], ["created_at", "id"]),
}


def upgrade() -> None:
    for name, (table, columns) in NEW.items():
        op.create_index(op.f(name), table, columns)
    for name, (before, more) in WIDER.items():
        op.drop_index(op.f(name), "assessment")
        op.create_index(op.f(name), "assessment", [*before, *more])


def downgrade() -> None:
    for name, (before, _) in WIDER.items():
        op.drop_index(op.f(name), "assessment")
        op.create_index(op.f(name), "assessment", before)
    for name, (table, _) in NEW.items():
        op.drop_index(op.f(name), table)
