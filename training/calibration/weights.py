"""Weights of an ensemble's members, fitted by pinball loss: those of a measure, and of each of its series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.calibration.scale import FEWEST_ERRORS, bands
from training.frames import BoolArray, FloatArray

PINBALL_LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
STEPS = 60
STEP_SIZE = 3.0
SERIES_STEPS = 5  # few: a series has few errors of its own
SERIES_STEP_SIZE = 2.0
FEWEST_WEIGHED_WINDOWS = 8  # below that nothing is fitted
MIN_SHARE_OF_ERRORS = 0.5  # of the fullest member's: windows that a member lacks count for none
MAX_WEIGHT_ERRORS = 40_000  # more of them change nothing but the time it takes


@dataclass(frozen=True)
class Weights:
    """Weights of members, adding up to 1: `pooled` (horizon, n_members), and `by_series` of the series `unique_ids`.

    `by_series` is (horizon, n_series, n_members).
    """

    pooled: FloatArray
    unique_ids: pd.Index
    by_series: FloatArray

    def of(self, unique_ids: Sequence[str]) -> FloatArray:
        """Return the weights of some series, (horizon, n_series, n_members): their own, else the pooled ones."""
        table = np.concatenate([self.by_series, self.pooled[:, None]], axis=1)
        return np.asarray(table[:, self.unique_ids.get_indexer(pd.Index(unique_ids))])  # -1 if not found: the last


def fitted_weights(errors: FloatArray) -> FloatArray:
    """Return weights (horizon, n_members), adding up to 1, that minimise the pinball loss of the mixture's errors.

    `errors` (n_members, n_windows, horizon, n_series) are scaled, forecast minus actual; NaN where not known, or where
    a member has no forecast. In each band of leads the loss is that around the quantiles of the mixture's own errors,
    with every series scaled alike. Exponentiated gradient descent (Kivinen and Warmuth 1997) starts from equal weights,
    and the later half of its steps is averaged. A member without any error has weight 0. A band with fewer than
    `FEWEST_ERRORS` errors has equal weights, and so has every band of fewer than `FEWEST_WEIGHED_WINDOWS` windows.
    """
    equal = np.full((errors.shape[2], len(errors)), 1 / len(errors))
    if errors.shape[1] < FEWEST_WEIGHED_WINDOWS:
        return equal
    answers = _answers(errors)
    if answers.any() and not answers.all():
        weights = np.zeros((errors.shape[2], len(errors)))
        weights[:, answers] = fitted_weights(errors[answers])
        return weights
    weights, sizes = equal, _sizes(errors.mean(axis=0))
    for leads in bands(errors.shape[2]):
        pooled = (errors[:, :, leads] / sizes).reshape(len(errors), -1)
        pooled = pooled[:, ~np.isnan(pooled).any(axis=0)]
        if pooled.shape[1] >= FEWEST_ERRORS:
            weights[leads] = _descended(pooled[:, :: 1 + pooled.shape[1] // MAX_WEIGHT_ERRORS])
    return weights


def series_weights(errors: FloatArray, pooled: FloatArray) -> FloatArray:
    """Return the weights of each series, (horizon, n_series, n_members), from the `pooled` ones (horizon, n_members).

    `errors` as in `fitted_weights`. A few steps of the same descent start from the pooled weights; stopping early draws
    the weights towards them. Without errors they are the pooled weights.
    """
    own = np.repeat(pooled[:, None], errors.shape[3], axis=1)
    answers = _answers(errors)
    if not answers.any() or errors.shape[1] < FEWEST_WEIGHED_WINDOWS:
        return own
    known = errors[answers]
    sizes = _sizes(known.mean(axis=0))
    for leads in bands(errors.shape[2]):
        of_band = (known[:, :, leads] / sizes).reshape(len(known), -1, errors.shape[3])
        moved = _exponentiated(of_band, pooled[leads.start, answers])
        own[leads.start : leads.stop, :, answers] = moved.T
    return own


def _answers(errors: FloatArray) -> BoolArray:
    """Return which members (n_members,) have a fair share of the errors that the fullest has."""
    counts = (~np.isnan(errors)).sum(axis=(1, 2, 3))
    return np.asarray((counts > 0) & (counts >= MIN_SHARE_OF_ERRORS * counts.max(initial=0)))


def _sizes(errors: FloatArray) -> FloatArray:
    """Return the mean absolute error of each series (n_series,), 1 without errors; dividing by it scales them alike."""
    known = ~np.isnan(errors)
    sums, counts = np.nansum(np.abs(errors), axis=(0, 1)), known.sum(axis=(0, 1))
    return np.where(sums > 0, sums / np.maximum(counts, 1), 1.0)


def _descended(errors: FloatArray) -> FloatArray:
    """Return weights (n_members,) for errors (n_members, n)."""
    errors = errors - errors.mean(axis=1, keepdims=True)  # among a few errors, or equal ones, a bias would pull
    weights = np.full(len(errors), 1 / len(errors))
    path = []
    for _ in range(STEPS):
        mixture = weights @ errors
        above = mixture > np.quantile(mixture, PINBALL_LEVELS)[:, None]
        slope = ((above - (1 - PINBALL_LEVELS)[:, None]) @ errors.T).mean(axis=0) / errors.shape[1]
        weights = weights * np.exp(-STEP_SIZE * slope)
        weights /= weights.sum()
        path.append(weights)
    return np.asarray(np.mean(path[STEPS // 2 :], axis=0))


def _exponentiated(errors: FloatArray, start: FloatArray) -> FloatArray:
    """Return weights (n_members, n_series) for errors (n_members, n, n_series), from those at `start` (n_members,)."""
    known = ~np.isnan(errors).any(axis=0)
    counts = np.maximum(known.sum(axis=0), 1)
    enough = known.sum(axis=0) >= FEWEST_ERRORS
    errors = np.where(known, errors - np.where(known, errors, 0.0).sum(axis=1, keepdims=True) / counts, np.nan)
    weights = np.repeat(start[:, None], errors.shape[2], axis=1)
    for _ in range(SERIES_STEPS if enough.any() else 0):
        mixture = np.einsum("ms,mns->ns", weights[:, enough], errors[:, :, enough])
        above = mixture > np.nanquantile(mixture, PINBALL_LEVELS, axis=0)[:, None]
        pull = above.mean(axis=0) - (1 - PINBALL_LEVELS).mean()
        slope = np.nansum(pull * errors[:, :, enough], axis=1) / counts[enough]
        weights[:, enough] *= np.exp(-SERIES_STEP_SIZE * slope)
        weights[:, enough] /= weights[:, enough].sum(axis=0)
    return weights
