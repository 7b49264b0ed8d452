"""Losses of single forecasts. Errors are forecast minus actual: positive means the forecast was too high."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def pinball(quantiles: Values, actuals: Values, levels: Sequence[float]) -> Values:
    """Pinball loss, no factor 2: quantiles (n, n_levels), actuals (n,); gives (n, n_levels)."""
    under = actuals[:, None] - quantiles
    shares = np.asarray(levels, dtype=float)
    loss: Values = np.where(under >= 0, shares, shares - 1) * under
    return loss


def weighted_interval_score(quantiles: Values, actuals: Values, levels: Sequence[float]) -> Values:
    """WIS (n,) over the levels, which are symmetric around the median (Bracher et al. 2021, equation 2).

    With every central interval in the levels, WIS is twice the mean pinball loss.
    """
    score: Values = 2 * pinball(quantiles, actuals, levels).mean(axis=1)
    return score


def covered(low: Values, high: Values, actuals: Values) -> Values:
    """1.0 where the actual lies in the closed interval, 0.0 where not, NaN where there is no actual."""
    return np.where(np.isnan(actuals), np.nan, (actuals >= low) & (actuals <= high))


def seasonal_naive_scale(actuals: Values, lag: int) -> Values:
    """MASE's denominator (n_series,): mean |y(d) - y(d - lag)| of `actuals` (n_days, n_series); NaN for none."""
    return mean_of_known(np.abs(actuals[lag:] - actuals[:-lag]))


def seasonal_naive_root_scale(actuals: Values, lag: int) -> Values:
    """RMSSE's denominator (n_series,): the root of the mean squared y(d) - y(d - lag); NaN for none."""
    return np.sqrt(mean_of_known((actuals[lag:] - actuals[:-lag]) ** 2))


def mean_of_known(values: Values) -> Values:
    """Means along the first axis of what is not NaN; NaN where nothing is."""
    counts = (~np.isnan(values)).sum(axis=0)
    return np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)
