"""Weights of a combination's members, learnt by pinball loss."""

import numpy as np
from numpy.typing import NDArray

from training.calibration.spread import bands

Values = NDArray[np.float64]
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
STEPS = 60
STEP_SIZE = 3.0
FEWEST_ERRORS = 24  # below that, members weigh alike
MOST_ERRORS = 40_000  # more of them change nothing but the time it takes


def learnt_weights(errors: Values) -> Values:
    """Weights (horizon, n_members), adding up to one, from scaled errors (n_members, n_windows, horizon, n_series).

    NaN where an error is not known, or a member has none. In each band of leads the weights make the errors of the
    mixture least spread out: the pinball loss of the mixture around its own quantiles. They are found by exponentiated
    gradient descent (Kivinen and Warmuth 1997) from equal weights, and the later half of the steps is averaged.
    A member without a single error has no weight, and keeps nothing from the others.
    """
    answers = ~np.isnan(errors).all(axis=(1, 2, 3))
    if answers.any() and not answers.all():
        weights = np.zeros((errors.shape[2], len(errors)))
        weights[:, answers] = learnt_weights(errors[answers])
        return weights
    weights = np.full((errors.shape[2], len(errors)), 1 / len(errors))
    sizes = _sizes(errors.mean(axis=0))
    for leads in bands(errors.shape[2]):
        pooled = (errors[:, :, leads] / sizes).reshape(len(errors), -1)
        pooled = pooled[:, ~np.isnan(pooled).any(axis=0)]
        if pooled.shape[1] >= FEWEST_ERRORS:
            weights[leads] = _descended(pooled[:, :: 1 + pooled.shape[1] // MOST_ERRORS])
    return weights


def _sizes(errors: Values) -> Values:
    """Mean absolute error of each series (n_series,), 1 where there is none: so that all series count alike."""
    known = ~np.isnan(errors)
    sums, counts = np.nansum(np.abs(errors), axis=(0, 1)), known.sum(axis=(0, 1))
    return np.where(sums > 0, sums / np.maximum(counts, 1), 1.0)


def _descended(errors: Values) -> Values:
    """Weights (n_members,) for errors (n_members, n)."""
    weights = np.full(len(errors), 1 / len(errors))
    path = []
    for _ in range(STEPS):
        mixture = weights @ errors
        above = mixture > np.quantile(mixture, LEVELS)[:, None]
        slope = ((above - (1 - LEVELS)[:, None]) @ errors.T).mean(axis=0) / errors.shape[1]
        weights = weights * np.exp(-STEP_SIZE * slope)
        weights /= weights.sum()
        path.append(weights)
    return np.asarray(np.mean(path[STEPS // 2 :], axis=0))
