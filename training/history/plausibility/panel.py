"""The series of one measure side by side, as the checks see them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import BEDS, OCCUPANCY, Kind, SeriesKey, series_key
from training.frames import BoolArray, FloatArray
from training.history.plausibility.baseline import baseline_level, jump_scale
from training.system.bank_holidays import bank_holidays
from training.system.model import OpeningPeriod, SystemContext

SERIES_AT_ONCE = 400  # of a measure: arrays of a few megabytes are made and checked fastest
COUNT_NOISE = 1.5  # of a Poisson count against the mean of its neighbours: variance 1 + 1/2, in units of the mean
SCALE_UNTIL_FITTED = 1.5  # times the noise of a count: the scale of a series until its own is fitted
FEWEST_SIBLINGS = 4
PLACEHOLDERS = (99.0, 999.0, 9999.0)  # what people type where a count is not known

Columns = dict[SeriesKey, int]


@dataclass(frozen=True)
class Panel:
    """`values`, and all other arrays, have the shape (n_days, n_series); NaN where a day has no value.

    `beds` are those of the same places where the measure is occupancy, NaN elsewhere. `parts` is the sum of the places
    below, NaN where one of them has no value or there is none, and of a rate. `is_open` says whether the place is open,
    `is_holiday` (n_days, 1) whether the day is a bank holiday: much that is suspect elsewhere is normal then.
    """

    kind: Kind
    days: pd.DatetimeIndex
    unique_ids: list[str]
    values: FloatArray
    beds: FloatArray
    parts: FloatArray
    is_open: BoolArray
    is_holiday: BoolArray

    @cached_property
    def baseline(self) -> FloatArray:
        """The level each day would have by its weekday in the weeks before, as log(1 + count)."""
        counted = np.where(np.isin(self.values, PLACEHOLDERS), np.nan, self.values)
        return baseline_level(np.log1p(counted))

    @cached_property
    def baseline_count(self) -> FloatArray:
        """The same as a count."""
        return np.expm1(self.baseline)

    @cached_property
    def residual(self) -> FloatArray:
        """The distance of log(1 + count) from its baseline: -0.7 is half, 0.7 is double."""
        return np.log1p(self.values) - self.baseline

    @cached_property
    def idiosyncratic_residual(self) -> FloatArray:
        """The part of it that the other series of the measure do not share, where there are enough of them."""
        return _without_shared(self.residual)

    @cached_property
    def jump(self) -> FloatArray:
        """Each day's own residual against the mean of the day before and the day after; NaN at the edges and gaps."""
        return _without_shared(self._shared_jump)

    @cached_property
    def _shared_jump(self) -> FloatArray:
        jump = np.full_like(self.residual, np.nan)
        jump[1:-1] = self.residual[1:-1] - (self.residual[:-2] + self.residual[2:]) / 2
        return jump

    @cached_property
    def scale(self) -> FloatArray:
        """The scale of jumps: fitted to the past, at least the noise of a count.

        Jumps include what series share: without it, the series in the middle of a few would seem to stand still.
        """
        noise = np.sqrt(COUNT_NOISE / np.exp(self.baseline))
        fitted = jump_scale(self._shared_jump, self.days[0].date())
        return np.where(np.isnan(fitted), SCALE_UNTIL_FITTED * noise, np.fmax(fitted, noise))


def panels(table: pd.DataFrame, system: System, context: SystemContext) -> Iterator[Panel]:
    """The wide frame's series, a measure at a time and at most `SERIES_AT_ONCE`; its columns are unique_ids."""
    keys = {str(unique_id): series_key(str(unique_id)) for unique_id in table.columns}
    column = {key: i for i, key in enumerate(keys.values())}
    values, days = table.to_numpy(dtype=float), pd.DatetimeIndex(table.index)
    is_holiday = _holidays(days, context.holidays)
    for measure in system.measures:
        of_measure = [unique_id for unique_id, key in keys.items() if key.measure == measure.name]
        for start in range(0, len(of_measure), SERIES_AT_ONCE):
            ids = of_measure[start : start + SERIES_AT_ONCE]
            chosen = [keys[unique_id] for unique_id in ids]
            yield Panel(
                kind=measure.kind,
                days=days,
                unique_ids=ids,
                values=values[:, [column[key] for key in chosen]],
                beds=_beds_at(values, column, chosen),
                parts=_sums_of_children(values, column, chosen, system),
                is_open=_is_open(days, chosen, context.opening_periods),
                is_holiday=is_holiday,
            )


def _without_shared(residual: FloatArray) -> FloatArray:
    if residual.shape[1] < FEWEST_SIBLINGS:
        return residual
    there = (~np.isnan(residual)).sum(axis=1, keepdims=True)
    ordered = np.sort(residual, axis=1)
    shared = np.take_along_axis(ordered, np.maximum((there - 1) // 2, 0), axis=1)
    return residual - np.where(there >= FEWEST_SIBLINGS, shared, 0.0)


def _beds_at(values: FloatArray, column: Columns, chosen: list[SeriesKey]) -> FloatArray:
    found = np.full((len(values), len(chosen)), np.nan)
    for i, key in enumerate(chosen):
        beds = key._replace(measure=BEDS)
        if key.measure == OCCUPANCY and beds in column:
            found[:, i] = values[:, column[beds]]
    return found


def _sums_of_children(values: FloatArray, column: Columns, chosen: list[SeriesKey], system: System) -> FloatArray:
    found = np.full((len(values), len(chosen)), np.nan)
    for i, key in enumerate(chosen):
        children = [key._replace(place=place) for place in system.children(key.place)]
        reporting = [column[child] for child in children if child in column and system.is_additive(key.measure)]
        if reporting:
            found[:, i] = values[:, reporting].sum(axis=1)
    return found


def _is_open(days: pd.DatetimeIndex, chosen: list[SeriesKey], periods: Mapping[str, OpeningPeriod]) -> BoolArray:
    found = np.ones((len(days), len(chosen)), bool)
    for i, key in enumerate(chosen):
        opening = periods.get(key.place)
        inherits = opening is not None and bool(opening.succeeds)  # what its predecessors counted
        if opening is not None and opening.first is not None and not inherits:
            found[:, i] &= days >= pd.Timestamp(opening.first)
        if opening is not None and opening.last is not None:
            found[:, i] &= days <= pd.Timestamp(opening.last)
    return found


def _holidays(days: pd.DatetimeIndex, country: str) -> BoolArray:
    return np.array([[day.date() in bank_holidays(country, day.year)] for day in days], dtype=bool).reshape(-1, 1)
