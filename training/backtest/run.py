"""The backtest: forecasts at each cutoff by the pipeline that publishes, with the actuals of their days.

Forecasts of each refit day are saved until the backtest is done, so that an interrupted one goes on where it stopped.
"""

import hashlib
import logging
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pyarrow import ArrowInvalid

from publication.vocabulary import series_key
from training.backtest.baselines import with_actuals
from training.console import with_progress
from training.errors import HistoryError
from training.files import raise_if_full, write_atomically
from training.frames import forecast_columns
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import REFIT_EVERY_DAYS, by_fit_day, fit_day
from training.pipeline.forecast import Recipe
from training.pipeline.forecaster import Forecaster

KEY_DIGITS = 16
PARQUET = ".parquet"


def key_of(parts: Sequence[object]) -> str:
    """Return the name of a backtest: a digest of all that its forecasts depend on, by the text of each part."""
    return hashlib.sha256(repr(tuple(parts)).encode()).hexdigest()[:KEY_DIGITS]


@dataclass(frozen=True)
class Checkpoint:
    """A folder of forecasts by refit day. Each file is complete or absent, however the process ended."""

    folder: Path

    def load(self, fit_day: pd.Timestamp) -> pd.DataFrame | None:
        """Return the forecasts made before for this refit day, if there are any that can be read."""
        with suppress(OSError, ArrowInvalid):
            return pd.read_parquet(self._file(fit_day))
        return None

    def save(self, fit_day: pd.Timestamp, forecasts: pd.DataFrame) -> pd.DataFrame:
        """Write the forecasts, and return them as they will be read. Raises HistoryError where that fails."""
        file = self._file(fit_day)
        try:
            with write_atomically(file) as unfinished:
                forecasts.to_parquet(unfinished, index=False)
        except OSError as error:
            raise_if_full(f"Writing {file}", error)
            raise HistoryError(
                f"Writing {file}: {error.strerror or error}. The forecasts made before remain. Make room there, or "
                "make it writable, and start the backtest again: it goes on from there."
            ) from error
        return pd.read_parquet(file)

    @property
    def n_saved(self) -> int:
        """The number of refit days whose forecasts are saved."""
        return len(list(self.folder.glob(f"*{PARQUET}")))

    def clear(self) -> None:
        """Delete all of it: the backtest is done, or begins anew."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, fit_day: pd.Timestamp) -> Path:
        return self.folder / f"{fit_day:%Y-%m-%d}{PARQUET}"


log = logging.getLogger("headroom")
REFIT_POLICY = f"parameters fitted anew every {REFIT_EVERY_DAYS} days, on a fixed grid; levels and lags of each cutoff"
Cutoffs = Sequence[pd.Timestamp]
DAY_TYPE = "datetime64[ns]"


def run_checkpointed(cutoffs: Cutoffs, make: Callable[[Cutoffs], pd.DataFrame], checkpoint: Checkpoint) -> pd.DataFrame:
    """Return the forecasts that `make` gives for all the cutoffs, called with those of one refit day at a time.

    Forecasts in the checkpoint are not made again, and new ones are saved there: an interrupted backtest goes on.
    """
    frames = []
    chunks = by_fit_day(cutoffs)
    for n_done, (day, chunk) in enumerate(chunks.items(), start=1):
        saved = checkpoint.load(day)
        frames.append(checkpoint.save(day, make(chunk)) if saved is None else saved)
        log.info("Backtest: %d of %d refit days", n_done, len(chunks))
    return pd.concat(frames, ignore_index=True)


def backtest_candidates(
    forecaster: Forecaster,
    cutoffs: Cutoffs,
    names: Sequence[str],
    observed: PointInTimeHistory,
    ahead: Cutoffs = (),
) -> pd.DataFrame:
    """Return what each candidate, for every measure, would have published at each cutoff; column `candidate` is first.

    `observed` has the actuals. Means for cutoffs `ahead` are made too: it is cheaper together.
    """
    forecaster.prepare(names, [*cutoffs, *ahead])
    frames = [
        _window(forecaster, same_for_every_measure(forecaster, name), cutoff, observed).assign(candidate=name)
        for name in names
        for cutoff in with_progress(cutoffs, f"Backtest of {name} by cutoff", len(cutoffs))
    ]
    together = pd.concat(frames, ignore_index=True)
    return together[["candidate", *together.columns.drop("candidate")]].astype({"cutoff": DAY_TYPE, "ds": DAY_TYPE})


def last_of_refit(cutoffs: Cutoffs, last: pd.Timestamp) -> pd.Timestamp:
    """Return the last day, up to `last`, for which the cutoffs' refit holds: windows of later cutoffs end there."""
    return min(fit_day(cutoffs[0]) + pd.Timedelta(days=REFIT_EVERY_DAYS - 1), last)


def backtest_recipe(forecaster: Forecaster, cutoffs: Cutoffs, recipe: Recipe) -> pd.DataFrame:
    """Return what one fixed recipe would have published at each cutoff."""
    forecaster.prepare(sorted(set(recipe.values())), cutoffs)
    return pd.concat([_window(forecaster, recipe, c, forecaster.history) for c in cutoffs], ignore_index=True)


def backtest_candidate(forecaster: Forecaster, cutoffs: Cutoffs, name: str) -> pd.DataFrame:
    """Return what one candidate, for every measure, would have published at each cutoff."""
    return backtest_recipe(forecaster, cutoffs, same_for_every_measure(forecaster, name))


def same_for_every_measure(forecaster: Forecaster, name: str) -> dict[str, str]:
    """Return the recipe that uses one candidate throughout."""
    return {series_key(unique_id).measure: name for unique_id in forecaster.history.latest.columns}


def _window(forecaster: Forecaster, recipe: Recipe, cutoff: pd.Timestamp, observed: PointInTimeHistory) -> pd.DataFrame:
    levels = forecaster.history.system.quantiles
    forecast = forecaster.forecast(recipe, cutoff)
    rows = with_actuals(observed, forecast, forecast.rows(levels))
    return rows[forecast_columns(levels)]
