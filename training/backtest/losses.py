"""Losses of single forecasts, their probability integral transform, and the noise that no forecast can avoid.

Errors are forecast minus actual: positive means that the forecast was too high.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import pdtr
from scipy.stats import poisson

from publication.pressure import HALF_A_COUNT
from training.frames import BoolArray, FloatArray


def pinball(quantiles: FloatArray, actuals: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Return the pinball loss (n, n_levels), no factor 2, of quantiles (n, n_levels) and actuals (n,)."""
    under = actuals[:, None] - quantiles
    shares = np.asarray(levels, dtype=float)
    loss: FloatArray = np.where(under >= 0, shares, shares - 1) * under
    return loss


def weighted_interval_score(quantiles: FloatArray, actuals: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Return the WIS (n,) over the levels, which are symmetric around the median (Bracher et al. 2021, equation 2).

    With every central interval in the levels, WIS is twice the mean pinball loss.
    """
    score: FloatArray = 2 * pinball(quantiles, actuals, levels).mean(axis=1)
    return score


def covered(low: FloatArray, high: FloatArray, actuals: FloatArray) -> FloatArray:
    """Return 1.0 where the actual lies in the closed interval, 0.0 where not, NaN where there is no actual."""
    return np.where(np.isnan(actuals), np.nan, (actuals >= low) & (actuals <= high))


def seasonal_naive_scale(actuals: FloatArray, lag: int) -> FloatArray:
    """Return MASE's denominator (n_series,): mean |y(d) - y(d - lag)| of `actuals` (n_days, n_series); NaN for none."""
    return mean_of_known(np.abs(actuals[lag:] - actuals[:-lag]))


def seasonal_naive_root_scale(actuals: FloatArray, lag: int) -> FloatArray:
    """Return RMSSE's denominator (n_series,): the root of the mean squared y(d) - y(d - lag); NaN for none."""
    return np.sqrt(mean_of_known((actuals[lag:] - actuals[:-lag]) ** 2))


def mean_of_known(values: FloatArray) -> FloatArray:
    """Return means along the first axis of the values that are not NaN; NaN where all are."""
    counts = (~np.isnan(values)).sum(axis=0)
    return np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)


def poisson_noise(means: FloatArray) -> FloatArray:
    """Return the mean absolute error of the best point forecast of Poisson counts with these means, any shape.

    The best is the median k, and E|Y - k| = mean - k + 2 (k F(k) - mean F(k - 1)), since y P(y) = mean P(y - 1). In
    counts; about 0.8 of the square root of a large mean.
    """
    median = poisson.ppf(0.5, means)
    before = np.where(median > 0, pdtr(np.maximum(median - 1, 0), means), 0.0)
    noise: FloatArray = means - median + 2 * (median * pdtr(median, means) - means * before)
    return noise


N_TENTHS = 10
HASHES = 2.0**64


def randomised_pit(
    quantiles: FloatArray, actuals: FloatArray, levels: Sequence[float], shares: FloatArray
) -> FloatArray:
    """Return the randomised PIT (n,) of actuals (n,) in distributions of which quantiles (n, n_levels) are known.

    Counts come in steps, so their PIT is a place, drawn by `shares` (n,) in 0 to 1, between the distribution at half a
    count below the actual and at half a count above (Czado, Gneiting and Held 2009). Between quantiles the distribution
    is linear; what it is beyond the outermost is not published, so all of that tail is as likely. NaN for no actual.
    """
    low = _distribution(quantiles < (actuals - HALF_A_COUNT)[:, None], quantiles, actuals - HALF_A_COUNT, levels, 0.0)
    high = _distribution(quantiles <= (actuals + HALF_A_COUNT)[:, None], quantiles, actuals + HALF_A_COUNT, levels, 1.0)
    return np.where(np.isnan(actuals), np.nan, low + shares * (high - low))


def _distribution(
    is_below: BoolArray, quantiles: FloatArray, values: FloatArray, levels: Sequence[float], in_tail: float
) -> FloatArray:
    """Return the share (n,) of each distribution below `values` (n,); `in_tail` is the share of a tail."""
    edges, rows, n_below = np.array([0.0, *levels, 1.0]), np.arange(len(values)), is_below.sum(axis=1)
    bounded = np.pad(quantiles, ((0, 0), (1, 1)), constant_values=np.nan)
    start, end = bounded[rows, n_below], bounded[rows, n_below + 1]
    part = np.where(np.isnan(start) | np.isnan(end), in_tail, (values - start) / (end - start))
    share: FloatArray = edges[n_below] + part * (edges[n_below + 1] - edges[n_below])
    return share


def shares_of(rows: pd.DataFrame) -> FloatArray:
    """Return a number in 0 to 1 (n,) for each forecast: a hash of its series, cutoff and lead.

    So a PIT depends neither on the order of the rows nor on the other rows.
    """
    identity = pd.DataFrame(
        {
            "unique_id": rows["unique_id"].astype(str).astype(object),
            "cutoff": rows["cutoff"].to_numpy().astype("datetime64[D]").astype(np.int64),
            "lead": rows["lead"].to_numpy().astype(np.int64),
        }
    )
    return pd.util.hash_pandas_object(identity, index=False).to_numpy() / HASHES


def distance_from_uniform(pits: FloatArray) -> float:
    """Return Kolmogorov and Smirnov's distance, 0 to 1, of PITs from the uniform distribution; NaN for none.

    A distance alone, no test: forecasts of neighbouring leads and series err together, so no share of chance follows.
    """
    ordered = np.sort(pits[~np.isnan(pits)])
    if not len(ordered):
        return float("nan")
    steps = np.arange(len(ordered) + 1) / len(ordered)
    return float(max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max()))


def tenths(pits: FloatArray) -> FloatArray:
    """Return the tenth of 0 to 1 that each PIT lies in, (n, 10): 1 in its own, else 0. NaN where there is no PIT."""
    own = np.minimum(np.floor(np.nan_to_num(pits) * N_TENTHS), N_TENTHS - 1)
    return np.where(np.isnan(pits)[:, None], np.nan, own[:, None] == np.arange(N_TENTHS))
