"""Forecasts of the level of a series, lead by lead, from exponential moving averages.

For each lead one ridge regression, pooled over the series of a measure, of the relative change of the level on the
contrasts between the averages. The data decide if a level reverts, drifts or is a random walk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import solve
from scipy.signal import lfilter

from training.frames import WEEK, BoolArray, FloatArray, IndexArray

SMOOTHING_CONSTANTS = (1.0, 0.5, 0.2, 0.07, 0.02)  # weight of the newest day in each average
BASE = 2  # position of the average that the others, and the future level, are compared with
FITTED_LEADS = (1, 2, 4, 7, 14, 28, 56, 84)  # coefficients between these are interpolated
LEVEL_PENALTY = 0.4  # ridge penalty of a coefficient, in units of a series' squared scale
LEVEL_WARM_UP_DAYS = 90  # at most a third of the days, in which the slow averages settle
FIRST_DAYS = 28  # whose mean all averages start from
SCALE_DAYS = 730
MAX_SCALED_CHANGE = 12.0
SERIES_CORRELATION = 0.5  # of the changes of two series: the pooled contrasts count for less than their number
MAX_CONTRAST = 1.0
MIN_LEVEL = 0.5  # in counts: the least that a change is taken relative to
MIN_LEVEL_SCALE = 1e-3
TINY_LEVEL = 1e-6  # a mean of a week below it is a sum of rounding errors
WEEKDAY_HALF_LIFE_WEEKS = 26.0
WEEKDAY_PRIOR_SD = 0.01  # of a weekday's lasting deviation from its effect
MAX_WEEKDAY_DEVIATION = 0.5
LAST_YEAR_DAYS = 364  # fifty-two weeks
LAST_YEAR_SMOOTHING_DAYS = 15
FLOW_HARMONICS = 5  # Fourier terms of the year; a stock has none, as waves fitted to its few slow swings mislead
SHOWN_LEADS = (1, 7, 28)  # whose coefficients runs are compared by
NORMAL_MAD = 1.4826  # standard deviation of a normal over its median absolute deviation


@dataclass(frozen=True)
class LevelParts:
    """The parts of a calendar-adjusted level that can be left out, to measure what each is worth; all by default.

    They are the Fourier terms of a flow's year, two kinds of features of the regression (last year's change, and what
    all series of a measure show together), and the recent deviations of weekdays.
    """

    waves: int = FLOW_HARMONICS
    last_year: bool = True
    pooled: bool = True
    weekdays: bool = True


COMPLETE = LevelParts()


@dataclass(frozen=True)
class Level:
    """Regression of future levels, the same for all series of a measure.

    `coefficients` (horizon, n_contrasts + 2) are of the contrasts between averages, and of last year's change over the
    same lead: of the series, and of all series of the measure.
    """

    coefficients: FloatArray

    @property
    def fitted_values(self) -> dict[str, str]:
        """The coefficients at some leads, in text: of the contrasts of a series itself, and of all series pooled."""
        return {f"level lead {lead:02d}": _described(self.coefficients[lead - 1]) for lead in self._shown_leads}

    @property
    def _shown_leads(self) -> list[int]:
        return [lead for lead in SHOWN_LEADS if lead <= len(self.coefficients)]

    def ahead(self, adjusted: FloatArray) -> FloatArray:
        """Return levels (horizon, n_series) after the last of the days `adjusted` (n_days, n_series)."""
        last = np.array([len(adjusted) - 1])
        averages, last_year = moving_averages(adjusted)[:, last], LastYear(adjusted)
        contrasts = _ewma_contrasts(averages)
        leads = range(1, len(self.coefficients) + 1)
        return np.concatenate([self._changed(averages, contrasts, last_year.change(last, n), n) for n in leads])

    def at_lead(self, averages: FloatArray, last_year: FloatArray, lead: int) -> FloatArray:
        """Return levels (n_days, n_series), `lead` days after each day of averages (n_averages, n_days, n_series).

        `last_year` (n_days, n_series) has the change of last year over the lead.
        """
        return self._changed(averages, _ewma_contrasts(averages), last_year, lead)

    def _changed(self, averages: FloatArray, contrasts: FloatArray, last_year: FloatArray, lead: int) -> FloatArray:
        """Return levels after relative changes of the base, not negative."""
        change = np.tensordot(self.coefficients[lead - 1], _features(averages, contrasts, last_year), axes=1)
        return np.asarray(np.maximum(averages[BASE] + _base(averages) * change, 0.0))


def moving_averages(counts: FloatArray, constants: Sequence[float] = SMOOTHING_CONSTANTS) -> FloatArray:
    """Return exponential moving averages (n_averages, n_days, n_series) of daily values (n_days, n_series).

    `constants` are the weights of the newest day. Days before a series' first value (NaN) have its first level.
    """
    filled = _backfilled(counts)
    start = filled[:FIRST_DAYS].mean(axis=0)
    return np.stack(
        [lfilter([c], [1.0, c - 1.0], filled, axis=0, zi=((1.0 - c) * start)[None, :])[0] for c in constants]
    )


def fitted_level(adjusted: FloatArray, observed: BoolArray, horizon: int, parts: LevelParts = COMPLETE) -> Level:
    """Return the level fitted to counts without calendar effects, `adjusted` (n_days, n_series).

    Only changes between `observed` days (n_days, n_series) are fitted to. A feature that is not among the `parts` has
    the coefficient 0.
    """
    averages, days = moving_averages(adjusted), np.arange(len(adjusted))
    base = _base(averages)
    scale = change_scale(adjusted, observed, averages)
    first = min(LEVEL_WARM_UP_DAYS, len(adjusted) // 3)
    # Months of one year and the next do not show if years are alike: all series may have moved together by chance.
    last_year = LastYear(adjusted)
    knows_last_year = parts.last_year and observed[LAST_YEAR_DAYS:].any(axis=1).sum() >= LAST_YEAR_DAYS
    leads = [lead for lead in FITTED_LEADS if lead < horizon and lead < len(adjusted) - first] + [horizon]
    found = []
    for lead in leads:
        change = (adjusted[lead:] - averages[BASE, :-lead]) / base[:-lead] / scale
        usable = observed[lead:] & observed[:-lead]
        usable[:first] = False
        of_last_year = knows_last_year * last_year.change(days[:-lead], lead)
        changes = _features(averages[:, :-lead], _ewma_contrasts(averages[:, :-lead]), of_last_year)
        target = np.clip(change[usable], -MAX_SCALED_CHANGE, MAX_SCALED_CHANGE)
        found.append(_coefficients((changes / scale)[:, usable].T, target, lead, adjusted.shape[1], parts))
    at = np.arange(1, horizon + 1)
    return Level(np.column_stack([np.interp(at, leads, column) for column in np.transpose(found)]))


@dataclass(frozen=True)
class LastYear:
    """Changes of the smoothed level a year ago, from daily values `adjusted` (n_days, n_series)."""

    adjusted: FloatArray

    def change(self, days: IndexArray, lead: int) -> FloatArray:
        """Return the relative change (n, n_series) of the level over `lead` days, a year before each of some days.

        `days` (n,) are positions in `adjusted`. The change is 0 where last year is not known.
        """
        half = LAST_YEAR_SMOOTHING_DAYS // 2
        then = days - LAST_YEAR_DAYS
        if lead + half > LAST_YEAR_DAYS or (then < half).all():
            return np.zeros((len(days), self.adjusted.shape[1]))
        means, start = self._means, np.maximum(then, half)
        before, after = (means[at + half + 1] - means[at - half] for at in (start, start + lead))
        change = (after - before) / np.maximum(before, MIN_LEVEL)
        known = then[:, None] - half >= self._first
        return np.where(known, np.clip(change, -MAX_CONTRAST, MAX_CONTRAST), 0.0)

    @cached_property
    def _means(self) -> FloatArray:
        """The sums (n_days + 1, n_series) of the days before each, over the number of days that are smoothed."""
        none = np.zeros((1, self.adjusted.shape[1]))
        return np.asarray(np.cumsum(np.vstack([none, np.nan_to_num(self.adjusted)]), axis=0) / LAST_YEAR_SMOOTHING_DAYS)

    @cached_property
    def _first(self) -> IndexArray:
        """The first day (n_series,) with a value: a series has no gaps after it."""
        return np.asarray(np.isnan(self.adjusted).sum(axis=0))


def weekday_factors(adjusted: FloatArray, observed: BoolArray, horizon: int) -> FloatArray:
    """Return factors (horizon, n_series) for days ahead, as their weekdays have lately differed from their effects.

    `adjusted` (n_days, n_series) are counts without calendar effects up to the cutoff, NaN before a series' first; only
    `observed` days (n_days, n_series) count. The deviation of half a year is drawn towards 0 by its noise.
    """
    newest = weekday_deviations(adjusted, observed, WEEKDAY_HALF_LIFE_WEEKS)[-WEEK:]
    if len(newest) < WEEK:
        return np.ones((horizon, adjusted.shape[1]))
    noise = change_scale(adjusted, observed, moving_averages(adjusted)) ** 2 / 2  # a change has the noise of two days
    weeks = np.minimum(2 * WEEKDAY_HALF_LIFE_WEEKS / np.log(2), observed.sum(axis=0) / WEEK)
    share = weeks * WEEKDAY_PRIOR_SD**2 / (weeks * WEEKDAY_PRIOR_SD**2 + noise)
    return np.asarray((1.0 + share * (newest - newest.mean(axis=0)))[np.arange(horizon) % WEEK])


def weekday_deviations(adjusted: FloatArray, observed: BoolArray, half_life_weeks: float) -> FloatArray:
    """Return how far each day's weekday has been from the mean of its week, relative to it: (n_days, n_series).

    It is an exponential moving average over the days of that weekday up to the day itself, from 0 on. Days whose week
    is not `observed` (n_days, n_series) on each day count as 0: filled days have the weekdays of those around them.
    """
    week, counts = np.ones(WEEK), np.nan_to_num(adjusted)
    means = lfilter(week, [1.0], counts, axis=0) / WEEK
    complete = (lfilter(week, [1.0], observed, axis=0) > WEEK - 0.5) & (means > TINY_LEVEL)
    relative = np.where(complete, counts / np.where(complete, means, 1.0) - 1.0, 0.0)
    newest = 1.0 - 0.5 ** (1.0 / half_life_weeks)
    decay = np.zeros(WEEK + 1)
    decay[[0, WEEK]] = 1.0, newest - 1.0
    clipped = np.clip(relative, -MAX_WEEKDAY_DEVIATION, MAX_WEEKDAY_DEVIATION)
    return np.asarray(lfilter([newest], decay, clipped, axis=0))


def _coefficients(features: FloatArray, change: FloatArray, lead: int, n_series: int, parts: LevelParts) -> FloatArray:
    """Return ridge coefficients (n_features,) for changes (n,) over `lead` days.

    Such changes overlap: the penalty grows with the lead, as `lead` of them hold the information of one.
    """
    if len(change) == 0:
        return np.zeros(features.shape[1])
    n_contrasts, of_pooled = (
        len(SMOOTHING_CONSTANTS) - 1,
        parts.pooled * (1 + (n_series - 1) * SERIES_CORRELATION) ** -0.5,
    )
    trust = np.repeat([1.0, of_pooled, 1.0, of_pooled], [n_contrasts, n_contrasts, 1, 1])
    return trust * ridge_coefficients(features * trust, change, LEVEL_PENALTY * n_series * lead)


def ridge_coefficients(features: FloatArray, target: FloatArray, penalty: float) -> FloatArray:
    """Return the coefficients (n_features,) of a ridge regression without intercept; `features` are (n, n_features).

    Those of scikit-learn's Ridge, which takes ten times as long for tables as small as ours: it validates its input.
    `penalty` is above 0, so that the normal equations have one solution.
    """
    gram = features.T @ features
    return np.asarray(solve(gram + penalty * np.eye(len(gram)), features.T @ target, assume_a="pos"))


def _features(averages: FloatArray, contrasts: FloatArray, last_year: FloatArray) -> FloatArray:
    """Return what future changes are regressed on: (n_features, n_days, n_series)."""
    return np.concatenate([contrasts, with_pooled(last_year[None], averages[-1])])


def _described(coefficients: FloatArray) -> str:
    n = len(SMOOTHING_CONSTANTS) - 1
    halves = [[*coefficients[:n], coefficients[-2]], [*coefficients[n : 2 * n], coefficients[-1]]]
    own, pooled = (" ".join(f"{c:.2f}" for c in np.round(half, 2) + 0.0) for half in halves)
    return f"own {own}; pooled {pooled}"


def _ewma_contrasts(averages: FloatArray) -> FloatArray:
    """Return differences of successive averages over the base: (2 (n_averages - 1), ..., n_series).

    The first half are of each series, the second half of all series of the measure pooled: what moves them all shows
    there sooner.
    """
    fastest, fast, middle, slow, slowest = averages
    own = np.stack([fastest - fast, fast - middle, slow - middle, slowest - middle]) / _base(averages)
    return with_pooled(own, slowest)


def with_pooled(own: FloatArray, levels: FloatArray) -> FloatArray:
    """Return changes (n, ..., n_series), and then their means over the series, weighted by their levels."""
    weights = np.maximum(levels, MIN_LEVEL)
    clipped = np.clip(own, -MAX_CONTRAST, MAX_CONTRAST)  # one exploding series must not move all others
    pooled = (clipped * weights).sum(axis=-1, keepdims=True) / weights.sum(axis=-1, keepdims=True)
    return np.concatenate([own, np.broadcast_to(pooled, own.shape)])


def _base(averages: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(averages[BASE], MIN_LEVEL))


def change_scale(adjusted: FloatArray, observed: BoolArray, averages: FloatArray) -> FloatArray:
    """Return the robust scale (n_series,) of relative changes between successive observed days; 1 without any."""
    changes = np.where(observed[1:] & observed[:-1], np.abs(np.diff(adjusted, axis=0)) / _base(averages)[:-1], np.nan)
    recent = changes[-SCALE_DAYS:]
    recent[:, np.isnan(recent).all(axis=0)] = 1.0
    return np.maximum(NORMAL_MAD * np.nanmedian(recent, axis=0), MIN_LEVEL_SCALE)


def _backfilled(counts: FloatArray) -> FloatArray:
    """Return the values with the mean of a series' first days on the days before them; 0 for a series without any."""
    missing = np.isnan(counts)
    if not missing.any():
        return counts
    first = missing.argmin(axis=0)
    starts = [column[day : day + FIRST_DAYS].mean() for column, day in zip(counts.T, first, strict=True)]
    return np.where(missing, np.nan_to_num(starts), counts)
