"""Publications, their series and forecasts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("system", sa.String, nullable=False),
        sa.Column("cutoff", sa.Date, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("champion_name", sa.String, nullable=False),
        sa.Column("champion_version", sa.Integer, nullable=False),
        sa.Column("champion_run_id", sa.String, nullable=False),
        sa.Column("data_digest", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("n_series", sa.Integer, nullable=False),
        sa.Column("n_fallbacks", sa.Integer, nullable=False),
        sa.Column("description", sa.JSON, nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.UniqueConstraint("system", "cutoff", "revision"),
    )
    op.create_table(
        "series",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publications.id"), primary_key=True),
        sa.Column("unique_id", sa.String, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("place", sa.String, nullable=False),
        sa.Column("measure", sa.String, nullable=False),
        sa.Column("stream", sa.String),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("fallback", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("recent", sa.JSON, nullable=False),
    )
    op.create_table(
        "forecasts",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publications.id"), primary_key=True),
        sa.Column("unique_id", sa.String, primary_key=True),
        sa.Column("lead", sa.Integer, primary_key=True),
        sa.Column("ds", sa.Date, nullable=False),
        sa.Column("mean", sa.Float, nullable=False),
        sa.Column("quantiles", sa.JSON, nullable=False),
    )
