"""Joint sample paths of every bottom series: margins reordered by a Gaussian copula of past errors.

The errors of one window, over all series and leads, are a trajectory. Normal scores keep the rank of each error and
drop its size. Random mixtures of the windows' scores are Gaussian draws with the rank correlations of the windows. See
docs/explanation/method.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from training.frames import FloatArray, IndexArray

Draws = NDArray[np.float32]
N_PATHS = 999
MARGIN_LEVELS = tuple(k / (N_PATHS + 1) for k in range(1, N_PATHS + 1))
"""Levels at which margins are given: `quantiles` of the paths at one of these is the value of the margin itself."""
COPULA_SEED = 20_261_123  # one for all cutoffs: from day to day paths change with the data, not by chance
COPULA_HALF_LIFE_DAYS = 180.0  # of a window's weight: in a quiet winter places move together less than in a wild one
NOISE_PRIOR_WINDOWS = 1.0  # weight of independent noise in each cell
TINY = 1e-9


@dataclass(frozen=True)
class Trajectories:
    """Errors of windows before a cutoff (n_windows, horizon, n_series), oldest first, and the age of each window.

    Forecast minus actual, in any unit that is one for each series; NaN where not known. `age_days` (n_windows,) counts
    to the cutoff.
    """

    errors: FloatArray
    age_days: FloatArray

    def of(self, positions: IndexArray) -> "Trajectories":
        """Return those of some series."""
        return Trajectories(self.errors[:, :, positions], self.age_days)


@dataclass(frozen=True)
class Paths:
    """`values` (n_series, horizon, n_paths), in counts, of the series `unique_ids`."""

    unique_ids: tuple[str, ...]
    values: FloatArray


def joint_paths(margins: FloatArray, past: Trajectories, unique_ids: Sequence[str]) -> Paths:
    """Return paths with exactly the given margins, and the rank correlations of past errors.

    `margins` (n_series, horizon, n_paths) increase along the last axis: the values at evenly spaced levels. This is the
    Schaake shuffle (Clark and others 2004) with windows of the backtest for historical days, and mixtures of them
    since there are fewer windows than paths.
    """
    values = np.empty_like(margins)
    for position, order in enumerate(copula_draws(past, unique_ids, margins.shape[-1])):
        values[position] = reordered(margins[position], order)
    return Paths(tuple(unique_ids), values)


def copula_draws(past: Trajectories, unique_ids: Sequence[str], n_paths: int) -> Iterator[Draws]:
    """Yield for each series standard normal draws (horizon, n_paths); the n-th paths of all series belong together.

    The draws are those of the actual: above zero where it is above its forecast. The same `unique_ids` and errors give
    the same draws in any order of the series.
    """
    weights = 0.5 ** (past.age_days / COPULA_HALF_LIFE_DAYS)
    mixing = _mixing(len(weights), n_paths)
    for position, unique_id in enumerate(unique_ids):
        scores, shared = _normal_scores(-past.errors[:, :, position], weights)
        rng = np.random.default_rng([COPULA_SEED, crc32(unique_id.encode())])
        own = rng.standard_normal((len(shared), n_paths), dtype=np.float32)
        yield shared[:, None] * (scores.T @ mixing) + np.sqrt(1 - shared[:, None] ** 2) * own


def reordered(margins: FloatArray, order: NDArray[np.floating]) -> FloatArray:
    """Return `margins` (..., n_paths), increasing along the last axis, permuted to the ranks of `order`."""
    values = np.empty_like(margins)
    np.put_along_axis(values, np.argsort(order, axis=-1), margins, axis=-1)
    return values


def quantiles(values: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Return quantiles (..., n_levels) over the paths of `values` (..., n_paths), at Weibull's positions.

    At `MARGIN_LEVELS` they are the values of the paths themselves.
    """
    return np.moveaxis(np.quantile(values, levels, axis=-1, method="weibull"), 0, -1)


def peak(occupancy: FloatArray, days: int, levels: Sequence[float]) -> tuple[FloatArray, float]:
    """Return quantiles (n_levels,) of the maximum over the first days of `occupancy`, and the mean lead of that day.

    `occupancy` (horizon, n_paths), in beds; leads count from 1.
    """
    first = occupancy[:days]
    return quantiles(first.max(axis=0), levels), float(first.argmax(axis=0).mean()) + 1


@lru_cache(maxsize=8)
def _mixing(n_windows: int, n_paths: int) -> Draws:
    """Return weights (n_windows, n_paths) of the windows in each path: Gaussian, exactly uncorrelated and centred."""
    weights = np.random.default_rng(COPULA_SEED).standard_normal((n_paths, n_windows))
    weights -= weights.mean(axis=0)
    if 0 < n_windows < n_paths:
        weights = np.linalg.qr(weights)[0] * n_paths**0.5
    return weights.T.astype(np.float32)


def _normal_scores(values: FloatArray, weights: FloatArray) -> tuple[Draws, Draws]:
    """Return weighted normal scores (n_windows, n_cells), of unit length by cell, and their share of a draw (n_cells,).

    The share grows with the effective number of windows, against `NOISE_PRIOR_WINDOWS` of noise.
    """
    known = ~np.isnan(values)
    ranks = rankdata(np.where(known, values, np.inf), axis=0)  # unknown ones stand behind all others
    scores = np.where(known, ndtri(ranks / (known.sum(axis=0) + 1)), 0.0)
    cell_weights = known * weights[:, None]
    total = np.maximum(cell_weights.sum(axis=0), TINY)
    scores = np.sqrt(cell_weights) * (scores - (cell_weights * scores).sum(axis=0) / total)
    lengths = np.sqrt((scores**2).sum(axis=0))
    effective_windows = total**2 / np.maximum((cell_weights**2).sum(axis=0), TINY)
    share = np.sqrt(effective_windows / (effective_windows + NOISE_PRIOR_WINDOWS))
    shared = np.where(lengths > TINY, share, 0.0)
    unit = scores / np.maximum(lengths, TINY)
    return unit.astype(np.float32), shared.astype(np.float32)
