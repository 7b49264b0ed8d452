"""The weekdays on which a series is counted, where those are not all."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("series", sa.Column("counted_on", sa.String))
