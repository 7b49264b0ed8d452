"""A forecast of every series of a system for one cutoff, before it is published or scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.flow.paths import Paths
from training.frames import with_quantiles

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
    of occupancy that count their own beds.
    """

    cutoff: pd.Timestamp
    means: pd.DataFrame
    quantiles: Values
    models: Mapping[str, str]
    reasons: Mapping[str, str]
    parts: pd.DataFrame
    paths: Paths
    headroom: Paths

    def rows(self, levels: Sequence[float]) -> pd.DataFrame:
        """One row per series and lead: `unique_id, cutoff, ds, lead, mean`, quantiles, `model, fallback`."""
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
        return rows.join(verdicts, on="unique_id")
