"""The flow identity on paths: occupancy follows from the last census, admissions and discharges."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from training.frames import BoolArray, FloatArray
from training.history.patient_flow import FlowCounts, FlowSeries, by_place, flow_series, read_flow_counts
from training.history.point_in_time import PointInTimeHistory
from training.paths.joint import COPULA_SEED, Paths, reordered

RECENT_FLOW_DAYS = 56  # from which the share of patients that leave, and what is unexplained, are estimated


@dataclass(frozen=True)
class FlowIdentity:
    """Flows of one place on every path, each (horizon, n_paths), in patients, from the last census on.

    occupancy(d) = occupancy(d-1) + admissions(d) - discharges(d) + unexplained(d), where occupancy(0) is `census`.
    """

    census: float
    occupancy: FloatArray
    admissions: FloatArray
    discharges: FloatArray

    @property
    def before(self) -> FloatArray:
        """Occupancy of the day before each day; before the first day it is the census, on every path."""
        return np.concatenate([np.full((1, self.occupancy.shape[1]), self.census), self.occupancy[:-1]])

    @property
    def implied(self) -> FloatArray:
        """Discharges that occupancy and admissions imply with nothing unexplained."""
        return self.before + self.admissions - self.occupancy

    @property
    def unexplained(self) -> FloatArray:
        """The unexplained part of each day: discharges minus the implied ones."""
        return self.discharges - self.implied


def reorder_discharges(paths: Paths, history: PointInTimeHistory, cutoff: pd.Timestamp) -> Paths:
    """Return the paths with discharges in the order of those that occupancy and admissions imply.

    Each margin keeps its values; only their order over the paths changes, so that the unexplained part is as small as
    in the recent past. A place without a known census keeps its order.
    """
    places = flow_series(list(paths.unique_ids))
    if not places:
        return paths
    counts, days = read_flow_counts(history, cutoff, places, RECENT_FLOW_DAYS)
    if days.empty:
        return paths
    observed = by_place(history.as_of(cutoff).loc[days].isna(), [place.parts for place in places]) == 0
    values = paths.values.copy()
    for place, sd, census in zip(places, unexplained_sd(counts, observed), counts.occupancy[-1], strict=True):
        if np.isnan(census):
            continue
        position = paths.unique_ids.index(place.discharges)
        implied = flow_identity(paths, place, float(census)).implied
        rng = np.random.default_rng([COPULA_SEED, crc32(f"{place.discharges} unexplained".encode())])
        order = implied + sd * rng.standard_normal(implied.shape)
        values[position] = reordered(np.sort(paths.values[position], axis=-1), order)
    return Paths(paths.unique_ids, values)


def unexplained_sd(counts: FlowCounts, observed: BoolArray) -> FloatArray:
    """Return the standard deviation (n_places,) of the unexplained part of daily counts, in patients.

    Only pairs of successive days that are both `observed` (n_days, n_places) count; without any it is 0.
    """
    unexplained = np.diff(counts.occupancy, axis=0) - counts.admissions[1:] + counts.discharges[1:]
    both = observed[1:] & observed[:-1]
    n_days = np.maximum(both.sum(axis=0), 1)
    mean = np.where(both, unexplained, 0.0).sum(axis=0) / n_days
    return np.asarray(np.sqrt(np.where(both, (unexplained - mean) ** 2, 0.0).sum(axis=0) / n_days))


def flow_identity(paths: Paths, place: FlowSeries, census: float) -> FlowIdentity:
    """Return the flows of a place on every path; `census` is its last known occupancy.

    Raises ValueError if a series of the place has no paths.
    """

    def of(unique_ids: Sequence[str]) -> FloatArray:
        return np.asarray(sum(paths.values[paths.unique_ids.index(unique_id)] for unique_id in unique_ids))

    return FlowIdentity(census, of([place.occupancy]), of(place.admissions), of([place.discharges]))


def beds_freed(leaving_share: float, horizon: int) -> FloatArray:
    """Return the beds (horizon,) freed by one more discharge a day, from the first day on.

    `leaving_share`, 0 to 1, is the share of patients in bed that leave in a day. So many of those sent home early would
    have left by then anyway: what is freed on one day fades as `(1 - leaving_share) ** days`.
    """
    return np.asarray(np.cumsum((1 - leaving_share) ** np.arange(horizon)))
