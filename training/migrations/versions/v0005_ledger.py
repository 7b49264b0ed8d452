"""Live scores of issued forecasts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

LOSSES = ("mae", "bias", "wis", "mase", "scaled_wis", "coverage_50", "coverage_80", "coverage_95")


def upgrade() -> None:
    op.create_table(
        "ledgers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("system", sa.String, nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("n_publications", sa.Integer, nullable=False),
    )
    op.create_table(
        "scores",
        sa.Column("ledger_id", sa.Integer, sa.ForeignKey("ledgers.id"), primary_key=True),
        sa.Column("unique_id", sa.String, primary_key=True),
        sa.Column("leads", sa.String, primary_key=True),
        sa.Column("regime", sa.String, primary_key=True),
        sa.Column("measure", sa.String, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("fallbacks", sa.Integer, nullable=False),
        *(sa.Column(loss, sa.Float) for loss in LOSSES),
    )
