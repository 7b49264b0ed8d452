"""What a backtest measured of one recipe, as the gate reads it and a registered version keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from publication.model import System
from publication.vocabulary import series_key
from training.backtest.slices import HOLIDAY

LARGE_PLACES = 10
WIS, COVERAGE = "scaled_wis", "coverage_80"


@dataclass(frozen=True)
class BacktestSummary:
    """Scaled WIS by window (its cutoff), by measure, by large place and on bank holidays; coverage and fallbacks.

    What was not measured is None, or not in a mapping. `publish_seconds` is the wall time of one forecast.
    """

    windows: Mapping[str, float]
    measures: Mapping[str, float]
    large_places: Mapping[str, float]
    holidays: float | None
    coverage_80: float | None
    fallback_share: float
    publish_seconds: float | None = None


NO_RECORD = BacktestSummary({}, {}, {}, None, None, 0.0)
"""Of a system in its first weeks, whose history has no room for a window."""


def track_record(rows: pd.DataFrame, system: System, publish_seconds: float | None = None) -> BacktestSummary:
    """The record of one recipe's forecasts, `judged` and beside their evidence (`evaluation.evaluated`)."""
    keys = rows["unique_id"].map({i: series_key(i) for i in rows["unique_id"].unique()})
    places = keys.map(lambda key: key.place)
    large = places.isin(large_places(rows, places, system))
    return BacktestSummary(
        windows=_means(rows, rows["cutoff"].dt.strftime("%Y-%m-%d")),
        measures=_means(rows, keys.map(lambda key: key.measure)),
        large_places=_means(rows[large], places[large]),
        holidays=_mean(rows.loc[rows["day"] == HOLIDAY, WIS]),
        coverage_80=_mean(rows[COVERAGE]),
        fallback_share=float(rows["fallback"].mean()) if len(rows) else 0.0,
        publish_seconds=publish_seconds,
    )


def large_places(rows: pd.DataFrame, places: pd.Series, system: System) -> Sequence[str]:
    """The bottom places (else the root) that count most, largest first: `LARGE_PLACES` at most."""
    sizes = rows["y"].groupby(places).mean()
    bottom = [place for place in sizes.index if not system.children(str(place))]
    return list(sizes[bottom or list(sizes.index)].nlargest(LARGE_PLACES).index)


def _means(rows: pd.DataFrame, by: pd.Series) -> dict[str, float]:
    means = rows[WIS].groupby(by).mean().dropna()
    return {str(name): float(value) for name, value in means.items()}


def _mean(values: pd.Series) -> float | None:
    return None if values.dropna().empty else float(values.mean())
