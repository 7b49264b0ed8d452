"""The evaluation of several recipes on the same windows, and the summary that the gate reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from publication.live_scores import DEFAULT_SLICES
from publication.model import System
from publication.vocabulary import series_key
from training.backtest.baselines import with_baselines_and_slices
from training.backtest.scores import (
    COUNTS,
    TABLE_LOSSES,
    long_scores,
    mase_scales,
    overall_of,
    row_losses,
    table,
)
from training.backtest.slices import HOLIDAY
from training.history.hierarchy import bottom_series
from training.history.point_in_time import PointInTimeHistory

SLICINGS = (
    ("measure",),
    DEFAULT_SLICES,
    ("series",),
    ("measure", "weekday"),
    ("measure", "day"),
    ("measure", "regime"),
)
RECIPE = "recipe"


@dataclass(frozen=True)
class Evaluation:
    """The forecasts of each recipe, by name, with their losses; those without an actual are left out.

    `levels` are those of the quantiles.
    """

    rows: Mapping[str, pd.DataFrame]
    levels: Sequence[float]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the scores of each recipe by measure and lead band."""
        return {
            recipe: table(rows, DEFAULT_SLICES)[[*DEFAULT_SLICES, *COUNTS, *TABLE_LOSSES]]
            for recipe, rows in self.rows.items()
        }

    def overall(self) -> dict[str, dict[str, float]]:
        """Return each loss of each recipe over all its rows, and its share of fallbacks."""
        return {recipe: overall_of(rows) for recipe, rows in self.rows.items()}

    def scores(self, *more: Sequence[str]) -> pd.DataFrame:
        """Return every loss by every slice, and by the slices of `more`, in one long frame; `recipe` first."""
        parts = {recipe: long_scores(rows, [*SLICINGS, *more]) for recipe, rows in self.rows.items()}
        return pd.concat(parts, names=[RECIPE]).reset_index(level=0).reset_index(drop=True)


def evaluated(
    forecasts: Mapping[str, pd.DataFrame], history: PointInTimeHistory, first_cutoff: pd.Timestamp
) -> Evaluation:
    """Return the evaluation of recipes' forecasts by name; scales and references are known at the first cutoff."""
    together = pd.concat(dict(forecasts.items()), names=[RECIPE]).reset_index(level=0).reset_index(drop=True)
    compared = with_baselines_and_slices(together, history, first_cutoff)
    rows = row_losses(compared, mase_scales(history, first_cutoff), history.system.quantiles)
    by_recipe = {name: rows[rows[RECIPE] == name].drop(columns=RECIPE) for name in forecasts}
    return Evaluation(by_recipe, history.system.quantiles)


LARGE_PLACES = 10
WIS, COVERAGE_80 = "scaled_wis", "coverage_80"


@dataclass(frozen=True)
class BacktestSummary:
    """Scaled WIS by window (its cutoff), by measure, by large place and on bank holidays; coverage and fallbacks.

    `holiday_days` is the number of bank holidays that were scored, each once. `parent_coverage_80` is the coverage of
    sums. `horizon_days` is the length of a window. What was not measured is None, or not in a mapping.
    `publish_seconds` is the wall time of one forecast.
    """

    windows: Mapping[str, float]
    measures: Mapping[str, float]
    large_places: Mapping[str, float]
    holidays: float | None
    coverage_80: float | None
    fallback_share: float
    publish_seconds: float | None = None
    holiday_days: int = 0
    parent_coverage_80: float | None = None
    horizon_days: int = 1


NO_SUMMARY = BacktestSummary({}, {}, {}, None, None, 0.0)
"""The summary of a system in its first weeks, whose history has no room for a window."""


def summarise(rows: pd.DataFrame, system: System, publish_seconds: float | None = None) -> BacktestSummary:
    """Return the summary of one recipe's forecasts, from rows of an `Evaluation`."""
    keys = rows["unique_id"].map({i: series_key(i) for i in rows["unique_id"].unique()})
    places = keys.map(lambda key: key.place)
    large = places.isin(large_places(rows, places, system))
    on_holiday = rows["day"] == HOLIDAY
    is_parent = ~rows["unique_id"].isin(bottom_series(system, rows["unique_id"].unique()))
    return BacktestSummary(
        windows=_means(rows, rows["cutoff"].dt.strftime("%Y-%m-%d")),
        measures=_means(rows, keys.map(lambda key: key.measure)),
        large_places=_means(rows[large], places[large]),
        holidays=_mean(rows.loc[on_holiday, WIS]),
        coverage_80=_mean(rows[COVERAGE_80]),
        fallback_share=float(rows["fallback"].mean()) if len(rows) else 0.0,
        publish_seconds=publish_seconds,
        holiday_days=int(rows.loc[on_holiday, "ds"].nunique()),
        parent_coverage_80=_mean(rows.loc[is_parent, COVERAGE_80]),
        horizon_days=int(rows["lead"].max()) if len(rows) else 1,
    )


def large_places(rows: pd.DataFrame, places: pd.Series, system: System) -> Sequence[str]:
    """Return the bottom places (else the root) with the largest counts, largest first: `LARGE_PLACES` at most."""
    sizes = rows["y"].groupby(places).mean()
    bottom = [place for place in sizes.index if not system.children(str(place))]
    return list(sizes[bottom or list(sizes.index)].nlargest(LARGE_PLACES).index)


def _means(rows: pd.DataFrame, by: pd.Series) -> dict[str, float]:
    means = rows[WIS].groupby(by).mean().dropna()
    return {str(name): float(value) for name, value in means.items()}


def _mean(values: pd.Series) -> float | None:
    return None if values.dropna().empty else float(values.mean())
