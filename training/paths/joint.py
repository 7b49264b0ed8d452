"""Sample paths of every bottom series of a system: all days, measures and places of one path belong together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.paths.dependence import Trajectories, copula_draws, reordered

Values = NDArray[np.float64]
N_PATHS = 999
MARGIN_LEVELS = tuple(k / (N_PATHS + 1) for k in range(1, N_PATHS + 1))
"""Where a margin is asked: what `quantiles` reads off the paths at one of these levels is the margin's own value."""


@dataclass(frozen=True)
class Paths:
    """`values` (n_series, horizon, n_paths), in counts, of the series `unique_ids`."""

    unique_ids: tuple[str, ...]
    values: Values

    def summed(self, parts: NDArray[np.bool_]) -> Values:
        """The sum of some series on every path, (horizon, n_paths); `parts` (n_series,) says of which."""
        return np.asarray(self.values[parts].sum(axis=0))


def joint_paths(margins: Values, past: Trajectories, unique_ids: Sequence[str]) -> Paths:
    """Paths whose margins are exactly those given, and which move together as past errors did.

    `margins` (n_series, horizon, n_paths) increase along the last axis: the values at evenly spaced levels. This is
    Schaake's shuffle (Clark and others 2004) with windows of the backtest for historical days, and mixtures of them
    since there are fewer windows than paths.
    """
    values = np.empty_like(margins)
    for position, order in enumerate(copula_draws(past, unique_ids, margins.shape[-1])):
        values[position] = reordered(margins[position], order)
    return Paths(tuple(unique_ids), values)


def quantiles(values: Values, levels: Sequence[float]) -> Values:
    """Quantiles (..., n_levels) over the paths of `values` (..., n_paths), at the places of `MARGIN_LEVELS`."""
    return np.moveaxis(np.quantile(values, levels, axis=-1, method="weibull"), 0, -1)
