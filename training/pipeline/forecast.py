"""A forecast of every series of a system for one cutoff, before it is published or scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.frames import with_quantiles
from training.paths.joint import Paths

Values = NDArray[np.float64]
Recipe = Mapping[str, str]
"""Measure to name of a candidate, and of a reconciliation where it is not bottom-up: `Weighted+mint`."""

DECIMALS = 3
"""Of a published count. Parents are sums of rounded children, so they agree in every digit that is served."""


@dataclass(frozen=True)
class Forecast:
    """`means` is wide, (horizon, n_series), coherent; `quantiles` is (n_series, horizon, n_levels).

    `models` names what made each series; `reasons` says why where the fallback stands in. `parts` is the 0/1 matrix
    (n_bottom, n_series) of what adds up to what. `paths` are of the bottom series; `headroom` are those of the series
    of occupancy that count their own beds. `counted_on` has the weekdays (0 for Monday) of the series that are not
    counted on each: other days are no part of the forecast, and 0 in its means and quantiles.
    """

    cutoff: pd.Timestamp
    means: pd.DataFrame
    quantiles: Values
    models: Mapping[str, str]
    reasons: Mapping[str, str]
    parts: pd.DataFrame
    paths: Paths
    headroom: Paths
    counted_on: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def is_counted(self) -> NDArray[np.bool_]:
        """Which days (n_series, horizon) are part of the forecast."""
        weekdays = pd.DatetimeIndex(self.means.index).weekday
        found = np.ones((self.means.shape[1], len(weekdays)), bool)
        for unique_id, counted_on in self.counted_on.items():
            found[self.means.columns.get_loc(unique_id)] = weekdays.isin(counted_on)
        return found

    def rows(self, levels: Sequence[float]) -> pd.DataFrame:
        """One row per series and counted day: `unique_id, cutoff, ds, lead, mean`, quantiles, `model, fallback`."""
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
        verdicts = pd.DataFrame(
            {"model": [self.models[i] for i in ids], "fallback": [i in self.reasons for i in ids]}, index=ids
        )
        rows = rows.join(verdicts, on="unique_id")
        return rows[self.is_counted.ravel()].reset_index(drop=True) if self.counted_on else rows
