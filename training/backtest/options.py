"""The options of a backtest, and the cutoffs that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from publication.live_scores import DEFAULT_SLICES
from publication.model import System
from publication.vocabulary import series_key
from training.backtest.slices import SLICERS
from training.errors import UsageError
from training.history.point_in_time import PointInTimeHistory
from training.models.catalogue import DEFAULT_CANDIDATE, candidate_names

SCORE_FILES = (".parquet", ".csv")


@dataclass(frozen=True)
class BacktestOptions:
    """Windows, and optionally candidates, places, measures, the last cutoff, and the slices of the printed table.

    `train_window_days` is how much history is seen (None: all of it); with `no_resume` an interrupted run begins anew.
    """

    windows: int
    step_days: int
    horizon: int | None
    candidates: str | None
    measures: Sequence[str]
    places: Sequence[str]
    last_cutoff: date | None
    by: str = ",".join(DEFAULT_SLICES)
    train_window_days: int | None = None
    no_resume: bool = False

    @property
    def names(self) -> list[str]:
        """The candidates that are backtested: the default alone, or those that are named."""
        return [DEFAULT_CANDIDATE] if self.candidates is None else candidate_names(self.candidates)

    @property
    def slices(self) -> tuple[str, ...]:
        """The slices of the printed table."""
        return tuple(dict.fromkeys(name.strip() for name in self.by.split(",")))

    @property
    def history(self) -> str:
        """The history that a forecast sees, in words."""
        if self.train_window_days is None:
            return "expanding: all days up to the cutoff"
        return f"sliding: from {self.train_window_days} days before the refit day"

    def check(self, system: System, scores_file: Path | None) -> None:
        """Raises UsageError for what the system or the catalogue does not have, before any work is done."""
        _require_known("--measure", self.measures, list(system.measure_by_name), "of this system, which has")
        _require_known("--place", self.places, list(system.place_by_id), "of this system, which has")
        _require_known("--group-by", self.slices, list(SLICERS), "a slice; there are")
        candidate_names(self.candidates)
        if scores_file is not None and scores_file.suffix not in SCORE_FILES:
            raise UsageError(f"--scores {scores_file}: scores are written as .parquet or .csv. Name such a file.")

    def narrowed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the requested measures and places. Parents remain sums of all their parts."""
        keys = {unique_id: series_key(str(unique_id)) for unique_id in frame["unique_id"].unique()}
        wanted = {
            unique_id
            for unique_id, key in keys.items()
            if (not self.measures or key.measure in self.measures) and (not self.places or key.place in self.places)
        }
        return frame[frame["unique_id"].isin(wanted)].reset_index(drop=True)


def _require_known(option: str, requested: Sequence[str], known: Sequence[str], of_what: str) -> None:
    for name in requested:
        if name not in known:
            raise UsageError(f"{option} {name} is not {of_what} {', '.join(known)}.")


def backtest_cutoffs(
    history: PointInTimeHistory, windows: int, step_days: int, horizon: int, last: pd.Timestamp | None = None
) -> list[pd.Timestamp]:
    """Return `windows` cutoffs, `step_days` apart, oldest first.

    They end at `last`, by default the last day for which `horizon` actuals exist; those at which no series reports are
    left out. Raises UsageError where the history is too short for the first of them, or none is left.
    """
    newest = history.last_complete_day - pd.Timedelta(days=horizon)
    end = newest if last is None else last
    cutoffs = [end - pd.Timedelta(days=step_days * back) for back in reversed(range(windows))]
    if cutoffs[0] <= history.first_day or end > newest:
        raise UsageError(
            f"Backtesting {history.system.name}: {windows} windows of {horizon} days, {step_days} days apart, "
            f"ending with cutoff {end.date()}, need actuals from before {cutoffs[0].date()} to "
            f"{(end + pd.Timedelta(days=horizon)).date()}; complete days run from {history.first_day.date()} to "
            f"{history.last_complete_day.date()}. Ask for fewer windows, a shorter horizon or another cutoff."
        )
    reporting = [cutoff for cutoff in cutoffs if len(history.with_places_at(cutoff).as_of(cutoff).columns)]
    if not reporting:
        raise UsageError(
            f"Backtesting {history.system.name}: no series has a usable value in the four weeks before any cutoff from "
            f"{cutoffs[0].date()} to {end.date()}. Choose another cutoff, or windows further apart."
        )
    return reporting


def within_train_window(versions: pd.DataFrame, fit_day: pd.Timestamp, days: int) -> pd.DataFrame:
    """Return the vintages of days less than `days` before the refit day, and of all later days.

    The window slides with the refit grid, so that all cutoffs of one refit day see the same first day, whatever others
    are requested; at the last of them the window is 55 days longer. Later vintages remain: the history hides what was
    not known at a cutoff.
    """
    return versions[versions["ds"] > fit_day - pd.Timedelta(days=days)]


def common_weekday(cutoffs: Sequence[pd.Timestamp]) -> str | None:
    """Return the weekday of all cutoffs, where there are several and all have the same."""
    names = {cutoff.day_name() for cutoff in cutoffs}
    return names.pop() if len(cutoffs) > 1 and len(names) == 1 else None
