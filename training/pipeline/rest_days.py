"""Days on which a flow is never counted: it is not forecast then, and adds nothing to its parents."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from publication.days import weekday_names
from publication.model import Note
from publication.vocabulary import NoteKind
from training.frames import WEEK, BoolArray, FloatArray
from training.history.point_in_time import PointInTimeHistory
from training.history.reporting import counted_weekdays, is_flow
from training.models.candidate import target_days
from training.paths.joint import Paths

CountedOn = Mapping[str, tuple[int, ...]]
"""By series, the weekdays (0 for Monday) on which it may be counted: of those alone that are not counted on each."""

MOST_SERIES_IN_SENTENCE = 12


class RestDays:
    """The days on which flows of a history are not counted, as is known at each cutoff."""

    def __init__(self, history: PointInTimeHistory) -> None:
        self._history = history
        self._of_bottom = lru_cache(maxsize=None)(self._counted_on)

    def of_series(self, parts: pd.DataFrame, cutoff: pd.Timestamp) -> CountedOn:
        """Return the weekdays of bottom series and of parents, by the 0/1 matrix `parts` (n_bottom, n_series).

        A parent is counted on each weekday on which one of its parts is.
        """
        bottom = self._of_bottom(cutoff)
        if not bottom:
            return {}
        counted = np.array([[day in bottom.get(str(i), range(WEEK)) for day in range(WEEK)] for i in parts.index])
        weekdays = (parts.to_numpy().T @ counted) > 0
        return {
            str(unique_id): tuple(np.flatnonzero(of).tolist())
            for unique_id, of in zip(parts.columns, weekdays, strict=True)
            if not of.all()
        }

    def at_rest(self, days: pd.DatetimeIndex, unique_ids: Sequence[str], cutoff: pd.Timestamp) -> BoolArray | None:
        """Return the days (n_days, n_series) of weekdays that are never counted, without a value; None for none."""
        counted_on = self._of_bottom(cutoff)
        if not counted_on:
            return None
        resting = [i for i in unique_ids if i in counted_on]
        if not resting:
            return None
        at_rest = pd.DataFrame(False, index=days, columns=list(unique_ids))
        for unique_id in resting:
            at_rest[unique_id] = ~days.weekday.isin(counted_on[unique_id])
        known = self._history.as_of(cutoff)[list(unique_ids)].reindex(days)
        return np.asarray(at_rest.to_numpy() & known.isna().to_numpy())

    def zero_means(self, bottom: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
        """Return the wide means of bottom series, with 0 on the days on which they are not counted.

        Days of windows in the past that did have a value stay as they are.
        """
        at_rest = self.at_rest(pd.DatetimeIndex(bottom.index), list(bottom.columns), cutoff)
        return bottom if at_rest is None else bottom.mask(at_rest, 0.0)

    def zero_margins(self, margins: FloatArray, paths: Paths, cutoff: pd.Timestamp) -> tuple[FloatArray, Paths]:
        """Return margins (n_bottom, horizon, n_levels) and paths of the bottom series, with 0 on those days."""
        days = target_days(cutoff, margins.shape[1])
        at_rest = self.at_rest(days, list(paths.unique_ids), cutoff)
        if at_rest is None:
            return margins, paths
        counted = ~at_rest.T[:, :, None]
        return margins * counted, Paths(paths.unique_ids, paths.values * counted)

    def any_of(self, unique_ids: Sequence[str], cutoff: pd.Timestamp) -> bool:
        """Return whether one of the bottom series is not counted on each weekday.

        Its sums are then made bottom-up alone: a share of a day's total says nothing of a part that has days off.
        """
        return not self._of_bottom(cutoff).keys().isdisjoint(unique_ids)

    def notes(self, counted_on: CountedOn, cutoff: pd.Timestamp) -> tuple[Note, ...]:
        """Return a note for each set of weekdays on which series are counted: flows, then stocks and capacities."""
        stocks = _some_weekdays(self._history.as_of(cutoff), flows=False, history=self._history)
        return (
            *_notes(counted_on, "only; other days are not forecast."),
            *_notes(stocks, "only; each day is forecast all the same."),
        )

    def _counted_on(self, cutoff: pd.Timestamp) -> CountedOn:
        return _some_weekdays(self._history.as_of(cutoff), flows=True, history=self._history)


def _some_weekdays(known: pd.DataFrame, *, flows: bool, history: PointInTimeHistory) -> dict[str, tuple[int, ...]]:
    weekdays = counted_weekdays(known)
    chosen = np.flatnonzero((is_flow(known.columns, history.system) == flows) & ~weekdays.all(axis=0))
    return {str(known.columns[i]): tuple(np.flatnonzero(weekdays[:, i]).tolist()) for i in chosen.tolist()}


def _notes(counted_on: CountedOn, what: str) -> list[Note]:
    by_weekdays: dict[tuple[int, ...], list[str]] = {}
    for unique_id in sorted(counted_on):
        by_weekdays.setdefault(counted_on[unique_id], []).append(unique_id)
    return [
        Note(NoteKind.WEEKDAYS, f"{_named(ids)} counted on {weekday_names(weekdays)} {what}")
        for weekdays, ids in by_weekdays.items()
    ]


def _named(unique_ids: list[str]) -> str:
    if len(unique_ids) == 1:
        return f"{unique_ids[0]} is"
    more = len(unique_ids) - MOST_SERIES_IN_SENTENCE
    if more > 0:
        return f"{', '.join(unique_ids[:MOST_SERIES_IN_SENTENCE])} and {more} more series are"
    return f"{', '.join(unique_ids[:-1])} and {unique_ids[-1]} are"
