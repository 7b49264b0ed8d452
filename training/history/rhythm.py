"""The rhythm of a series: how far apart the days are that have a value."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Days = NDArray[np.int64]
"""Days as whole numbers, in order, each once."""

NEWEST_GAPS = 6
FEWEST_GAPS = 3  # of four values
REGULAR_SHARE = 0.75  # of the newest gaps: a late week, or a value that was lost, does not hide a rhythm
SHORTEST_GAP_DAYS = 5  # a series with values nearer to each other is counted on days
LOOKBACK_DAYS = NEWEST_GAPS * 92


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

    def has(self, gaps: Days) -> NDArray[np.bool_]:
        """Return which of the distances belong to the rhythm."""
        times = np.arange(1, self.missing + 2)[:, None]
        return np.asarray(((gaps >= times * self.shortest) & (gaps <= times * self.longest)).any(axis=0))


WEEKLY = Rhythm("week", 7, 7, missing=3)
RHYTHMS = (WEEKLY, Rhythm("two weeks", 14, 14, 1), Rhythm("month", 28, 31, 1), Rhythm("quarter", 89, 92, 0))


def rhythm_of(days: Days) -> Rhythm | None:
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
