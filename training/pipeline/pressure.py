"""Headroom of every place that counts both beds and occupancy, from the paths of a forecast."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from publication.model import Headroom, Peak, System
from publication.pressure import PEAK_DAYS, headroom_levels
from publication.vocabulary import ADMISSIONS, BEDS, DISCHARGES, OCCUPANCY, SeriesKey, series_key
from training.frames import FloatArray, IndexArray
from training.history.census_shares import declared_share
from training.history.patient_flow import flow_series
from training.history.point_in_time import PointInTimeHistory
from training.history.reporting import rest_days
from training.paths.flow_identity import RECENT_FLOW_DAYS, beds_freed, recent_flows
from training.paths.joint import peak, quantiles
from training.pipeline.forecast import Forecast
from training.pipeline.system_paths import DECIMALS, PathChunk, SystemPaths


def headroom(forecast: Forecast, history: PointInTimeHistory) -> tuple[Headroom, ...]:
    """Return headroom of each place of the tree where both are counted, parents before children."""
    system, index = history.system, PlaceIndex(history.system, forecast.paths.unique_ids)
    counted = {place: of for place in system.under(system.name) if len((of := _place_series(index, place)).occupied)}
    freed = BedsFreed(history, forecast.cutoff, len(forecast.means))
    means, found = forecast.means.to_numpy(), {}
    for place, sums in _sums_of_places(forecast.paths, counted, means.shape[0]):
        beds = means[:, counted[place].open_beds].sum(axis=1)
        found[place] = _headroom(system, place, beds, sums, freed.at(place))
    return tuple(found[place] for place in counted)


def uncounted(forecast: Forecast, history: PointInTimeHistory) -> tuple[str, ...]:
    """Return places with occupancy but without beds: pressure leaves them out, also from their parents."""
    ids = forecast.paths.unique_ids
    occupied, _ = _of_place(PlaceIndex(history.system, ids), history.system.name)
    counted = {ids[i] for i in occupied}
    return tuple(key.place for key in map(series_key, ids) if key.measure == OCCUPANCY and key.unique_id not in counted)


class PlaceIndex:
    """The bottom series of each place, by position, and the places below it."""

    def __init__(self, system: System, unique_ids: Sequence[str]) -> None:
        self.system = system
        self._by_place: dict[str, list[tuple[int, SeriesKey]]] = {}
        for i, key in enumerate(map(series_key, unique_ids)):
            self._by_place.setdefault(key.place, []).append((i, key))

    def within(self, place: str) -> list[tuple[int, SeriesKey]]:
        """Return the positions and keys of the series at the place or below, by position."""
        return sorted(one for below in self.system.under(place) for one in self._by_place.get(below, ()))


@dataclass(frozen=True)
class PlaceSeries:
    """The positions of the bottom series that make the pressure of a place.

    `calibrated` are those of occupancy whose headroom has margins of its own, `rest` and `rest_beds` the others and
    their beds. `entering` and `leaving` are its flows, None where they do not balance.
    """

    occupied: IndexArray
    open_beds: IndexArray
    calibrated: IndexArray
    rest: IndexArray
    rest_beds: IndexArray
    flows: tuple[IndexArray, IndexArray] | None


def _place_series(index: PlaceIndex, place: str) -> PlaceSeries:
    within = index.within(place)
    occupied, open_beds = _of_place(index, place)
    keys = dict(within)
    beds = {(key.place, key.stream): i for i, key in within if key.measure == BEDS}
    own = {i: beds.get((keys[i].place, keys[i].stream)) for i in occupied.tolist()}
    calibrated = [i for i, of_beds in own.items() if of_beds is not None]
    taken = {own[i] for i in calibrated}
    return PlaceSeries(
        occupied,
        open_beds,
        _positions(calibrated),
        _positions(i for i in own if own[i] is None),
        _positions(i for i in open_beds.tolist() if i not in taken),
        balanced_flows(index, place),
    )


def balanced_flows(index: PlaceIndex, place: str) -> tuple[IndexArray, IndexArray] | None:
    """Return the positions of admissions and discharges at the place and below.

    None where nothing of both is counted, or one of them is without the other somewhere: the difference of what is
    counted would be no change of occupancy.
    """
    n_counted = sum(key.measure in (ADMISSIONS, DISCHARGES) for _, key in index.within(place))
    entering, leaving = _of_place(index, place, (ADMISSIONS, DISCHARGES))
    if not n_counted or len(entering) + len(leaving) < n_counted:
        return None
    return entering, leaving


@dataclass(frozen=True)
class PlaceSums:
    """Paths of a place, (horizon, n_paths) each: occupancy, headroom, and admissions less discharges where known."""

    occupancy: FloatArray
    headroom: FloatArray
    net_flow: FloatArray | None


def _sums_of_places(
    paths: SystemPaths, counted: Mapping[str, PlaceSeries], horizon: int
) -> Iterator[tuple[str, PlaceSums]]:
    """Yield each place with its sums, once all its series have been added: parents after their children."""
    left = {place: _PlaceTotals(of, horizon) for place, of in counted.items()}
    for chunk in paths.chunks():
        local = np.full(len(paths.unique_ids), -1, dtype=np.intp)
        local[chunk.positions] = np.arange(len(chunk.positions))
        free = np.full(len(paths.unique_ids), -1, dtype=np.intp)
        there = {unique_id: i for i, unique_id in enumerate(chunk.paths.unique_ids)}
        for i, unique_id in enumerate(chunk.headroom.unique_ids):
            free[chunk.positions[there[unique_id]]] = i
        for place in [place for place, totals in left.items() if totals.add(chunk, local, free)]:
            yield place, left.pop(place).sums()


class _PlaceTotals:
    """The sums of one place, as far as chunks have been added."""

    def __init__(self, of: PlaceSeries, horizon: int) -> None:
        entering, leaving = of.flows or (_positions(()), _positions(()))
        self._of, self._horizon = of, horizon
        self._parts = {
            "occupancy": of.occupied,
            "calibrated": of.calibrated,
            "beds": of.rest_beds,
            "rest": of.rest,
            "entering": entering,
            "leaving": leaving,
        }
        self._left = sum(map(len, self._parts.values()))
        self._totals: dict[str, FloatArray] = {}

    def add(self, chunk: PathChunk, local: IndexArray, free: IndexArray) -> bool:
        """Add what the chunk has of the place; return whether there is nothing more to come."""
        for name, positions in self._parts.items():
            calibrated = name == "calibrated"
            rows = (free if calibrated else local)[positions]
            rows = rows[rows >= 0]
            if len(rows):
                values = (chunk.headroom if calibrated else chunk.paths).values
                self._add(name, values, rows)
                self._left -= len(rows)
        return self._left == 0

    def _add(self, name: str, values: FloatArray, rows: IndexArray) -> None:
        for row in rows.tolist():
            if name in self._totals:
                self._totals[name] += values[row]
            else:
                self._totals[name] = values[row].copy()

    def sums(self) -> PlaceSums:
        """Return the sums of the place."""
        occupancy = self._totals["occupancy"]
        of = {name: self._totals.get(name, np.zeros_like(occupancy)) for name in self._parts}
        remaining = of["calibrated"] + of["beds"] - of["rest"]
        net = None if self._of.flows is None else of["entering"] - of["leaving"]
        return PlaceSums(occupancy, remaining, net)


def _headroom(system: System, place: str, beds: FloatArray, sums: PlaceSums, freed: FloatArray) -> Headroom:
    """Return one place's headroom, from its expected `beds` (horizon,) and its paths."""
    published, net = system.quantiles, sums.net_flow
    peaks = {days: peak(sums.occupancy, days, published) for days in PEAK_DAYS if days <= len(beds)}
    return Headroom(
        place=place,
        beds=tuple(beds.round(DECIMALS).tolist()),
        occupancy=_rows(quantiles(sums.occupancy, published)),
        headroom=_rows(quantiles(sums.headroom, headroom_levels(system))),
        beds_freed=tuple(freed.round(DECIMALS).tolist()),
        peaks=tuple(_peak(days, *found) for days, found in peaks.items()),
        net_flow=() if net is None else _rows(quantiles(net, published)),
    )


def _peak(days: int, values: FloatArray, lead: float) -> Peak:
    return Peak(days, tuple(values.round(DECIMALS).tolist()), round(lead, DECIMALS))


def _positions(some: Iterable[int]) -> IndexArray:
    return np.array(list(some), dtype=np.intp)


def _of_place(
    index: PlaceIndex, place: str, measures: tuple[str, str] = (OCCUPANCY, BEDS)
) -> tuple[IndexArray, IndexArray]:
    """Return positions of the bottom series of two measures, at the place or below, that have a counterpart.

    Beds may be counted at the same place as occupancy, or at one above or below it.
    """
    keys = index.within(place)
    ones, others = ([(i, key.place) for i, key in keys if key.measure == of] for of in measures)
    lines = {p: {p, *index.system.ancestors(p)} for _, p in (*ones, *others)}

    def matched(some: list[tuple[int, str]], counterparts: list[tuple[int, str]]) -> Iterator[int]:
        there = {p for _, p in counterparts}
        above = set().union(*(lines[p] for p in there)) if there else set()
        return (i for i, p in some if p in above or lines[p] & there)

    return _positions(matched(ones, others)), _positions(matched(others, ones))


def _recent(history: PointInTimeHistory, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return the newest days, gaps filled; a flow is 0 on days on which it is never counted."""
    at_rest = rest_days(history.as_of(cutoff), history.system)[-RECENT_FLOW_DAYS:]
    return history.imputed(cutoff).tail(RECENT_FLOW_DAYS).mask(at_rest, 0.0)


class BedsFreed:
    """The beds freed at each place by one more discharge a day, from the newest days before a cutoff."""

    def __init__(self, history: PointInTimeHistory, cutoff: pd.Timestamp, horizon: int) -> None:
        recent = _recent(history, cutoff).mean()
        self._system, self._horizon = history.system, horizon
        self._values = recent.to_numpy(dtype=float).tolist()
        self._index = PlaceIndex(history.system, list(map(str, recent.index)))
        self._early = discharges_before_census(history, cutoff)

    def at(self, place: str) -> FloatArray:
        """Return the beds (horizon,) freed at the place and below."""
        share = _discharges_share(self._early, self._system, place)
        return beds_freed(self._leaving_share(place), self._horizon, share)

    def _leaving_share(self, place: str) -> float:
        """Return the share of inpatients that leaves in a day: discharges, else admissions, over occupancy.

        Over the bottom places that count the flow as well as occupancy; 0 where neither flow is counted.
        """
        keys = [(key, self._values[i]) for i, key in self._index.within(place)]
        for flow in (DISCHARGES, ADMISSIONS):
            there = {m: {k.place for k, _ in keys if k.measure == m} for m in (flow, OCCUPANCY)}
            both = there[flow] & there[OCCUPANCY]
            leaving, occupied = (
                sum(v for k, v in keys if k.place in both and k.measure == m) for m in (flow, OCCUPANCY)
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
