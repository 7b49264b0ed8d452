"""Quantiles from the errors of windows before the cutoff: split conformal, scaled by series, lead and volatility.

The shape of the errors is pooled over the series of a group and a band of leads; their usual scale is each series' own,
and how much larger than usual they are just now, and on special days, is the group's. `benchmarks.calibration`
compares it with others.
"""

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from training.calibration.past_errors import PastErrors
from training.calibration.scale import bands, count_sd, error_scale, volatility

Values = NDArray[np.float64]
FEWEST_ERRORS = 24  # below that, errors are taken for those of a Poisson count
SMALL_COUNT = 30.0  # up to which quantiles of whole counts are whole numbers
PRIOR_DAYS = 10.0  # so many days' worth of ordinary errors go into the factor
GOLDEN = (5**0.5 - 1) / 2


ErrorQuantiles = Callable[[PastErrors, Sequence[float]], Values]
"""Of a group's errors, and levels: what to take off the means, in their spread's units."""


def error_quantiles(past: PastErrors, levels: Sequence[float]) -> Values:
    """Scaled errors (horizon, n_series, n_levels) to take off the mean for each level, of one group's errors."""
    horizon, n_series = past.scaled.shape[1:]
    upside_down = [1 - level for level in levels]
    known = ~np.isnan(past.scaled)
    if known.sum() < FEWEST_ERRORS:
        poisson = np.array([NormalDist().inv_cdf(level) for level in upside_down])
        return np.broadcast_to(poisson, (horizon, n_series, len(levels)))
    factor = special_factor(past)
    errors = past.scaled / np.where(past.is_special, factor, 1.0)[:, :, None]
    usual = error_scale(errors)
    foreseen = volatility(np.abs(errors) / usual, past.age_days)
    shapes = errors / usual / foreseen[:-1, :, None]
    scale = usual * (foreseen[-1] * np.where(past.special_ahead, factor, 1.0))[:, None]
    found = np.empty((horizon, n_series, len(levels)))
    for leads in bands(horizon):
        near = leads if known[:, leads].sum() >= FEWEST_ERRORS else slice(None)
        # Weibull's positions, p (n + 1), are those of split conformal prediction (Hyndman and Fan's definition 6).
        shape = np.quantile(shapes[:, near][known[:, near]], upside_down, method="weibull")
        found[leads] = scale[leads, :, None] * shape
    return found


def special_factor(past: PastErrors) -> float:
    """Mean size of special days' errors over that of other days', each over what was foreseen for it; at least 1.

    What was foreseen is learnt from other days alone. Where either kind has no error yet, the factor is 1.
    """
    special = past.is_special[:, :, None]
    ordinary = np.where(special, np.nan, past.scaled)
    usual = error_scale(ordinary)
    foreseen = volatility(np.abs(ordinary) / usual, past.age_days)[:-1, :, None]
    sizes = np.abs(past.scaled) / (usual * foreseen)
    known = ~np.isnan(sizes)
    on_special, on_others = sizes[known & special], sizes[known & ~special]
    if not len(on_special) or not on_others.sum():
        return 1.0
    days = len(on_special) / past.scaled.shape[2]
    larger = float(on_special.mean() / on_others.mean())
    factor: float = (larger * days + PRIOR_DAYS) / (days + PRIOR_DAYS)
    return max(1.0, factor)


def quantiles(
    means: Values,
    past: PastErrors,
    groups: Sequence[str],
    levels: Sequence[float],
    rule: ErrorQuantiles = error_quantiles,
) -> Values:
    """Quantiles (horizon, n_series, n_levels): increasing, not negative. `means` (horizon, n_series).

    Series of one group share the shape of their errors: those of a measure with the same model. The rule is
    asked once for each group, in the order in which they are first named.
    """
    found, spread = np.empty((*means.shape, len(levels))), count_sd(means)[:, :, None]
    for group in dict.fromkeys(groups):
        members = np.flatnonzero([name == group for name in groups])
        around = means[:, members, None] - rule(past.of(members), levels) * spread[:, members]
        found[:, members] = np.maximum.accumulate(np.maximum(around, 0.0), axis=-1)
    return found


Calibration = Callable[[Values, PastErrors, Sequence[str], Sequence[float]], Values]
"""Means, past errors, groups and levels to quantiles, as `quantiles` does."""


def in_whole_counts(values: Values, means: Values, whole: NDArray[np.bool_]) -> Values:
    """Quantiles of small whole counts as whole numbers; `whole` (n_series,) tells which series count in ones."""
    small = whole & (means <= SMALL_COUNT)
    return np.where(small[:, :, None], np.round(values), values)


def continuity_jitter(days: Values) -> Values:
    """By how much to move the whole counts of each day, up to half a count either way, evenly over days. Any shape.

    Moved counts have a distribution without steps, and rounding a quantile of it gives the quantile of the counts. A
    day, as a number, is always moved alike.
    """
    return np.asarray((days * GOLDEN) % 1.0 - 0.5)
