"""The backtest itself: forecasts at each cutoff by the same pipeline that publishes, and what then happened."""

from collections.abc import Sequence

import pandas as pd

from publication.vocabulary import series_key
from training.backtest.actuals import with_actuals
from training.frames import forecast_columns
from training.pipeline import Forecaster, Recipe
from training.progress import tracked


def backtest_champion(
    forecaster: Forecaster, cutoffs: Sequence[pd.Timestamp], candidates: Sequence[str]
) -> pd.DataFrame:
    """What would have been published at each cutoff, the recipe chosen among the candidates from data before it."""
    forecaster.prepare(candidates, cutoffs)
    chosen = ((cutoff, forecaster.choose(candidates, cutoff)) for cutoff in cutoffs)
    frames = [_window(forecaster, recipe, c) for c, recipe in tracked(chosen, "Backtest by cutoff", len(cutoffs))]
    return pd.concat(frames, ignore_index=True)


def backtest_recipe(forecaster: Forecaster, cutoffs: Sequence[pd.Timestamp], recipe: Recipe) -> pd.DataFrame:
    """What one fixed recipe would have published at each cutoff."""
    forecaster.prepare(sorted(set(recipe.values())), cutoffs)
    return pd.concat([_window(forecaster, recipe, cutoff) for cutoff in cutoffs], ignore_index=True)


def backtest_candidate(forecaster: Forecaster, cutoffs: Sequence[pd.Timestamp], name: str) -> pd.DataFrame:
    """What one candidate would have published at each cutoff, had it made every measure."""
    return backtest_recipe(forecaster, cutoffs, same_for_every_measure(forecaster, name))


def same_for_every_measure(forecaster: Forecaster, name: str) -> dict[str, str]:
    """The recipe that uses one candidate throughout."""
    return {series_key(unique_id).measure: name for unique_id in forecaster.history.newest.columns}


def _window(forecaster: Forecaster, recipe: Recipe, cutoff: pd.Timestamp) -> pd.DataFrame:
    levels = forecaster.history.system.quantiles
    forecast = forecaster.forecast(recipe, cutoff)
    rows = with_actuals(forecaster.history, forecast, forecast.rows(levels))
    return rows[forecast_columns(levels)]
