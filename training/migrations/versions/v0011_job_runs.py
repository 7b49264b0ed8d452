"""Runs of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "job_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("system", sa.String, nullable=False),
        sa.Column("job", sa.String, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_seconds", sa.Float),
        sa.Column("exit_code", sa.Integer),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("cutoff", sa.Date),
        sa.Column("counts", sa.JSON, nullable=False),
    )
