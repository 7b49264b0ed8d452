"""Flows that balance on every path: who is in bed follows from who was, who came in, and who left."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.history.known import PointInTimeHistory
from training.history.ledger import FlowCounts, FlowSeries, by_place, flow_series, read_flow_counts
from training.paths.joint import SEED, Paths, reordered

Values = NDArray[np.float64]
RECENT_DAYS = 56  # in which is seen how much the counts of a place leave unexplained


@dataclass(frozen=True)
class FlowIdentity:
    """One place's flows on every path, each (horizon, n_paths), from the last census on.

    occupancy(d) = occupancy(d-1) + admissions(d) - discharges(d) + unexplained(d), where occupancy(0) is `census`.
    """

    census: float
    occupancy: Values
    admissions: Values
    discharges: Values

    @property
    def before(self) -> Values:
        """Occupancy of the day before each day: that of day 0 is the census on every path."""
        return np.concatenate([np.full((1, self.occupancy.shape[1]), self.census), self.occupancy[:-1]])

    @property
    def implied(self) -> Values:
        """The discharges that census and admissions ask for, if nothing is left unexplained."""
        return self.before + self.admissions - self.occupancy

    @property
    def unexplained(self) -> Values:
        """What the counts of a day leave open."""
        return self.discharges - self.implied


def reorder_discharges(paths: Paths, history: PointInTimeHistory, cutoff: pd.Timestamp) -> Paths:
    """The paths, with the discharges of places that balance in the order that census and admissions ask for.

    Each margin keeps its values: only on which path they stand changes, so that as little is left unexplained as in
    the recent past. A place of which no census is known keeps its own.
    """
    places = flow_series(list(paths.unique_ids))
    if not places:
        return paths
    ledger, days = read_flow_counts(history, cutoff, places, RECENT_DAYS)
    if days.empty:
        return paths
    observed = by_place(history.as_of(cutoff).loc[days].isna(), [place.parts for place in places]) == 0
    values = paths.values.copy()
    for place, scatter, census in zip(places, unexplained_sd(ledger, observed), ledger.occupancy[-1], strict=True):
        if np.isnan(census):
            continue
        position = paths.unique_ids.index(place.discharges)
        wanted = flow_identity(paths, place, float(census)).implied
        rng = np.random.default_rng([SEED, crc32(f"{place.discharges} unexplained".encode())])
        order = wanted + scatter * rng.standard_normal(wanted.shape)
        values[position] = reordered(np.sort(paths.values[position], axis=-1), order)
    return Paths(paths.unique_ids, values)


def unexplained_sd(ledger: FlowCounts, observed: NDArray[np.bool_]) -> Values:
    """The spread (n_places,) of what counts leave unexplained from one `observed` day to the next; 0 for no such days.

    Days that were filled in say nothing of it.
    """
    unexplained = np.diff(ledger.occupancy, axis=0) - ledger.admissions[1:] + ledger.discharges[1:]
    both = observed[1:] & observed[:-1]
    n_days = np.maximum(both.sum(axis=0), 1)
    mean = np.where(both, unexplained, 0.0).sum(axis=0) / n_days
    return np.asarray(np.sqrt(np.where(both, (unexplained - mean) ** 2, 0.0).sum(axis=0) / n_days))


def flow_identity(paths: Paths, place: FlowSeries, census: float) -> FlowIdentity:
    """The place's flows on every path."""

    def of(unique_ids: Sequence[str]) -> Values:
        return np.asarray(sum(paths.values[paths.unique_ids.index(unique_id)] for unique_id in unique_ids))

    return FlowIdentity(census, of([place.occupancy]), of(place.admissions), of([place.discharges]))


def beds_freed(leaving_share: float, horizon: int) -> Values:
    """Beds freed (horizon,) by one more discharge a day, from the first day on.

    `leaving_share` of the patients in bed leave on a day: so many of those sent home earlier would have left by then
    anyway, and what is freed on a day fades as `(1 - leaving_share) ** days`.
    """
    return np.asarray(np.cumsum((1 - leaving_share) ** np.arange(horizon)))
