"""Scores by weeks, with the errors of two baselines; scores by lead and by champion, and shares below quantiles."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

WEEKS_OF_BEFORE = 13
COUNTS = ("n", "fallbacks")
LOSSES_OF_BEFORE = ("mae", "bias", "wis", "mase", "scaled_wis", "coverage_50", "coverage_80", "coverage_95")
LOSSES = (*LOSSES_OF_BEFORE, "last_week_mae", "mae_vs_last_week", "yesterday_mae", "mae_vs_yesterday")
KEY_OF_BEFORE = ("live_scores_id", "unique_id", "leads", "regime")


def upgrade() -> None:
    _rename_scores()
    _create("scores", *_keys(sa.String, "unique_id", "leads", "regime"), *_keys(sa.Integer, "weeks"), *_text("measure"))
    names = (*KEY_OF_BEFORE, "measure", *COUNTS, *LOSSES_OF_BEFORE)
    old = sa.table("old_scores", *map(sa.column, names))
    new = sa.table("scores", *map(sa.column, (*names, "weeks", "publications")))
    rows = sa.select(*old.columns, sa.literal(WEEKS_OF_BEFORE), sa.literal(0))
    op.execute(sa.insert(new).from_select([column.name for column in new.columns], rows))
    op.drop_table("old_scores")
    by_lead = (*_keys(sa.String, "measure"), *_keys(sa.Integer, "lead"))
    _create("lead_scores", *by_lead, *_keys(sa.Integer, "weeks"))
    period = sa.Column("last_cutoff", sa.Date, nullable=False)
    _create("champion_scores", *_keys(sa.Date, "first_cutoff"), *by_lead, period, *_count("version", "weeks"))
    op.create_table(
        "quantile_shares",
        _owner(),
        *_keys(sa.String, "measure"),
        *_keys(sa.Float, "quantile"),
        *_keys(sa.Integer, "weeks"),
        *_count("n", "publications"),
        sa.Column("at_or_below", sa.Float, nullable=False),
    )


def _rename_scores() -> None:
    op.rename_table("scores", "old_scores")
    if op.get_context().dialect.name == "postgresql":  # where names of keys are those of the table they were made with
        op.execute("ALTER INDEX IF EXISTS scores_pkey RENAME TO old_scores_pkey")
        op.execute("ALTER TABLE old_scores RENAME CONSTRAINT scores_live_scores_id_fkey TO old_scores_fkey")


def _create(table: str, *columns: sa.Column[Any]) -> None:
    losses = (sa.Column(loss, sa.Float) for loss in LOSSES)
    op.create_table(table, _owner(), *columns, *_count(*COUNTS, "publications"), *losses)


def _owner() -> sa.Column[Any]:
    return sa.Column("live_scores_id", sa.Integer, sa.ForeignKey("live_scores.id"), primary_key=True)


def _keys(of: type[sa.types.TypeEngine[Any]], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, of, primary_key=True, autoincrement=False) for name in names]


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String, nullable=False) for name in names]


def _count(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]
