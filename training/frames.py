"""The frames of training, and the only place that knows other people's column names.

A *long* frame has one row per series and day: `unique_id, ds, y` (the Nixtla convention). A *wide* frame has one row
per day, unbroken, and one column per series; NaN where a day has no value.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from publication.vocabulary import quantile_column

WEEK = 7
LONG_GAP_DAYS = 28  # a longer one (the summer between two winters' reports) ends what a model may treat as one stretch
SHORTEST_STRETCH_DAYS = 56  # eight weeks: a stretch after a long gap that a model can stand on alone
FORECAST_COLUMNS = ("unique_id", "cutoff", "ds", "lead", "y", "mean")
VERDICT_COLUMNS = ("model", "fallback")


def forecast_columns(quantiles: Sequence[float]) -> list[str]:
    """The contracted columns of a backtest's forecasts, in order."""
    return [*FORECAST_COLUMNS, *map(quantile_column, quantiles), *VERDICT_COLUMNS]


def wide(long: pd.DataFrame) -> pd.DataFrame:
    """One column per series over every day between the first and the last of the long frame."""
    table = long.pivot(index="ds", columns="unique_id", values="y").astype(float).rename_axis(columns=None)
    if table.empty:
        return table
    return table.reindex(pd.date_range(table.index.min(), table.index.max(), freq="D", name="ds"))


def long(table: pd.DataFrame) -> pd.DataFrame:
    """`unique_id, ds, y` of a wide frame, without its empty cells, by series and day."""
    n_days, n_series = table.shape
    columns = {
        "unique_id": np.repeat(table.columns.to_numpy(), n_days),
        "ds": np.tile(table.index.to_numpy(), n_series),
        "y": table.to_numpy().ravel(order="F"),
    }
    return pd.DataFrame(columns).dropna(subset="y", ignore_index=True)


def last_stretch(values: pd.Series) -> pd.Series:
    """The series from its first value, or from after its last long gap if what follows can stand alone."""
    there = np.flatnonzero(values.notna().to_numpy())
    if not len(there):
        return values.iloc[:0]
    after_gaps = there[1:][np.diff(there) > LONG_GAP_DAYS]
    alone = after_gaps[after_gaps <= len(values) - SHORTEST_STRETCH_DAYS]
    return values.iloc[alone[-1] if len(alone) else there[0] :]


def imputed(table: pd.DataFrame) -> pd.DataFrame:
    """The wide frame with its gaps filled from the same weekday: linearly between weeks, else the nearest week.

    Days before a series' first value stay empty. Filled cells are those that are empty in `table`: they feed models
    only, no loss is ever computed on them.
    """
    weekday = np.arange(len(table)) % WEEK
    by_weekday = pd.concat(
        [table[weekday == day].interpolate(method="linear", limit_direction="both") for day in range(WEEK)]
    ).sort_index()
    # A weekday never seen (a series one week old, or reported on working days only) takes its neighbours' level.
    filled = by_weekday.interpolate(method="linear", limit_direction="both")
    return table.where(table.notna(), filled).where(table.notna().cummax())


def with_quantiles(rows: pd.DataFrame, values: np.ndarray, quantiles: Iterable[float]) -> pd.DataFrame:
    """The rows with one column for each quantile level; `values` has shape (n_rows, n_quantiles)."""
    columns = [quantile_column(level) for level in quantiles]
    return pd.concat([rows, pd.DataFrame(values, columns=columns, index=rows.index)], axis=1)
