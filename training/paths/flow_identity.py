"""The flow identity on paths: occupancy follows from the last census, admissions and discharges."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from training.frames import BoolArray, FloatArray
from training.history.census_shares import (
    SHARE_LOOKBACK_DAYS,
    CensusShares,
    between_censuses,
    fitted_census_shares,
    split_sd,
    unexplained,
)
from training.history.patient_flow import FlowCounts, FlowSeries, flow_series, observed_days, read_flow_counts
from training.history.point_in_time import PointInTimeHistory
from training.paths.joint import COPULA_SEED, Paths, reordered

RECENT_FLOW_DAYS = 56  # from which the share of patients that leave, and what is unexplained, are estimated
LEAST_UNEXPLAINED_SD = 0.1  # in patients: counts may balance exactly


@dataclass(frozen=True)
class LastDay:
    """The last known day of a place: its census and flows, and the shares of a day's flows before the census."""

    census: float
    admissions: float = 0.0
    discharges: float = 0.0
    admissions_share: float = 1.0
    discharges_share: float = 1.0


@dataclass(frozen=True)
class FlowIdentity:
    """Flows of one place on every path, each (horizon, n_paths), in patients, from the last census on.

    occupancy(d) = occupancy(d-1) + admitted(d) - discharged(d) + unexplained(d), where occupancy(0) is the last census,
    and `admitted` and `discharged` are the parts of two days' flows between the censuses of d-1 and d.
    """

    last: LastDay
    occupancy: FloatArray
    admissions: FloatArray
    discharges: FloatArray

    @property
    def before(self) -> FloatArray:
        """Occupancy of the day before each day; before the first day it is the last census, on every path."""
        return _with_last(self.occupancy, self.last.census)[:-1]

    @property
    def admitted(self) -> FloatArray:
        """Admissions between the census of the day before and that of the day."""
        return between_censuses(_with_last(self.admissions, self.last.admissions), self.last.admissions_share)

    @property
    def discharged(self) -> FloatArray:
        """Discharges between the census of the day before and that of the day."""
        return between_censuses(_with_last(self.discharges, self.last.discharges), self.last.discharges_share)

    @property
    def implied(self) -> FloatArray:
        """Discharges between the censuses that occupancy and admissions imply with nothing unexplained."""
        return self.before + self.admitted - self.occupancy

    @property
    def unexplained(self) -> FloatArray:
        """The unexplained part of each day: discharges between the censuses minus the implied ones."""
        return self.discharged - self.implied


def _with_last(values: FloatArray, last: float) -> FloatArray:
    return np.concatenate([np.full((1, values.shape[1]), last), values])


@dataclass(frozen=True)
class DischargeOrder:
    """The places whose discharges follow from occupancy and admissions: the last day and the noise of each."""

    places: Sequence[FlowSeries]
    last_days: Sequence["LastDay"]
    unexplained_sd: Sequence[float]

    def of(self, paths: Paths) -> Paths:
        """Return the paths with discharges in the order of those that occupancy and admissions imply.

        Each margin keeps its values; only their order over the paths changes, so that the unexplained part is as small
        as in the recent past. A place without a known census, or whose series are not among the paths, keeps its order.
        """
        if not self.places:
            return paths
        there, values = {unique_id: i for i, unique_id in enumerate(paths.unique_ids)}, paths.values.copy()
        for place, last, sd in zip(self.places, self.last_days, self.unexplained_sd, strict=True):
            if np.isnan(last.census) or place.discharges not in there:
                continue
            position = there[place.discharges]
            rng = np.random.default_rng([COPULA_SEED, crc32(f"{place.discharges} unexplained".encode())])
            order = conditional_discharges(flow_identity(paths, place, last), max(sd, LEAST_UNEXPLAINED_SD), rng)
            values[position] = reordered(np.sort(paths.values[position], axis=-1), order)
        return Paths(paths.unique_ids, values)


def discharge_order(unique_ids: Sequence[str], history: PointInTimeHistory, cutoff: pd.Timestamp) -> DischargeOrder:
    """Return the order of discharges of the places of some series, as their newest year gives it."""
    places = flow_series(list(unique_ids))
    recent = recent_flows(history, cutoff, places) if places else None
    if recent is None:
        return DischargeOrder((), (), ())
    return DischargeOrder(places, recent.last_days(), recent.unexplained_sd().tolist())


def conditional_discharges(of: FlowIdentity, unexplained_sd: float, rng: np.random.Generator) -> FloatArray:
    """Return draws (horizon, n_paths) of discharges given occupancy and admissions on each path.

    The identity observes the discharges between censuses, each a part of two days, with a normal error. Each path is
    moved by what it lacks to fit a perturbed observation (Matheron's rule): the draws of a Gaussian conditional
    distribution. Where the census ends the day they are the implied discharges plus noise.
    """
    horizon = len(of.discharges)
    share = of.last.discharges_share
    parts = share * np.eye(horizon) + (1 - share) * np.eye(horizon, k=-1)
    prior = np.diag(of.discharges.var(axis=1))
    observed_covariance = parts @ prior @ parts.T + unexplained_sd**2 * np.eye(horizon)
    lacking = of.implied + unexplained_sd * rng.standard_normal(of.implied.shape) - of.discharged
    return np.asarray(of.discharges + prior @ parts.T @ np.linalg.solve(observed_covariance, lacking))


@dataclass(frozen=True)
class RecentFlows:
    """Counts of the newest days of some places, gaps filled; which are `observed`; and the shares that they show."""

    counts: FlowCounts
    observed: BoolArray
    shares: CensusShares

    def last_days(self) -> list[LastDay]:
        """Return the last day of each place."""
        newest = (self.counts.occupancy[-1], self.counts.admissions[-1], self.counts.discharges[-1])
        columns = (*newest, self.shares.admissions, self.shares.discharges)
        return [LastDay(*map(float, values)) for values in zip(*columns, strict=True)]

    def unexplained_sd(self) -> FloatArray:
        """Return the standard deviation (n_places,) of the unexplained part of the newest weeks, in patients.

        It is at least what the chance of falling before or after the census gives.
        """
        newest = slice(-RECENT_FLOW_DAYS, None)
        counts, observed = self.counts.on(newest), self.observed[newest]
        by_chance = split_sd(counts, observed, self.shares)
        return np.maximum(unexplained_sd(counts, observed, self.shares), by_chance)


def recent_flows(history: PointInTimeHistory, cutoff: pd.Timestamp, places: Sequence[FlowSeries]) -> RecentFlows | None:
    """Return the newest year of the places as known at the cutoff; None where no day is known."""
    counts, days = read_flow_counts(history, cutoff, places, SHARE_LOOKBACK_DAYS)
    if days.empty:
        return None
    observed = observed_days(history.as_of(cutoff), places, days)
    return RecentFlows(counts, observed, fitted_census_shares(counts, observed, history.system.census_hour))


def unexplained_sd(counts: FlowCounts, observed: BoolArray, shares: CensusShares) -> FloatArray:
    """Return the standard deviation (n_places,) of the unexplained part of daily counts, in patients.

    Only pairs of successive days that are both `observed` (n_days, n_places) count; without any it is 0.
    """
    left = unexplained(counts, shares)
    both = observed[1:] & observed[:-1]
    n_days = np.maximum(both.sum(axis=0), 1)
    mean = np.where(both, left, 0.0).sum(axis=0) / n_days
    return np.asarray(np.sqrt(np.where(both, (left - mean) ** 2, 0.0).sum(axis=0) / n_days))


def flow_identity(paths: Paths, place: FlowSeries, last: LastDay) -> FlowIdentity:
    """Return the flows of a place on every path, from its last known day on.

    Raises ValueError if a series of the place has no paths.
    """

    def of(unique_ids: Sequence[str]) -> FloatArray:
        return np.asarray(sum(paths.values[paths.unique_ids.index(unique_id)] for unique_id in unique_ids))

    return FlowIdentity(last, of([place.occupancy]), of(place.admissions), of([place.discharges]))


def beds_freed(leaving_share: float, horizon: int, discharges_share: float = 1.0) -> FloatArray:
    """Return the beds (horizon,) freed at each census by one more discharge a day, from the first day on.

    `leaving_share`, 0 to 1, is the share of patients in bed that leave in a day. So many of those sent home early would
    have left by then anyway: what is freed on one day fades as `(1 - leaving_share) ** days`. Of the day's own
    discharge, `discharges_share` falls before the census.
    """
    by_day_end = np.cumsum((1 - leaving_share) ** np.arange(horizon))
    by_day_before = np.concatenate([[0.0], by_day_end])[:horizon]
    return np.asarray(discharges_share * by_day_end + (1 - discharges_share) * by_day_before)
