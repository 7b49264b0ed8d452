"""Replacements for the parts of the recipe that are taken out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from training.calibration.counts import PastCounts
from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import ErrorQuantiles, SeriesQuantiles, error_quantiles, fitted_quantiles
from training.calibration.scale import MIN_SCALE, error_scale
from training.frames import BoolArray, FloatArray, IndexArray
from training.models.candidate import Means
from training.models.catalogue import Combination
from training.paths.joint import Paths
from training.pipeline.forecast import Forecast
from training.pipeline.system_paths import PathChunk, SystemPaths, summarise

SHUFFLE_SEED = 26


@dataclass(frozen=True)
class EqualWeights(Combination):
    """The plain mean of the members that have one, where the learned ensemble weights them."""

    def combine(self, members: Sequence[Means], cutoffs: Iterable[pd.Timestamp]) -> Means:
        """Return the mean, at each lead and for each series, of the members that have no failure there."""
        combined = Means()
        for cutoff in cutoffs:
            first, *rest = (member.by_cutoff[cutoff] for member in members)
            values = np.stack([first, *(other[first.columns] for other in rest)])
            counts = np.isfinite(values).sum(axis=0)
            sums = np.where(np.isfinite(values), values, 0.0).sum(axis=0)
            means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
            combined.by_cutoff[cutoff] = pd.DataFrame(means, first.index, first.columns)
        return combined


def each_by_itself(
    means: FloatArray,
    past: PastErrors,
    groups: Sequence[str],
    levels: Sequence[float],
    rule: ErrorQuantiles = error_quantiles,
) -> SeriesQuantiles:
    """Return the quantiles where every series is a group of its own: nothing is pooled over series."""
    return fitted_quantiles(means, past, [str(series) for series in range(len(groups))], levels, rule)


def own_scale(errors: FloatArray) -> FloatArray:
    """Return the mean size of errors of each series and lead by itself, (horizon, n_series).

    A lead without errors has the scale that is pooled over series and leads.
    """
    known = ~np.isnan(errors)
    sizes = np.where(known, np.abs(errors), 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known.any(axis=0), np.maximum(sizes, MIN_SCALE), error_scale(errors))


def without_growth(errors: FloatArray) -> FloatArray:
    """Return the pooled scale (horizon, n_series); leads beyond the longest with errors have that lead's."""
    scale = error_scale(errors)
    known = np.flatnonzero((~np.isnan(errors)).any(axis=(0, 2)))
    if len(known):
        scale[known[-1] + 1 :] = scale[known[-1]]
    return scale


def constant_volatility(sizes: FloatArray, age_days: FloatArray) -> FloatArray:
    """Return volatilities of 1, (n_windows + 1, horizon)."""
    return np.ones((len(sizes) + 1, age_days.shape[1]))


def no_special_days(past: PastErrors) -> float:
    """Return the factor of special days that changes nothing."""
    del past
    return 1.0


def no_widening(past: PastErrors) -> FloatArray:
    """Return the factors of intervals (horizon,) that change nothing."""
    return np.ones(past.scaled.shape[1])


class AsScaled:
    """The quantiles of scaled errors for small counts too."""

    def mixed_with(self, values: FloatArray, positions: IndexArray) -> FloatArray:
        """Return the quantiles as they are."""
        del positions
        return values


def as_scaled(
    means: FloatArray, past: PastCounts, groups: Sequence[str], is_count: BoolArray, levels: Sequence[float]
) -> AsScaled:
    """Return what mixes nothing into the quantiles of scaled errors."""
    del means, past, groups, is_count, levels
    return AsScaled()


def independent(forecast: Forecast, levels: tuple[float, ...]) -> Forecast:
    """Return the forecast whose sums have quantiles as if their parts were independent of each other.

    Each series' paths are put in an order of their own, by lot.
    """
    rng = np.random.default_rng(SHUFFLE_SEED)
    together = forecast.paths.complete()
    alone = Paths(together.unique_ids, np.stack([rng.permutation(v, axis=1) for v in together.values]))
    paths = in_one_chunk(alone, forecast.quantiles[: len(alone.values)])
    found = summarise(paths, forecast.parts, levels, len(forecast.means))
    return replace(forecast, quantiles=found.quantiles, paths=paths)


def in_one_chunk(paths: Paths, margins: FloatArray) -> SystemPaths:
    """Return paths that are all there, with their margins at the published levels, and no headroom."""
    nothing = Paths((), np.empty((0, *paths.values.shape[1:])))
    return SystemPaths(
        paths.unique_ids,
        [np.arange(len(paths.values))],
        lambda positions: PathChunk(positions, margins, paths, nothing),
    )
