"""The slices that forecasts are scored by: what a series is, how far ahead, and what kind of day it was."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from publication.vocabulary import series_key
from training.system.bank_holidays import bank_holidays

LEAD_BANDS = ((1, 7), (8, 14), (15, 28), (29, 56), (57, 84))
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORDINARY, HOLIDAY, DAY_AFTER = DAYS = ("ordinary", "holiday", "day after")


def with_slices(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The rows with those columns of `by` that each forecast says itself: all but `day` and `regime`."""
    return rows.assign(**{name: SLICES[name](rows) for name in by if name not in rows})


def kinds_of_day(rows: pd.DataFrame, country: str) -> pd.Series:
    """`holiday`, `day after` (of a bank holiday, if it is none itself) or `ordinary`, by the day that is forecast."""
    codes, distinct = pd.factorize(rows["ds"])
    kinds = [_kind_of_day(pd.Timestamp(day).date(), country) for day in distinct]
    position = np.array([DAYS.index(kind) for kind in kinds], dtype=np.intp)
    return pd.Series(pd.Categorical.from_codes(position[codes], pd.Index(DAYS)), index=rows.index)


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
    edges = [0, *(last for _, last in LEAD_BANDS)]
    return pd.cut(rows["lead"], edges, labels=[f"{first:02d}-{last:02d}" for first, last in LEAD_BANDS])


def _weekday(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(pd.Categorical.from_codes(rows["ds"].dt.weekday.to_numpy(), pd.Index(WEEKDAYS)), index=rows.index)


def _of_evidence(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    """A slice that only `training.backtest.evidence` can tell."""

    def column(rows: pd.DataFrame) -> pd.Series:
        raise KeyError(f"scores by {name} need forecasts that went through `with_evidence`")

    return column


SLICES: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "measure": _measure,
    "series": _series,
    "leads": _leads,
    "weekday": _weekday,
    "day": _of_evidence("day"),
    "regime": _of_evidence("regime"),
}
