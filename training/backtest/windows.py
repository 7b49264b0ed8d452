"""The cutoffs of a backtest."""

from collections.abc import Sequence

import pandas as pd

from training.errors import UsageError
from training.history.known import PointInTimeHistory


def backtest_cutoffs(
    history: PointInTimeHistory, windows: int, step_days: int, horizon: int, last: pd.Timestamp | None = None
) -> list[pd.Timestamp]:
    """`windows` cutoffs, `step_days` apart, oldest first.

    They end at `last`, by default the last day for which `horizon` actuals exist; those at which no series reports are
    left out. Raises UsageError where the history is too short for the first of them, or none is left.
    """
    newest = history.last_complete_day - pd.Timedelta(days=horizon)
    end = newest if last is None else last
    cutoffs = [end - pd.Timedelta(days=step_days * back) for back in reversed(range(windows))]
    if cutoffs[0] <= history.first_day or end > newest:
        raise UsageError(
            f"Backtesting {history.system.name}: {windows} windows of {horizon} days, {step_days} days apart, "
            f"ending with cutoff {end.date()}, need actuals from before {cutoffs[0].date()} to "
            f"{(end + pd.Timedelta(days=horizon)).date()}; complete days run from {history.first_day.date()} to "
            f"{history.last_complete_day.date()}. Ask for fewer windows, a shorter horizon or another cutoff."
        )
    reporting = [cutoff for cutoff in cutoffs if len(history.as_of(cutoff).columns)]
    if not reporting:
        raise UsageError(
            f"Backtesting {history.system.name}: no series has a usable value in the four weeks before any cutoff from "
            f"{cutoffs[0].date()} to {end.date()}. Choose another cutoff, or windows further apart."
        )
    return reporting


def seen_when_sliding(versions: pd.DataFrame, fit_day: pd.Timestamp, days: int) -> pd.DataFrame:
    """The vintages, without those of days that are `days` or more before the refit day.

    The window slides with the refit grid, so that all cutoffs of one refit day see the same first day, whatever others
    are asked for; at the last of them the window is 55 days longer. What is known of later days stays: `KnownHistory`
    hides it.
    """
    return versions[versions["ds"] > fit_day - pd.Timedelta(days=days)]


def the_one_weekday(cutoffs: Sequence[pd.Timestamp]) -> str | None:
    """The weekday of all cutoffs, where there are several and all have the same."""
    names = {cutoff.day_name() for cutoff in cutoffs}
    return names.pop() if len(cutoffs) > 1 and len(names) == 1 else None
