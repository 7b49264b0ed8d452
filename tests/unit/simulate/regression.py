"""Least squares by hand, with errors that allow for whatever the days of a quarter share."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

QUARTER_DAYS = 91


@dataclass(frozen=True)
class Estimate:
    """A factor on the count, and the standard error of its logarithm."""

    factor: float
    error: float

    def away_from(self, declared: float) -> float:
        """In standard errors."""
        return float(np.log(self.factor / declared)) / self.error


def factors(counts: pd.Series, site: pd.Series, day: pd.Series, causes: Mapping[str, pd.Series]) -> dict[str, Estimate]:
    """Return the factor of each cause, given all the others, each site's own level and each quarter's."""
    quarter = (day - day.min()).dt.days // QUARTER_DAYS
    own_levels = pd.get_dummies(site).to_numpy(dtype=float)
    drift = pd.get_dummies(quarter).to_numpy(dtype=float)[:, 1:]
    design = np.column_stack([*(cause.to_numpy(dtype=float) for cause in causes.values()), own_levels, drift])
    logs = np.log(counts.to_numpy(dtype=float))
    bread = np.linalg.inv(design.T @ design)
    solution = bread @ design.T @ logs
    scores = _by_quarter(design * (logs - design @ solution)[:, None], quarter.to_numpy())
    variance = np.diag(bread @ (scores.T @ scores) @ bread)
    return {cause: Estimate(float(np.exp(solution[i])), float(np.sqrt(variance[i]))) for i, cause in enumerate(causes)}


def _by_quarter(scores: NDArray[np.float64], quarter: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.stack([scores[quarter == each].sum(axis=0) for each in np.unique(quarter)])
