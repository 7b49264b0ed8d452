"""The question put to a peer, and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """One series up to a cutoff, unbroken by day: gaps are filled, those longer than four weeks are NaN.

    `country` is the system's, as in system.toml (`GB-ENG`).
    """

    values: pd.Series
    horizon: int
    levels: Sequence[float]
    country: str

    @property
    def days_ahead(self) -> pd.DatetimeIndex:
        """The target days."""
        first = pd.Timestamp(self.values.index[-1]) + pd.Timedelta(days=1)
        return pd.date_range(first, periods=self.horizon, freq="D", name="ds")


@dataclass(frozen=True)
class Answer:
    """Means (horizon,) and quantiles (horizon, n_levels), as the library gives them."""

    means: Values
    quantiles: Values


class Peer(Protocol):
    """A program to compare with. `versions` names what its forecasts depend on."""

    name: str
    versions: str

    def forecast(self, question: Question) -> Answer:
        """May raise: the series then gets last week's values, and is counted as failed."""
        ...
