"""The backtest itself: forecasts at each cutoff by the same pipeline that publishes, and what then happened."""

import logging
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from publication.vocabulary import series_key
from training.backtest.actuals import with_actuals
from training.backtest.checkpoint import Checkpoint
from training.frames import forecast_columns
from training.history.known import PointInTimeHistory
from training.models.candidate import REFIT_EVERY_DAYS, by_fit_day, fit_day
from training.pipeline import Forecaster, Recipe
from training.progress import with_progress

log = logging.getLogger("headroom")
REFIT_POLICY = f"parameters fitted anew every {REFIT_EVERY_DAYS} days, on a fixed grid; levels and lags of each cutoff"
Cutoffs = Sequence[pd.Timestamp]
DAY = "datetime64[ns]"


def run_checkpointed(cutoffs: Cutoffs, make: Callable[[Cutoffs], pd.DataFrame], checkpoint: Checkpoint) -> pd.DataFrame:
    """What `make` gives for all the cutoffs, asked for those that share a refit day at a time.

    What the checkpoint has is not made again, and what is made is kept there: an interrupted backtest goes on.
    """
    frames = []
    chunks = by_fit_day(cutoffs)
    for n_done, (day, chunk) in enumerate(chunks.items(), start=1):
        kept = checkpoint.kept(day)
        frames.append(checkpoint.keep(day, make(chunk)) if kept is None else kept)
        log.info("Backtest: %d of %d refit days", n_done, len(chunks))
    return pd.concat(frames, ignore_index=True)


def backtest_among(
    forecaster: Forecaster,
    cutoffs: Cutoffs,
    choices: Mapping[str, Sequence[str]],
    happened: PointInTimeHistory,
    ahead: Cutoffs = (),
) -> pd.DataFrame:
    """What each of the choices would have published at each cutoff, with the column `choice` before the others.

    A choice is the names of the candidates it chooses among, from data before the cutoff; of one alone there is no
    choice. `happened` has the actuals. What cutoffs `ahead` need is prepared too: it is cheaper together.
    """
    forecaster.prepare([name for names in choices.values() for name in names], [*cutoffs, *ahead])
    frames = [
        _window(forecaster, _chosen(forecaster, names, cutoff), cutoff, happened).assign(choice=choice)
        for choice, names in choices.items()
        for cutoff in cutoffs
    ]
    together = pd.concat(frames, ignore_index=True)
    return together[["choice", *together.columns.drop("choice")]].astype({"cutoff": DAY, "ds": DAY})


def last_of_refit(cutoffs: Cutoffs, last: pd.Timestamp) -> pd.Timestamp:
    """The last day, up to `last`, for which the cutoffs' refit holds: later cutoffs learn from windows up to it."""
    return min(fit_day(cutoffs[0]) + pd.Timedelta(days=REFIT_EVERY_DAYS - 1), last)


def backtest_selection(forecaster: Forecaster, cutoffs: Cutoffs, candidates: Sequence[str]) -> pd.DataFrame:
    """What would have been published at each cutoff, the recipe chosen among the candidates from data before it."""
    forecaster.prepare(candidates, cutoffs)
    chosen = ((cutoff, forecaster.choose(candidates, cutoff)) for cutoff in cutoffs)
    frames = [
        _window(forecaster, recipe, cutoff, forecaster.history)
        for cutoff, recipe in with_progress(chosen, "Backtest by cutoff", len(cutoffs))
    ]
    return pd.concat(frames, ignore_index=True)


def backtest_recipe(forecaster: Forecaster, cutoffs: Cutoffs, recipe: Recipe) -> pd.DataFrame:
    """What one fixed recipe would have published at each cutoff."""
    forecaster.prepare(sorted(set(recipe.values())), cutoffs)
    return pd.concat([_window(forecaster, recipe, c, forecaster.history) for c in cutoffs], ignore_index=True)


def backtest_candidate(forecaster: Forecaster, cutoffs: Cutoffs, name: str) -> pd.DataFrame:
    """What one candidate would have published at each cutoff, had it made every measure."""
    return backtest_recipe(forecaster, cutoffs, same_for_every_measure(forecaster, name))


def same_for_every_measure(forecaster: Forecaster, name: str) -> dict[str, str]:
    """The recipe that uses one candidate throughout."""
    return {series_key(unique_id).measure: name for unique_id in forecaster.history.latest.columns}


def _chosen(forecaster: Forecaster, names: Sequence[str], cutoff: pd.Timestamp) -> Recipe:
    return forecaster.choose(names, cutoff) if len(names) > 1 else same_for_every_measure(forecaster, names[0])


def _window(forecaster: Forecaster, recipe: Recipe, cutoff: pd.Timestamp, happened: PointInTimeHistory) -> pd.DataFrame:
    levels = forecaster.history.system.quantiles
    forecast = forecaster.forecast(recipe, cutoff)
    rows = with_actuals(happened, forecast, forecast.rows(levels))
    return rows[forecast_columns(levels)]
