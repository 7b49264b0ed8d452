"""Calibration: from means and past errors to quantiles, joint paths with these margins, and headroom."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from publication.invariants import holds_means, mean_bounds
from publication.vocabulary import OCCUPANCY, Kind, series_key
from training.calibration.counts import CountMixture, PastCounts
from training.calibration.past_errors import PastErrors, before_long_gap
from training.calibration.quantiles import (
    SMALL_COUNT,
    Calibration,
    SeriesQuantiles,
    continuity_jitter,
    in_integer_counts,
)
from training.calibration.scale import count_sd, scaled_errors
from training.features.calendar import NONE_HIDDEN, special_days
from training.frames import WEEK, BoolArray, FloatArray, IndexArray, IntArray
from training.history.patient_flow import beds_of
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import target_days
from training.paths.flow_identity import discharge_order
from training.paths.joint import MARGIN_LEVELS, Paths, Trajectories, joint_paths, reordered
from training.pipeline.rest_days import RestDays
from training.pipeline.system_paths import DECIMALS, PathChunk, SystemPaths, place_chunks

CalibrationWindows = Sequence[pd.Timestamp]
SmallCounts = Callable[[FloatArray, PastCounts, Sequence[str], BoolArray, Sequence[float]], CountMixture]
"""The type of `count_quantiles`."""


@dataclass(frozen=True)
class BottomMargins:
    """Margins of the bottom series around `means` (horizon, n_bottom), made for some of them at a time.

    `integer` and `bounds` (n_bottom,) are which count in integers, and what none goes beyond.
    """

    means: FloatArray
    integer: BoolArray
    bounds: FloatArray
    quantiles: SeriesQuantiles
    counts: CountMixture

    def of(self, positions: IndexArray) -> FloatArray:
        """Return the margins of some series, (n_positions, horizon, n_levels), rounded."""
        values = self.quantiles.of(positions)
        values = in_integer_counts(values, self.means[:, positions], self.integer[positions])
        values = self.counts.mixed_with(values, positions)
        return np.asarray(np.minimum(values, self.bounds[positions, None]).transpose(1, 0, 2).round(DECIMALS))


@dataclass(frozen=True)
class HeadroomMargins:
    """Margins of headroom by series of occupancy: around the `means` of `beds` less occupancy, (horizon, n_places)."""

    unique_ids: tuple[str, ...]
    means: FloatArray
    beds: FloatArray
    integer: BoolArray
    quantiles: SeriesQuantiles

    def of(self, paths: Paths) -> Paths:
        """Return paths of headroom of the places of some paths, in the order of beds less occupancy."""
        there = {unique_id: i for i, unique_id in enumerate(paths.unique_ids)}
        some = np.array([i for i, unique_id in enumerate(self.unique_ids) if unique_id in there], dtype=np.intp)
        ids = [self.unique_ids[i] for i in some]
        columns, others = ([there[i] for i in names] for names in (ids, map(beds_of, ids)))
        values = self.beds[:, some, None] - self.quantiles.of(some)
        small = self.integer[some] & (self.means[:, some] <= SMALL_COUNT)
        values = np.where(small[:, :, None], np.round(values), values).transpose(1, 0, 2)
        order = paths.values[others] - paths.values[columns]
        return Paths(tuple(ids), reordered(values[:, :, ::-1].round(DECIMALS), order))


class Margins:
    """Margins and paths of one system's bottom series.

    `calibrate` makes quantiles of past errors, `count` those of small counts, which are mixed with them.
    """

    def __init__(
        self,
        history: PointInTimeHistory,
        horizon: int,
        calibrate: Calibration,
        count: SmallCounts,
        rest: RestDays,
    ) -> None:
        self.history = history
        self.horizon = horizon
        self._calibrate = calibrate
        self._count = count
        self._rest = rest

    def calibrate(
        self,
        bottom: pd.DataFrame,
        models: Mapping[str, str],
        means: FloatArray,
        actuals: FloatArray,
        windows: CalibrationWindows,
    ) -> SystemPaths:
        """Return margins and paths of the bottom series, from their means, wide, and what errors the past had.

        `models` names what made each series; `means` and `actuals` (n_windows, horizon, n_bottom) are those of the
        windows before the cutoff. What is pooled over series is fitted here; the paths are made when they are needed,
        some places at a time.
        """
        cutoff, ids = _cutoff(bottom), tuple(models)
        errors, integer = scaled_errors(means, actuals), self._is_integer(cutoff, list(ids))
        groups = [f"{series_key(unique_id).measure} {name}" for unique_id, name in models.items()]
        levels = sorted({*self.history.system.quantiles, *MARGIN_LEVELS})
        past = self._past_errors(errors, means, integer, windows, cutoff)
        old = before_long_gap(windows)
        near = self._past_counts(means[old:], actuals[old:], windows[old:], cutoff)
        values = bottom.to_numpy()
        margins = BottomMargins(
            values,
            integer,
            upper_bounds(self.history, cutoff, ids),
            self._calibrate(values, past.without_first(old), groups, levels),
            self._count(values, near, groups, integer & self._is_flow(models), levels),
        )
        together = Trajectories(past.align_by_lead(errors), (past.age_days + 1)[:, 0])
        discharges = discharge_order(ids, self.history, cutoff)
        headroom = self._headroom(bottom, models, means - actuals, windows)
        published, evenly = (np.searchsorted(levels, some) for some in (self.history.system.quantiles, MARGIN_LEVELS))

        def made(positions: IndexArray) -> PathChunk:
            of_chunk, some = margins.of(positions), [ids[i] for i in positions]
            paths = joint_paths(of_chunk[:, :, evenly], together.of(positions), some)
            free = headroom.of(paths)
            counted = self._rest.zero_margins(of_chunk[:, :, published], discharges.of(paths), cutoff)
            return PathChunk(positions, *counted, free)

        return SystemPaths(ids, place_chunks(self.history.system, ids), made)

    def _headroom(
        self, bottom: pd.DataFrame, models: Mapping[str, str], errors: FloatArray, windows: CalibrationWindows
    ) -> HeadroomMargins:
        """Return the margins of headroom of the occupancy series whose beds are counted at the same place.

        They are calibrated by the `errors` (n_windows, horizon, n_bottom), in counts, of occupancy less beds.
        """
        position, cutoff = {unique_id: i for i, unique_id in enumerate(models)}, _cutoff(bottom)
        occupied = [i for i in models if series_key(i).measure == OCCUPANCY and beds_of(i) in models]
        columns, others = ([position[i] for i in some] for some in (occupied, map(beds_of, occupied)))
        net = errors[:, :, columns] - errors[:, :, others]
        means, beds = bottom[occupied].to_numpy(), bottom.iloc[:, others].to_numpy()
        sizes = np.broadcast_to(means.mean(axis=0), net.shape)
        integer = self._is_integer(cutoff, occupied)
        past = self._past_errors(net / count_sd(sizes), sizes, integer, windows, cutoff)
        near = past.without_first(before_long_gap(windows))
        groups = [f"headroom {models[i]} {models[beds_of(i)]}" for i in occupied]
        return HeadroomMargins(
            tuple(occupied), means, beds, integer, self._calibrate(means, near, groups, MARGIN_LEVELS)
        )

    def _past_errors(
        self,
        errors: FloatArray,
        means: FloatArray,
        integer: BoolArray,
        windows: CalibrationWindows,
        cutoff: pd.Timestamp,
    ) -> PastErrors:
        """Return the windows' scaled errors and `means` (n_windows, horizon, n_series) as calibration takes them."""
        days = self._target_ordinals(windows).astype(float)
        shifts = continuity_jitter(days)[:, :, None] * integer / count_sd(np.nan_to_num(means))
        marked = np.reshape(self._special(windows), days.shape).astype(bool)
        special_ahead = self._special([cutoff], self.history.announced_at(cutoff).context.hidden_holidays)[0]
        return PastErrors(errors - shifts, np.maximum(cutoff.toordinal() - days, 0.0), marked, special_ahead)

    def _past_counts(
        self, means: FloatArray, actuals: FloatArray, windows: CalibrationWindows, cutoff: pd.Timestamp
    ) -> PastCounts:
        """Return the windows' forecasts and actuals (n_windows, horizon, n_series) with the weekdays of their days."""
        of_windows, ahead = ((self._target_ordinals(days) - 1) % WEEK for days in (windows, [cutoff]))
        return PastCounts(means, actuals, of_windows, ahead[0])

    def _target_ordinals(self, cutoffs: CalibrationWindows) -> IntArray:
        """Return the target days (n_cutoffs, horizon) as ordinals; day 1 was a Monday."""
        starts = np.array([cutoff.toordinal() for cutoff in cutoffs], dtype=np.int64)
        return starts[:, None] + np.arange(1, self.horizon + 1)

    def _special(self, cutoffs: CalibrationWindows, hidden: frozenset[date] = NONE_HIDDEN) -> BoolArray:
        """Return which target days (n_cutoffs, horizon) are on or around a bank holiday that is not hidden."""
        if not cutoffs:
            return np.zeros((0, self.horizon), bool)
        days = pd.DatetimeIndex(np.concatenate([target_days(day, self.horizon) for day in cutoffs]))
        return special_days(days, self.history.context.holidays, hidden).reshape(-1, self.horizon)

    def _is_integer(self, cutoff: pd.Timestamp, ids: list[str]) -> BoolArray:
        """Return which bottom series (n_bottom,) have only integers, as far as is known. Rates are no counts."""
        counts = np.array([self.history.system.is_additive(series_key(i).measure) for i in ids], dtype=bool)
        integers = ((self.history.as_of(cutoff)[ids] % 1).fillna(0.0) == 0).all().to_numpy()
        return np.asarray(counts & integers)

    def _is_flow(self, ids: Iterable[str]) -> BoolArray:
        """Return which bottom series (n_bottom,) count what happens in a day. Stocks depend on the day before."""
        flows = {measure.name for measure in self.history.system.measures if measure.kind is Kind.FLOW}
        return np.array([series_key(i).measure in flows for i in ids], dtype=bool)


ALL_OF_IT = 100.0  # percent


def upper_bounds(history: PointInTimeHistory, cutoff: pd.Timestamp, ids: Sequence[str]) -> FloatArray:
    """Return what no forecast of the bottom series (n_bottom,) goes beyond: of a rate 100 %, or the most that is known.

    More than 100 % of the beds can be occupied. Other measures have no bound.
    """
    is_rate = np.array([not history.system.is_additive(series_key(i).measure) for i in ids], dtype=bool)
    most = history.as_of(cutoff)[list(ids)].max().fillna(0.0).to_numpy(dtype=float)
    return np.where(is_rate, np.maximum(most, ALL_OF_IT), np.inf)


def _cutoff(bottom: pd.DataFrame) -> pd.Timestamp:
    """Return the day before the first that is forecast."""
    return pd.Timestamp(bottom.index[0]) - pd.Timedelta(days=1)


def means_within(
    bottom: pd.DataFrame, quantiles: FloatArray, parts: pd.DataFrame, of_paths: FloatArray, levels: tuple[float, ...]
) -> pd.DataFrame:
    """Return the bottom means (horizon, n_bottom), so that they and their sums lie within the outer quantiles.

    `quantiles` (n_series, horizon, n_levels) are of all series of the 0/1 matrix `parts`, and `of_paths` (horizon,
    n_bottom) the means of the calibrated paths. The mean of a model that has erred to one side in every window lies
    outside its intervals. There, and in every part of a sum that lies outside, the mean of the paths is taken; a mean
    that skewness still leaves outside is moved to the bound.
    """
    if not holds_means(levels) or not quantiles.size:
        return bottom
    least, most = np.vectorize(mean_bounds, otypes=[float, float])(quantiles[..., 0].T, quantiles[..., -1].T)
    adding = parts.to_numpy()
    means = bottom.to_numpy(copy=True)
    replaced = np.zeros(means.shape, bool)
    while True:
        sums = means @ adding
        outside = (sums < least) | (sums > most)
        concerned = outside[:, : means.shape[1]] & ~replaced
        if not concerned.any():  # a sum may be inside again once its parts are
            concerned = ((outside @ adding.T) > 0) & ~replaced
        if not concerned.any():
            break
        means = np.where(concerned, of_paths, means)
        replaced |= concerned
    n_bottom = means.shape[1]
    clipped = np.where(replaced, np.clip(means, least[:, :n_bottom], most[:, :n_bottom]), means)
    return pd.DataFrame(clipped.round(DECIMALS), bottom.index, bottom.columns)
