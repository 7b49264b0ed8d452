"""Drivers of means, and headroom of places."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # A store may have been given one of them by a release between the two.
    op.create_table(
        "drivers",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publications.id"), primary_key=True),
        sa.Column("unique_id", sa.String, primary_key=True),
        sa.Column("by_day", sa.JSON, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "headroom",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publications.id"), primary_key=True),
        sa.Column("place", sa.String, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("by_day", sa.JSON, nullable=False),
        if_not_exists=True,
    )
