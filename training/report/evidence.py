"""The contents of the data report: values, findings, vintages, and the state of each day."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.days import end_of_day
from publication.model import System
from publication.vocabulary import SeriesKey, Severity, series_key
from training.frames import BoolArray, FloatArray, IndexArray, IntArray
from training.history.event_days import UNTRUSTED_KINDS, days_of
from training.history.plausibility.findings import findings
from training.history.point_in_time import PointInTimeHistory
from training.system.model import SystemContext

States = NDArray[np.int8]
ONE_DAY_64 = np.timedelta64(1, "D")


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

    `delay_days` is its first known_at minus the end of its day, `age_days` what has passed since the end of its day.
    A value is revised if two of its vintages differ. `versions` are those of the revised values, in this order.
    """

    series: IndexArray
    day: IndexArray
    first: FloatArray
    newest: FloatArray
    delay_days: FloatArray
    age_days: FloatArray
    is_revised: BoolArray
    versions: Versions


def vintages(rows: pd.DataFrame, table: pd.DataFrame, timezone: str, as_of: datetime) -> Vintages:
    """The vintages of `unique_id, ds, y, known_at`, whose series and days are those of the wide frame."""
    ends = _day_ends(pd.DatetimeIndex(table.index), timezone)
    series, day = _places(rows, table)
    known_at = _instants(pd.DatetimeIndex(rows["known_at"]))
    order = np.lexsort((known_at, series * len(table) + day))
    series, day, y = series[order], day[order], rows["y"].to_numpy(dtype=float)[order]
    age = (known_at[order] - ends[day]) / ONE_DAY_64
    is_new = (np.diff(series, prepend=-1) != 0) | (np.diff(day, prepend=-1) != 0)
    begins = np.flatnonzero(is_new)
    revised = np.minimum.reduceat(y, begins) != np.maximum.reduceat(y, begins)
    now = _instants(pd.DatetimeIndex([as_of]))[0]
    return Vintages(
        series=series[begins],
        day=day[begins],
        first=y[begins],
        newest=y[np.append(begins[1:], len(y)) - 1],
        delay_days=age[begins],
        age_days=(now - ends[day[begins]]) / ONE_DAY_64,
        is_revised=revised,
        versions=_versions(revised, np.cumsum(is_new) - 1, y, age),
    )


def _versions(revised: BoolArray, value: IndexArray, y: FloatArray, age: FloatArray) -> Versions:
    """The versions of the revised values; `value` numbers the value that each vintage belongs to."""
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
    """Instants in UTC without a time zone, as NumPy subtracts them."""
    return moments.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]")


class Finding(NamedTuple):
    """One row of the findings."""

    severity: str
    check: str
    unique_id: str
    first: pd.Timestamp
    last: pd.Timestamp
    days: int
    found: float
    baseline: float
    note: str


def finding_rows(found: pd.DataFrame) -> list[Finding]:
    """The rows of a table of findings, in its order."""
    return [Finding(*row) for row in found.itertuples(index=False, name=None)]


@dataclass(frozen=True)
class Evidence:
    """A history as it was known at `as_of`; `table` is wide, and masks of it have its shape (n_days, n_series)."""

    system: System
    context: SystemContext
    as_of: datetime
    table: pd.DataFrame
    last_complete_day: date
    findings: pd.DataFrame
    vintages: Vintages

    @property
    def days(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.table.index)

    @cached_property
    def unique_ids(self) -> list[str]:
        return [str(unique_id) for unique_id in self.table.columns]

    @cached_property
    def keys(self) -> list[SeriesKey]:
        return [series_key(unique_id) for unique_id in self.unique_ids]

    @cached_property
    def suspect(self) -> pd.DataFrame:
        """The suspect findings, newest first."""
        return self.findings[self.findings["severity"] == Severity.SUSPECT.value]

    @cached_property
    def is_suspect(self) -> BoolArray:
        found = np.zeros(self.table.shape, bool)
        columns = self.table.columns.get_indexer(pd.Index(self.suspect["unique_id"]))
        first, last = (self.days.get_indexer(pd.DatetimeIndex(self.suspect[end])) for end in ("first", "last"))
        for column, begin, end in zip(columns, first, last, strict=True):
            found[begin : end + 1, column] = True
        return found

    @cached_property
    def is_left_out(self) -> BoolArray:
        """The days that an event leaves out."""
        return days_of(self.context.events, UNTRUSTED_KINDS, self.days, self.unique_ids, self.system)

    @cached_property
    def is_revised(self) -> BoolArray:
        revised = np.zeros(self.table.shape, bool)
        series_to_draw = self.vintages.is_revised
        revised[self.vintages.day[series_to_draw], self.vintages.series[series_to_draw]] = True
        return revised

    @cached_property
    def measures(self) -> list[str]:
        """The measures that have a series, in the order of the system."""
        present = {key.measure for key in self.keys}
        listed = [measure.name for measure in self.system.measures if measure.name in present]
        return [*listed, *sorted(present - set(listed))]

    def of_measure(self, measure: str) -> BoolArray:
        """Return which of the values of `vintages` count this measure."""
        is_theirs = np.array([key.measure == measure for key in self.keys], dtype=bool)
        series_to_draw: BoolArray = is_theirs[self.vintages.series]
        return series_to_draw


def evidence(versions: pd.DataFrame, system: System, context: SystemContext, as_of: datetime) -> Evidence:
    """The evidence in every vintage (`unique_id, ds, y, known_at`) that was known at the instant; at least one."""
    known = PointInTimeHistory(versions, system, context=context)
    table = known.latest
    return Evidence(
        system=system,
        context=context,
        as_of=as_of,
        table=table,
        last_complete_day=known.last_complete_day.date(),
        findings=findings(table, system, context),
        vintages=vintages(versions, table, system.timezone, as_of),
    )


class DayState(IntEnum):
    """The state of a day, in rising order: of several that hold, the last is shown."""

    NO_VALUE = 0
    VALUE = 1
    REVISED = 2
    SUSPECT = 3
    LEFT_OUT = 4

    @property
    def words(self) -> str:
        return STATE_WORDS[self]


STATE_WORDS = {
    DayState.NO_VALUE: "no value",
    DayState.VALUE: "value",
    DayState.REVISED: "revised value",
    DayState.SUSPECT: "suspect",
    DayState.LEFT_OUT: "left out by an event",
}


def states(evidence: Evidence) -> States:
    """The state of every day (axis 0) of every series (axis 1)."""
    there = evidence.table.notna().to_numpy()
    found = there.astype(np.int8)
    found[there & evidence.is_revised] = DayState.REVISED
    found[there & evidence.is_suspect] = DayState.SUSPECT
    found[there & evidence.is_left_out] = DayState.LEFT_OUT
    return found


def missing_days(found: States) -> IntArray:
    """The days without a value since the first one of each series."""
    there = found != DayState.NO_VALUE
    since = np.logical_or.accumulate(there, axis=0)
    missing: IntArray = (since & ~there).sum(axis=0)
    return missing


def series_to_draw(evidence: Evidence, found: States, most: int) -> IndexArray:
    """Columns of the series to draw: all in the order of the tree, or `most` of them, those with most to see first.

    That is: suspect days, days left out and days without a value, since the first one.
    """
    in_order = np.array(_tree_order(evidence), dtype=np.intp)
    if len(in_order) <= most:
        return in_order
    notable = missing_days(found) + (found >= DayState.SUSPECT).sum(axis=0)
    return in_order[np.argsort(-notable[in_order], kind="stable")][:most]


def _tree_order(evidence: Evidence) -> list[int]:
    system = evidence.system
    place = {place: i for i, place in enumerate(system.under(system.name))}
    measure = {measure.name: i for i, measure in enumerate(system.measures)}

    def rank(column: int) -> tuple[int, int, str]:
        key = evidence.keys[column]
        return place.get(key.place, len(place)), measure.get(key.measure, len(measure)), evidence.unique_ids[column]

    return sorted(range(len(evidence.keys)), key=rank)
