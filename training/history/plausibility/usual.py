"""What is usual for a series on a day, learnt from the days before it alone."""

from datetime import date

import numpy as np

from training.arrays import FloatArray
from training.frames import WEEK

WEEKS = 4  # the same weekday of the four weeks before
FEWEST_WEEKS = 2
RENEWED_EVERY_DAYS = 28  # a spread is learnt anew each four weeks: cheap, and nearly as good as every day
LOOKS_BACK_DAYS = 112
FEWEST_DAYS = 28
NORMAL_FROM_MEDIAN = 1.4826  # median absolute deviation to standard deviation, for a normal distribution


def usual_level(values: FloatArray) -> FloatArray:
    """The median of the same weekday in the four weeks before each day (axis 0); NaN where fewer than two are known."""
    weeks = np.full((WEEKS, *values.shape), np.nan)
    for back in range(1, WEEKS + 1):
        weeks[back - 1, WEEK * back :] = values[: -WEEK * back]
    return _median_of_few(weeks, FEWEST_WEEKS)


def usual_spread(departures: FloatArray, first_day: date) -> FloatArray:
    """Robust standard deviation of `departures` (n_days, n_series) over the sixteen weeks before; NaN: too few."""
    spread = np.full(departures.shape, np.nan)
    sizes = np.abs(departures)
    for start in _renewals(len(sizes), first_day):
        # A departure is measured against the next day, which must not be one of the days that are judged.
        before = sizes[max(0, start - 1 - LOOKS_BACK_DAYS) : start - 1]
        spread[start : start + RENEWED_EVERY_DAYS] = NORMAL_FROM_MEDIAN * _median(before, FEWEST_DAYS)
    return spread


def repeat_rate(values: FloatArray, first_day: date) -> FloatArray:
    """The share of days that repeated the value of the day before, over the sixteen weeks before; NaN: too few."""
    repeats = np.where(np.isnan(values[1:]) | np.isnan(values[:-1]), np.nan, values[1:] == values[:-1])
    rate = np.full(values.shape, np.nan)
    for start in _renewals(len(values), first_day):
        before = repeats[max(0, start - 1 - LOOKS_BACK_DAYS) : start - 1]
        n = (~np.isnan(before)).sum(axis=0)
        share = np.nansum(before, axis=0) / np.maximum(n, 1)
        rate[start : start + RENEWED_EVERY_DAYS] = np.where(n >= FEWEST_DAYS, share, np.nan)
    return rate


def _renewals(n_days: int, first_day: date) -> range:
    """Positions of the days on which a spread is renewed: a fixed grid, wherever a history begins."""
    return range(RENEWED_EVERY_DAYS + -first_day.toordinal() % RENEWED_EVERY_DAYS, n_days, RENEWED_EVERY_DAYS)


def _median_of_few(stack: FloatArray, fewest: int) -> FloatArray:
    """The median over the first axis without NaN: sorted, they come last."""
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
