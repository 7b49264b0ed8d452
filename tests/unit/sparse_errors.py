"""No past errors, or hardly any: arrays by window, lead and series, of every awkward shape."""

import numpy as np
import pytest

from training.frames import FloatArray

N_WINDOWS, HORIZON, N_SERIES = 30, 7, 3
CONSTANT = 2.0


def noise(*shape: int) -> FloatArray:
    return np.random.default_rng(1).normal(0, 1, shape)


SPARSE: dict[str, FloatArray] = {
    "no window": np.empty((0, HORIZON, N_SERIES)),
    "one window": noise(1, HORIZON, N_SERIES),
    "no series": np.empty((N_WINDOWS, HORIZON, 0)),
    "no window and no series": np.empty((0, HORIZON, 0)),
    "one series": noise(N_WINDOWS, HORIZON, 1),
    "all missing": np.full((N_WINDOWS, HORIZON, N_SERIES), np.nan),
    "all zero": np.zeros((N_WINDOWS, HORIZON, N_SERIES)),
    "constant": np.full((N_WINDOWS, HORIZON, N_SERIES), CONSTANT),
    "one series missing": np.where(np.arange(N_SERIES) == 1, np.nan, noise(N_WINDOWS, HORIZON, N_SERIES)),
    "one window, one series missing": np.where(np.arange(N_SERIES) == 1, np.nan, noise(1, HORIZON, N_SERIES)),
    "one lead": noise(N_WINDOWS, 1, N_SERIES),
}
"""Scaled errors (n_windows, horizon, n_series), NaN where not known."""

NOTHING_KNOWN = ("no window", "no series", "no window and no series", "all missing")

with_sparse_errors = pytest.mark.parametrize("what", SPARSE)
