"""Replacements for the parts of the recipe that are taken out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from training.calibration.counts import PastCounts
from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import ErrorQuantiles, error_quantiles, quantiles
from training.calibration.scale import MIN_SCALE, error_scale
from training.frames import BoolArray, FloatArray
from training.models.candidate import Means
from training.models.catalogue import Combination
from training.pipeline.forecast import Forecast
from training.pipeline.margins import quantiles_of_all

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
) -> FloatArray:
    """Return the quantiles where every series is a group of its own: nothing is pooled over series."""
    return quantiles(means, past, [str(series) for series in range(len(groups))], levels, rule)


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


def as_scaled(
    values: FloatArray,
    means: FloatArray,
    past: PastCounts,
    groups: Sequence[str],
    is_count: BoolArray,
    levels: Sequence[float],
) -> FloatArray:
    """Return the quantiles of scaled errors for small counts too."""
    del means, past, groups, is_count, levels
    return values


def independent(forecast: Forecast, levels: tuple[float, ...]) -> Forecast:
    """Return the forecast whose sums have quantiles as if their parts were independent of each other.

    Each series' paths are put in an order of their own, by lot.
    """
    rng = np.random.default_rng(SHUFFLE_SEED)
    paths = replace(forecast.paths, values=np.stack([rng.permutation(v, axis=1) for v in forecast.paths.values]))
    margins = forecast.quantiles[: len(paths.values)]
    return replace(forecast, quantiles=quantiles_of_all(margins, paths, forecast.parts, levels))
