"""The scale of errors by series and lead, and its volatility over time. See docs/explanation/method.md.

Errors are large and small in turn (an epidemic, a lockdown, a holiday). Each is divided by the volatility forecast
before it, and multiplied by that of today: filtered historical simulation (Hull and White 1998; Barone-Adesi,
Giannopoulos and Vosper 1999). Its tails are those of a year, and its scale follows a break.
"""

import numpy as np

from training.frames import FloatArray

MIN_MEAN = 1.0  # of a count whose standard deviation is taken
ERROR_BANDS = ((1, 2), (3, 7), (8, 28), (29, 84))  # first and last leads whose errors have one shape
NORMAL_SCALE = (2 / np.pi) ** 0.5  # mean absolute value of a standard normal: the scale of a Poisson count's error
GROWTH_EXPONENT = 0.2  # expected of errors at leads beyond the longest known
GROWTH_PRIOR = 0.3  # its weight, in units of the variance of log leads
SMOOTHED_LEADS = 7
SERIES_PRIOR_WINDOWS = 3.0  # weight of the group in the scale of a series
BAND_PRIOR_WINDOWS = 10.0  # weight of all leads of a series in its scale in a band
MIN_SCALE = 1e-3
SCALE_ITERATIONS = 3
FEWEST_ERRORS = 24  # below that, nothing is fitted to errors
HALF_LIVES_DAYS = (3.0, 6.0, 12.0, 24.0, 48.0, 96.0, float("inf"))
VOLATILITY_PRIOR_WINDOWS = (0.3, 3.0)  # weight of a volatility of 1 in a mean
FIRST_SCORED_WINDOW = 8  # the means of earlier windows have too little data to be scored
FEWEST_SCORED_WINDOWS = 8
EXCESS_LOSS = 0.01  # above the least loss, at which the weight of a mean falls by a factor of e


def count_sd(means: FloatArray) -> FloatArray:
    """Return the standard deviation of Poisson counts with these means, in counts, at least 1. Any shape."""
    return np.sqrt(np.maximum(means, MIN_MEAN))


def scaled_errors(means: FloatArray, actuals: FloatArray) -> FloatArray:
    """Return forecast minus actual over `count_sd` of the forecast; NaN where either is missing. Any shape."""
    return (means - actuals) / count_sd(means)


def error_scale(errors: FloatArray) -> FloatArray:
    """Return mean absolute scaled errors (horizon, n_series): a factor of the series times one of the lead.

    `errors` (n_windows, horizon, n_series), NaN where not known. The two factors are of rank one, so that series and
    leads pool their data. A third factor, of the series in a band of leads, is drawn towards 1.
    """
    if not errors.shape[2]:
        return np.empty(errors.shape[1:])
    weights = (~np.isnan(errors)).astype(float)
    sizes = np.abs(np.nan_to_num(errors))
    by_series = np.ones(errors.shape[2])
    for _ in range(SCALE_ITERATIONS):
        by_lead = _by_lead(sizes / by_series, weights)
        total = (weights * sizes / by_lead[:, None]).sum(axis=(0, 1))
        prior = SERIES_PRIOR_WINDOWS * errors.shape[1]
        by_series = np.maximum((total + prior) / (weights.sum(axis=(0, 1)) + prior), MIN_SCALE)
        by_series /= by_series.mean()
    both = by_lead[:, None] * by_series
    for leads in bands(errors.shape[1]):
        own = (weights[:, leads] * sizes[:, leads] / both[leads]).sum(axis=(0, 1))
        prior = BAND_PRIOR_WINDOWS * (leads.stop - leads.start)
        both[leads] *= (own + prior) / (weights[:, leads].sum(axis=(0, 1)) + prior)
    floored: FloatArray = np.maximum(both, MIN_SCALE)
    return floored


def bands(horizon: int) -> list[slice]:
    """Return the bands of leads within the horizon, as slices of positions."""
    return [slice(first - 1, min(last, horizon)) for first, last in ERROR_BANDS if first <= horizon]


def _by_lead(sizes: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the mean size by lead (horizon,), smoothed; a lead without errors takes its neighbours'.

    Beyond the longest lead with errors they grow as they did up to it.
    """
    weight = weights.sum(axis=(0, 2))
    known = np.flatnonzero(weight > 0)
    if len(known) == 0:
        return np.full(len(weight), NORMAL_SCALE)
    means = np.asarray((weights * sizes).sum(axis=(0, 2))[known] / weight[known], dtype=np.float64)
    every: FloatArray = np.interp(np.arange(len(weight)), known, np.maximum(means, MIN_SCALE))
    if known[-1] < len(weight) - 1:
        leads = np.arange(1.0, len(weight) + 1)
        every[known[-1] + 1 :] *= _growth(leads[known], means, weight[known], leads[known[-1] + 1 :])
    if len(weight) <= SMOOTHED_LEADS:
        return every
    padded = np.pad(every, SMOOTHED_LEADS // 2, mode="edge")
    return np.asarray(np.convolve(padded, np.full(SMOOTHED_LEADS, 1.0 / SMOOTHED_LEADS), mode="valid"))


def _growth(leads: FloatArray, means: FloatArray, weight: FloatArray, beyond: FloatArray) -> FloatArray:
    """Return by how much errors are larger `beyond` the longest of the leads: a power of the lead, fitted to the known.

    The exponent is between 0, errors around a constant, and a half, those of a random walk; few leads say little.
    """
    x, y = np.log(leads), np.log(np.maximum(means, MIN_SCALE))
    share = weight / weight.sum()
    x, y = x - share @ x, y - share @ y
    exponent = (share @ (x * y) + GROWTH_PRIOR * GROWTH_EXPONENT) / (share @ x**2 + GROWTH_PRIOR)
    return np.asarray((beyond / leads[-1]) ** np.clip(exponent, 0.0, 0.5))


def volatility(sizes: FloatArray, age_days: FloatArray) -> FloatArray:
    """Return the size of errors to expect, as a multiple of their scale: (n_windows + 1, horizon), the cutoff last.

    `sizes` (n_windows, horizon, n_series) are absolute errors over their scale, NaN where not known at the cutoff.
    `age_days` (n_windows, horizon) counts from the target day to the cutoff. The value of a window uses only the errors
    known on its own day: an error of lead 7 counts after 7 days.
    """
    windows_ago = np.append(age_days[:, 0] + 1, 0.0)  # in days, from each window, and from the cutoff
    counts = (~np.isnan(sizes)).sum(axis=2).astype(float)
    totals = np.nansum(sizes, axis=2)
    decays = _decays(windows_ago, int(age_days.max(initial=0.0)))
    expected = np.ones((len(windows_ago), age_days.shape[1]))
    means: list[FloatArray] = []
    for leads in bands(age_days.shape[1]):
        means.append(_decayed_means(totals[:, leads], counts[:, leads], age_days[:, leads], decays))
        # A break that shows at short leads widens the long ones too, as far as it forecast them in the past.
        members = np.concatenate(means[::-1])
        band = combined_by_qlike(members, totals[:, leads].sum(axis=1), counts[:, leads].sum(axis=1))
        expected[:, leads] = band[:, None]
    return expected


def _decays(windows_ago: FloatArray, longest: int) -> FloatArray:
    """Return the weights (n_half_lives, n_windows + 1, n_days) of errors by age, as each window sees them."""
    passed = np.arange(longest + 1) - windows_ago[:, None]
    decays = [0.5 ** (np.maximum(passed, 0.0) / half_life) for half_life in HALF_LIVES_DAYS]
    return np.where(passed >= 0, decays, 0.0)


def _decayed_means(totals: FloatArray, counts: FloatArray, age_days: FloatArray, decays: FloatArray) -> FloatArray:
    """Return decayed mean sizes (n_means, n_windows + 1) of one band's errors, drawn towards 1."""
    days = age_days.astype(int).ravel()
    total, count = (np.bincount(days, v.ravel(), decays.shape[2]) for v in (totals, counts))
    of_window = counts.sum(axis=1)
    one = np.median(of_window[of_window > 0]) if of_window.any() else 1.0
    return np.concatenate([(decays @ total + n * one) / (decays @ count + n * one) for n in VOLATILITY_PRIOR_WINDOWS])


def combined_by_qlike(members: FloatArray, totals: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the weighted geometric mean (n_windows + 1,) of volatility forecasts `members` (n, n_windows + 1).

    `totals` and `counts` (n_windows,) are the sum and number of the sizes in each window. A member's weight falls with
    its QLIKE loss, x - log x - 1 of realised over forecast. That loss ranks forecasts of a scale rightly although the
    scale is seen through errors alone (Patton 2011). With too few windows to score, all weigh alike.
    """
    scored = (counts > 0) & (totals > 0) & (np.arange(len(counts)) >= FIRST_SCORED_WINDOW)
    if scored.sum() < FEWEST_SCORED_WINDOWS:
        return np.asarray(np.exp(np.log(members).mean(axis=0)))
    ratios = totals[scored] / counts[scored] / members[:, :-1][:, scored]
    losses = (ratios - np.log(ratios) - 1).mean(axis=1)
    weights = np.exp((losses.min() - losses) / EXCESS_LOSS)
    return np.asarray(np.exp(weights / weights.sum() @ np.log(members)))
