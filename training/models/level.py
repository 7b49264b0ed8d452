"""Forecasts of the level of a series, lead by lead, from exponential moving averages.

For each lead one ridge regression, pooled over the series of a measure, of the relative change of the level on the
contrasts between the averages. The data decide if a level reverts, drifts or is a random walk.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter
from sklearn.linear_model import Ridge

from training.frames import BoolArray, FloatArray

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
SHOWN_LEADS = (1, 7, 28)  # whose coefficients runs are compared by
NORMAL_MAD = 1.4826  # standard deviation of a normal over its median absolute deviation


@dataclass(frozen=True)
class Level:
    """Regression of future levels, the same for all series of a measure: `coefficients` (horizon, n_contrasts)."""

    coefficients: FloatArray

    @property
    def fitted_values(self) -> dict[str, str]:
        """The coefficients at some leads, in text: of the contrasts of a series itself, and of all series pooled."""
        return {f"level lead {lead:02d}": _described(self.coefficients[lead - 1]) for lead in self._shown_leads}

    @property
    def _shown_leads(self) -> list[int]:
        return [lead for lead in SHOWN_LEADS if lead <= len(self.coefficients)]

    def ahead(self, averages: FloatArray) -> FloatArray:
        """Return levels (horizon, n_series) from the averages (n_averages, n_series) of one day."""
        change = np.tensordot(self.coefficients, _ewma_contrasts(averages), axes=1)
        return np.asarray(np.maximum(averages[BASE] + _base(averages) * change, 0.0))

    def at_lead(self, averages: FloatArray, lead: int) -> FloatArray:
        """Return levels (n_days, n_series), `lead` days after each day of averages (n_averages, n_days, n_series)."""
        change = np.tensordot(self.coefficients[lead - 1], _ewma_contrasts(averages), axes=1)
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


def fitted_level(adjusted: FloatArray, observed: BoolArray, horizon: int) -> Level:
    """Return the level fitted to counts without calendar effects, `adjusted` (n_days, n_series).

    Only changes between `observed` days (n_days, n_series) are fitted to.
    """
    averages = moving_averages(adjusted)
    base, contrasts = _base(averages), _ewma_contrasts(averages)
    scale = _change_scale(adjusted, observed, base)
    first = min(LEVEL_WARM_UP_DAYS, len(adjusted) // 3)
    leads = [lead for lead in FITTED_LEADS if lead < horizon and lead < len(adjusted) - first] + [horizon]
    found = []
    for lead in leads:
        change = (adjusted[lead:] - averages[BASE, :-lead]) / base[:-lead] / scale
        usable = observed[lead:] & observed[:-lead]
        usable[:first] = False
        features = (contrasts[:, :-lead] / scale)[:, usable].T
        target = np.clip(change[usable], -MAX_SCALED_CHANGE, MAX_SCALED_CHANGE)
        found.append(_coefficients(features, target, lead, adjusted.shape[1]))
    at = np.arange(1, horizon + 1)
    return Level(np.column_stack([np.interp(at, leads, column) for column in np.transpose(found)]))


def _coefficients(features: FloatArray, change: FloatArray, lead: int, n_series: int) -> FloatArray:
    """Return ridge coefficients (n_features,) for changes (n,) over `lead` days.

    Such changes overlap: the penalty grows with the lead, as `lead` of them hold the information of one.
    """
    if len(change) == 0:
        return np.zeros(2 * (len(SMOOTHING_CONSTANTS) - 1))
    n_contrasts = len(SMOOTHING_CONSTANTS) - 1
    trust = np.repeat([1.0, (1 + (n_series - 1) * SERIES_CORRELATION) ** -0.5], n_contrasts)
    ridge = Ridge(alpha=LEVEL_PENALTY * n_series * lead, fit_intercept=False)
    return np.asarray(trust * ridge.fit(features * trust, change).coef_)


def _described(coefficients: FloatArray) -> str:
    own, pooled = (" ".join(f"{c:.2f}" for c in half.round(2) + 0.0) for half in np.split(coefficients, 2))
    return f"own {own}; pooled {pooled}"


def _ewma_contrasts(averages: FloatArray) -> FloatArray:
    """Return differences of successive averages over the base: (2 (n_averages - 1), ..., n_series).

    The first half are of each series, the second half of all series of the measure pooled: what moves them all shows
    there sooner.
    """
    fastest, fast, middle, slow, slowest = averages
    own = np.stack([fastest - fast, fast - middle, slow - middle, slowest - middle]) / _base(averages)
    weights = np.maximum(slowest, MIN_LEVEL)
    clipped = np.clip(own, -MAX_CONTRAST, MAX_CONTRAST)  # one exploding series must not move all others
    pooled = (clipped * weights).sum(axis=-1, keepdims=True) / weights.sum(axis=-1, keepdims=True)
    return np.concatenate([own, np.broadcast_to(pooled, own.shape)])


def _base(averages: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(averages[BASE], MIN_LEVEL))


def _change_scale(adjusted: FloatArray, observed: BoolArray, base: FloatArray) -> FloatArray:
    """Return the robust scale (n_series,) of relative changes between successive observed days; 1 without any."""
    changes = np.where(observed[1:] & observed[:-1], np.abs(np.diff(adjusted, axis=0)) / base[:-1], np.nan)
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
