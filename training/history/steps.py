"""Recent steps: a series that goes on at another level from one week to the next is forecast at that level.

Smoothing that was fitted to steady years takes weeks to follow a step. So models see the days after it at the level
before it, and their means are multiplied by its factor. Only an abrupt and lasting step counts: an epidemic that builds
up is left to the models.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from training.frames import WEEK, BoolArray, FloatArray

SEARCHED_DAYS = 112  # before the cutoff, in which a step is searched for
STABLE_WEEKS = 8  # before a step, which say how much one week differs from the next
STEADY_WEEKS = 2  # before a step, in which the level must have stood still
FEWEST_STEP_DAYS = 5  # of a week, with a value, for its mean
SMALLEST_STEP = np.log(1.25)
MIN_SCALES = 6.0  # of the difference between two weeks
DAYS_IN_WEEK_AFTER = 6  # which must each be more than half of the step away from the same day a week before
STILL = 0.3  # of the step: what the weeks before it may move
LASTING = (0.65, 1.5)  # of the step: where every week after it stays


@dataclass(frozen=True)
class Steps:
    """The steps by series: the position of the first day after the step, and the factor of its level."""

    first: Mapping[str, int]
    factor: Mapping[str, float]

    def removed_from(self, table: pd.DataFrame) -> pd.DataFrame:
        """The wide frame with the days after each step at the level before it."""
        found = [unique_id for unique_id in self.first if unique_id in table]
        if not found:
            return table
        values = table.to_numpy(dtype=float, copy=True)
        for unique_id, column in zip(found, table.columns.get_indexer(pd.Index(found)), strict=True):
            values[self.first[unique_id] :, column] /= self.factor[unique_id]
        return pd.DataFrame(values, table.index, table.columns)

    def factors(self, unique_ids: Sequence[str]) -> FloatArray:
        """Return the factors (n_series,) that bring means to the level after the step."""
        return np.array([self.factor.get(unique_id, 1.0) for unique_id in unique_ids])


NO_STEPS = Steps({}, {})


def recent_steps(known: pd.DataFrame, special: Iterable[date]) -> Steps:
    """Return the newest abrupt and lasting step of each series of a wide frame; `special` days say nothing."""
    n_before = (STABLE_WEEKS + 1) * WEEK
    recent = known.tail(SEARCHED_DAYS + n_before)
    if len(recent) < (STEADY_WEEKS + 3) * WEEK:
        return NO_STEPS
    is_special = recent.index.isin(pd.DatetimeIndex(list(special)))
    logs = np.log1p(recent.to_numpy(dtype=float))
    logs[is_special] = np.nan
    weekly = _weekly_means(logs)
    change = np.full(logs.shape, np.nan)  # at the first day after a step: the week after it less the week before it
    change[WEEK : 1 - WEEK] = weekly[2 * WEEK - 1 :] - weekly[WEEK - 1 : -WEEK]
    change[: max(0, len(recent) - SEARCHED_DAYS)] = np.nan
    daily = np.full(logs.shape, np.nan)
    daily[WEEK:] = logs[WEEK:] - logs[:-WEEK]
    candidates = np.where(_is_step(weekly, change, daily), np.abs(change), 0.0)
    found = np.flatnonzero(candidates.max(axis=0, initial=0.0) > 0).tolist()
    rows = candidates.argmax(axis=0)
    offset = len(known) - len(recent)
    names = list(map(str, known.columns[found]))
    return Steps(
        {name: int(offset + rows[j]) for name, j in zip(names, found, strict=True)},
        {name: _factor(logs[:, j], int(rows[j])) for name, j in zip(names, found, strict=True)},
    )


def _weekly_means(logs: FloatArray) -> FloatArray:
    """The mean of the seven days up to each day, NaN where too few have a value; shape of `logs`."""
    table = pd.DataFrame(logs)
    return np.asarray(table.rolling(WEEK, min_periods=FEWEST_STEP_DAYS).mean().to_numpy())


def _is_step(weekly: FloatArray, change: FloatArray, daily: FloatArray) -> BoolArray:
    """Return which days (n_days, n_series) are the first after a step, by changes over a week: weekly and daily."""
    differences = np.abs(weekly[WEEK:] - weekly[:-WEEK])
    found = np.zeros(weekly.shape, bool)
    size = np.abs(change)
    for day, series in np.argwhere(size >= SMALLEST_STEP).tolist():
        before, step = weekly[day - 1, series], change[day, series]
        before_step = differences[max(0, day - (STABLE_WEEKS + 1) * WEEK) : max(0, day - 2 * WEEK), series]
        before_step = before_step[~np.isnan(before_step)]
        noise = np.sqrt(2 / (WEEK * max(np.exp(min(before, before + step)), 1.0)))
        scale = max(noise, 1.4826 * float(np.median(before_step)) if len(before_step) else noise)
        week = daily[day : day + WEEK, series] / step
        if abs(step) < MIN_SCALES * scale or np.sum((week > 0.5) | np.isnan(week)) < DAYS_IN_WEEK_AFTER:
            continue
        back = weekly[np.maximum(day - 1 - WEEK * np.arange(1, STEADY_WEEKS + 1), 0), series]
        after = (weekly[day + WEEK - 1 :, series] - before) / step
        lasts = np.nanmin(after) >= LASTING[0] and np.nanmax(after) <= LASTING[1]
        found[day, series] = bool(np.all(np.abs(back - before) <= STILL * abs(step)) and lasts)
    return found


def _factor(logs: FloatArray, first: int) -> float:
    """The factor from the level before the step to that after it: full weeks after, and four weeks before."""
    n_weeks = (len(logs) - first) // WEEK
    after, before = logs[first : first + n_weeks * WEEK], logs[max(0, first - 4 * WEEK) : first]
    return float(np.exp(np.nanmean(after) - np.nanmean(before)))
