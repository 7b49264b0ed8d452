"""The frames of training, and the only place that knows other people's column names.

A *long* frame has one row per series and day: `unique_id, ds, y` (the Nixtla convention). A *wide* frame has one row
per day, unbroken, and one column per series; NaN where a day has no value.
"""

from collections.abc import Iterable, Sequence
from datetime import date

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
    """One column per series, by unique_id, over every day between the first and the last of the long frame.

    Raises ValueError where a series has two values for one day.
    """
    if long.empty:
        return pd.DataFrame(index=pd.DatetimeIndex([], name="ds"), dtype=float)
    series = long["unique_id"].astype("category").cat.remove_unused_categories().cat
    days = pd.date_range(long["ds"].min(), long["ds"].max(), freq="D", name="ds")
    y = long["y"].to_numpy(dtype=float)
    values = np.full((len(days), len(series.categories)), np.nan)
    values[(long["ds"] - days[0]).dt.days, series.codes] = y
    if np.count_nonzero(~np.isnan(values)) < np.count_nonzero(~np.isnan(y)):
        raise ValueError("a series has two values for one day")
    return pd.DataFrame(values, days, series.categories.astype(object)).sort_index(axis=1)


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


def imputed(table: pd.DataFrame, special: Iterable[date] = ()) -> pd.DataFrame:
    """The wide frame with its gaps filled from the same weekday: linearly between weeks, else the nearest week.

    Values of `special` days (bank holidays) fill no other day, unless a series has nothing else. Days before a series'
    first value stay empty. Filled cells are those that are empty in `table`: they feed models only, no loss is ever
    computed on them.
    """
    inside = table.notna().cummax()
    gappy = table.columns[(table.isna() & inside).any()]
    if gappy.empty:
        return table
    is_special = table.index.isin(pd.DatetimeIndex(list(special)))
    donors = table[gappy].mask(np.repeat(is_special[:, None], len(gappy), axis=1))
    without = donors.columns[donors.isna().all()]
    donors[without] = table[without]
    weekday = np.arange(len(table)) % WEEK
    by_weekday = pd.concat(
        [donors[weekday == day].interpolate(method="linear", limit_direction="both") for day in range(WEEK)]
    ).sort_index()
    # A weekday never seen (a series one week old, or reported on working days only) takes its neighbours' level.
    filled = by_weekday.interpolate(method="linear", limit_direction="both")
    whole = table.copy()
    whole[gappy] = table[gappy].where(table[gappy].notna(), filled).where(inside[gappy])
    return whole


def with_quantiles(rows: pd.DataFrame, values: np.ndarray, quantiles: Iterable[float]) -> pd.DataFrame:
    """The rows with one column for each quantile level; `values` has shape (n_rows, n_quantiles)."""
    columns = [quantile_column(level) for level in quantiles]
    return pd.concat([rows, pd.DataFrame(values, columns=columns, index=rows.index)], axis=1)
