"""The slices that forecasts are scored by: measure, series, lead band, weekday, kind of day and regime.

A regime is a period between the days on which a system declares that the level of a series changes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd

from publication.days import ONE_DAY, WEEKDAYS
from publication.model import System
from publication.vocabulary import series_key
from training.history.event_days import concerns
from training.system.bank_holidays import bank_holidays
from training.system.model import EventKind, SystemContext

SCORED_LEAD_BANDS = ((1, 7), (8, 14), (15, 28), (29, 56), (57, 84))
ORDINARY, HOLIDAY, DAY_AFTER = DAY_KINDS = ("ordinary", "holiday", "day after")


def with_slices(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the rows with the columns of `by` that follow from the forecast itself: all but `day` and `regime`."""
    return rows.assign(**{name: SLICERS[name](rows) for name in by if name not in rows})


def kinds_of_day(rows: pd.DataFrame, country: str) -> pd.Series:
    """Return `holiday`, `day after` (of a bank holiday, if it is none itself) or `ordinary`, by target day."""
    codes, distinct = pd.factorize(rows["ds"])
    kinds = [_kind_of_day(pd.Timestamp(day).date(), country) for day in distinct]
    position = np.array([DAY_KINDS.index(kind) for kind in kinds], dtype=np.intp)
    return pd.Series(pd.Categorical.from_codes(position[codes], pd.Index(DAY_KINDS)), index=rows.index)


def _kind_of_day(day: date, country: str) -> str:
    before = day - timedelta(days=1)
    if day in bank_holidays(country, day.year):
        return HOLIDAY
    return DAY_AFTER if before in bank_holidays(country, before.year) else ORDINARY


def _measure(rows: pd.DataFrame) -> pd.Series:
    codes, distinct = pd.factorize(rows["unique_id"])
    measures = np.array([series_key(str(unique_id)).measure for unique_id in distinct], dtype=object)
    return pd.Series(measures[codes], index=rows.index).astype("category")


def _series(rows: pd.DataFrame) -> pd.Series:
    return rows["unique_id"].astype("category")


def _leads(rows: pd.DataFrame) -> pd.Series:
    edges = [0, *(last for _, last in SCORED_LEAD_BANDS)]
    return pd.cut(rows["lead"], edges, labels=[f"{first:02d}-{last:02d}" for first, last in SCORED_LEAD_BANDS])


def _weekday(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(pd.Categorical.from_codes(rows["ds"].dt.weekday.to_numpy(), pd.Index(WEEKDAYS)), index=rows.index)


def _needs_history(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return a slice that needs `with_baselines_and_slices`."""

    def column(rows: pd.DataFrame) -> pd.Series:
        raise KeyError(f"scores by {name} need forecasts that went through `with_baselines_and_slices`")

    return column


SLICERS: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "measure": _measure,
    "series": _series,
    "leads": _leads,
    "weekday": _weekday,
    "day": _needs_history("day"),
    "regime": _needs_history("regime"),
}


BREAKS = frozenset({EventKind.CLOSURE, EventKind.BED_CHANGE})
"""Events that move a level on their first day, and back on the day after their last. Strikes and diverts are transient;
days of a data fault, and excluded days, are no evidence of a level."""
STABLE = "stable"


def regimes(
    rows: pd.DataFrame, system: System, context: SystemContext, within: tuple[date, date] | None = None
) -> pd.Series:
    """Return the period that each row's `ds` lies in: `to 2024-02-29`, `2024-03-01 to 2024-05-31`, ...

    `stable` for a series without a declared break in the days `within` (first, last), by default those of the rows.
    Breaks are those of the series' own place or one above it: what the change of one part does to a sum is not
    declared.
    """
    names = np.full(len(rows), STABLE, dtype=object)
    if rows.empty:
        return pd.Series(names, index=rows.index)
    days = rows["ds"].to_numpy()
    first, last = within or (rows["ds"].min().date(), rows["ds"].max().date())
    for unique_id, positions in rows.groupby("unique_id", observed=True).indices.items():
        breaks = [day for day in level_breaks(str(unique_id), system, context) if first < day <= last]
        if breaks:
            period = np.searchsorted(np.array(breaks, dtype="datetime64[D]"), days[positions], side="right")
            names[positions] = np.array(_periods(breaks), dtype=object)[period]
    return pd.Series(names, index=rows.index)


def level_breaks(unique_id: str, system: System, context: SystemContext) -> list[date]:
    """Return the days from which on the level of a series is declared to be another, in order.

    Those are where a closure or a change of beds begins and where it is over, and where its place, or one above it,
    takes over from others.
    """
    key = series_key(unique_id)
    edges = {
        edge
        for event in context.events
        if event.kind in BREAKS and concerns(event, key, system)
        for edge in (event.first, event.last + ONE_DAY)
    }
    for place in (key.place, *system.ancestors(key.place)):
        opening = context.opening_periods.get(place)
        if opening is not None and opening.succeeds and opening.first is not None:
            edges.add(opening.first)
    return sorted(edges)


def _periods(breaks: list[date]) -> list[str]:
    """Return the names of the periods before, between and after the breaks."""
    between = [f"{first} to {then - ONE_DAY}" for first, then in pairwise(breaks)]
    return [f"to {breaks[0] - ONE_DAY}", *between, f"from {breaks[-1]}"]
