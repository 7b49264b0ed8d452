"""One row of forecasts for each series, where there was one for each of its days."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

DAYS_AT_A_TIME = 10_000
SERIES_AT_A_TIME = 100

by_lead = sa.table(
    "forecasts_by_lead",
    sa.column("publication_id", sa.Integer),
    sa.column("unique_id", sa.String),
    sa.column("lead", sa.Integer),
    sa.column("mean", sa.Float),
    sa.column("quantiles", sa.JSON),
)


def upgrade() -> None:
    op.rename_table("forecasts", by_lead.name)
    if op.get_context().dialect.name == "postgresql":  # where the key would keep the name that the new one is to have
        op.execute("ALTER INDEX IF EXISTS forecasts_pkey RENAME TO forecasts_by_lead_pkey")
    forecasts = op.create_table(
        "forecasts",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publications.id"), primary_key=True),
        sa.Column("unique_id", sa.String, primary_key=True),
        sa.Column("by_day", sa.JSON, nullable=False),
    )
    connection = op.get_bind()
    as_text = sa.cast(by_lead.c.quantiles, sa.Text).label("quantiles")
    wanted = sa.select(by_lead.c.publication_id, by_lead.c.unique_id, by_lead.c.mean, as_text)
    in_order = wanted.order_by(by_lead.c.publication_id, by_lead.c.unique_id, by_lead.c.lead)
    with connection.execute(in_order, execution_options={"yield_per": DAYS_AT_A_TIME}) as days:
        series = _by_series(days)
        while some := list(islice(series, SERIES_AT_A_TIME)):
            connection.execute(sa.insert(forecasts), some)
    op.drop_table(by_lead.name)


def _by_series(days: Iterable[sa.Row[tuple[object, ...]]]) -> Iterator[dict[str, object]]:
    """The row of each series. The day of a lead is not stored: it follows from the cutoff."""
    for (publication_id, unique_id), of_series in groupby(days, key=lambda day: (day.publication_id, day.unique_id)):
        by_day = [[day.mean, *_numbers(day.quantiles)] for day in of_series]
        yield {"publication_id": publication_id, "unique_id": unique_id, "by_day": by_day}


def _numbers(quantiles: str) -> list[object]:
    """None of them where that is no list: what was damaged before stays so, and is found when it is read."""
    try:
        numbers = json.loads(quantiles)
    except ValueError:
        return []
    return numbers if isinstance(numbers, list) else []
