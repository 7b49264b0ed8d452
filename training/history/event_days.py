"""The days and series on which declared events hold."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Protocol, TypeVar

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import Kind, SeriesKey, series_key
from training.frames import BoolArray, FloatArray
from training.system.model import Event, EventKind

UNTRUSTED_KINDS = frozenset({EventKind.DATA_FAULT, EventKind.EXCLUDE})
"""Days to which nothing is fitted."""

TRANSIENT_KINDS = frozenset({EventKind.STRIKE, EventKind.DIVERT})
"""Days to which only models with regressors for them are fitted; for all others they are missing."""


class DateInterval(Protocol):
    """An interval of days, both ends included: an event, a school term."""

    @property
    def first(self) -> date: ...
    @property
    def last(self) -> date: ...


AnyInterval = TypeVar("AnyInterval", bound=DateInterval)


def days_of(
    events: Iterable[Event],
    kinds: Collection[EventKind],
    days: pd.DatetimeIndex,
    unique_ids: Sequence[str],
    system: System,
) -> BoolArray:
    """Return where an event of these kinds holds: shape (n_days, n_series)."""
    holds = np.zeros((len(days), len(unique_ids)), bool)
    holding = spans([event for event in events if event.kind in kinds], days)
    if not holding:
        return holds
    below = _series_below(unique_ids, system)
    concerned: dict[tuple[str | None, str | None], list[int]] = {}  # many events are about the same
    for event, on in holding:
        about = event.place, event.measure
        if about not in concerned:
            concerned[about] = [i for i, key in below.get(event.place, ()) if concerns(event, key, system)]
        holds[on, concerned[about]] = True
    return holds


def _series_below(unique_ids: Sequence[str], system: System) -> dict[str | None, list[tuple[int, SeriesKey]]]:
    """Return the positions and keys of the series at each place or below it; under None those of every place."""
    below: dict[str | None, list[tuple[int, SeriesKey]]] = {}
    for i, key in enumerate(map(series_key, unique_ids)):
        for place in (None, key.place, *system.ancestors(key.place)):
            below.setdefault(place, []).append((i, key))
    return below


def bed_steps(events: Iterable[Event], days: pd.DatetimeIndex, unique_ids: Sequence[str], system: System) -> FloatArray:
    """Beds that the bed changes of a place add on each day: shape (n_days, n_series), 0 for other measures.

    Only a change of the very place that a series counts: how one of a trust is shared by its sites is not declared.
    """
    steps = np.zeros((len(days), len(unique_ids)))
    for on, columns, beds in _bed_changes(events, days, unique_ids, system):
        steps[on, columns] += beds
    return steps


def without_bed_steps(known: pd.DataFrame, events: Iterable[Event], system: System) -> pd.DataFrame:
    """Return the wide frame less the beds of `bed_steps`; itself where there are none."""
    days, unique_ids = pd.DatetimeIndex(known.index), list(known.columns)
    steps: dict[int, FloatArray] = {}
    for on, columns, beds in _bed_changes(events, days, unique_ids, system):
        for column in columns:
            steps.setdefault(column, np.zeros(len(days)))[on] += beds
    if not steps:
        return known
    values = known.to_numpy(dtype=float, copy=True)
    values[:, list(steps)] -= np.column_stack(list(steps.values()))
    return pd.DataFrame(values, known.index, known.columns)


def _bed_changes(
    events: Iterable[Event], days: pd.DatetimeIndex, unique_ids: Sequence[str], system: System
) -> Iterator[tuple[slice, list[int], int]]:
    """Yield each bed change with the slice of days on which it holds, the positions of its series, and its beds."""
    changes = spans([event for event in events if event.kind is EventKind.BED_CHANGE], days)
    if not changes:
        return
    at_place: dict[str, list[tuple[int, SeriesKey]]] = {}
    for i, key in enumerate(map(series_key, unique_ids)):
        at_place.setdefault(key.place, []).append((i, key))
    for event, on in changes:
        there = at_place.get(event.place or "", [])
        yield on, [i for i, key in there if _counts_beds(event, key, system)], event.beds


def concerns(event: Event, key: SeriesKey, system: System) -> bool:
    """Return whether the event is about the series: its place or one above it, its measure or all measures."""
    if event.measure not in (None, key.measure):
        return False
    return event.place is None or event.place in (key.place, *system.ancestors(key.place))


def _counts_beds(event: Event, key: SeriesKey, system: System) -> bool:
    measure = system.measure_by_name[key.measure]
    return measure.kind is Kind.CAPACITY and event.measure in (None, key.measure) and key.stream is None


def spans(intervals: Sequence[AnyInterval], days: pd.DatetimeIndex) -> list[tuple[AnyInterval, slice]]:
    """Return the intervals that hold on any of the days, which are sorted, each with the slice of days."""
    if not len(days):
        return []
    first, last = days[0].date(), days[-1].date()
    intervals = [one for one in intervals if one.first <= last and one.last >= first]
    if not intervals:
        return []
    on = days.to_numpy().astype("datetime64[D]")
    begins = np.searchsorted(on, np.array([one.first for one in intervals], on.dtype))
    ends = np.searchsorted(on, np.array([one.last for one in intervals], on.dtype), side="right")
    every = zip(intervals, begins.tolist(), ends.tolist(), strict=True)
    return [(one, slice(begin, end)) for one, begin, end in every if begin < end]
