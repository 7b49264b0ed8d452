"""Quantiles from the errors of windows before the cutoff: weighted split conformal, scaled by series and lead.

The shape of the errors is pooled over the series of a group and a band of leads; their scale is each series' own. Two
answers are averaged, one that forgets within weeks and one that weighs a whole year alike: the first follows a break,
the second knows the tails. docs/method.md compares this with the rules that it was chosen over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from training.calibration.spread import bands, scatter, spread_of

Values = NDArray[np.float64]
HALF_LIVES_DAYS = (45.0, float("inf"))  # of an error's weight, by the days since it became known
FEWEST_ERRORS = 24  # below that, errors are taken for those of a Poisson count
SMALL_COUNT = 30.0  # up to which quantiles of whole counts are whole numbers
GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class PastErrors:
    """Scaled errors of windows before a cutoff, forecast minus actual: (n_windows, horizon, n_series), NaN if unknown.

    `age_days` (n_windows, horizon) tells how long ago each became known; none is known before its target day is over.
    """

    scaled: Values
    age_days: Values


def quantiles(means: Values, past: PastErrors, groups: Sequence[str], levels: Sequence[float]) -> Values:
    """Quantiles (horizon, n_series, n_levels): increasing, not negative. `means` (horizon, n_series).

    Series of one group share the shape of their errors: those of a measure with the same model; sums apart.
    """
    deviations = np.zeros((*means.shape, len(levels)))
    for group in dict.fromkeys(groups):
        members = np.flatnonzero([name == group for name in groups])
        deviations[:, members] = _deviations(past.scaled[:, :, members], past.age_days, levels)
    around = means[:, :, None] - deviations * spread_of(means)[:, :, None]
    return np.asarray(np.maximum.accumulate(np.maximum(around, 0.0), axis=-1))


def in_whole_counts(values: Values, means: Values, whole: NDArray[np.bool_]) -> Values:
    """Quantiles of small whole counts as whole numbers; `whole` (n_series,) tells which series count in ones."""
    small = whole & (means <= SMALL_COUNT)
    return np.where(small[:, :, None], np.round(values), values)


def half_count_shifts(days: Values) -> Values:
    """By how much to move the whole counts of each day, up to half a count either way, evenly over days. Any shape.

    Moved counts have a distribution without steps, and rounding a quantile of it gives the quantile of the counts. A
    day, as a number, is always moved alike.
    """
    return np.asarray((days * GOLDEN) % 1.0 - 0.5)


def _deviations(errors: Values, age_days: Values, levels: Sequence[float]) -> Values:
    """Scaled errors (horizon, n_series, n_levels) to take off the mean for each level."""
    horizon, n_series = errors.shape[1:]
    upside_down = [1 - level for level in levels]
    if np.count_nonzero(~np.isnan(errors)) < FEWEST_ERRORS:
        poisson = np.array([NormalDist().inv_cdf(level) for level in upside_down])
        return np.broadcast_to(poisson, (horizon, n_series, len(levels)))
    answers = [_of_half_life(errors, age_days, half_life, upside_down) for half_life in HALF_LIVES_DAYS]
    return np.asarray(np.mean(answers, axis=0))


def _of_half_life(errors: Values, age_days: Values, half_life: float, levels: Sequence[float]) -> Values:
    known = ~np.isnan(errors)
    weights = np.where(known, 0.5 ** (age_days / half_life)[:, :, None], 0.0)
    errors = np.nan_to_num(errors)
    scale = scatter(errors, weights)
    shapes = errors / scale
    found = np.empty((*scale.shape, len(levels)))
    for leads in bands(len(scale)):
        enough = known[:, leads].sum() >= FEWEST_ERRORS
        near = leads if enough else slice(None)
        shape = weighted_quantiles(shapes[:, near], weights[:, near], levels)
        found[leads] = scale[leads, :, None] * shape
    return found


def weighted_quantiles(values: Values, weights: Values, levels: Sequence[float]) -> Values:
    """Quantiles (n_levels,) of all values of a positive weight, whatever their shape.

    Equal weights give the (n + 1) rule of split conformal prediction (Hyndman and Fan's definition 6), the ends held.
    """
    taken = weights > 0
    values, weights = values[taken], weights[taken]
    order = np.argsort(values)
    heaped = np.cumsum(weights[order])
    return np.interp(levels, heaped / (heaped[-1] + weights.mean()), values[order])
