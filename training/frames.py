"""The frames of training, and the only place that knows other people's column names.

A *long* frame has one row per series and day: `unique_id, ds, y` (the Nixtla convention). A *wide* frame has one row
per day, unbroken, and one column per series; NaN where a day has no value.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.vocabulary import quantile_column

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
IndexArray = NDArray[np.intp]
"""Positions in another array."""


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


def values_of(table: pd.DataFrame, unique_ids: Sequence[str] | pd.Index) -> FloatArray:
    """Values (n_rows, n_series) of some series of a wide frame; NaN for each that it has not, even if it has none."""
    wanted = unique_ids if isinstance(unique_ids, pd.Index) else pd.Index(unique_ids)
    position = table.columns.get_indexer(wanted)
    is_there, known = position >= 0, table.to_numpy(dtype=float)
    if is_there.all():
        return known[:, position]
    values = np.full((len(table), len(position)), np.nan)
    values[:, is_there] = known[:, position[is_there]]
    return values


def stretch_start(there: BoolArray) -> int:
    """Return the day on which a series' last stretch begins, by which days have a value (n_days,); n_days for none.

    On its first value, or after its last long gap if what follows can stand alone.
    """
    days = np.flatnonzero(there)
    if not len(days):
        return len(there)
    after_gaps = days[1:][np.diff(days) > LONG_GAP_DAYS]
    alone = after_gaps[after_gaps <= len(there) - SHORTEST_STRETCH_DAYS]
    return int(alone[-1] if len(alone) else days[0])


def imputed(table: pd.DataFrame, special: Iterable[date] = ()) -> pd.DataFrame:
    """The wide frame with its gaps filled from the same weekday: linearly between weeks, else the nearest week.

    Values of `special` days (bank holidays) fill no other day, unless a series has nothing else. Days before a series'
    first value stay empty. Filled cells are those that are empty in `table`: they feed models only, no loss is ever
    computed on them.
    """
    there = table.notna().to_numpy(dtype=bool)  # a frame without series has no dtype of its own
    inside = np.maximum.accumulate(there, axis=0)
    has_gaps = (inside & ~there).any(axis=0)
    gappy = table.columns[has_gaps]
    if gappy.empty:
        return table
    is_special = table.index.isin(pd.DatetimeIndex(list(special)))
    donors = table[gappy].mask(np.repeat(is_special[:, None], len(gappy), axis=1))
    without = donors.columns[donors.isna().all()]
    donors[without] = table[without]
    n_days, n_series = donors.shape
    weeks = np.full((-(-n_days // WEEK) * WEEK, n_series), np.nan)
    weeks[:n_days] = donors.to_numpy()
    by_weekday = interpolated(weeks.reshape(-1, WEEK * n_series)).reshape(weeks.shape)[:n_days]
    # A weekday never seen (a series one week old, or reported on working days only) takes its neighbours' level.
    filled = interpolated(by_weekday)
    known = table[gappy].to_numpy()
    filled_table = table.copy()
    filled_table[gappy] = np.where(inside[:, has_gaps], np.where(np.isnan(known), filled, known), np.nan)
    return filled_table


def interpolated(values: FloatArray) -> FloatArray:
    """Gaps of each column filled linearly, those at its ends with the nearest value; (n_rows, n_columns).

    As pandas' `interpolate` has it, but for all columns at once: it takes one after the other.
    """
    rows = np.arange(len(values))[:, None]
    known = ~np.isnan(values)
    before = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, rows, len(values))[::-1], axis=0)[::-1]
    first, last = np.where(before < 0, after, before), np.where(after == len(values), before, after)
    first, last = (np.clip(ends, 0, len(values) - 1) for ends in (first, last))
    start, end = (np.take_along_axis(values, ends, axis=0) for ends in (first, last))
    share = (rows - first) / np.maximum(last - first, 1)
    return np.where(known, values, start + (end - start) * np.where(last > first, share, 0.0))


def with_quantiles(rows: pd.DataFrame, values: np.ndarray, quantiles: Iterable[float]) -> pd.DataFrame:
    """The rows with one column for each quantile level; `values` has shape (n_rows, n_quantiles)."""
    columns = [quantile_column(level) for level in quantiles]
    return pd.concat([rows, pd.DataFrame(values, columns=columns, index=rows.index)], axis=1)


FRAME_BYTES_HELD = 2**27
"""Of each kind of frame: one of ten thousand series over three years is half of it."""
FEWEST_FRAMES_HELD = 2  # of a cutoff, and of its refit day


def frames_within(latest: pd.DataFrame, most: int) -> int:
    """Return how many frames as large as that of `latest` are held, `most` at most."""
    nbytes = max(latest.shape[0] * latest.shape[1] * np.dtype(float).itemsize, 1)
    return int(np.clip(FRAME_BYTES_HELD // nbytes, FEWEST_FRAMES_HELD, most))
