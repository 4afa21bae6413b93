"""webhooks: one try at a time to a host, and why the last one failed

Revision ID: 0007
Revises: 0006
"""

from urllib.parse import urlsplit

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PORTS = {"http": 80, "https": 443}


def upgrade() -> None:
    with op.batch_alter_table("job") as batch:
        batch.add_column(sa.Column("webhook_host", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=True))
        batch.add_column(sa.Column("webhook_lease", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch.add_column(sa.Column("webhook_failure", sa.Text(), nullable=True))
    job = sa.table("job", sa.column("id"), sa.column("webhook_url"), sa.column("webhook_host"))
    named = op.get_bind().execute(sa.select(job.c.id, job.c.webhook_url).where(job.c.webhook_url.is_not(None)))
    for job_id, url in named.all():
        op.execute(job.update().where(job.c.id == job_id).values(webhook_host=place(url)))


def place(url: str) -> str:
    """Host and port of an address that was accepted."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or PORTS[parts.scheme]}"


def downgrade() -> None:
    for name in ("webhook_failure", "webhook_lease", "webhook_host"):
        op.execute(f"ALTER TABLE job DROP COLUMN {name}")  # a batch would drop the table, and its chunks with it
