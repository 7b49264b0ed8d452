"""What a backtest is asked for, and whether it can be had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from publication.model import System
from publication.vocabulary import series_key
from training.backtest.scores import BY
from training.backtest.slices import SLICES
from training.errors import UsageError
from training.models.catalogue import CONTENDERS, candidate_names

SELECTED = "chosen"
SCORE_FILES = (".parquet", ".csv")


@dataclass(frozen=True)
class BacktestOptions:
    """Windows, and optionally candidates, places, measures, the last cutoff, and the slices of the printed table.

    `sliding_days` is how much history is seen (None: all of it); `is_fresh` makes again what an interrupted run kept.
    """

    windows: int
    step_days: int
    horizon: int | None
    candidates: str | None
    measures: Sequence[str]
    places: Sequence[str]
    last_cutoff: date | None
    by: str = ",".join(BY)
    sliding_days: int | None = None
    is_fresh: bool = False

    @property
    def choices(self) -> dict[str, list[str]]:
        """Candidates by the name of what chooses among them: all of the catalogue, or each named one alone."""
        if self.candidates is None:
            return {SELECTED: list(CONTENDERS)}
        return {name: [name] for name in candidate_names(self.candidates)}

    @property
    def slices(self) -> tuple[str, ...]:
        """What the printed table is by."""
        return tuple(dict.fromkeys(name.strip() for name in self.by.split(",")))

    @property
    def history(self) -> str:
        """How much history a forecast sees, for a person."""
        if self.sliding_days is None:
            return "expanding: all days up to the cutoff"
        return f"sliding: from {self.sliding_days} days before the refit day"

    def check(self, system: System, scores_file: Path | None) -> None:
        """Raises UsageError for what the system or the catalogue does not have, before any work is done."""
        _require_known("--measure", self.measures, list(system.measure_by_name), "of this system, which has")
        _require_known("--place", self.places, list(system.place_by_id), "of this system, which has")
        _require_known("--group-by", self.slices, list(SLICES), "a slice; there are")
        candidate_names(self.candidates)
        if scores_file is not None and scores_file.suffix not in SCORE_FILES:
            raise UsageError(f"--scores {scores_file}: scores are written as .parquet or .csv. Name such a file.")

    def narrowed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the wanted measures and places. Parents stay sums of all their parts."""
        keys = {unique_id: series_key(str(unique_id)) for unique_id in frame["unique_id"].unique()}
        wanted = {
            unique_id
            for unique_id, key in keys.items()
            if (not self.measures or key.measure in self.measures) and (not self.places or key.place in self.places)
        }
        return frame[frame["unique_id"].isin(wanted)].reset_index(drop=True)


def _require_known(option: str, wanted: Sequence[str], known: Sequence[str], of_what: str) -> None:
    for name in wanted:
        if name not in known:
            raise UsageError(f"{option} {name} is not {of_what} {', '.join(known)}.")
