"""Drift of inputs: the last weeks of each series against the time before the champion was trained.

Each statistic of a window of days is compared with those of earlier windows of the same length: its distance from their
median, in robust standard deviations. ADR 34 has the reasons.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import t as student

from publication.control import ControlCheck, ControlState, Signal
from publication.model import System
from publication.vocabulary import series_key
from training.frames import WEEK, FloatArray
from training.history.point_in_time import PointInTimeHistory

COMPARED_DAYS = 28
FEWEST_COMPARED_DAYS = 14
WEEKS_BEFORE_TRAINING = 104
FEWEST_REFERENCES = 12
LONGEST_SINCE_TRAINING_DAYS = 366
SEASON_DAYS = 52 * WEEK
REACH_DAYS = WEEKS_BEFORE_TRAINING * WEEK + SEASON_DAYS + COMPARED_DAYS + LONGEST_SINCE_TRAINING_DAYS
"""Of history that is read: two years of windows before a training of up to a year ago, each with the year before it."""
WINDOWS_A_YEAR = 13
DRIFT_ALARMS_A_YEAR = 0.06
"""The most false alarms of each check and measure, on average: 0.3 together."""
WINDOWS_IN_REFERENCE = 12
LEVELS_IN_REFERENCE = 6
"""Degrees of freedom of the limit: windows of two years are worth about as many. Levels wander, so theirs are fewer."""
SD_PER_MAD = 1.4826
FEWEST_SHARE = 0.5
"""The share of a window's days that must have a value."""


@dataclass(frozen=True)
class Inputs:
    """Values, missing days and delays of some series, (n_days, n_series).

    `values` are those of ordinary days, NaN on others. `is_missing`: whether a day since the first value of a series
    has none. `delays` are days from the end of a day to its value, NaN where there is none.
    """

    days: pd.DatetimeIndex
    unique_ids: tuple[str, ...]
    values: FloatArray
    is_missing: FloatArray
    delays: FloatArray

    def of(self, positions: Sequence[int]) -> "Inputs":
        """Return those of the series at some positions."""
        own = list(positions)
        return replace(
            self,
            unique_ids=tuple(self.unique_ids[i] for i in own),
            values=self.values[:, own],
            is_missing=self.is_missing[:, own],
            delays=self.delays[:, own],
        )


def inputs_of(history: PointInTimeHistory, last: pd.Timestamp) -> Inputs:
    """Return the inputs of the bottom series up to a day, of the years that are compared."""
    known = history.as_of(last)
    days = pd.DatetimeIndex(known.index[-REACH_DAYS:])
    own = tuple(map(str, known.columns))
    there = known.notna()
    is_missing = (~there & there.cummax()).loc[days]
    return Inputs(
        days,
        own,
        history.ordinary(last).loc[days].to_numpy(dtype=float),
        is_missing.to_numpy(dtype=float),
        history.delays(days, own),
    )


@dataclass(frozen=True)
class Comparison:
    """One statistic of windows, the least standard deviation it is compared by, and how it is shown.

    `statistic(inputs, n_days)` returns values (n_statistics, n_days, n_series) by the last day of each window; a series
    departs by the largest of them. `independent` is the number of earlier windows that overlapping ones are worth.
    `shown` turns a value and its median before into the `size` and `expected` of a signal.
    """

    statistic: Callable[[Inputs, int], FloatArray]
    smallest_sd: float
    independent: int
    shown: Callable[[float, float], tuple[float, float]]


def _means(values: FloatArray, n_days: int, fewest: float | None = None) -> FloatArray:
    """Return the means of the known values of each window, by its last day; NaN where fewer than `fewest` are known."""
    known = ~np.isnan(values)
    sums, counts = (_sums(table, n_days) for table in (np.where(known, values, 0.0), known.astype(float)))
    is_enough = counts >= (FEWEST_SHARE * n_days if fewest is None else fewest)
    return np.where(is_enough, sums / np.maximum(counts, 1.0), np.nan)


def _sums(values: FloatArray, n_days: int) -> FloatArray:
    """Return the sums of windows by their last day; NaN before the first window is complete."""
    summed = np.cumsum(np.pad(values, ((1, 0), (0, 0))), axis=0)
    found = np.full(values.shape, np.nan)
    found[n_days - 1 :] = summed[n_days:] - summed[:-n_days]
    return found


def _log(values: FloatArray) -> FloatArray:
    return np.log(np.where(values > 0, values, np.nan))


def _before(values: FloatArray, n_days: int) -> FloatArray:
    """Return the values of so many days before; NaN where there are none."""
    return np.concatenate([np.full_like(values[:n_days], np.nan), values[:-n_days]])[: len(values)]


def _level(inputs: Inputs, n_days: int) -> FloatArray:
    """Return the log of the mean over that of the same window a year before: so seasons do not count as drift."""
    means = _log(_means(inputs.values, n_days))
    return (means - _before(means, SEASON_DAYS))[None]


def _weekdays(inputs: Inputs, n_days: int) -> FloatArray:
    """Return the log of each weekday's mean over that of the window, (7, n_days, n_series)."""
    means, weekday = _log(_means(inputs.values, n_days)), inputs.days.dayofweek.to_numpy()
    own = [np.where((weekday == day)[:, None], inputs.values, np.nan) for day in range(WEEK)]
    return np.stack([_log(_means(of_day, n_days, n_days // WEEK // 2 + 1)) - means for of_day in own])


def _scale(inputs: Inputs, n_days: int) -> FloatArray:
    """Return the log of the mean weekly change over the root of the mean: what counts vary by, whatever their level."""
    changes = np.abs(inputs.values - _before(inputs.values, WEEK))
    return (_log(_means(changes, n_days)) - 0.5 * _log(_means(inputs.values, n_days)))[None]


def _missing(inputs: Inputs, n_days: int) -> FloatArray:
    return _means(inputs.is_missing, n_days, n_days)[None]


def _delay(inputs: Inputs, n_days: int) -> FloatArray:
    return _means(inputs.delays, n_days)[None]


def _as_ratio(now: float, before: float) -> tuple[float, float]:
    return float(np.exp(now - before)), 1.0


def _as_is(now: float, before: float) -> tuple[float, float]:
    return now, before


COMPARISONS: Mapping[ControlCheck, Comparison] = {
    ControlCheck.LEVEL: Comparison(_level, 0.02, LEVELS_IN_REFERENCE, _as_ratio),
    ControlCheck.WEEKDAYS: Comparison(_weekdays, 0.03, WINDOWS_IN_REFERENCE, _as_ratio),
    ControlCheck.SCALE: Comparison(_scale, 0.1, WINDOWS_IN_REFERENCE, _as_ratio),
    ControlCheck.MISSING: Comparison(_missing, 0.05, WINDOWS_IN_REFERENCE, _as_is),
    ControlCheck.DELAY: Comparison(_delay, 0.25, WINDOWS_IN_REFERENCE, _as_is),
}


def drift_states(inputs: Inputs, trained: pd.Timestamp, system: System) -> tuple[ControlState, ...]:
    """Return the state of each comparison of each measure; `trained` is the last day the champion was trained on.

    Only days after it are compared, at most four weeks. Evidence is None where there are fewer than two weeks, or less
    than a quarter of a year to compare with.
    """
    by_measure: dict[str, list[int]] = {}
    for position, unique_id in enumerate(inputs.unique_ids):
        by_measure.setdefault(series_key(unique_id).measure, []).append(position)
    n_days = min(COMPARED_DAYS, (inputs.days[-1] - trained).days)
    return tuple(
        _state(measure.name, check, comparison, inputs.of(by_measure[measure.name]), trained, n_days)
        for measure in system.measures
        if measure.name in by_measure
        for check, comparison in COMPARISONS.items()
    )


@dataclass(frozen=True)
class Departure:
    """Distances from the median of earlier windows as shares of the limit, (n_statistics, n_days, n_series).

    `now` and `before` are the newest value and that median, (n_statistics, n_series).
    """

    shares: FloatArray
    now: FloatArray
    before: FloatArray


def _state(
    measure: str, check: ControlCheck, comparison: Comparison, inputs: Inputs, trained: pd.Timestamp, n_days: int
) -> ControlState:
    nothing = ControlState(measure, check, max(n_days, 0), None)
    if n_days < FEWEST_COMPARED_DAYS or inputs.days[0] > trained:
        return nothing
    departure = _departure(comparison, inputs, int(inputs.days.searchsorted(trained)), n_days)
    if np.isnan(departure.shares[:, -1]).all():
        return nothing
    evidence = np.nan_to_num(departure.shares).max(axis=(0, 2))
    state = ControlState(measure, check, n_days, float(evidence[-1]))
    return state if evidence[-1] < 1.0 else state._replace(signal=_signal(comparison, inputs, departure, evidence))


def _signal(comparison: Comparison, inputs: Inputs, departure: Departure, evidence: FloatArray) -> Signal:
    """Return the signal of the series that departs most, which began when its windows first did."""
    newest = np.nan_to_num(departure.shares[:, -1])
    statistic, series = np.unravel_index(newest.argmax(), newest.shape)
    within = np.flatnonzero(evidence < 1.0)
    days = inputs.days[-len(evidence) :]
    found = int(within[-1]) + 1 if len(within) else 0
    now, before = departure.now[statistic, series], departure.before[statistic, series]
    return Signal(inputs.unique_ids[series], days[0].date(), days[found].date(), *comparison.shown(now, before))


def _departure(comparison: Comparison, inputs: Inputs, trained: int, n_days: int) -> Departure:
    values = comparison.statistic(inputs, n_days)
    earlier = values[:, np.arange(trained, -1, -WEEK)[:WEEKS_BEFORE_TRAINING]]
    is_enough = (~np.isnan(earlier)).sum(axis=1) >= FEWEST_REFERENCES
    known = np.where(is_enough[:, None], earlier, 0.0)
    before = np.nanmedian(known, axis=1)
    sd = np.maximum(SD_PER_MAD * np.nanmedian(np.abs(known - before[:, None]), axis=1), comparison.smallest_sd)
    distances = np.abs(values[:, -n_days:] - before[:, None]) / sd[:, None]
    limit = alarm_limit(before.size, comparison.independent)
    return Departure(np.where(is_enough[:, None], distances / limit, np.nan), values[:, -1], before)


def alarm_limit(n_statistics: int, independent: int) -> float:
    """Return the distance that so many statistics exceed, on average, in DRIFT_ALARMS_A_YEAR windows a year."""
    return float(student.isf(DRIFT_ALARMS_A_YEAR / (2 * WINDOWS_A_YEAR * n_statistics), independent))
