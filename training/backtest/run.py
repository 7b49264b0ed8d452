"""The backtest: forecasts at each cutoff by the pipeline that publishes, with the actuals of their days.

Forecasts of each refit day are saved until the backtest is done, so that an interrupted one goes on where it stopped.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pyarrow import ArrowInvalid

from publication.vocabulary import series_key
from training.backtest.baselines import with_actuals
from training.console import with_progress
from training.errors import HistoryError
from training.frames import forecast_columns
from training.history.known import PointInTimeHistory
from training.models.candidate import REFIT_EVERY_DAYS, by_fit_day, fit_day
from training.pipeline import Forecaster, Recipe

DIGITS = 16
KIND = ".parquet"
UNFINISHED = ".unfinished"


def key_of(parts: Sequence[object]) -> str:
    """Names a backtest by all that its forecasts depend on: another where the text of any part is another."""
    return hashlib.sha256(repr(tuple(parts)).encode()).hexdigest()[:DIGITS]


@dataclass(frozen=True)
class Checkpoint:
    """A folder of forecasts by refit day: each file is there whole or not at all, however the process ended."""

    folder: Path

    def kept(self, fit_day: pd.Timestamp) -> pd.DataFrame | None:
        """The forecasts made before for this refit day, if there are any that can be read."""
        with suppress(OSError, ArrowInvalid):
            return pd.read_parquet(self._file(fit_day))
        return None

    def keep(self, fit_day: pd.Timestamp, forecasts: pd.DataFrame) -> pd.DataFrame:
        """Write the forecasts, and give them as they will be read. Raises HistoryError where that cannot be."""
        file = self._file(fit_day)
        unfinished = file.with_suffix(f".{os.getpid()}{UNFINISHED}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            forecasts.to_parquet(unfinished, index=False)
            unfinished.replace(file)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise HistoryError(
                f"Writing {file}: {error.strerror or error}. The forecasts made before are kept. Make room there, or "
                "make it writable, and start the backtest again: it goes on from there."
            ) from error
        return pd.read_parquet(file)

    @property
    def n_kept(self) -> int:
        """How many refit days have their forecasts."""
        return len(list(self.folder.glob(f"*{KIND}")))

    def clear(self) -> None:
        """Forget all of it: the backtest is done, or begins anew."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, fit_day: pd.Timestamp) -> Path:
        return self.folder / f"{fit_day:%Y-%m-%d}{KIND}"


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
