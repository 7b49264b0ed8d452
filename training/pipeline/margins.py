"""Calibration: from means and past errors to quantiles, joint paths with these margins, and headroom."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from publication.invariants import holds_means, mean_bounds
from publication.vocabulary import OCCUPANCY, Kind, series_key
from training.calibration.counts import PastCounts
from training.calibration.past_errors import PastErrors, before_long_gap
from training.calibration.quantiles import SMALL_COUNT, Calibration, continuity_jitter, in_integer_counts
from training.calibration.scale import count_sd, scaled_errors
from training.features.calendar import NONE_HIDDEN, special_days
from training.frames import WEEK, BoolArray, FloatArray, IntArray
from training.history.patient_flow import beds_of
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import target_days
from training.paths.flow_identity import reorder_discharges
from training.paths.joint import MARGIN_LEVELS, Paths, Trajectories, joint_paths, quantiles, reordered
from training.pipeline.forecast import DECIMALS

CalibrationWindows = Sequence[pd.Timestamp]
CountQuantiles = Callable[[FloatArray, FloatArray, PastCounts, Sequence[str], BoolArray, Sequence[float]], FloatArray]
"""The type of `with_count_quantiles`."""


@dataclass(frozen=True)
class Calibrated:
    """Quantiles of the bottom series (n_bottom, horizon, n_levels), joint paths with these margins, and headroom's."""

    margins: FloatArray
    paths: Paths
    headroom: Paths


class Margins:
    """Margins and paths of one system's bottom series.

    `calibrate` makes quantiles of past errors, `count` puts those of small counts in their place.
    """

    def __init__(
        self, history: PointInTimeHistory, horizon: int, calibrate: Calibration, count: CountQuantiles
    ) -> None:
        self.history = history
        self.horizon = horizon
        self._calibrate = calibrate
        self._count = count

    def calibrate(
        self,
        bottom: pd.DataFrame,
        models: Mapping[str, str],
        means: FloatArray,
        actuals: FloatArray,
        windows: CalibrationWindows,
    ) -> Calibrated:
        """Return margins and paths of the bottom series, from their means, wide, and what errors the past had.

        `models` names what made each series; `means` and `actuals` (n_windows, horizon, n_bottom) are those of the
        windows before the cutoff.
        """
        cutoff = _cutoff(bottom)
        errors, integer = scaled_errors(means, actuals), self._is_integer(cutoff, list(models))
        groups = [f"{series_key(unique_id).measure} {name}" for unique_id, name in models.items()]
        levels = sorted({*self.history.system.quantiles, *MARGIN_LEVELS})
        past = self._past_errors(errors, means, integer, windows, cutoff)
        old = before_long_gap(windows)
        scaled = self._calibrate(bottom.to_numpy(), past.without_first(old), groups, levels)
        values = in_integer_counts(scaled, bottom.to_numpy(), integer)
        near = self._past_counts(means[old:], actuals[old:], windows[old:], cutoff)
        values = self._count(values, bottom.to_numpy(), near, groups, integer & self._is_flow(models), levels)
        values = np.minimum(values, upper_bounds(self.history, cutoff, list(models))[:, None])
        values = values.transpose(1, 0, 2).round(DECIMALS)
        published, evenly = (np.searchsorted(levels, some) for some in (self.history.system.quantiles, MARGIN_LEVELS))
        together = Trajectories(past.align_by_lead(errors), (past.age_days + 1)[:, 0])
        paths = joint_paths(values[:, :, evenly], together, list(models))
        headroom = self._headroom(bottom, models, means - actuals, paths, windows)
        return Calibrated(values[:, :, published], reorder_discharges(paths, self.history, cutoff), headroom)

    def _headroom(
        self,
        bottom: pd.DataFrame,
        models: Mapping[str, str],
        errors: FloatArray,
        paths: Paths,
        windows: CalibrationWindows,
    ) -> Paths:
        """Return paths of headroom, by the occupancy series whose beds are counted at the same place.

        The margins of headroom are calibrated by the `errors` (n_windows, horizon, n_bottom), in counts, of occupancy
        less beds. The paths are in the order of beds less occupancy.
        """
        ids, cutoff = list(models), _cutoff(bottom)
        occupied = [i for i in ids if series_key(i).measure == OCCUPANCY and beds_of(i) in models]
        columns, others = ([ids.index(i) for i in some] for some in (occupied, map(beds_of, occupied)))
        net = errors[:, :, columns] - errors[:, :, others]
        means, beds = bottom[occupied].to_numpy(), bottom.iloc[:, others].to_numpy()
        sizes = np.broadcast_to(means.mean(axis=0), net.shape)
        integer = self._is_integer(cutoff, occupied)
        past = self._past_errors(net / count_sd(sizes), sizes, integer, windows, cutoff)
        near = past.without_first(before_long_gap(windows))
        groups = [f"headroom {models[i]} {models[beds_of(i)]}" for i in occupied]
        values = beds[:, :, None] - self._calibrate(means, near, groups, MARGIN_LEVELS)
        values = np.where((integer & (means <= SMALL_COUNT))[:, :, None], np.round(values), values).transpose(1, 0, 2)
        order = paths.values[others] - paths.values[columns]
        return Paths(tuple(occupied), reordered(values[:, :, ::-1].round(DECIMALS), order))

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


def quantiles_of_all(margins: FloatArray, paths: Paths, parts: pd.DataFrame, levels: Sequence[float]) -> FloatArray:
    """Return quantiles of all series (n_series, horizon, n_levels): the margins, and those of sums from their paths."""
    adding = parts.to_numpy(dtype=bool).T[len(margins) :]
    sums = [quantiles(paths.summed(of), levels) for of in adding]
    return np.concatenate([margins, np.reshape(sums, (-1, *margins.shape[1:])).round(DECIMALS)])


def _cutoff(bottom: pd.DataFrame) -> pd.Timestamp:
    """Return the day before the first that is forecast."""
    return pd.Timestamp(bottom.index[0]) - pd.Timedelta(days=1)


def means_within(
    bottom: pd.DataFrame, quantiles: FloatArray, parts: pd.DataFrame, paths: Paths, levels: tuple[float, ...]
) -> pd.DataFrame:
    """Return the bottom means (horizon, n_bottom), so that they and their sums lie within the outer quantiles.

    `quantiles` (n_series, horizon, n_levels) are of all series of the 0/1 matrix `parts`. The mean of a model that has
    erred to one side in every window lies outside its intervals. There, and in every part of a sum that lies outside,
    the mean of the calibrated paths is taken; a mean that skewness still leaves outside is moved to the bound.
    """
    if not holds_means(levels) or not quantiles.size:
        return bottom
    least, most = np.vectorize(mean_bounds, otypes=[float, float])(quantiles[..., 0].T, quantiles[..., -1].T)
    adding = parts.to_numpy()
    means, of_paths = bottom.to_numpy(copy=True), paths.values.mean(axis=-1).T.round(DECIMALS)
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
