"""statsforecast's models with their own intervals."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Protocol

import numpy as np

from benchmarks.accuracy.peers.peer import Answer, Question, Values
from training.frames import WEEK, stretch_start

CENTRAL = 0.5


class LibraryModel(Protocol):
    """The part of a statsforecast model that is used: `forecast(y, h, level)`."""

    @property
    def forecast(self) -> Callable[..., dict[str, Values]]: ...


class StatsforecastPeer:
    """A model fitted anew at every cutoff, to the newest `lookback_days` of the series (None: to all).

    Days before a long gap are left out where eight weeks follow it: these models take no gaps.
    """

    def __init__(self, name: str, make: Callable[[], LibraryModel], lookback_days: int | None) -> None:
        self.name = name
        self.versions = f"statsforecast {version('statsforecast')}, {lookback_days} days"
        self._make = make
        self._lookback_days = lookback_days

    def forecast(self, question: Question) -> Answer:
        stretch = question.values.iloc[stretch_start(question.values.notna().to_numpy()) :].ffill()
        y = stretch.to_numpy(dtype=float)[-(self._lookback_days or len(stretch)) :]
        percents = sorted({percent_of(level) for level in question.levels if level != CENTRAL})
        answer = self._make().forecast(y=y, h=question.horizon, level=percents)
        quantiles = np.column_stack([answer[key_of(level)] for level in question.levels])
        return Answer(np.asarray(answer["mean"], dtype=float), quantiles)


def percent_of(level: float) -> int:
    """Of the central interval that a quantile bounds, as the library wants it: 0.9 gives 80."""
    return round(abs(2 * level - 1) * 100)


def key_of(level: float) -> str:
    """The library's name of a quantile; of the median, that of the mean, for its intervals are symmetric."""
    if level == CENTRAL:
        return "mean"
    return f"{'lo' if level < CENTRAL else 'hi'}-{percent_of(level)}"


def auto_ets(lookback_days: int | None) -> StatsforecastPeer:
    """AutoETS as it comes: every model with a weekly season is tried."""
    from statsforecast.models import AutoETS

    return StatsforecastPeer("AutoETS", lambda: AutoETS(season_length=WEEK), lookback_days)


def auto_arima() -> StatsforecastPeer:
    """AutoARIMA as it comes."""
    from statsforecast.models import AutoARIMA

    return StatsforecastPeer("AutoARIMA", lambda: AutoARIMA(season_length=WEEK), None)
