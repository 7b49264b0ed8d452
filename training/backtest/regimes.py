"""Regimes: the periods between the days on which a system declares that the level of a series changes."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import series_key
from training.history.disturbances import concerns
from training.system import EventKind, SystemContext

BREAKS = frozenset({EventKind.CLOSURE, EventKind.BED_CHANGE})
"""Events that move a level on their first day, and back on the day after their last. Strikes and diverts pass; days of
a data fault, or excluded ones, say nothing of the level."""
STABLE = "stable"
ONE_DAY = timedelta(days=1)


def regimes(
    rows: pd.DataFrame, system: System, context: SystemContext, within: tuple[date, date] | None = None
) -> pd.Series:
    """The period, by its days, that each row's `ds` lies in: `to 2024-02-29`, `2024-03-01 to 2024-05-31`, ...

    `stable` for a series without a declared break among the days from the first to the last of `within`; without it, of
    the rows. Breaks are those of the series' own place
    or one above it: what the change of one part does to a sum is not declared.
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
    """The days from which on the level of a series is declared to be another, in order.

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
    """Names of the periods before, between and after the breaks."""
    between = [f"{first} to {then - ONE_DAY}" for first, then in pairwise(breaks)]
    return [f"to {breaks[0] - ONE_DAY}", *between, f"from {breaks[-1]}"]
