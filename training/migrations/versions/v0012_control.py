"""Statistical control of measures, next to live scores."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "control_states",
        sa.Column("live_scores_id", sa.Integer, sa.ForeignKey("live_scores.id"), primary_key=True),
        sa.Column("measure", sa.String, primary_key=True),
        sa.Column("check", sa.String, primary_key=True),
        sa.Column("n_days", sa.Integer, nullable=False),
        sa.Column("evidence", sa.Float),
        sa.Column("unique_id", sa.String),
        sa.Column("since", sa.Date),
        sa.Column("found", sa.Date),
        sa.Column("size", sa.Float),
        sa.Column("expected", sa.Float),
    )
