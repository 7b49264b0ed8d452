"""The share of a day's flows before its census, fitted to daily counts, and the flow balance with these shares.

Occupancy is counted once a day, at the census; admissions and discharges are counted over the day. The flows between
two censuses are the later part of one day's and the earlier part of the next day's. See docs/explanation/method.md.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import ADMISSIONS, DISCHARGES, OCCUPANCY, SeriesKey
from training.frames import BoolArray, FloatArray
from training.history.patient_flow import FlowCounts
from training.history.plausibility.baseline import NORMAL_FROM_MEDIAN
from training.sources.times import HOURS_A_DAY

SHARE_LOOKBACK_DAYS = 364  # from which shares are fitted
PRIOR_SHARE_SD = 0.25  # of a share around that of the declared hour
CLIPPED_SCALES = 2.5  # residuals beyond so many scales have less weight (Huber 1964)
LEAST_SCALE = 0.01  # of residuals, in patients: counts may balance exactly
ITERATIONS = 20  # of reweighted least squares
PLACES_AT_ONCE = 64  # whose days fit into a processor's cache together


@dataclass(frozen=True)
class CensusShares:
    """Shares of a day's admissions and discharges that fall before its census, each (n_places,), 0 to 1.

    They are 1 where the census ends the day, and 0 where it begins it.
    """

    admissions: FloatArray
    discharges: FloatArray


def declared_share(census_hour: int) -> float:
    """Return the share of a flow before the hour if the flow were even over the day."""
    return census_hour / HOURS_A_DAY


def between_censuses(flow: FloatArray, share: FloatArray | float) -> FloatArray:
    """Return the part of a flow (n_days, ...) between the censuses of successive days: (n_days - 1, ...)."""
    return np.asarray(share * flow[1:] + (1 - share) * flow[:-1])


def unexplained(counts: FlowCounts, shares: CensusShares) -> FloatArray:
    """Return the change of occupancy that flows leave unexplained: (n_days - 1, n_places), in patients.

    Positive: more patients are in beds than were admitted and stayed.
    """
    admitted = between_censuses(counts.admissions, shares.admissions)
    discharged = between_censuses(counts.discharges, shares.discharges)
    return np.asarray(np.diff(counts.occupancy, axis=0) - admitted + discharged)


def day_end_occupancy(counts: FlowCounts, shares: CensusShares) -> FloatArray:
    """Return the patients in bed at the end of each day (n_days, n_places): the census, and the flows after it."""
    after = (1 - shares.admissions) * counts.admissions - (1 - shares.discharges) * counts.discharges
    return np.asarray(counts.occupancy + after)


def fitted_census_shares(counts: FlowCounts, observed: BoolArray, census_hour: int) -> CensusShares:
    """Return the shares that leave the least variance unexplained, shrunk towards those of the declared hour.

    Robust least squares over pairs of successive days that are both `observed` (n_days, n_places). The unexplained part
    is linear in the shares, whose prior is normal: the more days, and the less is unexplained, the less it counts.
    """
    prior = declared_share(census_hour)
    both = (observed[1:] & observed[:-1]).T
    at_day_start = CensusShares(np.zeros(len(both)), np.zeros(len(both)))
    target = unexplained(counts, at_day_start).T
    admitted, discharged = np.diff(counts.admissions, axis=0).T, -np.diff(counts.discharges, axis=0).T
    shares = np.full((len(both), 2), prior)
    for first in range(0, len(both), PLACES_AT_ONCE):
        some = slice(first, first + PLACES_AT_ONCE)
        known = np.ascontiguousarray(both[some])
        regressors = np.stack([np.where(known, x[some], 0.0) for x in (admitted, discharged)])
        shares[some] = _robust_shares(regressors, np.where(known, target[some], 0.0), known, prior)
    return CensusShares(shares[:, 0], shares[:, 1])


def _robust_shares(x: FloatArray, y: FloatArray, known: BoolArray, prior: float) -> FloatArray:
    """Return the shares (n, 2) of regressors `x` (2, n, n_pairs) that explain `y` (n, n_pairs) where it is known."""
    shares = np.full((len(y), 2), prior)
    weights = known.astype(float)
    for _ in range(ITERATIONS if known.any() else 0):
        means = [_weighted_mean(values, weights) for values in (x[0], x[1], y)]
        first, second, rest = (values - mean for values, mean in zip((x[0], x[1], y), means, strict=True))
        residuals = rest - (first * shares[:, :1] + second * shares[:, 1:])
        scale = _scale(residuals, known)
        weights = known * _huber_weights(residuals, scale[:, None])
        precision = (scale / PRIOR_SHARE_SD) ** 2
        pairs = [[(weights * a * b).sum(axis=1) for b in (first, second, rest)] for a in (first, second)]
        gram = np.array([row[:2] for row in pairs]).transpose(2, 0, 1) + precision[:, None, None] * np.eye(2)
        moment = np.array([row[2] for row in pairs]).T + precision[:, None] * prior
        shares = _least_in_unit_square(gram, moment)
    return shares


def _weighted_mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted means (n, 1) of values (n, n_pairs)."""
    total = np.maximum(weights.sum(axis=1, keepdims=True), LEAST_SCALE)
    return np.asarray((weights * values).sum(axis=1, keepdims=True) / total)


def _scale(residuals: FloatArray, known: BoolArray) -> FloatArray:
    """Return the robust standard deviation (n,) of known residuals (n, n_pairs), at least `LEAST_SCALE`."""
    n_known = known.sum(axis=1)
    at = np.maximum(n_known - 1, 0) // 2
    sizes = np.partition(np.where(known, np.abs(residuals), np.inf), np.unique(at), axis=1)  # unknown: behind all
    medians = sizes[np.arange(len(sizes)), at]
    return np.asarray(np.maximum(NORMAL_FROM_MEDIAN * np.where(n_known > 0, medians, 0.0), LEAST_SCALE))


def _huber_weights(residuals: FloatArray, scale: FloatArray) -> FloatArray:
    return np.asarray(np.minimum(1.0, CLIPPED_SCALES * scale / np.maximum(np.abs(residuals), LEAST_SCALE**2)))


def _least_in_unit_square(gram: FloatArray, moment: FloatArray) -> FloatArray:
    """Return the points (n, 2) of the unit square with the least x' G x / 2 - m' x; `gram` is (n, 2, 2).

    The minimum is that of the plane where it lies inside, else that of one of the four edges.
    """
    free = np.linalg.solve(gram, moment[..., None])[..., 0]
    points = [np.where(((free >= 0) & (free <= 1)).all(axis=-1, keepdims=True), free, 0.0)]
    for other in (0, 1):
        for value in (0.0, 1.0):
            edge = np.full_like(moment, value)
            edge[:, other] = np.clip((moment[:, other] - value * gram[:, 0, 1]) / gram[:, other, other], 0.0, 1.0)
            points.append(edge)
    at = np.stack(points)
    losses = np.einsum("kni,nij,knj->kn", at, gram, at) / 2 - np.einsum("kni,ni->kn", at, moment)
    return np.asarray(at[losses.argmin(axis=0), np.arange(len(moment))])


@dataclass(frozen=True)
class Balance:
    """The unexplained part of each day, wide by place, and the standard deviation (n_places,) that chance gives it.

    A patient is admitted or leaves before the census or after it by chance, so that no counts balance exactly if the
    census is within the day. `sd` is that of patients who come and go independently of each other.
    """

    residuals: pd.DataFrame
    sd: FloatArray


def flow_balance(table: pd.DataFrame, system: System) -> Balance:
    """Return the balance of the places that count all three, with the census shares that the days of `table` show.

    The unexplained part is NaN where a count of the day or of the day before is not known.
    """
    counted = set(table.columns)
    places = [place.id for place in system.places if counted.issuperset(_ids(place.id))]
    columns = [table.columns.get_indexer(pd.Index(ids)) for ids in zip(*map(_ids, places), strict=True)]
    if not columns:
        return Balance(pd.DataFrame(index=table.index), np.zeros(0))
    occupancy, admissions, discharges = (table.to_numpy(dtype=float)[:, chosen] for chosen in columns)
    counts = FlowCounts(occupancy, admissions, discharges, beds=np.full_like(occupancy, np.nan))
    observed = ~np.isnan(occupancy + admissions + discharges)
    shares = fitted_census_shares(counts, observed, system.census_hour)
    residuals = np.concatenate([np.full((1, len(places)), np.nan), unexplained(counts, shares)])
    wide = pd.DataFrame(residuals, index=table.index, columns=pd.Index(places))
    return Balance(wide, split_sd(counts, observed, shares))


def split_sd(counts: FlowCounts, observed: BoolArray, shares: CensusShares) -> FloatArray:
    """Return the standard deviation (n_places,) of the unexplained part of a day if each patient's hour is chance.

    The part of n patients before the census has the variance n s (1 - s), and two days' parts enter.
    """
    n_days = np.maximum(observed.sum(axis=0), 1)
    flows = ((counts.admissions, shares.admissions), (counts.discharges, shares.discharges))
    variance = sum(np.where(observed, flow, 0.0).sum(axis=0) / n_days * share * (1 - share) for flow, share in flows)
    return np.asarray(np.sqrt(2 * variance))


def _ids(place: str) -> tuple[str, ...]:
    return tuple(SeriesKey(place, measure).unique_id for measure in (OCCUPANCY, ADMISSIONS, DISCHARGES))
