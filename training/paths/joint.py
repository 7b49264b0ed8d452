"""Sample paths of every bottom series of a system: all days, measures and places of one path belong together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

Values = NDArray[np.float64]
Draws = NDArray[np.float32]
N_PATHS = 999
MARGIN_LEVELS = tuple(k / (N_PATHS + 1) for k in range(1, N_PATHS + 1))
"""Where a margin is asked: what `quantiles` reads off the paths at one of these levels is the margin's own value."""
SEED = 20_261_123  # one for all cutoffs: from day to day paths change with the data, not by chance
PRIOR_WINDOWS = 1.0  # worth of noise of its own in each cell: windows can rule out no more
TINY = 1e-9
HALF_LIFE_DAYS = 180.0  # of a window's say: in a quiet winter places move together less than in a wild one


@dataclass(frozen=True)
class Trajectories:
    """Errors of windows before a cutoff (n_windows, horizon, n_series), oldest first, and how old each window is.

    Forecast minus actual, in any unit of a series' own, NaN where not known; `age_days` (n_windows,) to the cutoff.
    """

    errors: Values
    age_days: Values


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


def copula_draws(past: Trajectories, unique_ids: Sequence[str], n_paths: int) -> Iterator[Draws]:
    """For one series after another, standard normal draws (horizon, n_paths) whose n-th paths belong together.

    The draws are those of the actual: above zero where it is above its forecast. The same `unique_ids` and errors give
    the same draws, in whatever order the series stand.
    """
    weights = 0.5 ** (past.age_days / HALF_LIFE_DAYS)
    mixing = _mixing(len(weights), n_paths)
    for position, unique_id in enumerate(unique_ids):
        scores, shared = _normal_scores(-past.errors[:, :, position], weights)
        rng = np.random.default_rng([SEED, crc32(unique_id.encode())])
        own = rng.standard_normal((len(shared), n_paths), dtype=np.float32)
        yield shared[:, None] * (scores.T @ mixing) + np.sqrt(1 - shared[:, None] ** 2) * own


def reordered(margins: Values, order: NDArray[np.floating]) -> Values:
    """Each row's increasing values (..., n_paths) in the order of `order`: its least value where that is least."""
    values = np.empty_like(margins)
    np.put_along_axis(values, np.argsort(order, axis=-1), margins, axis=-1)
    return values


def quantiles(values: Values, levels: Sequence[float]) -> Values:
    """Quantiles (..., n_levels) over the paths of `values` (..., n_paths), at the places of `MARGIN_LEVELS`."""
    return np.moveaxis(np.quantile(values, levels, axis=-1, method="weibull"), 0, -1)


def peak(occupancy: Values, days: int, levels: Sequence[float]) -> tuple[Values, float]:
    """Quantiles (n_levels,) of the highest occupancy (horizon, n_paths) of the first days, and its lead on average."""
    first = occupancy[:days]
    return quantiles(first.max(axis=0), levels), float(first.argmax(axis=0).mean()) + 1


@lru_cache(maxsize=8)
def _mixing(n_windows: int, n_paths: int) -> Draws:
    """Weights (n_windows, n_paths) of the windows in each path: Gaussian, made exactly uncorrelated and centred."""
    weights = np.random.default_rng(SEED).standard_normal((n_paths, n_windows))
    weights -= weights.mean(axis=0)
    if 0 < n_windows < n_paths:
        weights = np.linalg.qr(weights)[0] * n_paths**0.5
    return weights.T.astype(np.float32)


def _normal_scores(values: Values, weights: Values) -> tuple[Draws, Draws]:
    """Weighted normal scores (n_windows, n_cells), of unit length by cell; how much of a draw they make (n_cells,)."""
    known = ~np.isnan(values)
    ranks = rankdata(np.where(known, values, np.inf), axis=0)  # unknown ones stand behind all others
    scores = np.where(known, ndtri(ranks / (known.sum(axis=0) + 1)), 0.0)
    say = known * weights[:, None]
    total = np.maximum(say.sum(axis=0), TINY)
    scores = np.sqrt(say) * (scores - (say * scores).sum(axis=0) / total)
    lengths = np.sqrt((scores**2).sum(axis=0))
    windows = total**2 / np.maximum((say**2).sum(axis=0), TINY)  # as many of equal weight
    shared = np.where(lengths > TINY, np.sqrt(windows / (windows + PRIOR_WINDOWS)), 0.0)
    unit = scores / np.maximum(lengths, TINY)
    return unit.astype(np.float32), shared.astype(np.float32)
