"""Headroom of every place that counts both beds and occupancy, from the paths of a forecast."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from publication.model import Headroom, Peak, System
from publication.pressure import PEAK_DAYS, headroom_levels
from publication.vocabulary import series_key
from training.frames import FloatArray, IndexArray
from training.history.census_shares import declared_share
from training.history.patient_flow import ADMISSIONS, BEDS, DISCHARGES, OCCUPANCY, beds_of, flow_series
from training.history.point_in_time import PointInTimeHistory
from training.history.reporting import rest_days
from training.paths.flow_identity import RECENT_FLOW_DAYS, beds_freed, recent_flows
from training.paths.joint import Paths, peak, quantiles
from training.pipeline.forecast import DECIMALS, Forecast


def headroom(forecast: Forecast, history: PointInTimeHistory) -> tuple[Headroom, ...]:
    """Return headroom of each place of the tree where both are counted, parents before children."""
    system = history.system
    recent = _recent(history, forecast.cutoff).mean()
    early = discharges_before_census(history, forecast.cutoff)
    found = []
    for place in system.under(system.name):
        occupied, open_beds = _of_place(system, place, forecast.paths.unique_ids)
        if len(occupied):
            freed = beds_freed(
                _leaving_share(recent, system, place), len(forecast.means), _discharges_share(early, system, place)
            )
            found.append(_headroom(system, place, forecast, occupied, open_beds, freed))
    return tuple(found)


def uncounted(forecast: Forecast, history: PointInTimeHistory) -> tuple[str, ...]:
    """Return places with occupancy but without beds: pressure leaves them out, also from their parents."""
    occupied, _ = _of_place(history.system, history.system.name, forecast.paths.unique_ids)
    counted = {forecast.paths.unique_ids[i] for i in occupied}
    keys = map(series_key, forecast.paths.unique_ids)
    return tuple(key.place for key in keys if key.measure == OCCUPANCY and key.unique_id not in counted)


def _headroom(
    system: System,
    place: str,
    forecast: Forecast,
    occupied: IndexArray,
    open_beds: IndexArray,
    freed: FloatArray,
) -> Headroom:
    """Return one place's headroom; `occupied` and `open_beds` are the positions of its bottom series."""
    paths, means = forecast.paths, forecast.means.to_numpy()
    occupancy = paths.values[occupied].sum(axis=0)
    published, net = system.quantiles, net_flow(system, place, paths)
    peaks = {days: peak(occupancy, days, published) for days in PEAK_DAYS if days <= len(means)}
    return Headroom(
        place=place,
        beds=tuple(means[:, open_beds].sum(axis=1).round(DECIMALS).tolist()),
        occupancy=_rows(quantiles(occupancy, published)),
        headroom=_rows(quantiles(_remaining(forecast, occupied, open_beds), headroom_levels(system))),
        beds_freed=tuple(freed.round(DECIMALS).tolist()),
        peaks=tuple(_peak(days, *found) for days, found in peaks.items()),
        net_flow=() if net is None else _rows(quantiles(net, published)),
    )


def net_flow(system: System, place: str, paths: Paths) -> FloatArray | None:
    """Return admissions minus discharges (horizon, n_paths) at the place and below, on each path.

    None where nothing of both is counted, or one of them is without the other somewhere: the difference of what is
    counted would be no change of occupancy.
    """
    within, flows = set(system.under(place)), (ADMISSIONS, DISCHARGES)
    keys = map(series_key, paths.unique_ids)
    n_counted = sum(key.place in within and key.measure in flows for key in keys)
    entering, leaving = _of_place(system, place, paths.unique_ids, flows)
    if not n_counted or len(entering) + len(leaving) < n_counted:
        return None
    return np.asarray(paths.values[entering].sum(axis=0) - paths.values[leaving].sum(axis=0))


def _remaining(forecast: Forecast, occupied: IndexArray, open_beds: IndexArray) -> FloatArray:
    """Return headroom (horizon, n_paths): calibrated where a place counts both; elsewhere beds less occupancy."""
    paths, ids = forecast.paths, forecast.paths.unique_ids
    own = {unique_id: i for i, unique_id in enumerate(forecast.headroom.unique_ids)}
    calibrated = [own[ids[i]] for i in occupied if ids[i] in own]
    taken = {beds_of(forecast.headroom.unique_ids[i]) for i in calibrated}
    rest = [i for i in occupied if ids[i] not in own], [i for i in open_beds if ids[i] not in taken]
    beds, occupancy = (paths.values[some].sum(axis=0) for some in reversed(rest))
    return np.asarray(forecast.headroom.values[calibrated].sum(axis=0) + beds - occupancy)


def _peak(days: int, values: FloatArray, lead: float) -> Peak:
    return Peak(days, tuple(values.round(DECIMALS).tolist()), round(lead, DECIMALS))


def _of_place(
    system: System, place: str, unique_ids: tuple[str, ...], measures: tuple[str, str] = (OCCUPANCY, BEDS)
) -> tuple[IndexArray, IndexArray]:
    """Return positions of the bottom series of two measures, at the place or below, that have a counterpart.

    Beds may be counted at the same place as occupancy, or at one above or below it.
    """
    within = set(system.under(place))
    keys = [(i, key) for i, key in enumerate(map(series_key, unique_ids)) if key.place in within]
    ones, others = ([(i, key.place) for i, key in keys if key.measure == of] for of in measures)
    lines = {p: {p, *system.ancestors(p)} for _, p in (*ones, *others)}

    def matched(some: list[tuple[int, str]], counterparts: list[tuple[int, str]]) -> Iterator[int]:
        there = {p for _, p in counterparts}
        above = set().union(*(lines[p] for p in there)) if there else set()
        return (i for i, p in some if p in above or lines[p] & there)

    return (
        np.array(list(matched(ones, others)), dtype=np.intp),
        np.array(list(matched(others, ones)), dtype=np.intp),
    )


def _recent(history: PointInTimeHistory, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return the newest days, gaps filled; a flow is 0 on days on which it is never counted."""
    at_rest = rest_days(history.as_of(cutoff), history.system)[-RECENT_FLOW_DAYS:]
    return history.imputed(cutoff).tail(RECENT_FLOW_DAYS).mask(at_rest, 0.0)


def _leaving_share(recent: pd.Series, system: System, place: str) -> float:
    """Return the share of inpatients that leaves in a day: discharges, else admissions, over occupancy.

    Over the bottom places that count the flow as well as occupancy; 0 where neither flow is counted.
    """
    keys = {series_key(str(unique_id)): value for unique_id, value in recent.items()}
    within = set(system.under(place))
    for flow in (DISCHARGES, ADMISSIONS):
        there = {m: {k.place for k in keys if k.measure == m and k.place in within} for m in (flow, OCCUPANCY)}
        both = there[flow] & there[OCCUPANCY]
        leaving, occupied = (
            sum(v for k, v in keys.items() if k.place in both and k.measure == m) for m in (flow, OCCUPANCY)
        )
        if occupied > 0 and leaving > 0:
            return float(min(leaving / occupied, 1.0))
    return 0.0


def discharges_before_census(history: PointInTimeHistory, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return, for each place that counts all flows, its mean `discharges` and the `share` of them before the census."""
    places = flow_series(list(history.as_of(cutoff).columns))
    recent = recent_flows(history, cutoff, places) if places else None
    if recent is None:
        return pd.DataFrame({"discharges": [], "share": []}, dtype=float)
    columns = {"discharges": recent.counts.discharges.mean(axis=0), "share": recent.shares.discharges}
    return pd.DataFrame(columns, index=[series_key(place.discharges).place for place in places])


def _discharges_share(early: pd.DataFrame, system: System, place: str) -> float:
    """Return the share of discharges before the census at the place and below; that of the declared hour without any.

    `early` is what `discharges_before_census` returns.
    """
    within = early[early.index.isin(system.under(place)) & early["discharges"].gt(0)]
    if within.empty:
        return declared_share(system.census_hour)
    return float(np.average(within["share"], weights=within["discharges"]))


def _rows(values: FloatArray) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, values.round(DECIMALS).tolist()))
