"""The level of a series: what it will be, lead by lead, from moving averages of several speeds.

For each lead one ridge regression, pooled over the series of a measure, of the relative change of level on how the
averages stand to one another: a level that reverts, drifts on or just wanders is told apart by the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from sklearn.linear_model import Ridge

Values = NDArray[np.float64]
SMOOTHING_CONSTANTS = (1.0, 0.5, 0.2, 0.07, 0.02)  # share of the newest day in each average
BASE = 2  # the average that the others, and the level to come, are compared with
LEADS = (1, 2, 4, 7, 14, 28, 56, 84)  # regressions are made for these, and between them drawn straight
SHRINKAGE = 0.4  # of each coefficient, in units of a series' squared scatter
WARM_UP_DAYS = 90  # at most a third of the days, in which the slow averages find their place
FIRST_DAYS = 28  # whose mean all averages start from
SCATTER_DAYS = 730
CLIPPED_SCATTERS = 12.0
TOGETHER = 0.5  # correlation of the series' changes: so much less do their common causes count for than their number
CLIPPED_STANDING = 1.0
SMALLEST_LEVEL = 0.5  # in counts: what a relative change is taken of where a series stands at none
SMALLEST_SCATTER = 1e-3


@dataclass(frozen=True)
class Level:
    """How the level goes on: coefficients (horizon, 2 (n_speeds - 1)), the same for every series of a measure."""

    coefficients: Values

    def ahead(self, averages: Values) -> Values:
        """Levels (horizon, n_series) from the averages of one day (n_speeds, n_series)."""
        change = np.tensordot(self.coefficients, _ewma_contrasts(averages), axes=1)
        return np.asarray(np.maximum(averages[BASE] + _base(averages) * change, 0.0))

    def at_lead(self, averages: Values, lead: int) -> Values:
        """Levels (n_days, n_series), `lead` days after each day of the averages (n_speeds, n_days, n_series)."""
        change = np.tensordot(self.coefficients[lead - 1], _ewma_contrasts(averages), axes=1)
        return np.asarray(np.maximum(averages[BASE] + _base(averages) * change, 0.0))


def moving_averages(ratios: Values, speeds: Sequence[float] = SMOOTHING_CONSTANTS) -> Values:
    """Exponential averages (n_speeds, n_days, n_series); before a series' first value (NaN) it has its first level."""
    whole = _from_the_start(ratios)
    start = whole[:FIRST_DAYS].mean(axis=0)
    return np.stack([lfilter([s], [1.0, s - 1.0], whole, axis=0, zi=((1.0 - s) * start)[None, :])[0] for s in speeds])


def fitted_level(ratios: Values, observed: NDArray[np.bool_], horizon: int) -> Level:
    """From counts without their calendar effects (n_days, n_series); only observed days are learnt from."""
    averages = moving_averages(ratios)
    base, standing = _base(averages), _ewma_contrasts(averages)
    scatter = _scatter(ratios, observed, base)
    first = min(WARM_UP_DAYS, len(ratios) // 3)
    leads = [lead for lead in LEADS if lead < horizon and lead < len(ratios) - first] + [horizon]
    found = []
    for lead in leads:
        change = (ratios[lead:] - averages[BASE, :-lead]) / base[:-lead] / scatter
        usable = observed[lead:] & observed[:-lead]
        usable[:first] = False
        causes = (standing[:, :-lead] / scatter)[:, usable].T
        found.append(_coefficients(causes, np.clip(change[usable], -CLIPPED_SCATTERS, CLIPPED_SCATTERS), lead, ratios))
    at = np.arange(1, horizon + 1)
    return Level(np.column_stack([np.interp(at, leads, column) for column in np.transpose(found)]))


def _coefficients(causes: Values, change: Values, lead: int, ratios: Values) -> Values:
    """Changes over `lead` days overlap: so many rows count for as many as there are stretches of that length."""
    if len(change) == 0:
        return np.zeros(2 * (len(SMOOTHING_CONSTANTS) - 1))
    n_series = ratios.shape[1]
    n_speeds = len(SMOOTHING_CONSTANTS) - 1
    trust = np.repeat([1.0, (1 + (n_series - 1) * TOGETHER) ** -0.5], n_speeds)
    ridge = Ridge(alpha=SHRINKAGE * n_series * lead, fit_intercept=False)
    return np.asarray(trust * ridge.fit(causes * trust, change).coef_)


def _ewma_contrasts(averages: Values) -> Values:
    """How the averages stand to one another, relative to the base: (2 (n_speeds - 1), ..., n_series).

    First a series' own, then those of all series of the measure together: what moves them all shows there sooner.
    """
    fastest, fast, middle, slow, slowest = averages
    own = np.stack([fastest - fast, fast - middle, slow - middle, slowest - middle]) / _base(averages)
    weights = np.maximum(slowest, SMALLEST_LEVEL)
    clipped = np.clip(own, -CLIPPED_STANDING, CLIPPED_STANDING)  # one exploding series must not carry all others off
    together = (clipped * weights).sum(axis=-1, keepdims=True) / weights.sum(axis=-1, keepdims=True)
    return np.concatenate([own, np.broadcast_to(together, own.shape)])


def _base(averages: Values) -> Values:
    return np.asarray(np.maximum(averages[BASE], SMALLEST_LEVEL))


def _scatter(ratios: Values, observed: NDArray[np.bool_], base: Values) -> Values:
    """Each series' usual relative change from one observed day to the next; of one that never has two, 1."""
    changes = np.where(observed[1:] & observed[:-1], np.abs(np.diff(ratios, axis=0)) / base[:-1], np.nan)
    recent = changes[-SCATTER_DAYS:]
    recent[:, np.isnan(recent).all(axis=0)] = 1.0
    return np.maximum(1.4826 * np.nanmedian(recent, axis=0), SMALLEST_SCATTER)


def _from_the_start(ratios: Values) -> Values:
    """The days before a series' first value filled with the mean of its first days; 0 for a series without any."""
    missing = np.isnan(ratios)
    if not missing.any():
        return ratios
    first = missing.argmin(axis=0)
    starts = [column[day : day + FIRST_DAYS].mean() for column, day in zip(ratios.T, first, strict=True)]
    return np.where(missing, np.nan_to_num(starts), ratios)
