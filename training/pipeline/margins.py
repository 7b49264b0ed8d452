"""From means and past errors to margins, to paths with exactly these margins, and to what is left of the beds."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.vocabulary import series_key
from training.calibration.past_errors import PastErrors, before_long_gap
from training.calibration.quantiles import SMALL_COUNT, Calibration, continuity_jitter, in_whole_counts
from training.calibration.scale import count_sd, scaled_errors
from training.features.calendar import special_days
from training.history.known import PointInTimeHistory
from training.history.ledger import OCCUPANCY, beds_of
from training.models.candidate import target_days
from training.paths.flow_identity import reorder_discharges
from training.paths.joint import MARGIN_LEVELS, Paths, Trajectories, joint_paths, quantiles, reordered
from training.pipeline.forecast import DECIMALS

Values = NDArray[np.float64]
CalibrationWindows = Sequence[pd.Timestamp]


class Margins:
    """Margins and paths of one system's bottom series; `calibrate` makes quantiles of past errors."""

    def __init__(self, history: PointInTimeHistory, horizon: int, calibrate: Calibration) -> None:
        self.history = history
        self.horizon = horizon
        self._calibrate = calibrate

    def calibrate(
        self, bottom: pd.DataFrame, used: Mapping[str, str], means: Values, actuals: Values, windows: CalibrationWindows
    ) -> tuple[Values, Paths, Paths]:
        """Quantiles of the bottom series (n_bottom, horizon, n_levels), paths with these margins, and headroom's.

        `bottom` are their means, wide; `used` names what made each; `means` and `actuals` (n_windows, horizon,
        n_bottom) are those of the windows before the cutoff.
        """
        cutoff = _cutoff(bottom)
        errors, whole = scaled_errors(means, actuals), self._whole(cutoff, list(used))
        groups = [f"{series_key(unique_id).measure} {name}" for unique_id, name in used.items()]
        levels = sorted({*self.history.system.quantiles, *MARGIN_LEVELS})
        past = self._past_errors(errors, means, whole, windows, cutoff)
        near = past.without_first(before_long_gap(windows))
        values = in_whole_counts(self._calibrate(bottom.to_numpy(), near, groups, levels), bottom.to_numpy(), whole)
        values = values.transpose(1, 0, 2).round(DECIMALS)
        published, evenly = (np.searchsorted(levels, some) for some in (self.history.system.quantiles, MARGIN_LEVELS))
        together = Trajectories(past.align_by_lead(errors), (past.age_days + 1)[:, 0])
        paths = joint_paths(values[:, :, evenly], together, list(used))
        left = self._headroom(bottom, used, means - actuals, paths, windows)
        return values[:, :, published], reorder_discharges(paths, self.history, cutoff), left

    def _headroom(
        self, bottom: pd.DataFrame, used: Mapping[str, str], errors: Values, paths: Paths, windows: CalibrationWindows
    ) -> Paths:
        """Headroom paths of the occupancy series whose beds are counted at the same place, under their names.

        Its margins are learnt from how occupancy less beds was forecast: `errors` (n_windows, horizon, n_bottom), in
        counts. On the paths it stands as beds less occupancy does.
        """
        ids, cutoff = list(used), _cutoff(bottom)
        occupied = [i for i in ids if series_key(i).measure == OCCUPANCY and beds_of(i) in used]
        columns, others = ([ids.index(i) for i in some] for some in (occupied, map(beds_of, occupied)))
        net = errors[:, :, columns] - errors[:, :, others]
        means, beds = bottom[occupied].to_numpy(), bottom.iloc[:, others].to_numpy()
        sizes = np.broadcast_to(means.mean(axis=0), net.shape)
        whole = self._whole(cutoff, occupied)
        past = self._past_errors(net / count_sd(sizes), sizes, whole, windows, cutoff)
        near = past.without_first(before_long_gap(windows))
        groups = [f"headroom {used[i]} {used[beds_of(i)]}" for i in occupied]
        values = beds[:, :, None] - self._calibrate(means, near, groups, MARGIN_LEVELS)
        values = np.where((whole & (means <= SMALL_COUNT))[:, :, None], np.round(values), values).transpose(1, 0, 2)
        order = paths.values[others] - paths.values[columns]
        return Paths(tuple(occupied), reordered(values[:, :, ::-1].round(DECIMALS), order))

    def _past_errors(
        self, errors: Values, means: Values, whole: NDArray[np.bool_], windows: CalibrationWindows, cutoff: pd.Timestamp
    ) -> PastErrors:
        """The errors and `means` (n_windows, horizon, n_series) of the windows as calibration takes them."""
        starts = np.array([window.toordinal() for window in windows], dtype=float)
        days = starts[:, None] + np.arange(1.0, self.horizon + 1)
        shifts = continuity_jitter(days)[:, :, None] * whole / count_sd(np.nan_to_num(means))
        *special, special_ahead = self._special([*windows, cutoff])
        marked = np.reshape(special, days.shape).astype(bool)
        return PastErrors(errors - shifts, np.maximum(cutoff.toordinal() - days, 0.0), marked, special_ahead)

    def _special(self, cutoffs: CalibrationWindows) -> NDArray[np.bool_]:
        """Which target days (n_cutoffs, horizon) are on or around a bank holiday."""
        days = pd.DatetimeIndex(np.concatenate([target_days(day, self.horizon) for day in cutoffs]))
        return special_days(days, self.history.context.holidays).reshape(-1, self.horizon)

    def _whole(self, cutoff: pd.Timestamp, ids: list[str]) -> NDArray[np.bool_]:
        """Which bottom series (n_bottom,) count in whole numbers, as far as is known."""
        return np.asarray(((self.history.as_of(cutoff)[ids] % 1).fillna(0.0) == 0).all())


def of_every_series(margins: Values, paths: Paths, parts: pd.DataFrame, levels: Sequence[float]) -> Values:
    """Quantiles of every series (n_series, horizon, n_levels): the margins, and those of sums from their paths."""
    adding = parts.to_numpy(dtype=bool).T[len(margins) :]
    sums = [quantiles(paths.summed(of), levels) for of in adding]
    return np.concatenate([margins, np.reshape(sums, (-1, *margins.shape[1:])).round(DECIMALS)])


def _cutoff(bottom: pd.DataFrame) -> pd.Timestamp:
    """The day before the first that is forecast."""
    return pd.Timestamp(bottom.index[0]) - pd.Timedelta(days=1)
