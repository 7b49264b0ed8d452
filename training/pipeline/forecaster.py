"""From known history to a forecast: candidates' means, fallbacks, parents, quantiles."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.vocabulary import series_key
from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import SMALL_COUNT, Calibration, half_count_shifts, in_whole_counts, quantiles
from training.calibration.spread import scaled_errors, spread_of
from training.calibration.weights import learnt_weights
from training.calibration.windows import before_long_gap, windows_before
from training.features.holidays import special_days
from training.flow.balance import balanced
from training.flow.dependence import Trajectories, reordered
from training.flow.paths import MARGIN_LEVELS, Paths, joint_paths
from training.flow.paths import quantiles as quantiles_of
from training.history.known import KnownHistory
from training.history.ledger import OCCUPANCY, beds_of
from training.models.candidate import by_measure, target_days
from training.models.catalogue import CATALOGUE, FALLBACK
from training.models.combination import Weighted
from training.pipeline.coherence import (
    Agreements,
    Coherent,
    Sums,
    Tree,
    best_method,
    came_of,
    candidate_of,
    learnt,
    method_of,
    named,
    tree_of,
)
from training.pipeline.forecast import DECIMALS, Forecast, Recipe
from training.pipeline.means import MeansBook, Mixing, same_for_all
from training.reconciliation.bottom_up import summing
from training.reconciliation.methods import BOTTOM_UP

Values = NDArray[np.float64]
FEWEST_WINDOWS = 4
EXPLODED = 10.0  # times the largest value known: no hospital's count goes there in twelve weeks
NONE_AGREED: Agreements = {}
SMALLEST_LIMIT = 100.0  # an empty ward may fill


class Forecaster:
    """Forecasts of one system from its known history; `calibrate` makes quantiles of past errors."""

    def __init__(self, history: KnownHistory, horizon: int, calibrate: Calibration = quantiles) -> None:
        self.history = history
        self.horizon = horizon
        self._calibrate = calibrate
        self._book = MeansBook(history, horizon)
        self._weights = lru_cache(maxsize=None)(self._learnt)
        self._sums = Sums(history, horizon)
        self._asked: set[pd.Timestamp] = set()  # so that sums, once they are wanted, are made for all in one go

    def prepare(self, candidates: Iterable[str], cutoffs: Sequence[pd.Timestamp]) -> None:
        """Make the candidates' means at the cutoffs, and in the windows their errors are learnt from, in one go.

        Of a name that asks for a reconciliation, as recipes write it, those of sums too.
        """
        everywhere = {w for c in cutoffs for w in self._windows(c)} | set(cutoffs)
        self._asked |= everywhere
        for name in dict.fromkeys([FALLBACK, *candidates]):
            self._book.make(candidate_of(name), everywhere)
            if method_of(name) != BOTTOM_UP:
                self._sums.prepare(candidate_of(name), everywhere)

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
        best = {m: candidates[0] if row.isna().all() else str(row.idxmin()) for m, row in by_measure.iterrows()}
        return {str(m): named(name, self._best_method(str(m), name, cutoff)) for m, name in best.items()}

    def forecast(self, recipe: Recipe, cutoff: pd.Timestamp) -> Forecast:
        """What would be published at the cutoff: bottom series and parents, coherent, with quantiles.

        A measure that the recipe does not name gets the fallback.
        """
        ids = self.history.at(cutoff).columns
        names = {unique_id: _candidate(recipe, unique_id) for unique_id in ids}
        self.prepare(sorted({*names.values(), *recipe.values()}), [cutoff])
        bottom, reasons = self._with_fallbacks(names, cutoff)
        failed = {series_key(unique_id).measure for unique_id in reasons}
        agreements = self._agreements({m: name for m, name in recipe.items() if m not in failed}, cutoff)
        mixing = self._mixing(names.values(), cutoff)
        bottom = self._agreed(bottom, agreements, mixing).round(DECIMALS)
        used = {unique_id: FALLBACK if unique_id in reasons else name for unique_id, name in names.items()}
        parts = summing(self.history.system, list(ids))
        means = (bottom @ parts).round(DECIMALS)
        margins, paths, left = self._spread_out(bottom, used, cutoff, agreements)
        models = {unique_id: used.get(unique_id, _candidate(recipe, unique_id)) for unique_id in means.columns}
        return Forecast(cutoff, means, self._quantiles(margins, paths, parts), models, reasons, parts, paths, left)

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

    def _agreed(self, bottom: pd.DataFrame, agreements: Agreements, mixing: Mixing) -> pd.DataFrame:
        """The bottom means of one cutoff, made to agree with those of their sums."""
        told = bottom.copy()
        for agreement in agreements.values():
            told[list(agreement.tree.bottom)] = self._sums.agreed(bottom, agreement, mixing)
        return told

    def _best_method(self, measure: str, name: str, cutoff: pd.Timestamp) -> str:
        """The reconciliation that does best for a measure's candidate in the windows before the cutoff."""
        tree = tree_of(self.history, by_measure(self.history.at(cutoff).columns)[measure])
        return best_method(tree, *self._of_tree(tree, name, cutoff)) if tree.sums else BOTTOM_UP

    def _agreements(self, recipe: Recipe, cutoff: pd.Timestamp) -> Agreements:
        """What makes bottom means agree with those of their sums, where the recipe asks for it and there are sums."""
        found, bottom = {}, by_measure(self.history.at(cutoff).columns)
        for measure in bottom:
            candidate, method = (part(recipe.get(measure, FALLBACK)) for part in (candidate_of, method_of))
            tree = tree_of(self.history, bottom[measure])
            if method != BOTTOM_UP and tree.sums and len(self._windows(cutoff)) >= FEWEST_WINDOWS:
                forecasts, actuals = self._of_tree(tree, candidate, cutoff)
                by = learnt(method, tree, forecasts, came_of(tree, actuals))
                found[measure] = Coherent(tree, candidate, by)
        return found

    def _of_tree(self, tree: Tree, name: str, cutoff: pd.Timestamp) -> tuple[Values, Values]:
        """Means of all series of a tree and actuals of its bottom ones, in the windows before the cutoff."""
        self._sums.prepare(name, self._asked)
        mixing = self._mixing([name], cutoff)
        bottom, actuals = self._in_windows(same_for_all(name, tree.bottom), cutoff, mixing)
        windows = self._windows(cutoff)
        told = [self._sums.beside(b, tree, name, w, mixing) for b, w in zip(bottom, windows, strict=True)]
        return np.reshape(told, (len(windows), self.horizon, -1)), actuals

    def _in_windows(
        self, names: Mapping[str, str], cutoff: pd.Timestamp, mixing: Mixing, agreements: Agreements = NONE_AGREED
    ) -> tuple[Values, Values]:
        """Means and the actuals known at the cutoff, each (n_windows, horizon, n_bottom), in the windows before it.

        What is mixed there is mixed with the weights of the cutoff: they are part of what is judged.
        """
        windows = self._windows(cutoff)
        shape = (len(windows), self.horizon, len(names))
        known = self.history.at(cutoff)[list(names)]
        plain = [
            pd.DataFrame(self._book.composed(names, w, mixing).clip(min=0.0), target_days(w, self.horizon), list(names))
            for w in windows
        ]
        means = [self._agreed(bottom, agreements, mixing).to_numpy() for bottom in plain]
        actuals = [known.reindex(target_days(window, self.horizon)).to_numpy() for window in windows]
        return np.reshape(means, shape), np.reshape(actuals, shape)

    def _losses(self, name: str, ids: Sequence[str], cutoff: pd.Timestamp) -> Values:
        """Mean scaled absolute error by series (n_bottom,), with the fallback's error where the candidate failed."""
        means, actuals = self._in_windows(same_for_all(name, ids), cutoff, self._mixing([name], cutoff))
        naive, _ = self._in_windows(same_for_all(FALLBACK, ids), cutoff, {})
        errors = np.abs(scaled_errors(np.where(np.isnan(means), naive, means), actuals))
        counts = (~np.isnan(errors)).sum(axis=(0, 1))
        return np.where(counts > 0, np.nansum(errors, axis=(0, 1)) / np.maximum(counts, 1), np.nan)

    def _spread_out(
        self, bottom: pd.DataFrame, used: Mapping[str, str], cutoff: pd.Timestamp, agreements: Agreements
    ) -> tuple[Values, Paths, Paths]:
        """Quantiles of the bottom series (n_bottom, horizon, n_levels), paths with these margins, and headroom's."""
        means, actuals = self._in_windows(used, cutoff, self._mixing(used.values(), cutoff), agreements)
        errors, whole = scaled_errors(means, actuals), self._whole(cutoff, list(used))
        groups = [f"{series_key(unique_id).measure} {name}" for unique_id, name in used.items()]
        levels = sorted({*self.history.system.quantiles, *MARGIN_LEVELS})
        past = self._past_errors(errors, means, whole, cutoff)
        near = self._after_long_gap(past, cutoff)
        values = in_whole_counts(self._calibrate(bottom.to_numpy(), near, groups, levels), bottom.to_numpy(), whole)
        values = values.transpose(1, 0, 2).round(DECIMALS)
        published, evenly = (np.searchsorted(levels, some) for some in (self.history.system.quantiles, MARGIN_LEVELS))
        together = Trajectories(past.as_ahead(errors), (past.age_days + 1)[:, 0])
        paths = joint_paths(values[:, :, evenly], together, list(used))
        left = self._headroom(bottom, used, means - actuals, paths, cutoff)
        return values[:, :, published], balanced(paths, self.history, cutoff), left

    def _headroom(
        self, bottom: pd.DataFrame, used: Mapping[str, str], errors: Values, paths: Paths, cutoff: pd.Timestamp
    ) -> Paths:
        """Headroom paths of the occupancy series whose beds are counted at the same place, under their names.

        Its margins are learnt from how occupancy less beds was forecast: `errors` (n_windows, horizon, n_bottom), in
        counts. On the paths it stands as occupancy less beds does.
        """
        ids = list(used)
        occupied = [i for i in ids if series_key(i).measure == OCCUPANCY and beds_of(i) in used]
        columns, others = ([ids.index(i) for i in some] for some in (occupied, map(beds_of, occupied)))
        net = errors[:, :, columns] - errors[:, :, others]
        means, beds = bottom[occupied].to_numpy(), bottom.iloc[:, others].to_numpy()
        sizes = np.broadcast_to(means.mean(axis=0), net.shape)
        whole = self._whole(cutoff, occupied)
        past = self._past_errors(net / spread_of(sizes), sizes, whole, cutoff)
        near = self._after_long_gap(past, cutoff)
        groups = [f"headroom {used[i]} {used[beds_of(i)]}" for i in occupied]
        values = beds[:, :, None] - self._calibrate(means, near, groups, MARGIN_LEVELS)
        values = np.where((whole & (means <= SMALL_COUNT))[:, :, None], np.round(values), values).transpose(1, 0, 2)
        order = paths.values[others] - paths.values[columns]
        return Paths(tuple(occupied), reordered(values[:, :, ::-1].round(DECIMALS), order))

    def _past_errors(self, errors: Values, means: Values, whole: NDArray[np.bool_], cutoff: pd.Timestamp) -> PastErrors:
        """The errors and `means` (n_windows, horizon, n_bottom) of the windows as calibration takes them."""
        windows = np.array([window.toordinal() for window in self._windows(cutoff)], dtype=float)
        days = windows[:, None] + np.arange(1.0, self.horizon + 1)
        shifts = half_count_shifts(days)[:, :, None] * whole / spread_of(np.nan_to_num(means))
        *special, special_ahead = self._special([*self._windows(cutoff), cutoff])
        marked = np.reshape(special, days.shape).astype(bool)
        return PastErrors(errors - shifts, np.maximum(cutoff.toordinal() - days, 0.0), marked, special_ahead)

    def _after_long_gap(self, past: PastErrors, cutoff: pd.Timestamp) -> PastErrors:
        """Without those from before a long gap, where enough are known after it."""
        return past.without_first(before_long_gap(self._windows(cutoff)))

    def _special(self, cutoffs: Sequence[pd.Timestamp]) -> NDArray[np.bool_]:
        """Which target days (n_cutoffs, horizon) are on or around a bank holiday."""
        days = pd.DatetimeIndex(np.concatenate([target_days(day, self.horizon) for day in cutoffs]))
        return special_days(days, self.history.circumstances.holidays).reshape(-1, self.horizon)

    def _whole(self, cutoff: pd.Timestamp, ids: list[str]) -> NDArray[np.bool_]:
        """Which bottom series (n_bottom,) count in whole numbers, as far as is known."""
        return np.asarray(((self.history.at(cutoff)[ids] % 1).fillna(0.0) == 0).all())

    def _quantiles(self, margins: Values, paths: Paths, parts: pd.DataFrame) -> Values:
        """Quantiles of every series (n_series, horizon, n_levels): the margins, and those of sums from their paths."""
        adding = parts.to_numpy(dtype=bool).T[len(margins) :]
        sums = [quantiles_of(paths.summed(of), self.history.system.quantiles) for of in adding]
        return np.concatenate([margins, np.reshape(sums, (-1, *margins.shape[1:])).round(DECIMALS)])


def _candidate(recipe: Recipe, unique_id: str) -> str:
    return candidate_of(recipe.get(series_key(unique_id).measure, FALLBACK))
