"""Quantiles from out-of-sample errors by lead: split conformal over the windows before the cutoff.

Errors are forecast minus actual, scaled by the square root of the forecast (the spread of a count), pooled over a few
neighbouring leads of the same series, and put back around the forecast. See docs/method.md.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
NEIGHBOUR_LEADS = 3  # a lead learns from those up to three days before and after it
FEWEST_ERRORS = 24  # below that a series borrows the errors of the others of its measure
SMALLEST_COUNT = 1.0


def spread_of(means: Values) -> Values:
    """The scale of a count's error, in counts: the square root of its mean, at least one."""
    return np.sqrt(np.maximum(means, SMALLEST_COUNT))


def scaled_errors(means: Values, actuals: Values) -> Values:
    """Forecast minus actual in units of the forecast's spread; NaN where either is missing. Any shape."""
    return (means - actuals) / spread_of(means)


def quantiles(means: Values, errors: Values, groups: Sequence[str], levels: Sequence[float]) -> Values:
    """Quantiles (horizon, n_series, n_levels): increasing, not negative.

    `means` (horizon, n_series); `errors` (n_windows, horizon, n_series), scaled, NaN where not known yet. A series with
    fewer than `FEWEST_ERRORS` near a lead borrows those of its whole group (its measure).
    """
    samples = _neighbours(errors)
    deviations, counts = quantiles_of(samples, [1 - level for level in levels])
    for group in set(groups):
        members = np.array([g == group for g in groups])
        together, n_together = quantiles_of(_pooled(samples[:, members]), [1 - level for level in levels])
        together[n_together < FEWEST_ERRORS] = _poisson(levels)
        short = members[None, :] & (counts < FEWEST_ERRORS)
        deviations = np.where(short[:, :, None], together[:, None, :], deviations)
    around = means[:, :, None] - deviations * spread_of(means)[:, :, None]
    return np.maximum.accumulate(np.maximum(around, 0.0), axis=-1)


def quantiles_of(samples: Values, levels: Sequence[float]) -> tuple[Values, NDArray[np.int_]]:
    """Quantiles (..., n_levels) over the last axis of `samples` by the (n + 1) rule, NaN left out; and counts (...).

    The rule is split conformal prediction's (Hyndman and Fan's definition 6); 0 where a sample is empty.
    """
    ordered = np.sort(samples, axis=-1)
    counts = (~np.isnan(ordered)).sum(axis=-1)
    if samples.shape[-1] == 0:
        return np.zeros((*counts.shape, len(levels))), counts
    top = np.maximum(counts - 1, 0)[..., None]
    position = np.clip(np.multiply.outer(counts + 1, np.asarray(levels)) - 1, 0, top)
    below = np.floor(position).astype(int)
    low = np.take_along_axis(ordered, below, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(below + 1, top), axis=-1)
    return np.nan_to_num(low + (position - below) * (high - low)), counts


def _neighbours(errors: Values) -> Values:
    """Errors (n_windows, horizon, n_series) as samples (horizon, n_series, n): of each lead and those near it."""
    padded = np.pad(errors, ((0, 0), (NEIGHBOUR_LEADS, NEIGHBOUR_LEADS), (0, 0)), constant_values=np.nan)
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOUR_LEADS + 1, axis=1)
    return near.transpose(1, 2, 0, 3).reshape(*errors.shape[1:], -1)


def _pooled(samples: Values) -> Values:
    return samples.reshape(len(samples), -1)


def _poisson(levels: Sequence[float]) -> Values:
    """What a system in its first weeks gets: the noise of a Poisson count, the least there can be."""
    return np.array([NormalDist().inv_cdf(1 - level) for level in levels])
