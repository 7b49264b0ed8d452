"""From known history to a forecast: candidates' means, fallbacks, parents, quantiles."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.vocabulary import Kind, series_key
from training.calibration.past_errors import windows_before
from training.calibration.quantiles import Calibration
from training.calibration.quantiles import quantiles as pooled_quantiles
from training.calibration.scale import scaled_errors
from training.calibration.weights import Weights, fitted_weights, series_weights
from training.errors import NothingPublishedError
from training.history.delayed import DelayedHistory
from training.history.known import PointInTimeHistory
from training.models.candidate import FitCache, by_measure, fit_day, target_days
from training.models.catalogue import CATALOGUE, FALLBACK, LearnedEnsemble
from training.pipeline.coherence import (
    Agreements,
    ParentForecasts,
    PlaceTree,
    Reconciler,
    best_method,
    candidate_of,
    learnt,
    method_of,
    named,
    parent_actuals,
    tree_of,
)
from training.pipeline.consistency import means_within
from training.pipeline.forecast import DECIMALS, Forecast, Recipe
from training.pipeline.margins import Margins, of_every_series
from training.pipeline.means import EnsembleWeights, MeansCache, same_for_all
from training.pipeline.rest_days import RestDays
from training.pipeline.state import State
from training.reconciliation import BOTTOM_UP, summing

Values = NDArray[np.float64]
FEWEST_WINDOWS = 4
DELAYS_HELD = 2  # views of the history with delays: each holds many of its days
EXPLODED = 10.0  # times the largest value known: no hospital's count goes there in twelve weeks
NONE_AGREED: Agreements = {}
SMALLEST_LIMIT = 100.0  # an empty ward may fill


class Forecaster:
    """Forecasts of one system from its known history; `calibrate` makes quantiles of past errors.

    What a `state` was saved with is not made again where the history still gives the same. A cutoff at which series
    are behind is forecast from a view of the history in which they are as far behind in every window.
    """

    def __init__(
        self,
        history: PointInTimeHistory,
        horizon: int,
        calibrate: Calibration = pooled_quantiles,
        state: State | None = None,
    ) -> None:
        self.history = history
        self.horizon = horizon
        self._calibrate = calibrate
        self._state = State() if state is None else state
        self._delayed = lru_cache(maxsize=DELAYS_HELD)(self._forecaster_of_delays)
        self._margins = Margins(history, horizon, calibrate)
        self._rest = RestDays(history)
        self._book = MeansCache(history, horizon)
        self._weights = lru_cache(maxsize=None)(self._learnt)
        self._windows = lru_cache(maxsize=None)(lambda cutoff: windows_before(history, cutoff, horizon))
        self._stocks = {measure.name for measure in history.system.measures if measure.kind is Kind.STOCK}
        self._sums = ParentForecasts(history, horizon)
        self._book.load_state(self._state.series)
        self._sums.load_state(self._state.sums)
        self._asked: set[pd.Timestamp] = set()  # so that sums, once they are wanted, are made for all in one go

    def prepare(self, candidates: Iterable[str], cutoffs: Sequence[pd.Timestamp]) -> None:
        """Make the candidates' means at the cutoffs, and in the windows their errors are learnt from, in one go.

        A cutoff at which series are behind is passed over: its windows are of a view of their own.
        Of a name that asks for a reconciliation, as recipes write it, those of sums too.
        """
        prompt = [cutoff for cutoff in cutoffs if self._is_view or not self.history.days_behind(cutoff)]
        everywhere = {w for c in prompt for w in self._windows(c)} | set(prompt)
        self._asked |= everywhere
        for name in dict.fromkeys([FALLBACK, *candidates]):
            self._book.make(candidate_of(name), everywhere)
            if method_of(name) != BOTTOM_UP:
                self._sums.prepare(candidate_of(name), everywhere)

    def choose(self, candidates: Sequence[str], cutoff: pd.Timestamp) -> dict[str, str]:
        """For each measure, the candidate with the least scaled absolute error in the windows before the cutoff.

        With fewer than `FEWEST_WINDOWS` of them the difference would be noise: the first candidate is taken.
        """
        delayed = self._at_delays(cutoff)
        if delayed is not self:
            return delayed.choose(candidates, cutoff)
        ids = list(self.history.as_of(cutoff).columns)
        if not ids:
            return {}
        self.prepare(candidates, [cutoff])
        losses = pd.DataFrame({name: self._losses(name, ids, cutoff) for name in candidates}, index=ids)
        by_measure = losses.groupby([series_key(unique_id).measure for unique_id in ids]).mean()
        if len(self._windows(cutoff)) < FEWEST_WINDOWS:
            return dict.fromkeys(map(str, by_measure.index), candidates[0])
        best = {m: candidates[0] if row.isna().all() else str(row.idxmin()) for m, row in by_measure.iterrows()}
        return {str(m): named(name, self._best_method(str(m), name, cutoff)) for m, name in best.items()}

    def forecast(self, recipe: Recipe, cutoff: pd.Timestamp) -> Forecast:
        """What would be published at the cutoff: bottom series and parents, coherent, with quantiles.

        A measure that the recipe does not name gets the fallback. Raises NothingPublishedError where no series reports.
        """
        delayed = self._at_delays(cutoff)
        if delayed is not self:
            return delayed.forecast(recipe, cutoff)
        ids = self.history.as_of(cutoff).columns
        if ids.empty:
            raise NothingPublishedError(
                f"Forecasting {self.history.system.name} for cutoff {cutoff.date()}: no series has a usable value "
                "in the four weeks before it. Ingest newer extracts, or choose another cutoff."
            )
        names = {unique_id: _candidate(recipe, unique_id) for unique_id in ids}
        self.prepare(sorted({*names.values(), *recipe.values()}), [cutoff])
        bottom, reasons = self._with_fallbacks(names, cutoff)
        failed = {series_key(unique_id).measure for unique_id in reasons}
        agreements = self._agreements({m: name for m, name in recipe.items() if m not in failed}, cutoff)
        mixing = self._mixing(names.values(), cutoff)
        bottom = self._rest.without(self._agreed(bottom, agreements, mixing), cutoff).round(DECIMALS)
        used = {unique_id: FALLBACK if unique_id in reasons else name for unique_id, name in names.items()}
        parts = summing(self.history.system, list(ids))
        inside = self._in_windows(used, cutoff, mixing, agreements)
        margins, paths, left = self._margins.calibrate(bottom, used, *inside, self._windows(cutoff))
        margins, paths = self._rest.emptied(margins, paths, cutoff)
        levels = self.history.system.quantiles
        quantiles = of_every_series(margins, paths, parts, levels)
        means = (means_within(bottom, quantiles, parts, paths, levels) @ parts).round(DECIMALS)
        models = {unique_id: used.get(unique_id, _candidate(recipe, unique_id)) for unique_id in means.columns}
        counted_on = self._rest.of_series(parts, cutoff)
        return Forecast(cutoff, means, quantiles, models, reasons, parts, paths, left, counted_on)

    @property
    def fits(self) -> FitCache:
        """The parts that candidates have fitted to the history."""
        return self._book.fits

    def seconds(self, candidate: str) -> float:
        """How long the means of a candidate, and of those it is combined of, have taken to make."""
        return self._book.seconds(candidate)

    def state(self, recipe: Recipe, cutoff: pd.Timestamp) -> State:
        """What was made and learnt to forecast with the recipe at the cutoff, and serves the cutoffs after it too."""
        delayed = self._at_delays(cutoff)
        if delayed is not self:
            return delayed.state(recipe, cutoff)
        names = {candidate_of(name) for name in recipe.values()} | {FALLBACK}
        agreed = {candidate_of(name) for name in recipe.values() if method_of(name) != BOTTOM_UP}
        windows, days = self._windows(cutoff), (fit_day(cutoff), cutoff)
        return State(self._book.state(names, windows, days), self._sums.state(agreed, windows, days))

    @property
    def _is_view(self) -> bool:
        return isinstance(self.history, DelayedHistory)

    def _at_delays(self, cutoff: pd.Timestamp) -> "Forecaster":
        """The forecaster for a cutoff: itself, unless series are behind there."""
        delays = {} if self._is_view else self.history.days_behind(cutoff)
        return self._delayed(tuple(sorted(delays.items()))) if delays else self

    def _forecaster_of_delays(self, delays: tuple[tuple[str, int], ...]) -> "Forecaster":
        """A forecaster whose windows see the series as far behind; it shares what was made."""
        view = DelayedHistory(self.history, dict(delays))
        forecaster = Forecaster(view, self.horizon, self._calibrate, State(sums=self._state.sums))
        forecaster._book = self._book.of_view(view)
        return forecaster

    def _mixing(self, names: Iterable[str], cutoff: pd.Timestamp) -> EnsembleWeights:
        """The weights of every learnt combination among the names, for each measure, learnt before the cutoff."""
        learnt = {name: c.members for name in set(names) if isinstance(c := CATALOGUE[name], LearnedEnsemble)}
        groups = by_measure(self.history.as_of(cutoff).columns) if learnt else {}
        return {
            (name, measure): self._weights(members, measure, cutoff)
            for name, members in learnt.items()
            for measure in groups
        }

    def _learnt(self, members: tuple[str, ...], measure: str, cutoff: pd.Timestamp) -> Weights:
        """Weights of the members from their errors in the windows before the cutoff; every stock has its own."""
        ids = by_measure(self.history.as_of(cutoff).columns)[measure]
        inside = [self._in_windows(same_for_all(member, ids), cutoff, {}) for member in members]
        errors = np.stack([scaled_errors(means, actuals) for means, actuals in inside])
        pooled = fitted_weights(errors)
        shared = pooled[:, None].repeat(len(ids), axis=1)
        by_series = series_weights(errors, pooled) if measure in self._stocks else shared
        return Weights(pooled, pd.Index(ids), by_series)

    def _with_fallbacks(self, names: Mapping[str, str], cutoff: pd.Timestamp) -> tuple[pd.DataFrame, dict[str, str]]:
        """Rounded means of the bottom series, and why the fallback stands in where it does."""
        days = target_days(cutoff, self.horizon)
        mixing = self._mixing(names.values(), cutoff)
        means, naive = (
            pd.DataFrame(self._book.combine(chosen, cutoff, mixing), days, list(names))
            for chosen in (names, same_for_all(FALLBACK, list(names)))
        )
        limits = (self.history.as_of(cutoff).max() * EXPLODED).clip(lower=SMALLEST_LIMIT)
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

    def _agreed(self, bottom: pd.DataFrame, agreements: Agreements, mixing: EnsembleWeights) -> pd.DataFrame:
        """The bottom means of one cutoff, made to agree with those of their sums."""
        told = bottom.copy()
        for agreement in agreements.values():
            told[list(agreement.tree.bottom)] = self._sums.agreed(bottom, agreement, mixing)
        return told

    def _best_method(self, measure: str, name: str, cutoff: pd.Timestamp) -> str:
        """The reconciliation that does best for a measure's candidate in the windows before the cutoff."""
        tree = tree_of(self.history, by_measure(self.history.as_of(cutoff).columns)[measure])
        can_agree = tree.sums and not self._rest.any_of(tree.bottom, cutoff)
        return best_method(tree, *self._of_tree(tree, name, cutoff)) if can_agree else BOTTOM_UP

    def _agreements(self, recipe: Recipe, cutoff: pd.Timestamp) -> Agreements:
        """What makes bottom means agree with those of their sums, where the recipe asks for it and there are sums."""
        found, bottom = {}, by_measure(self.history.as_of(cutoff).columns)
        for measure in bottom:
            candidate, method = (part(recipe.get(measure, FALLBACK)) for part in (candidate_of, method_of))
            tree = tree_of(self.history, bottom[measure])
            can_agree = tree.sums and not self._rest.any_of(tree.bottom, cutoff)
            if method != BOTTOM_UP and can_agree and len(self._windows(cutoff)) >= FEWEST_WINDOWS:
                forecasts, actuals = self._of_tree(tree, candidate, cutoff)
                by = learnt(method, tree, forecasts, parent_actuals(tree, actuals))
                if by is not None:
                    found[measure] = Reconciler(tree, candidate, by)
        return found

    def _of_tree(self, tree: PlaceTree, name: str, cutoff: pd.Timestamp) -> tuple[Values, Values]:
        """Means of all series of a tree and actuals of its bottom ones, in the windows before the cutoff."""
        self._sums.prepare(name, self._asked)
        mixing = self._mixing([name], cutoff)
        bottom, actuals = self._in_windows(same_for_all(name, tree.bottom), cutoff, mixing)
        windows = self._windows(cutoff)
        told = [self._sums.with_parents(b, tree, name, w, mixing) for b, w in zip(bottom, windows, strict=True)]
        return np.reshape(told, (len(windows), self.horizon, -1)), actuals

    def _in_windows(
        self,
        names: Mapping[str, str],
        cutoff: pd.Timestamp,
        mixing: EnsembleWeights,
        agreements: Agreements = NONE_AGREED,
    ) -> tuple[Values, Values]:
        """Means and the actuals known at the cutoff, each (n_windows, horizon, n_bottom), in the windows before it.

        What is mixed there is mixed with the weights of the cutoff: they are part of what is judged.
        """
        windows = self._windows(cutoff)
        shape = (len(windows), self.horizon, len(names))
        known = self.history.as_of(cutoff)[list(names)]
        plain = [
            pd.DataFrame(self._book.combine(names, w, mixing).clip(min=0.0), target_days(w, self.horizon), list(names))
            for w in windows
        ]
        plain = [self._rest.without(bottom, cutoff) for bottom in plain]
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


def _candidate(recipe: Recipe, unique_id: str) -> str:
    return candidate_of(recipe.get(series_key(unique_id).measure, FALLBACK))
