"""When a value became known, and whether it says anything that the archive does not say already."""

from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.days import end_of_day
from training.arrays import FloatArray, IntArray
from training.history.orders import day_numbers, is_last, positions_of, series_days


class RowStatus(StrEnum):
    """What becomes of an accepted value: only the first two are appended."""

    NEW = "new"
    REVISED = "revised"
    UNCHANGED = "unchanged"


FATES = list(RowStatus)
PART_ROWS = 2_000_000


def compare(values: pd.DataFrame, vintages: pd.DataFrame) -> pd.DataFrame:
    """For each of `values` (unique_id, ds, y, known_at or NaT) its `fate` and `known_before`, the newest vintage's.

    `vintages` is sorted by unique_id, ds and known_at; unique_id is a categorical in both. A value whose source says
    when it was known is compared with the vintage of that very instant, because publications may be ingested in any
    order; any other with the newest vintage.
    """
    known = _Known(vintages, values["ds"])
    parts = [known.compared(values.iloc[start : start + PART_ROWS]) for start in range(0, len(values), PART_ROWS)]
    codes, before = (np.concatenate(column) for column in zip(*parts, strict=True))
    fates = pd.Categorical.from_codes(codes, categories=pd.Index(FATES))
    compared = {"fate": fates, "known_before": pd.DatetimeIndex(before, tz="UTC")}
    return pd.DataFrame(compared, index=values.index, copy=False)


class _Known:
    """The vintages, made ready for values to be looked up, some millions at a time for the sake of memory."""

    def __init__(self, vintages: pd.DataFrame, days: pd.Series) -> None:
        seen = [some for some in (days, vintages["ds"]) if len(some)]
        first, last = min(some.min() for some in seen), max(some.max() for some in seen)
        self._days = tuple(int(day) for day in day_numbers(pd.Series([first, last])))
        self._names = vintages["unique_id"].cat.categories
        self._y, self._known_at = vintages["y"].to_numpy(), _naive(vintages["known_at"])
        keys = self._keys(vintages["unique_id"].cat.codes.to_numpy().astype(np.int64), vintages["ds"])
        ends = is_last(keys)
        self._newest = np.flatnonzero(ends)
        self._series_days = keys[self._newest]
        self._groups: IntArray = np.cumsum(ends) - ends  # the series and day of each vintage, by its place among them

    def compared(self, values: pd.DataFrame) -> tuple[NDArray[np.int8], NDArray[np.datetime64]]:
        """The numbers of the fates, and the instants at which the newest vintages became known."""
        same = self._names.get_indexer(values["unique_id"].cat.categories)
        series = np.where(same < 0, len(self._names), same)[values["unique_id"].cat.codes.to_numpy()]
        group = positions_of(self._series_days, self._keys(series, values["ds"]))
        is_there = group >= 0
        before, known_before = np.full(len(values), np.nan), np.full(len(values), np.datetime64("NaT", "ns"))
        newest = self._newest[group[is_there]]
        before[is_there], known_before[is_there] = self._y[newest], self._known_at[newest]
        is_stated = values["known_at"].notna().to_numpy()
        if is_stated.any():
            before[is_stated] = self._stated(group[is_stated], _naive(values["known_at"])[is_stated])
        fates = np.where(
            before == values["y"].to_numpy(), FATES.index(RowStatus.UNCHANGED), FATES.index(RowStatus.REVISED)
        )
        return np.where(is_there, fates, FATES.index(RowStatus.NEW)).astype(np.int8), known_before

    def _keys(self, series: IntArray, days: pd.Series) -> IntArray:
        return series_days(series, day_numbers(days), *self._days)

    def _stated(self, groups: IntArray, instants: NDArray[np.datetime64]) -> FloatArray:
        """What the archive has for each series, day and very instant; NaN: nothing."""
        codes, distinct = pd.factorize(np.concatenate([self._known_at, instants]), sort=True)
        old, new = codes[: len(self._known_at)], codes[len(self._known_at) :]
        at = positions_of(self._groups * len(distinct) + old, groups * len(distinct) + new)
        return np.where((at >= 0) & (groups >= 0), np.append(self._y, np.nan)[at], np.nan)


def known_instants(
    values: pd.DataFrame, over: pd.Series, compared: pd.DataFrame, now: pd.Timestamp, timezone: str
) -> pd.Series:
    """The instant at which each of `values` became known, in UTC.

    What the source says; else the end of the day with which what is counted was `over` for a day's first value, and
    `now` for a changed one. A changed value
    is never known before the one it replaces: a day that was reported before it was over ends later than now.
    """
    instant = values["known_at"].fillna(ends_of_days(over, timezone))
    revised = values["known_at"].isna() & compared["fate"].eq(RowStatus.REVISED)
    if not revised.any():
        return instant
    return instant.mask(revised, compared["known_before"].where(compared["known_before"] > now, now))


def ends_of_days(days: pd.Series, timezone: str) -> pd.Series:
    """The instant, in UTC, at which each day is over."""
    codes, distinct = pd.factorize(days)
    ends = [end_of_day(date.fromisoformat(str(day)[:10]), timezone) for day in distinct]
    instants = pd.DatetimeIndex(pd.to_datetime(ends, utc=True)).as_unit("ns")
    return pd.Series(instants.take(codes), index=days.index)


def _naive(instants: pd.Series) -> NDArray[np.datetime64]:
    return np.asarray(instants.dt.tz_localize(None).to_numpy(), dtype="datetime64[ns]")
