"""Means that lie inside their own intervals: where errors all point one way, the mean of the paths is published."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.invariants import holds_means, mean_bounds
from training.paths.joint import Paths
from training.pipeline.forecast import DECIMALS

Values = NDArray[np.float64]


def means_within(
    bottom: pd.DataFrame, quantiles: Values, parts: pd.DataFrame, paths: Paths, levels: tuple[float, ...]
) -> pd.DataFrame:
    """Return the bottom means (horizon, n_bottom), so that they and their sums lie within the outer quantiles.

    `quantiles` (n_series, horizon, n_levels) are of all series of the 0/1 matrix `parts`. A model that has erred to one
    side in every window has intervals beside its mean. There, and in every part of a sum that lies outside, the mean is
    that of the calibrated paths; a mean that skewness still leaves outside is moved to the bound.
    """
    if not holds_means(levels) or not quantiles.size:
        return bottom
    least, most = np.vectorize(mean_bounds, otypes=[float, float])(quantiles[..., 0].T, quantiles[..., -1].T)
    adding = parts.to_numpy()
    means, of_paths = bottom.to_numpy(copy=True), paths.values.mean(axis=-1).T.round(DECIMALS)
    replaced = np.zeros(means.shape, bool)
    while True:
        sums = means @ adding
        outside = (sums < least) | (sums > most)
        concerned = outside[:, : means.shape[1]] & ~replaced
        if not concerned.any():  # a sum may be inside again once its parts are
            concerned = ((outside @ adding.T) > 0) & ~replaced
        if not concerned.any():
            break
        means = np.where(concerned, of_paths, means)
        replaced |= concerned
    n_bottom = means.shape[1]
    clipped = np.where(replaced, np.clip(means, least[:, :n_bottom], most[:, :n_bottom]), means)
    return pd.DataFrame(clipped.round(DECIMALS), bottom.index, bottom.columns)
