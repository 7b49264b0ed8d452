"""Weights of a combination's members, learnt by pinball loss: those of a measure, and what a series makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.calibration.scale import bands

Values = NDArray[np.float64]
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
STEPS = 60
STEP_SIZE = 3.0
OWN_STEPS = 5  # of a series, from where its measure came to: few, for its own errors are few
OWN_STEP_SIZE = 2.0
FEWEST_ERRORS = 24  # below that, members weigh alike
MOST_ERRORS = 40_000  # more of them change nothing but the time it takes


@dataclass(frozen=True)
class Weights:
    """Weights of members, adding up to one: `usual` (horizon, n_members), and the `own` of some series.

    `own` is (horizon, n_series, n_members), of the series `unique_ids`.
    """

    usual: Values
    unique_ids: pd.Index
    own: Values

    def of(self, unique_ids: Sequence[str]) -> Values:
        """The weights of some series, (horizon, n_series, n_members): their own, else the usual ones."""
        table = np.concatenate([self.own, self.usual[:, None]], axis=1)
        return np.asarray(table[:, self.unique_ids.get_indexer(pd.Index(unique_ids))])  # -1, of a stranger: the last


def fitted_weights(errors: Values) -> Values:
    """Weights (horizon, n_members), adding up to one, from scaled errors (n_members, n_windows, horizon, n_series).

    NaN where an error is not known, or a member has none. In each band of leads the weights make the errors of the
    mixture least spread out: the pinball loss of the mixture around its own quantiles. They are found by exponentiated
    gradient descent (Kivinen and Warmuth 1997) from equal weights, and the later half of the steps is averaged.
    A member without a single error has no weight, and keeps nothing from the others.
    """
    answers = ~np.isnan(errors).all(axis=(1, 2, 3))
    if answers.any() and not answers.all():
        weights = np.zeros((errors.shape[2], len(errors)))
        weights[:, answers] = fitted_weights(errors[answers])
        return weights
    weights = np.full((errors.shape[2], len(errors)), 1 / len(errors))
    sizes = _sizes(errors.mean(axis=0))
    for leads in bands(errors.shape[2]):
        pooled = (errors[:, :, leads] / sizes).reshape(len(errors), -1)
        pooled = pooled[:, ~np.isnan(pooled).any(axis=0)]
        if pooled.shape[1] >= FEWEST_ERRORS:
            weights[leads] = _descended(pooled[:, :: 1 + pooled.shape[1] // MOST_ERRORS])
    return weights


def series_weights(errors: Values, usual: Values) -> Values:
    """What each series makes of the usual weights (horizon, n_members): (horizon, n_series, n_members).

    From its own scaled errors, of (n_members, n_windows, horizon, n_series), by a few steps of the same descent from
    the usual weights: to stop early is to be drawn towards them. Without any error, they are the usual weights.
    """
    own = np.repeat(usual[:, None], errors.shape[3], axis=1)
    answers = ~np.isnan(errors).all(axis=(1, 2, 3))
    if not answers.any():
        return own
    known = errors[answers]
    sizes = _sizes(known.mean(axis=0))
    for leads in bands(errors.shape[2]):
        of_band = (known[:, :, leads] / sizes).reshape(len(known), -1, errors.shape[3])
        tilted = _exponentiated(of_band, usual[leads.start, answers])
        own[leads.start : leads.stop, :, answers] = tilted.T
    return own


def _sizes(errors: Values) -> Values:
    """Mean absolute error of each series (n_series,), 1 where there is none: so that all series count alike."""
    known = ~np.isnan(errors)
    sums, counts = np.nansum(np.abs(errors), axis=(0, 1)), known.sum(axis=(0, 1))
    return np.where(sums > 0, sums / np.maximum(counts, 1), 1.0)


def _descended(errors: Values) -> Values:
    """Weights (n_members,) for errors (n_members, n)."""
    errors = errors - errors.mean(axis=1, keepdims=True)  # among a few errors, or equal ones, a bias would pull
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


def _exponentiated(errors: Values, start: Values) -> Values:
    """Weights (n_members, n_series) for errors (n_members, n, n_series), from those of the start (n_members,)."""
    known = ~np.isnan(errors).any(axis=0)
    counts = np.maximum(known.sum(axis=0), 1)
    taught = known.sum(axis=0) >= FEWEST_ERRORS
    errors = np.where(known, errors - np.where(known, errors, 0.0).sum(axis=1, keepdims=True) / counts, np.nan)
    weights = np.repeat(start[:, None], errors.shape[2], axis=1)
    for _ in range(OWN_STEPS if taught.any() else 0):
        mixture = np.einsum("ms,mns->ns", weights[:, taught], errors[:, :, taught])
        above = mixture > np.nanquantile(mixture, LEVELS, axis=0)[:, None]
        pull = above.mean(axis=0) - (1 - LEVELS).mean()
        slope = np.nansum(pull * errors[:, :, taught], axis=1) / counts[taught]
        weights[:, taught] *= np.exp(-OWN_STEP_SIZE * slope)
        weights[:, taught] /= weights[:, taught].sum(axis=0)
    return weights
