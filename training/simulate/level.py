"""The drifting level: an autoregression of the first order, stationary around 0, on the log scale."""

import numpy as np
from numpy.random import Generator

from training.arrays import FloatArray
from training.simulate.effects import LEVEL_MEMORY, LEVEL_SD

INNOVATION_SD = LEVEL_SD * float(np.sqrt(1 - LEVEL_MEMORY**2))


def past_level(rng: Generator, n_days: int) -> FloatArray:
    """One history, shape (n_days,)."""
    start = rng.normal(0.0, LEVEL_SD, 1)
    return future_levels(rng, start, n_days)[:, 0]


def future_levels(rng: Generator, last: FloatArray, n_days: int) -> FloatArray:
    """What may follow levels of shape (n_draws,); shape (n_days, n_draws)."""
    shocks = rng.normal(0.0, INNOVATION_SD, (n_days, len(last)))
    levels = np.empty_like(shocks)
    for i, shock in enumerate(shocks):
        last = LEVEL_MEMORY * last + shock
        levels[i] = last
    return levels
