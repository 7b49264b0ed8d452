"""The baseline of a series on a day, fitted to the days before it alone; and shifts of its level."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from training.frames import WEEK, BoolArray, FloatArray

BASELINE_WEEKS = 4  # the same weekday of the four weeks before
FEWEST_BASELINE_WEEKS = 2
REFITTED_EVERY_DAYS = 28  # a scale is fitted again every four weeks: cheap, and nearly as good as every day
SCALE_LOOKBACK_DAYS = 112
FEWEST_SCALE_DAYS = 28
NORMAL_FROM_MEDIAN = 1.4826  # median absolute deviation to standard deviation, for a normal distribution
SHIFT_WEEKS = 4  # at each level, before and after
SMALLEST_SHIFT = np.log(1.25)
STEADY_SHARE = 0.4  # of the shift: how far the weeks of one level may lie apart
NOISE_SCALES = 6.0  # of a week's median of counts: below that it is chance


def baseline_level(values: FloatArray) -> FloatArray:
    """The median of the same weekday in the four weeks before each day (axis 0); NaN where fewer than two are known."""
    weeks = np.full((BASELINE_WEEKS, *values.shape), np.nan)
    for back in range(1, BASELINE_WEEKS + 1):
        weeks[back - 1, WEEK * back :] = values[: -WEEK * back]
    return _median_of_few(weeks, FEWEST_BASELINE_WEEKS)


def jump_scale(jumps: FloatArray, first_day: date) -> FloatArray:
    """Robust standard deviation of `jumps` (n_days, n_series) over the sixteen weeks before; NaN: too few."""
    scale = np.full(jumps.shape, np.nan)
    sizes = np.abs(jumps)
    for start in _refit_positions(len(sizes), first_day):
        # A jump is measured against the next day, which must not be one of the days that are checked.
        before = sizes[max(0, start - 1 - SCALE_LOOKBACK_DAYS) : start - 1]
        scale[start : start + REFITTED_EVERY_DAYS] = NORMAL_FROM_MEDIAN * _median(before, FEWEST_SCALE_DAYS)
    return scale


def repeat_rate(values: FloatArray, first_day: date) -> FloatArray:
    """The share of days that repeated the value of the day before, over the sixteen weeks before; NaN: too few."""
    repeats = np.where(np.isnan(values[1:]) | np.isnan(values[:-1]), np.nan, values[1:] == values[:-1])
    rate = np.full(values.shape, np.nan)
    for start in _refit_positions(len(values), first_day):
        before = repeats[max(0, start - 1 - SCALE_LOOKBACK_DAYS) : start - 1]
        n = (~np.isnan(before)).sum(axis=0)
        share = np.nansum(before, axis=0) / np.maximum(n, 1)
        rate[start : start + REFITTED_EVERY_DAYS] = np.where(n >= FEWEST_SCALE_DAYS, share, np.nan)
    return rate


def _refit_positions(n_days: int, first_day: date) -> range:
    """Positions of the days on which a scale is fitted again: a fixed grid, wherever a history begins."""
    return range(REFITTED_EVERY_DAYS + -first_day.toordinal() % REFITTED_EVERY_DAYS, n_days, REFITTED_EVERY_DAYS)


def _median_of_few(stack: FloatArray, fewest: int) -> FloatArray:
    """The median over the first axis without NaN: sorted, they are last."""
    stack.sort(axis=0)
    n = (~np.isnan(stack)).sum(axis=0)
    low = np.take_along_axis(stack, np.maximum((n - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(stack, np.minimum(n // 2, len(stack) - 1)[None], axis=0)[0]
    return np.where(n >= fewest, (low + high) / 2, np.nan)


def _median(window: FloatArray, fewest: int) -> FloatArray:
    ordered = np.sort(window.T, axis=-1)  # contiguous in time: several times faster
    n = (~np.isnan(ordered)).sum(axis=-1)
    middle = np.take_along_axis(ordered, np.maximum((n - 1) // 2, 0)[:, None], axis=-1)[:, 0]
    return np.where(n >= fewest, middle, np.nan)


@dataclass(frozen=True)
class LevelShift:
    """From `day` on the series is at `after` instead of `before`, both counts a day."""

    unique_id: str
    day: pd.Timestamp
    before: float
    after: float

    @property
    def change(self) -> float:
        """As a share of the level before: -0.5 is half."""
        return (self.after - self.before) / max(self.before, 1.0)


def level_shifts(table: pd.DataFrame) -> list[LevelShift]:
    """Every shift of a wide frame's series, series by series, oldest first."""
    n_weeks = len(table) // WEEK
    if n_weeks < 2 * SHIFT_WEEKS:
        return []
    weekly = _weekly_medians(table.to_numpy(dtype=float)[-n_weeks * WEEK :])
    before, after, steady = _levels(np.log1p(weekly))
    moved = np.where(steady, np.abs(after - before), 0.0)
    noise = NOISE_SCALES / np.sqrt(WEEK * np.exp(np.fmin(before, after)))
    found = (moved >= np.fmax(SMALLEST_SHIFT, noise)) & _is_peak(moved)
    first_day = len(table) - n_weeks * WEEK
    return [
        _level_shift(table.iloc[:, series], first_day + (week + SHIFT_WEEKS) * WEEK)
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
    groups = np.lib.stride_tricks.sliding_window_view(weekly, SHIFT_WEEKS, axis=0)  # (n, n_series, SHIFT_WEEKS)
    middle, apart = np.median(groups, axis=-1), np.ptp(groups, axis=-1)
    before, after = middle[:-SHIFT_WEEKS], middle[SHIFT_WEEKS:]
    steady = np.fmax(apart[:-SHIFT_WEEKS], apart[SHIFT_WEEKS:]) <= STEADY_SHARE * np.abs(after - before)
    return before, after, steady & ~np.isnan(before) & ~np.isnan(after)


def _is_peak(moved: FloatArray) -> BoolArray:
    """No larger move within a month: one shift is found once."""
    padded = np.pad(moved, ((SHIFT_WEEKS, SHIFT_WEEKS), (0, 0)))
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * SHIFT_WEEKS + 1, axis=0)
    largest = around.max(axis=-1)
    earlier = around[..., :SHIFT_WEEKS].max(axis=-1)
    peak: BoolArray = (moved >= largest) & (moved > earlier)
    return peak


def _level_shift(values: pd.Series, near: int) -> LevelShift:
    """The day, within a week of `near`, that parts the two levels best."""
    start, stop = near - SHIFT_WEEKS * WEEK, near + SHIFT_WEEKS * WEEK
    window = np.log1p(values.to_numpy(dtype=float)[start:stop])
    splits = range(SHIFT_WEEKS * WEEK - WEEK, SHIFT_WEEKS * WEEK + WEEK)
    costs = [np.nansum((w - np.nanmean(w)) ** 2) for s in splits for w in (window[:s], window[s:])]
    best = splits[int(np.argmin(np.add(costs[::2], costs[1::2])))]
    before, after = (float(np.expm1(np.nanmedian(part))) for part in (window[:best], window[best:]))
    return LevelShift(str(values.name), pd.Timestamp(values.index[start + best]), round(before, 1), round(after, 1))
