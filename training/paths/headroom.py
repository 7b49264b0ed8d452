"""What is left of a place's beds, on every path."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.paths.joint import quantiles

Values = NDArray[np.float64]


def peak(occupancy: Values, days: int, levels: Sequence[float]) -> tuple[Values, float]:
    """Quantiles (n_levels,) of the highest occupancy (horizon, n_paths) of the first days, and its lead on average."""
    first = occupancy[:days]
    return quantiles(first.max(axis=0), levels), float(first.argmax(axis=0).mean()) + 1


def beds_freed(leaving_share: float, horizon: int) -> Values:
    """Beds freed (horizon,) by one more discharge a day, from the first day on.

    `leaving_share` of the patients in bed leave on a day: so many of those sent home earlier would have left by then
    anyway, and what is freed on a day fades as `(1 - leaving_share) ** days`.
    """
    return np.asarray(np.cumsum((1 - leaving_share) ** np.arange(horizon)))
