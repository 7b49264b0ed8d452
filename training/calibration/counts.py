"""Quantiles of small counts: a negative binomial around the forecast mean, with the dispersion of past errors.

A count of a few patients a day is skewed and takes few values. Scaled errors, whose shape is pooled over small and
large series, have neither. See docs/explanation/method.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from training.calibration.quantiles import SMALL_COUNT
from training.calibration.scale import FEWEST_ERRORS, SERIES_PRIOR_WINDOWS
from training.frames import WEEK, BoolArray, FloatArray, IndexArray, IntArray

COUNTED_BELOW = 10.0  # counts a day, up to which the negative binomial alone gives the quantiles
LEVEL_DAYS = 28.0  # a forecast level is taken to be as noisy as the mean count of so many days
POISSON = 1.0  # variance over mean of Poisson counts, the least dispersion that is used
LARGEST_ERROR = 8.0  # standard deviations: one day of late entries must not widen a year
CAPPED_TIMES = 3
LEAST_DIVISOR = 1e-9


@dataclass(frozen=True)
class PastCounts:
    """Forecasts and actuals of windows before a cutoff (n_windows, horizon, n_series), in counts; NaN if not known.

    `weekdays` (n_windows, horizon) and `weekdays_ahead` (horizon,) are those of the target days, 0 for Monday.
    """

    means: FloatArray
    actuals: FloatArray
    weekdays: IntArray
    weekdays_ahead: IntArray

    def of(self, members: BoolArray) -> "PastCounts":
        """Return those of the series that `members` (n_series,) marks."""
        return replace(self, means=self.means[:, :, members], actuals=self.actuals[:, :, members])


class CountMixture(Protocol):
    """A rule that puts the quantiles of small counts in the place of others."""

    def mixed_with(self, values: FloatArray, positions: IndexArray) -> FloatArray:
        """Return quantiles `values` (horizon, n_positions, n_levels) of some series, those of small counts mixed."""
        ...


@dataclass(frozen=True)
class CountQuantiles:
    """Quantiles of small counts at some levels, from a negative binomial.

    `means` and `centres` (horizon, n_series) are the forecast means and those drawn towards the long run, `dispersions`
    (n_series,) variances over means. `is_small` (n_series,) marks the series that have any.
    """

    means: FloatArray
    centres: FloatArray
    dispersions: FloatArray
    is_small: BoolArray
    levels: Sequence[float]

    def mixed_with(self, values: FloatArray, positions: IndexArray) -> FloatArray:
        """Return the quantiles `values` (horizon, n_positions, n_levels) of some series, those of small counts mixed.

        Between `COUNTED_BELOW` and `SMALL_COUNT` the two are mixed by the mean, so that a series does not jump where it
        crosses a limit.
        """
        small = np.flatnonzero(self.is_small[positions])
        if not len(small):
            return values
        found, chosen = values.copy(), positions[small]
        share = share_of_counts(self.means[:, chosen])[:, :, None]
        counted = negative_binomial_quantiles(self.centres[:, chosen], self.dispersions[chosen], self.levels)
        mixed = np.round(share * counted + (1 - share) * values[:, small])
        found[:, small] = np.where(share > 0, mixed, values[:, small])
        return found


def count_quantiles(
    means: FloatArray, past: PastCounts, groups: Sequence[str], is_count: BoolArray, levels: Sequence[float]
) -> CountQuantiles:
    """Return the quantiles of small counts.

    `means` (horizon, n_series), in counts; `groups` names the group of each series; `is_count` (n_series,) marks the
    series that are counts of independent events.
    """
    is_small = is_count & (means < SMALL_COUNT).any(axis=0)
    centres, dispersions = means.copy(), np.full(means.shape[1], POISSON)
    names = np.array(groups, dtype=object)
    for group in dict.fromkeys(names[is_small]):
        members = is_small & (names == group)
        centres[:, members], dispersions[members] = _fitted_counts(means[:, members], past.of(members))
    return CountQuantiles(means, centres, dispersions, is_small, levels)


def share_of_counts(means: FloatArray) -> FloatArray:
    """Return the weight of the negative binomial by mean: 1 up to `COUNTED_BELOW`, falling to 0 at `SMALL_COUNT`."""
    return np.clip((SMALL_COUNT - means) / (SMALL_COUNT - COUNTED_BELOW), 0.0, 1.0)


def _fitted_counts(means: FloatArray, past: PastCounts) -> tuple[FloatArray, FloatArray]:
    """Return the means drawn towards the long run, and the dispersions (n_series,), of the counts of one group.

    The dispersion is that around the levels drawn towards the long run, in the windows as at the cutoff.
    """
    first = dispersion(past.means, past.actuals)
    centres = steadied(means[None], long_run_level(past, past.weekdays_ahead[None]), first)[0]
    of_windows = steadied(past.means, long_run_level(past, past.weekdays), first)
    return centres, dispersion(of_windows, past.actuals)


def dispersion(means: FloatArray, actuals: FloatArray) -> FloatArray:
    """Return the variance of the counts of one group over their mean (n_series,), at least that of Poisson counts.

    `means` and `actuals` (n_windows, horizon, n_series). The estimate is the sum of squared errors over the sum of
    means, errors beyond `LARGEST_ERROR` standard deviations being cut to that. It is drawn towards the estimate of all
    series together. With fewer than `FEWEST_ERRORS` errors it is that of Poisson counts.
    """
    errors = means - actuals
    if (~np.isnan(errors)).sum() < FEWEST_ERRORS:
        return np.full(means.shape[2], POISSON)
    found = _drawn_dispersion(means, errors)
    for _ in range(CAPPED_TIMES):
        largest = LARGEST_ERROR * np.sqrt(np.maximum(found * means, 1.0))
        found = _drawn_dispersion(means, np.clip(errors, -largest, largest))
    return found


def _drawn_dispersion(means: FloatArray, errors: FloatArray) -> FloatArray:
    known = ~np.isnan(errors)
    squares = np.where(known, errors**2, 0.0).sum(axis=(0, 1))
    totals = np.where(known, means, 0.0).sum(axis=(0, 1))
    days, prior = known.sum(axis=(0, 1)), SERIES_PRIOR_WINDOWS * means.shape[1]
    pooled = squares.sum() / totals.sum() if totals.sum() > LEAST_DIVISOR else POISSON
    own = np.where(totals > LEAST_DIVISOR, squares / np.maximum(totals, LEAST_DIVISOR), pooled)
    return np.asarray(np.maximum((days * own + prior * pooled) / (days + prior), POISSON))


def long_run_level(past: PastCounts, weekdays: IntArray) -> FloatArray:
    """Return the mean forecast (n, n_series) that the windows had on the target weekdays (n, horizon).

    A weekday that no window forecast has the mean of the others; without any forecast the level is NaN.
    """
    known = ~np.isnan(past.means)
    of_weekday = np.arange(WEEK)[:, None, None] == past.weekdays
    counts = np.einsum("dwh,whs->ds", of_weekday.astype(float), known.astype(float))
    totals = np.einsum("dwh,whs->ds", of_weekday.astype(float), np.where(known, past.means, 0.0))
    overall = np.where(counts.any(axis=0), totals.sum(axis=0) / np.maximum(counts.sum(axis=0), 1.0), np.nan)
    profile = np.where(counts > 0, totals / np.maximum(counts, 1.0), overall)
    level: FloatArray = profile[weekdays].mean(axis=1)
    return level


def steadied(means: FloatArray, long_run: FloatArray, dispersions: FloatArray) -> FloatArray:
    """Return `means` (n, horizon, n_series) with their levels drawn towards those of the `long_run` (n, n_series).

    The share difference^2 / (difference^2 + noise) of a level's difference stays. So a difference that chance explains
    goes, and a ward that has closed is believed. The noise is the variance of a mean count over `LEVEL_DAYS`. Levels
    without a long run stay as they are.
    """
    known = ~np.isnan(means)
    level = np.where(known, means, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    difference = level - long_run
    noise = dispersions * long_run / LEVEL_DAYS
    share = difference**2 / np.maximum(difference**2 + noise, LEAST_DIVISOR)
    factor = (long_run + share * difference) / np.maximum(level, LEAST_DIVISOR)
    return means * np.where(np.isnan(long_run) | (level <= LEAST_DIVISOR), 1.0, factor)[:, None]


def negative_binomial_quantiles(means: FloatArray, dispersions: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Return the least counts (..., n_levels) that are not passed with a probability of at least each level.

    `means` (...) and `dispersions`, variance over mean, broadcast. A dispersion of 1 gives Poisson counts.
    """
    mean, excess = np.broadcast_arrays(means, dispersions - POISSON)
    shape, mean, excess = mean.shape, mean.ravel(), excess.ravel()
    # The probability of 0 is dispersion^(-mean / excess), with the limit exp(-mean) for Poisson counts.
    rate = np.where(excess > LEAST_DIVISOR, np.log1p(excess) / np.maximum(excess, LEAST_DIVISOR), 1.0)
    probability = np.exp(-mean * rate)
    cumulative = [probability]
    while (cumulative[-1] < max(levels)).any():
        count = len(cumulative)
        probability = probability * (mean + (count - 1) * excess) / (count * (1 + excess))
        cumulative.append(cumulative[-1] + probability)
    table = np.stack(cumulative, axis=1)
    found = np.array([np.searchsorted(row, levels) for row in table], dtype=float)
    return found.reshape(*shape, len(levels))
