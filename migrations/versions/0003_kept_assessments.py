"""archive: kept assessments, feedback, idempotency keys, audit

Revision ID: 0003
Revises: 0002
"""

import secrets

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Time = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "assessment",
        sa.Column("id", Text(length=32), nullable=False),
        sa.Column("tenant", Text(length=100), nullable=False),
        sa.Column("subject_ref", Text(length=100), nullable=True),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("model", Text(length=50), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
    )
    op.create_index(op.f("ix_assessment_tenant"), "assessment", ["tenant", "created_at", "id"])
    op.create_index(op.f("ix_assessment_subject_ref"), "assessment", ["subject_ref", "tenant"])
    op.create_index(op.f("ix_assessment_expires_at"), "assessment", ["expires_at"])
    op.create_table(
        "feedback",
        sa.Column("id", Text(length=32), nullable=False),
        sa.Column("assessment_id", Text(length=32), nullable=False),
        sa.Column("tenant", Text(length=100), nullable=False),
        sa.Column("key_id", Text(length=12), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("agree", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], ondelete="CASCADE", name=op.f("fk_feedback_assessment_id_assessment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_assessment_id"), "feedback", ["assessment_id"])
    op.create_table(
        "idempotency_key",
        sa.Column("tenant", Text(length=100), nullable=False),
        sa.Column("operation", Text(length=50), nullable=False),
        sa.Column("key", Text(length=64), nullable=False),
        sa.Column("body", Text(length=64), nullable=False),
        sa.Column("started_at", Time(), nullable=False),
        sa.Column("assessment_id", Text(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["assessment.id"],
            ondelete="CASCADE",
            name=op.f("fk_idempotency_key_assessment_id_assessment"),
        ),
        sa.PrimaryKeyConstraint("tenant", "operation", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_assessment_id"), "idempotency_key", ["assessment_id"])
    op.create_index(op.f("ix_idempotency_key_started_at"), "idempotency_key", ["started_at"])
    op.create_table(
        "audit_entry",
        sa.Column("tenant", Text(length=100), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("key_id", Text(length=12), nullable=True),
        sa.Column("action", Text(length=20), nullable=False),
        sa.Column("assessment_id", Text(length=32), nullable=True),
        sa.Column("model", Text(length=50), nullable=True),
        sa.Column("input", Text(length=64), nullable=True),
        sa.Column("previous", Text(length=64), nullable=False),
        sa.Column("hash", Text(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "audit_head",
        sa.Column("tenant", Text(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", Text(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_audit_head")),
    )
    secret = op.create_table(
        "archive_secret",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("value", Text(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_secret")),
    )
    op.bulk_insert(secret, [{"id": 1, "value": secrets.token_hex(32)}])
    _only_append()


def _only_append() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit_entry "
            "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        )


def downgrade() -> None:
    for table in ("archive_secret", "audit_head", "audit_entry", "idempotency_key", "feedback", "assessment"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_append_only()")
