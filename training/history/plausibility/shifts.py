"""Level shifts: from one week to the next a series goes on at another level, and stays there."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.arrays import BoolArray, FloatArray
from training.frames import WEEK

WEEKS = 4  # at each level, before and after
SMALLEST = np.log(1.25)
STEADY = 0.4  # of the shift: how far the weeks of one level may lie apart
COUNT_SPREADS = 6.0  # of a week's median of counts: below that it is chance


@dataclass(frozen=True)
class Shift:
    """From `day` on the series is at `after` instead of `before`, both counts a day."""

    unique_id: str
    day: pd.Timestamp
    before: float
    after: float

    @property
    def change(self) -> float:
        """As a share of the level before: -0.5 is half."""
        return (self.after - self.before) / max(self.before, 1.0)


def level_shifts(table: pd.DataFrame) -> list[Shift]:
    """Every shift of a wide frame's series, series by series, oldest first."""
    n_weeks = len(table) // WEEK
    if n_weeks < 2 * WEEKS:
        return []
    weekly = _weekly_medians(table.to_numpy(dtype=float)[-n_weeks * WEEK :])
    before, after, steady = _levels(np.log1p(weekly))
    moved = np.where(steady, np.abs(after - before), 0.0)
    noise = COUNT_SPREADS / np.sqrt(WEEK * np.exp(np.fmin(before, after)))
    found = (moved >= np.fmax(SMALLEST, noise)) & _is_peak(moved)
    first_day = len(table) - n_weeks * WEEK
    return [
        _shift(table.iloc[:, series], first_day + (week + WEEKS) * WEEK)
        for series, week in np.argwhere(found.T).tolist()
    ]


def _weekly_medians(values: FloatArray) -> FloatArray:
    """Medians (n_weeks, n_series) of weeks that have at least half of their days."""
    weeks = np.sort(values.reshape(-1, WEEK, values.shape[1]), axis=1)
    n = (~np.isnan(weeks)).sum(axis=1)
    middle = np.take_along_axis(weeks, np.maximum((n - 1) // 2, 0)[:, None], axis=1)[:, 0]
    return np.where(n > WEEK // 2, middle, np.nan)


def _levels(weekly: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """The levels of the weeks before and after each possible week, and whether each of the two is steady."""
    groups = np.lib.stride_tricks.sliding_window_view(weekly, WEEKS, axis=0)  # (n, n_series, WEEKS); NaN stays NaN
    middle, apart = np.median(groups, axis=-1), np.ptp(groups, axis=-1)
    before, after = middle[:-WEEKS], middle[WEEKS:]
    steady = np.fmax(apart[:-WEEKS], apart[WEEKS:]) <= STEADY * np.abs(after - before)
    return before, after, steady & ~np.isnan(before) & ~np.isnan(after)


def _is_peak(moved: FloatArray) -> BoolArray:
    """No larger move within a month: one shift is found once."""
    padded = np.pad(moved, ((WEEKS, WEEKS), (0, 0)))
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * WEEKS + 1, axis=0)
    largest = around.max(axis=-1)
    earlier = around[..., :WEEKS].max(axis=-1)
    peak: BoolArray = (moved >= largest) & (moved > earlier)
    return peak


def _shift(values: pd.Series, near: int) -> Shift:
    """The day, within a week of `near`, that parts the two levels best."""
    start, stop = near - WEEKS * WEEK, near + WEEKS * WEEK
    window = np.log1p(values.to_numpy(dtype=float)[start:stop])
    splits = range(WEEKS * WEEK - WEEK, WEEKS * WEEK + WEEK)
    costs = [np.nansum((w - np.nanmean(w)) ** 2) for s in splits for w in (window[:s], window[s:])]
    best = splits[int(np.argmin(np.add(costs[::2], costs[1::2])))]
    before, after = (float(np.expm1(np.nanmedian(part))) for part in (window[:best], window[best:]))
    return Shift(str(values.name), pd.Timestamp(values.index[start + best]), round(before, 1), round(after, 1))
