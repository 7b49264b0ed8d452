"""Errors in units of the spread of a count, and how far apart they lie by series and lead. See method.md."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
SMALLEST_COUNT = 1.0
LEAD_BANDS = ((1, 2), (3, 7), (8, 28), (29, 84))  # leads whose errors have one shape
NORMAL_SCALE = (2 / np.pi) ** 0.5  # mean absolute error of a standard normal: the scatter of a count without more ado
SMOOTHED_LEADS = 7
PRIOR_WINDOWS = 3.0  # so many windows' worth of its group goes into a series' scatter
PRIOR_WINDOWS_OF_BAND = 10.0  # and so many of its own, over all leads, into its scatter in a band
SMALLEST_SCALE = 1e-3
PASSES = 3


def count_sd(means: Values) -> Values:
    """The scale of a count's error, in counts: the square root of its mean, at least one."""
    return np.sqrt(np.maximum(means, SMALLEST_COUNT))


def scaled_errors(means: Values, actuals: Values) -> Values:
    """Forecast minus actual in units of the forecast's spread; NaN where either is missing. Any shape."""
    return (means - actuals) / count_sd(means)


def error_scale(errors: Values) -> Values:
    """Mean absolute scaled errors by lead and series (horizon, n_series): of the series, times the lead's, nearly.

    `errors` (n_windows, horizon, n_series), NaN where not known. Rank one, so that leads and series lend each other
    strength; what a series does otherwise in a band of leads is let through as it has data.
    """
    if not errors.shape[2]:
        return np.empty(errors.shape[1:])
    weights = (~np.isnan(errors)).astype(float)
    sizes = np.abs(np.nan_to_num(errors))
    by_series = np.ones(errors.shape[2])
    for _ in range(PASSES):
        by_lead = _by_lead(sizes / by_series, weights)
        total = (weights * sizes / by_lead[:, None]).sum(axis=(0, 1))
        prior = PRIOR_WINDOWS * errors.shape[1]
        by_series = np.maximum((total + prior) / (weights.sum(axis=(0, 1)) + prior), SMALLEST_SCALE)
        by_series /= by_series.mean()
    both = by_lead[:, None] * by_series
    for leads in bands(errors.shape[1]):
        own = (weights[:, leads] * sizes[:, leads] / both[leads]).sum(axis=(0, 1))
        prior = PRIOR_WINDOWS_OF_BAND * (leads.stop - leads.start)
        both[leads] *= (own + prior) / (weights[:, leads].sum(axis=(0, 1)) + prior)
    floored: Values = np.maximum(both, SMALLEST_SCALE)
    return floored


def bands(horizon: int) -> list[slice]:
    """The bands of leads within the horizon, as positions."""
    return [slice(first - 1, min(last, horizon)) for first, last in LEAD_BANDS if first <= horizon]


def _by_lead(sizes: Values, weights: Values) -> Values:
    """Mean size by lead (horizon,), smoothed; a lead without an error yet has its neighbour's."""
    weight = weights.sum(axis=(0, 2))
    known = np.flatnonzero(weight > 0)
    if len(known) == 0:
        return np.full(len(weight), NORMAL_SCALE)
    means = (weights * sizes).sum(axis=(0, 2))[known] / weight[known]
    every: Values = np.interp(np.arange(len(weight)), known, np.maximum(means, SMALLEST_SCALE))
    if len(weight) <= SMOOTHED_LEADS:
        return every
    padded = np.pad(every, SMOOTHED_LEADS // 2, mode="edge")
    return np.asarray(np.convolve(padded, np.full(SMOOTHED_LEADS, 1.0 / SMOOTHED_LEADS), mode="valid"))
