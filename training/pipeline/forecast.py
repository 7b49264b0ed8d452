"""The forecast of every series of a system for one cutoff, and the recipe that it is made by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from training.frames import BoolArray, FloatArray, with_quantiles
from training.pipeline.system_paths import SystemPaths

Recipe = Mapping[str, str]
"""Measure to name of a candidate."""


@dataclass(frozen=True)
class Forecast:
    """Coherent means, wide, (horizon, n_series), with `quantiles` (n_series, horizon, n_levels) and joint paths.

    `models` names the candidate of each series; `reasons` says why, where it is the fallback. `parts` is the 0/1 matrix
    (n_bottom, n_series) of what adds up to what. `paths` are of the bottom series, and of headroom by the series of
    occupancy whose beds are counted at the same place. `counted_on` has the weekdays (0 for Monday) of
    series that are not counted on each weekday: other days are no part of the forecast, and 0 in means and quantiles.
    """

    cutoff: pd.Timestamp
    means: pd.DataFrame
    quantiles: FloatArray
    models: Mapping[str, str]
    reasons: Mapping[str, str]
    parts: pd.DataFrame
    paths: SystemPaths
    counted_on: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def is_counted(self) -> BoolArray:
        """The days (n_series, horizon) that are part of the forecast."""
        weekdays = pd.DatetimeIndex(self.means.index).weekday
        counted = np.ones((self.means.shape[1], len(weekdays)), bool)
        for unique_id, counted_on in self.counted_on.items():
            counted[self.means.columns.get_loc(unique_id)] = weekdays.isin(counted_on)
        return counted

    def rows(self, levels: Sequence[float]) -> pd.DataFrame:
        """Return a row per series and counted day: `unique_id, cutoff, ds, lead, mean`, levels, `model, fallback`."""
        horizon = len(self.means)
        ids = self.means.columns
        rows = pd.DataFrame(
            {
                "unique_id": ids.repeat(horizon),
                "cutoff": self.cutoff,
                "ds": np.tile(self.means.index.to_numpy(), len(ids)),
                "lead": np.tile(np.arange(1, horizon + 1), len(ids)),
                "mean": self.means.to_numpy().ravel(order="F"),
            }
        )
        rows = with_quantiles(rows, self.quantiles.reshape(-1, len(levels)), levels)
        labels = pd.DataFrame(
            {"model": [self.models[i] for i in ids], "fallback": [i in self.reasons for i in ids]}, index=ids
        )
        rows = rows.join(labels, on="unique_id")
        return rows[self.is_counted.ravel()].reset_index(drop=True) if self.counted_on else rows
