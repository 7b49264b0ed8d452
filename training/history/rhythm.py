"""The rhythm of a series: how far apart the days are that have a value, and on which weekdays they are."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.arrays import BoolArray, IntArray
from training.frames import WEEK

NEWEST_GAPS = 6
FEWEST_GAPS = 3  # of four values
REGULAR_SHARE = 0.75  # of the newest gaps: a late week, or a value that was lost, does not hide a rhythm
SHORTEST_GAP_DAYS = 5  # a series with values nearer to each other is counted on days
LOOKBACK_DAYS = NEWEST_GAPS * 92
WEEKS_KNOWN = 8  # in which a series reported: fewer say nothing of a weekday without a value
WEEKS_LOOKED_AT = 12  # a weekend clinic that is closed for a week or two is still one


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
        rhythm = rhythm_of(days.to_numpy().astype("datetime64[D]").astype(np.int64))
        if rhythm is not None:
            yield str(unique_id), rhythm, pd.DatetimeIndex(days)


def counted_weekdays(table: pd.DataFrame) -> BoolArray:
    """Return on which weekdays (7, n_series), Monday first, each series of a wide frame may have a value.

    A weekday without one in the newest `WEEKS_KNOWN` weeks in which the series reported is never counted; a recorded 0
    is a value. Weeks end on the frame's last day. A series that did not report in so many of the newest
    `WEEKS_LOOKED_AT` weeks, or reported on none of the days, may have a value on each weekday.
    """
    n_days = WEEKS_LOOKED_AT * WEEK
    there = np.zeros((n_days, table.shape[1]), bool)
    known = table.notna().to_numpy(dtype=bool)[-n_days:]
    there[n_days - len(known) :] = known
    weeks = there.reshape(WEEKS_LOOKED_AT, WEEK, -1)[::-1]
    reported = weeks.any(axis=1)
    nth = np.cumsum(reported, axis=0)
    seen = (weeks & (reported & (nth <= WEEKS_KNOWN))[:, None]).any(axis=0)
    by_position = np.where(nth[-1] >= WEEKS_KNOWN, seen, True)
    first_weekday = (pd.Timestamp(table.index[-1]).weekday() + 1) % WEEK
    return np.roll(by_position, first_weekday, axis=0)


def days_never_counted(table: pd.DataFrame) -> BoolArray:
    """Return which empty cells (n_days, n_series) of a wide frame are days on which the series was not counted at all.

    Judged by the weeks before each day as `counted_weekdays` does, or by those after it: a part that is not counted on
    a Monday is nothing that its sum lacks.
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
    padded = np.concatenate([np.zeros(((WEEKS_LOOKED_AT + 1) * WEEK, there.shape[1]), bool), there])
    start = len(padded) - n_days
    total = np.cumsum(np.concatenate([np.zeros((1, there.shape[1]), np.int32), padded]), axis=0, dtype=np.int32)
    nth = np.zeros(there.shape, np.int8)
    seen = np.zeros(there.shape, bool)
    for week in range(WEEKS_LOOKED_AT):
        end = start - week * WEEK  # of the seven days before each day, for the first week
        reported = total[end : end + n_days] > total[end - WEEK : end - WEEK + n_days]
        nth += reported
        seen |= padded[end - WEEK : end - WEEK + n_days] & reported & (nth <= WEEKS_KNOWN)
    return ~seen & (nth >= WEEKS_KNOWN)
