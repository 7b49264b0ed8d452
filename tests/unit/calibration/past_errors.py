"""Past errors made for a test."""

from collections.abc import Sequence

import numpy as np

from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import error_quantiles, fitted_quantiles
from training.frames import FloatArray

STEP_DAYS = 6


def past(scaled: FloatArray) -> PastErrors:
    """Return errors of windows six days apart, the newest the day before the cutoff; no day is special."""
    n_windows, horizon, _ = scaled.shape
    ages = 1 + STEP_DAYS * np.arange(n_windows)[::-1, None] - np.arange(1, horizon + 1)
    marks = np.zeros((n_windows, horizon), bool), np.zeros(horizon, bool)
    return PastErrors(np.where(ages[:, :, None] >= 0, scaled, np.nan), np.maximum(ages, 0).astype(float), *marks)


def drawn(n_windows: int, horizon: int, n_series: int, scale: FloatArray | float = 1.0, seed: int = 1) -> PastErrors:
    """Return normal errors."""
    return past(np.random.default_rng(seed).normal(0, scale, (n_windows, horizon, n_series)))


def errors_of_all(errors: PastErrors, levels: Sequence[float]) -> FloatArray:
    """Return the quantiles of the errors of every series, (horizon, n_series, n_levels)."""
    return error_quantiles(errors, levels).of(np.arange(errors.scaled.shape[2]))


def quantiles_of_all(
    means: FloatArray, errors: PastErrors, groups: Sequence[str], levels: Sequence[float]
) -> FloatArray:
    """Return the quantiles of every series, (horizon, n_series, n_levels)."""
    return fitted_quantiles(means, errors, groups, levels).of(np.arange(means.shape[1]))
