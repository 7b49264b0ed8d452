"""Vintages: when the values of a history became known, and how they changed since."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.days import end_of_day
from training.arrays import BoolArray, FloatArray, IndexArray

ONE_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Versions:
    """The vintages of all revised values, value by value, oldest first; `begins` is where each value's start.

    `age_days` is known_at minus the end of the day.
    """

    begins: IndexArray
    y: FloatArray
    age_days: FloatArray


@dataclass(frozen=True)
class Vintages:
    """One entry for each value: the column and the row it has in the wide frame, and what is known of it.

    `lag_days` is its first known_at minus the end of its day, `age_days` what has passed since the end of its day.
    A value is revised if two of its vintages differ. `versions` are those of the revised values, in this order.
    """

    series: IndexArray
    day: IndexArray
    first: FloatArray
    newest: FloatArray
    lag_days: FloatArray
    age_days: FloatArray
    is_revised: BoolArray
    versions: Versions


def vintages(rows: pd.DataFrame, table: pd.DataFrame, timezone: str, as_of: datetime) -> Vintages:
    """Of `unique_id, ds, y, known_at`, whose series and days are columns and rows of the wide frame."""
    ends = _day_ends(pd.DatetimeIndex(table.index), timezone)
    series, day = _places(rows, table)
    known_at = _instants(pd.DatetimeIndex(rows["known_at"]))
    order = np.lexsort((known_at, series * len(table) + day))
    series, day, y = series[order], day[order], rows["y"].to_numpy(dtype=float)[order]
    age = (known_at[order] - ends[day]) / ONE_DAY
    is_new = (np.diff(series, prepend=-1) != 0) | (np.diff(day, prepend=-1) != 0)
    begins = np.flatnonzero(is_new)
    revised = np.minimum.reduceat(y, begins) != np.maximum.reduceat(y, begins)
    asked = _instants(pd.DatetimeIndex([as_of]))[0]
    return Vintages(
        series=series[begins],
        day=day[begins],
        first=y[begins],
        newest=y[np.append(begins[1:], len(y)) - 1],
        lag_days=age[begins],
        age_days=(asked - ends[day[begins]]) / ONE_DAY,
        is_revised=revised,
        versions=_versions(revised, np.cumsum(is_new) - 1, y, age),
    )


def _versions(revised: BoolArray, value: IndexArray, y: FloatArray, age: FloatArray) -> Versions:
    """Those of the revised values; `value` numbers the value that each vintage belongs to."""
    theirs = revised[value]
    begins = np.flatnonzero(np.diff(value[theirs], prepend=-1))
    return Versions(begins, y[theirs], age[theirs])


def _places(rows: pd.DataFrame, table: pd.DataFrame) -> tuple[IndexArray, IndexArray]:
    """Column and row of each vintage in the wide frame."""
    ids = rows["unique_id"].astype("category").cat
    series = table.columns.get_indexer(ids.categories)[ids.codes].astype(np.intp)
    day = (rows["ds"] - table.index[0]).dt.days.to_numpy().astype(np.intp)
    return series, day


def _day_ends(days: pd.DatetimeIndex, timezone: str) -> NDArray[np.datetime64]:
    return _instants(pd.DatetimeIndex([end_of_day(day.date(), timezone) for day in days]))


def _instants(moments: pd.DatetimeIndex) -> NDArray[np.datetime64]:
    """In UTC, without saying so: what NumPy can subtract."""
    return moments.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]")
