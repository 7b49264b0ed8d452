"""Remarks on the making of a publication."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "remarks",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publications.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("remark", sa.String, nullable=False),
    )
