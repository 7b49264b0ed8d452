"""Patient flow: the series of a place that balance, their counts, and what they leave unexplained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from publication.vocabulary import ADMISSIONS, BEDS, DISCHARGES, OCCUPANCY, SeriesKey, series_key
from training.frames import BoolArray, FloatArray

if TYPE_CHECKING:
    from training.history.point_in_time import PointInTimeHistory

NOT_COUNTED = ""  # the name of no series


@dataclass(frozen=True)
class FlowSeries:
    """The series, by unique_id, of a place or a stream of it that balance; `beds` is None where not counted."""

    occupancy: str
    admissions: tuple[str, ...]
    discharges: str
    beds: str | None

    @property
    def parts(self) -> list[str]:
        """The series that must be known."""
        return [self.occupancy, self.discharges, *self.admissions]


def flow_series(unique_ids: Sequence[str]) -> list[FlowSeries]:
    """Return the series that balance: occupancy and discharges of one place and stream, and its admissions.

    Occupancy that is not split takes all admissions of its place, whatever streams they are split by.
    """
    keys = {series_key(unique_id): unique_id for unique_id in unique_ids}
    admitted: dict[str, list[SeriesKey]] = {}
    for key in keys:
        if key.measure == ADMISSIONS:
            admitted.setdefault(key.place, []).append(key)
    found = []
    for key in (key for key in keys if key.measure == OCCUPANCY):
        entering = tuple(keys[a] for a in admitted.get(key.place, ()) if key.stream in (None, a.stream))
        leaving, beds = (keys.get(SeriesKey(key.place, measure, key.stream)) for measure in (DISCHARGES, BEDS))
        if leaving and entering:
            found.append(FlowSeries(keys[key], entering, leaving, beds))
    return found


def beds_of(unique_id: str) -> str:
    """The series of the beds at the same place and stream, counted or not."""
    return series_key(unique_id)._replace(measure=BEDS).unique_id


@dataclass(frozen=True)
class FlowCounts:
    """Daily counts of some places, each (n_days, n_places), without gaps; `beds` is NaN where they are not counted."""

    occupancy: FloatArray
    admissions: FloatArray
    discharges: FloatArray
    beds: FloatArray

    def on(self, days: slice) -> "FlowCounts":
        """Return the counts of some days, by position."""
        return FlowCounts(self.occupancy[days], self.admissions[days], self.discharges[days], self.beds[days])


def read_flow_counts(
    history: "PointInTimeHistory", cutoff: pd.Timestamp, places: Sequence[FlowSeries], n_days: int
) -> tuple[FlowCounts, pd.DatetimeIndex]:
    """The newest days' counts, gaps filled, and which days they are; before a series' first value it has that value."""
    table = history.imputed(cutoff).tail(n_days)
    table = table.loc[table[[b.occupancy for b in places]].notna().any(axis=1)].bfill()
    days = pd.DatetimeIndex(table.index)
    filled = table + history.bed_steps(days, list(table.columns))
    counts = FlowCounts(
        occupancy=filled[[b.occupancy for b in places]].to_numpy(),
        admissions=by_place(filled, [b.admissions for b in places]),
        discharges=filled[[b.discharges for b in places]].to_numpy(),
        beds=filled.reindex(columns=[b.beds or NOT_COUNTED for b in places]).to_numpy(),
    )
    return counts, days


def observed_days(known: pd.DataFrame, places: Sequence[FlowSeries], days: pd.DatetimeIndex) -> BoolArray:
    """Return on which days every series of a place has a value in `known`: (n_days, n_places)."""
    return np.asarray(by_place(known.loc[days].isna(), [place.parts for place in places]) == 0)


def by_place(table: pd.DataFrame, parts: Sequence[Sequence[str]]) -> FloatArray:
    """The parts of each place, at least one, added up: (n_days, n_places)."""
    starts = np.cumsum([0, *map(len, parts[:-1])])
    values = table[[part for place in parts for part in place]].to_numpy(dtype=np.float64)
    return np.asarray(np.add.reduceat(values, starts, axis=1))
