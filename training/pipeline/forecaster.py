"""From known history to a forecast: candidates' means, fallbacks, parents, quantiles."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.vocabulary import series_key
from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import Calibration, half_count_shifts, in_whole_counts, quantiles
from training.calibration.spread import scaled_errors, spread_of
from training.calibration.weights import learnt_weights
from training.calibration.windows import windows_before
from training.features.holidays import special_days
from training.history.known import KnownHistory
from training.models.candidate import by_measure, target_days
from training.models.catalogue import CATALOGUE, FALLBACK
from training.models.combination import Weighted
from training.pipeline.forecast import DECIMALS, Forecast, Recipe
from training.pipeline.means import MeansBook, Mixing, same_for_all
from training.reconciliation.bottom_up import aggregated, summing

Values = NDArray[np.float64]
FEWEST_WINDOWS = 4
EXPLODED = 10.0  # times the largest value known: no hospital's count goes there in twelve weeks
SMALLEST_LIMIT = 100.0  # an empty ward may fill


class Forecaster:
    """Forecasts of one system from its known history; `calibrate` makes quantiles of past errors."""

    def __init__(self, history: KnownHistory, horizon: int, calibrate: Calibration = quantiles) -> None:
        self.history = history
        self.horizon = horizon
        self._calibrate = calibrate
        self._book = MeansBook(history, horizon)
        self._weights = lru_cache(maxsize=None)(self._learnt)

    def prepare(self, candidates: Iterable[str], cutoffs: Sequence[pd.Timestamp]) -> None:
        """Make the candidates' means at the cutoffs, and in the windows their errors are learnt from, in one go."""
        everywhere = {w for c in cutoffs for w in self._windows(c)} | set(cutoffs)
        for name in dict.fromkeys([FALLBACK, *candidates]):
            self._book.make(name, everywhere)

    def choose(self, candidates: Sequence[str], cutoff: pd.Timestamp) -> dict[str, str]:
        """For each measure, the candidate with the least scaled absolute error in the windows before the cutoff.

        With fewer than `FEWEST_WINDOWS` of them the difference would be noise: the first candidate is taken.
        """
        self.prepare(candidates, [cutoff])
        ids = list(self.history.at(cutoff).columns)
        losses = pd.DataFrame({name: self._losses(name, ids, cutoff) for name in candidates}, index=ids)
        by_measure = losses.groupby([series_key(unique_id).measure for unique_id in ids]).mean()
        if len(self._windows(cutoff)) < FEWEST_WINDOWS:
            return dict.fromkeys(map(str, by_measure.index), candidates[0])
        return {str(m): candidates[0] if row.isna().all() else str(row.idxmin()) for m, row in by_measure.iterrows()}

    def forecast(self, recipe: Recipe, cutoff: pd.Timestamp) -> Forecast:
        """What would be published at the cutoff: bottom series and parents, coherent, with quantiles.

        A measure that the recipe does not name gets the fallback.
        """
        ids = self.history.at(cutoff).columns
        names = {unique_id: _candidate(recipe, unique_id) for unique_id in ids}
        self.prepare(sorted(set(names.values())), [cutoff])
        bottom, reasons = self._with_fallbacks(names, cutoff)
        used = {unique_id: FALLBACK if unique_id in reasons else name for unique_id, name in names.items()}
        parts = summing(self.history.system, list(ids))
        means = (bottom @ parts).round(DECIMALS)
        past = self._past_errors(used, cutoff, parts, bottom.mean().to_numpy())
        models = {unique_id: used.get(unique_id, _candidate(recipe, unique_id)) for unique_id in means.columns}
        groups = [f"{series_key(i).measure} {used.get(i, 'sum')}" for i in means.columns]
        return Forecast(cutoff, means, self._quantiles(means, past, parts, groups), models, reasons, parts)

    def _windows(self, cutoff: pd.Timestamp) -> list[pd.Timestamp]:
        return windows_before(self.history, cutoff, self.horizon)

    def _mixing(self, names: Iterable[str], cutoff: pd.Timestamp) -> Mixing:
        """The weights of every learnt combination among the names, for each measure, learnt before the cutoff."""
        learnt = {name: c.members for name in set(names) if isinstance(c := CATALOGUE[name], Weighted)}
        groups = by_measure(self.history.at(cutoff).columns) if learnt else {}
        return {
            (name, measure): self._weights(members, measure, cutoff)
            for name, members in learnt.items()
            for measure in groups
        }

    def _learnt(self, members: tuple[str, ...], measure: str, cutoff: pd.Timestamp) -> Values:
        """Weights of the members (horizon, n_members) from their errors in the windows before the cutoff."""
        ids = by_measure(self.history.at(cutoff).columns)[measure]
        inside = [self._in_windows(same_for_all(member, ids), cutoff, {}) for member in members]
        return learnt_weights(np.stack([scaled_errors(means, actuals) for means, actuals in inside]))

    def _with_fallbacks(self, names: Mapping[str, str], cutoff: pd.Timestamp) -> tuple[pd.DataFrame, dict[str, str]]:
        """Rounded means of the bottom series, and why the fallback stands in where it does."""
        days = target_days(cutoff, self.horizon)
        mixing = self._mixing(names.values(), cutoff)
        means, naive = (
            pd.DataFrame(self._book.composed(chosen, cutoff, mixing), days, list(names))
            for chosen in (names, same_for_all(FALLBACK, list(names)))
        )
        limits = (self.history.at(cutoff).max() * EXPLODED).clip(lower=SMALLEST_LIMIT)
        exploded = (means.abs() > limits).any()
        reasons = {
            unique_id: f"{names[unique_id]} went beyond {limits[unique_id]:g}, far from any value known"
            for unique_id in means.columns[exploded]
        }
        for unique_id in means.columns[means.isna().any()]:
            why = self._book.failure(names[unique_id], cutoff, unique_id)
            reasons[unique_id] = f"{names[unique_id]} failed: {why}"
        means[list(reasons)] = naive[list(reasons)]
        return means.clip(lower=0.0).round(DECIMALS), reasons

    def _in_windows(self, names: Mapping[str, str], cutoff: pd.Timestamp, mixing: Mixing) -> tuple[Values, Values]:
        """Means and the actuals known at the cutoff, each (n_windows, horizon, n_bottom), in the windows before it.

        What is mixed there is mixed with the weights of the cutoff: they are part of what is judged.
        """
        windows = self._windows(cutoff)
        shape = (len(windows), self.horizon, len(names))
        known = self.history.at(cutoff)[list(names)]
        means = [self._book.composed(names, window, mixing).clip(min=0.0) for window in windows]
        actuals = [known.reindex(target_days(window, self.horizon)).to_numpy() for window in windows]
        return np.reshape(means, shape), np.reshape(actuals, shape)

    def _losses(self, name: str, ids: Sequence[str], cutoff: pd.Timestamp) -> Values:
        """Mean scaled absolute error by series (n_bottom,), with the fallback's error where the candidate failed."""
        means, actuals = self._in_windows(same_for_all(name, ids), cutoff, self._mixing([name], cutoff))
        naive, _ = self._in_windows(same_for_all(FALLBACK, ids), cutoff, {})
        errors = np.abs(scaled_errors(np.where(np.isnan(means), naive, means), actuals))
        counts = (~np.isnan(errors)).sum(axis=(0, 1))
        return np.where(counts > 0, np.nansum(errors, axis=(0, 1)) / np.maximum(counts, 1), np.nan)

    def _past_errors(
        self, names: Mapping[str, str], cutoff: pd.Timestamp, parts: pd.DataFrame, sizes: Values
    ) -> PastErrors:
        """Scaled errors of every series, parents too, in the windows before the cutoff; whole counts smoothed."""
        means, actuals = self._in_windows(names, cutoff, self._mixing(names.values(), cutoff))
        sums = parts.to_numpy()
        windows = np.array([window.toordinal() for window in self._windows(cutoff)], dtype=float)
        days = windows[:, None] + np.arange(1.0, self.horizon + 1)
        shifts = half_count_shifts(days)[:, :, None] * self._whole(cutoff, parts)
        errors = aggregated(means - actuals, sums, sizes) - shifts
        scaled = errors / spread_of(np.nan_to_num(means) @ sums)
        *special, special_ahead = self._special([*self._windows(cutoff), cutoff])
        marked = np.reshape(special, days.shape).astype(bool)
        return PastErrors(scaled, np.maximum(cutoff.toordinal() - days, 0.0), marked, special_ahead)

    def _special(self, cutoffs: Sequence[pd.Timestamp]) -> NDArray[np.bool_]:
        """Which target days (n_cutoffs, horizon) are on or around a bank holiday."""
        days = pd.DatetimeIndex(np.concatenate([target_days(day, self.horizon) for day in cutoffs]))
        return special_days(days, self.history.circumstances.holidays).reshape(-1, self.horizon)

    def _whole(self, cutoff: pd.Timestamp, parts: pd.DataFrame) -> NDArray[np.bool_]:
        """Which series (n_series,) count in whole numbers, as far as is known."""
        known = self.history.at(cutoff)[list(parts.index)]
        broken = ((known % 1).fillna(0.0) != 0).any().to_numpy(dtype=float)
        return np.asarray(broken @ parts.to_numpy() == 0)

    def _quantiles(self, means: pd.DataFrame, past: PastErrors, parts: pd.DataFrame, groups: Sequence[str]) -> Values:
        """Quantiles (n_series, horizon, n_levels), rounded as the means are."""
        values = self._calibrate(means.to_numpy(), past, groups, self.history.system.quantiles)
        values = in_whole_counts(values, means.to_numpy(), self._whole(means.index[0] - pd.Timedelta(days=1), parts))
        return values.transpose(1, 0, 2).round(DECIMALS)


def _candidate(recipe: Recipe, unique_id: str) -> str:
    return recipe.get(series_key(unique_id).measure, FALLBACK)
