"""The cutoffs of a backtest."""

import pandas as pd

from training.errors import UsageError
from training.history.known import KnownHistory


def backtest_cutoffs(
    history: KnownHistory, windows: int, step_days: int, horizon: int, last: pd.Timestamp | None = None
) -> list[pd.Timestamp]:
    """`windows` cutoffs, `step_days` apart, oldest first.

    They end at `last`, by default the last day for which `horizon` actuals exist. Raises UsageError where the history
    is too short for the first of them.
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
    return cutoffs
