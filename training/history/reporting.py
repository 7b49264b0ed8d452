"""The reporting of series: their rhythm, weekdays that are never counted, and how far each series is behind."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import Kind, series_key
from training.frames import WEEK, BoolArray, IntArray
from training.history.columns import day_numbers
from training.sources.times import HOURS_A_DAY

ARRIVAL_SHARE = 0.9  # of a series' days, whose values have arrived by its hour
SPARE_HOURS = 1  # a feed that keeps UTC arrives an hour later in summer
LATEST_HOUR = 23
NEWEST_GAPS = 6
FEWEST_GAPS = 3  # of four values
REGULAR_SHARE = 0.75  # of the newest gaps: a late week, or a value that was lost, does not hide a rhythm
SHORTEST_GAP_DAYS = 5  # a series with values nearer to each other is counted on days
RHYTHM_LOOKBACK_DAYS = NEWEST_GAPS * 92
WEEKS_KNOWN = 8  # in which a series reported: fewer say nothing of a weekday without a value
LOOKBACK_WEEKS = 12  # a weekend clinic that is closed for a week or two is still one
REPORTING_DAYS = 28  # a series of daily counts without a value for four weeks no longer reports
RHYTHM_DAYS = 366  # in which the typical distance between two values is seen
MISSED_TURNS = 2  # values in a row that a series counted once a month may miss before it no longer reports
MAX_SILENT_DAYS = 93  # a quarter
NEWEST_WITHIN_DAYS = 84  # within which a series has its newest value, or is as late as can be
PROMPT_WITHIN_DAYS = 1  # of the newest value of all: the series that decide which day has been reached
PROMPT_SHARE = 0.5  # of those, with a value, for a day to count as reached


def arrival_hour(hours: pd.Series, unique_ids: pd.Series) -> int:
    """Return the hour after midnight by which every series that arrives on the next day has arrived, nine days in ten.

    An hour is spare. `hours` are from the end of a day to the instant at which the value of a series was first known.
    A series that typically takes a day or more is late by itself, and decides nothing. 0 where values are known at
    midnight.
    """
    by_series = hours.groupby(unique_ids.astype(str))
    typical = by_series.transform("median")
    prompt = (hours < HOURS_A_DAY) & (typical < HOURS_A_DAY)
    arrived = hours[prompt].groupby(unique_ids[prompt].astype(str)).quantile(ARRIVAL_SHARE, interpolation="higher")
    latest = 0.0 if arrived.empty else float(arrived.max())
    return min(int(np.ceil(latest)) + SPARE_HOURS, LATEST_HOUR) if latest > 0 else 0


@dataclass(frozen=True)
class Rhythm:
    """A regular distance between values, from `shortest` to `longest` days; `every` says it in words.

    `missing` is how many values in a row may be missing: twice the distance then belongs to it, and so on.
    """

    every: str
    shortest: int
    longest: int
    missing: int

    def __str__(self) -> str:
        return f"one value every {self.every}"

    def has(self, gaps: IntArray) -> BoolArray:
        """Return which of the distances belong to the rhythm."""
        times = np.arange(1, self.missing + 2)[:, None]
        return np.asarray(((gaps >= times * self.shortest) & (gaps <= times * self.longest)).any(axis=0))


WEEKLY = Rhythm("week", 7, 7, missing=3)
RHYTHMS = (WEEKLY, Rhythm("two weeks", 14, 14, 1), Rhythm("month", 28, 31, 1), Rhythm("quarter", 89, 92, 0))


def rhythm_of(days: IntArray) -> Rhythm | None:
    """Return the rhythm of the newest values; None where there are fewer than four, or no regular distance.

    The shortest distance says which rhythm it is; three in four of the distances must belong to it.
    """
    gaps = np.diff(days[-NEWEST_GAPS - 1 :])
    if len(gaps) < FEWEST_GAPS or gaps.min() < SHORTEST_GAP_DAYS:
        return None
    for rhythm in RHYTHMS:
        regular = rhythm.has(gaps)
        if regular.mean() >= REGULAR_SHARE and gaps[regular].min() <= rhythm.longest:
            return rhythm
    return None


def rhythms(days_by_series: pd.DataFrame) -> Iterator[tuple[str, Rhythm, pd.DatetimeIndex]]:
    """Yield each series of `unique_id, ds` that has a rhythm, with it and its newest days."""
    distinct = days_by_series.drop_duplicates().sort_values(["unique_id", "ds"])
    newest = distinct.groupby("unique_id", observed=True, sort=True).tail(NEWEST_GAPS + 1)
    for unique_id, days in newest.groupby("unique_id", observed=True, sort=True)["ds"]:
        rhythm = rhythm_of(day_numbers(days))
        if rhythm is not None:
            yield str(unique_id), rhythm, pd.DatetimeIndex(days)


def counted_weekdays(table: pd.DataFrame) -> BoolArray:
    """Return on which weekdays (7, n_series), Monday first, each series of a wide frame may have a value.

    A weekday without one in the newest `WEEKS_KNOWN` weeks in which the series reported is never counted; a recorded 0
    is a value. Weeks end on the frame's last day. A series that did not report in so many of the newest
    `LOOKBACK_WEEKS` weeks, or reported on none of the days, may have a value on each weekday.
    """
    n_days = LOOKBACK_WEEKS * WEEK
    there = np.zeros((n_days, table.shape[1]), bool)
    known = table.notna().to_numpy(dtype=bool)[-n_days:]
    there[n_days - len(known) :] = known
    weeks = there.reshape(LOOKBACK_WEEKS, WEEK, -1)[::-1]
    reported = weeks.any(axis=1)
    nth = np.cumsum(reported, axis=0)
    seen = (weeks & (reported & (nth <= WEEKS_KNOWN))[:, None]).any(axis=0)
    by_position = np.where(nth[-1] >= WEEKS_KNOWN, seen, True)
    first_weekday = (pd.Timestamp(table.index[-1]).weekday() + 1) % WEEK
    return np.roll(by_position, first_weekday, axis=0)


def days_never_counted(table: pd.DataFrame) -> BoolArray:
    """Return which empty cells (n_days, n_series) of a wide frame are days on which the series was not counted at all.

    The weeks before each day decide, as in `counted_weekdays`, or those after it: a part that is not counted on a
    Monday is not missing from its sum.
    """
    found = np.zeros(table.shape, bool)
    known = table.notna().to_numpy(dtype=bool)
    empty = ~known & np.logical_or.accumulate(known)  # since its first value
    gappy = np.flatnonzero(empty.sum(axis=0) >= WEEKS_KNOWN)
    if len(gappy):
        there = known[:, gappy]
        found[:, gappy] = empty[:, gappy] & (_never_before(there) | _never_before(there[::-1])[::-1])
    return found


def _never_before(there: BoolArray) -> BoolArray:
    """Return whether each day (n_days, n_series) is of a weekday without a value in the weeks before it."""
    n_days = len(there)
    padded = np.concatenate([np.zeros(((LOOKBACK_WEEKS + 1) * WEEK, there.shape[1]), bool), there])
    start = len(padded) - n_days
    total = np.cumsum(np.concatenate([np.zeros((1, there.shape[1]), np.int32), padded]), axis=0, dtype=np.int32)
    nth = np.zeros(there.shape, np.int8)
    seen = np.zeros(there.shape, bool)
    for week in range(LOOKBACK_WEEKS):
        end = start - week * WEEK  # of the seven days before each day, for the first week
        reported = total[end : end + n_days] > total[end - WEEK : end - WEEK + n_days]
        nth += reported
        seen |= padded[end - WEEK : end - WEEK + n_days] & reported & (nth <= WEEKS_KNOWN)
    return ~seen & (nth >= WEEKS_KNOWN)


def rest_days(table: pd.DataFrame, system: System) -> BoolArray:
    """Return which empty cells (n_days, n_series) of a wide frame are days on which a flow is never counted.

    Never of a stock or a capacity: who lies in a bed on a Sunday is there, counted or not.
    """
    return days_never_counted(table) & is_flow(table.columns, system)


def never_counted_ahead(table: pd.DataFrame, n_days: int, system: System) -> BoolArray:
    """Return on which of the days after a wide frame (n_days, n_series) a flow is never counted."""
    weekdays = pd.date_range(table.index[-1], periods=n_days + 1, freq="D")[1:].weekday
    return ~counted_weekdays(table)[weekdays] & is_flow(table.columns, system)


def is_flow(unique_ids: pd.Index, system: System) -> BoolArray:
    """Return which series are flows."""
    kinds = system.measure_by_name
    return np.array([kinds[series_key(str(i)).measure].kind is Kind.FLOW for i in unique_ids], dtype=bool)


def still_reporting(known: pd.DataFrame) -> pd.Index:
    """The columns of a wide frame whose newest value is no older than four weeks, or two turns of their own rhythm."""
    there = known.tail(RHYTHM_DAYS).notna().to_numpy(dtype=bool)
    ago = _days_since_last(there)
    n_values = there.sum(axis=0)
    first = there.argmax(axis=0)
    rhythm = (len(there) - 1 - ago - first) / np.maximum(n_values - 1, 1)
    turns = np.clip(np.ceil(MISSED_TURNS * rhythm), REPORTING_DAYS, MAX_SILENT_DAYS)
    max_silent_days = np.where(n_values > 2, turns, REPORTING_DAYS)
    reporting: pd.Index = known.columns[(n_values > 0) & (ago < max_silent_days)]
    return reporting


def days_behind(known: pd.DataFrame) -> IntArray:
    """Return the days (n_series,) from the newest value of each series to the frame's last day.

    0 where no day since then falls on a weekday on which it has values: a clinic of the weekend is not late on Friday.
    """
    there = known.tail(NEWEST_WITHIN_DAYS).notna().to_numpy(dtype=bool)
    ago = _days_since_last(known.notna().to_numpy(dtype=bool))
    return np.where(_missing(known, there).any(axis=0) | (ago >= len(there)), ago, 0)


def reached_day(present: pd.DataFrame) -> pd.Timestamp:
    """The newest day that most prompt series have reached, of a wide frame of values that count as present.

    Prompt are those within a day of the newest value; the others are not waited for. Raises ValueError where there is
    no value at all.
    """
    rows = np.flatnonzero(present.notna().any(axis=1).to_numpy())
    if not len(rows):
        raise ValueError("no series has a value")
    newest = present.iloc[: rows[-1] + 1]
    there = newest.tail(NEWEST_WITHIN_DAYS).notna().to_numpy(dtype=bool)
    missing = _missing(newest, there)
    prompt = there.any(axis=0) & ~missing[:-PROMPT_WITHIN_DAYS].any(axis=0)
    reached = ~missing[:, prompt].any(axis=0)
    back = 0 if reached.mean() >= PROMPT_SHARE else PROMPT_WITHIN_DAYS
    return pd.Timestamp(newest.index[-1 - back])


def _missing(known: pd.DataFrame, there: BoolArray) -> BoolArray:
    """Days after a series' newest value on which it was to be expected; shape of `there`, the frame's last rows."""
    weekday = pd.DatetimeIndex(known.index[len(known) - len(there) :]).dayofweek.to_numpy()
    last = len(there) - 1 - _days_since_last(there)
    return np.asarray((np.arange(len(there))[:, None] > last) & counted_weekdays(known)[weekday])


def _days_since_last(there: BoolArray) -> IntArray:
    """The days from the newest value of each series to the last day; the number of days where it has none."""
    if not len(there):
        return np.zeros(there.shape[1], dtype=np.int64)
    return np.where(there.any(axis=0), there[::-1].argmax(axis=0), len(there))
