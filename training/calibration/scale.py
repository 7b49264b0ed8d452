"""Errors in units of the scale of a count, and their scale by series and lead. See docs/explanation/method.md."""

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
HALF_LIVES_DAYS = (3.0, 6.0, 12.0, 24.0, 48.0, 96.0, float("inf"))
USUAL_WINDOWS = (0.3, 3.0)  # so many windows' worth of errors of the usual size go into a mean
FIRST_WINDOWS = 8  # before these, a mean is not judged: it knows too little
EXCESS_LOSS = 0.01  # beyond the least, for which a mean weighs less by a factor of e


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


def volatility(sizes: Values, age_days: Values) -> Values:
    """By how much errors were to be expected larger than usual, at each window and at the cutoff, by lead.

    `sizes` (n_windows, horizon, n_series) are errors over their usual size, NaN where not known at the cutoff;
    `age_days` (n_windows, horizon) counts from the target day to the cutoff. Gives (n_windows + 1, horizon), the cutoff
    last. What a window is given comes from errors known on its day alone, so an error of lead 7 tells after 7 days.
    """
    windows_ago = np.append(age_days[:, 0] + 1, 0.0)  # in days, from each window, and from the cutoff
    counts = (~np.isnan(sizes)).sum(axis=2).astype(float)
    totals = np.nansum(sizes, axis=2)
    memories = _memories(windows_ago, int(age_days.max(initial=0.0)))
    expected = np.ones((len(windows_ago), age_days.shape[1]))
    known: list[Values] = []
    for leads in bands(age_days.shape[1]):
        known.append(_means(totals[:, leads], counts[:, leads], age_days[:, leads], memories))
        # A break that shows at short leads widens the long ones too, as far as that used to foretell them.
        answers = np.concatenate(known[::-1])
        expected[:, leads] = combined_by_qlike(answers, totals[:, leads].sum(axis=1), counts[:, leads].sum(axis=1))[
            :, None
        ]
    return expected


def _memories(windows_ago: Values, longest: int) -> Values:
    """Weights (n_half_lives, n_windows + 1, n_days) at each window of the errors of days so long before the cutoff."""
    passed = np.arange(longest + 1) - windows_ago[:, None]
    decays = [0.5 ** (np.maximum(passed, 0.0) / half_life) for half_life in HALF_LIVES_DAYS]
    return np.where(passed >= 0, decays, 0.0)


def _means(totals: Values, counts: Values, age_days: Values, memories: Values) -> Values:
    """Decayed mean sizes (n_means, n_windows + 1) of one band's errors, drawn towards the usual size."""
    days = age_days.astype(int).ravel()
    total, count = (np.bincount(days, v.ravel(), memories.shape[2]) for v in (totals, counts))
    of_window = counts.sum(axis=1)
    one = np.median(of_window[of_window > 0]) if of_window.any() else 1.0
    return np.concatenate([(memories @ total + n * one) / (memories @ count + n * one) for n in USUAL_WINDOWS])


def combined_by_qlike(answers: Values, totals: Values, counts: Values) -> Values:
    """The geometric mean (n_windows + 1,) of the answers, weighted by how well each foretold the windows' sizes.

    Judged by QLIKE, x - log x - 1 of realised over foretold, which ranks forecasts of a scale rightly though it is
    only seen through errors (Patton 2011). With too few windows to judge by, all weigh alike.
    """
    judged = (counts > 0) & (totals > 0) & (np.arange(len(counts)) >= FIRST_WINDOWS)
    if judged.sum() < FIRST_WINDOWS:
        return np.asarray(np.exp(np.log(answers).mean(axis=0)))
    ratios = totals[judged] / counts[judged] / answers[:, :-1][:, judged]
    losses = (ratios - np.log(ratios) - 1).mean(axis=1)
    weights = np.exp((losses.min() - losses) / EXCESS_LOSS)
    return np.asarray(np.exp(weights / weights.sum() @ np.log(answers)))
