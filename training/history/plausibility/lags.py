"""How many days after a day its fault shows."""

import numpy as np
from numpy.typing import NDArray

from training.arrays import BoolArray

Lags = NDArray[np.int16]
"""0: on the day itself; 1: when the next day's value is known; `FINE`: never. Shape (n_days, n_series)."""

NOT_FLAGGED = -1


def earliest(first: Lags, second: Lags) -> Lags:
    """Where either finds a fault, the lag of the one that does so sooner."""
    both = np.minimum(first, second)
    result: Lags = np.where(both == NOT_FLAGGED, np.maximum(first, second), both)
    return result


def flagged_by(lags: Lags, last: int) -> BoolArray:
    """Which of the days up to position `last` are known by then to be faulty: shape (last + 1, n_series)."""
    until = lags[: last + 1]
    days = np.arange(len(until))[:, None]
    mask: BoolArray = (until != NOT_FLAGGED) & (days + until <= last)
    return mask
