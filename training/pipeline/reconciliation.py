"""Reconciliation within the pipeline: parents are forecast too, and bottom means are made to agree with them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.frames import FloatArray
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import by_measure
from training.models.catalogue import FALLBACK
from training.pipeline.forecast import Recipe, candidate_of, method_of
from training.pipeline.means import EnsembleWeights, MeansCache, same_for_all
from training.pipeline.rest_days import RestDays
from training.pipeline.windows import WindowForecasts
from training.reconciliation import BOTTOM_UP, SumsHistory, aggregated, fitted_map, reconciled, summing

FEWEST_WINDOWS_TO_RECONCILE = 4


@dataclass(frozen=True)
class PlaceTree:
    """The bottom series of one measure, their distinct sums, and the 0/1 matrix `parts` (n_bottom, n_series)."""

    bottom: tuple[str, ...]
    sums: tuple[str, ...]
    parts: FloatArray


@dataclass(frozen=True)
class Reconciler:
    """The map `by` (n_bottom, n_series) from a candidate's means of all series of a tree to its bottom means."""

    tree: PlaceTree
    candidate: str
    by: FloatArray


Reconcilers = Mapping[str, Reconciler]
"""By measure, where a recipe names another reconciliation than bottom-up."""


class ParentForecasts:
    """Means of parents that are forecast by themselves."""

    def __init__(self, history: PointInTimeHistory, horizon: int) -> None:
        self.means = MeansCache(SumsHistory(history), horizon)

    def with_parents(
        self, bottom: FloatArray, tree: PlaceTree, candidate: str, cutoff: pd.Timestamp, weights: EnsembleWeights
    ) -> FloatArray:
        """Return the means of all series of the tree, (horizon, n_series), from those of its bottom series."""
        sums = self.means.combine(same_for_all(candidate, tree.sums), cutoff, weights)
        return np.concatenate([bottom, np.maximum(sums, 0.0)], axis=-1)


class Reconciliation:
    """Fits reconcilers in the windows before a cutoff, and applies them to bottom means."""

    def __init__(
        self, history: PointInTimeHistory, parents: ParentForecasts, windows: WindowForecasts, rest: RestDays
    ) -> None:
        self._history = history
        self._parents = parents
        self._windows = windows
        self._rest = rest
        self._requested: set[pd.Timestamp] = set()  # so that sums, once they are needed, are made for all in one go

    def prepare(self, names: Iterable[str], cutoffs: Iterable[pd.Timestamp]) -> None:
        """Make the means of parents for the recipe's names that ask for a reconciliation."""
        self._requested.update(cutoffs)
        for name in names:
            if method_of(name) != BOTTOM_UP:
                self._parents.means.make(candidate_of(name), cutoffs)

    def tree(self, measure: str, cutoff: pd.Timestamp) -> PlaceTree | None:
        """Return the tree of a measure's series; None where there is nothing to reconcile.

        That is so where no series add up, or where one of them has rest days: a share of a day's total says nothing of
        a series that is not counted then.
        """
        tree = tree_of(self._history, by_measure(self._history.as_of(cutoff).columns)[measure])
        return tree if tree.sums and not self._rest.any_of(tree.bottom, cutoff) else None

    def past(self, tree: PlaceTree, candidate: str, cutoff: pd.Timestamp) -> tuple[FloatArray, FloatArray]:
        """Return means of all series of a tree and actuals of its bottom series, in the windows before the cutoff."""
        self._parents.means.make(candidate, self._requested)
        weights, windows = self._windows.weights([candidate], cutoff), self._windows.before(cutoff)
        bottom = self._windows.means(same_for_all(candidate, tree.bottom), cutoff, weights)
        means = [
            self._parents.with_parents(of_window, tree, candidate, window, weights)
            for of_window, window in zip(bottom, windows, strict=True)
        ]
        return np.reshape(means, (*bottom.shape[:2], -1)), self._windows.actuals(tree.bottom, cutoff)

    def reconcilers(self, recipe: Recipe, cutoff: pd.Timestamp) -> Reconcilers:
        """Return the reconcilers that the recipe names, where they can be fitted."""
        if len(self._windows.before(cutoff)) < FEWEST_WINDOWS_TO_RECONCILE:
            return {}
        fitted = {}
        for measure in by_measure(self._history.as_of(cutoff).columns):
            candidate, method = (part(recipe.get(measure, FALLBACK)) for part in (candidate_of, method_of))
            tree = self.tree(measure, cutoff) if method != BOTTOM_UP else None
            if tree is not None:
                means, actuals = self.past(tree, candidate, cutoff)
                by = fit_reconciler(method, tree, means, parent_actuals(tree, actuals))
                if by is not None:
                    fitted[measure] = Reconciler(tree, candidate, by)
        return fitted

    def apply(self, bottom: pd.DataFrame, reconcilers: Reconcilers, weights: EnsembleWeights) -> pd.DataFrame:
        """Return the reconciled bottom means, wide, of one cutoff: the day before their first."""
        cutoff, agreed = bottom.index[0] - pd.Timedelta(days=1), bottom.copy()
        for reconciler in reconcilers.values():
            tree, ids = reconciler.tree, list(reconciler.tree.bottom)
            means = bottom[ids].to_numpy()
            means = self._parents.with_parents(means, tree, reconciler.candidate, cutoff, weights)
            agreed[ids] = reconciled(means, reconciler.by)
        return agreed


def tree_of(history: PointInTimeHistory, bottom: Sequence[str]) -> PlaceTree:
    """Return the tree over some bottom series; sums of the same series are one."""
    parts = summing(history.system, list(bottom))
    parents = parts.iloc[:, len(bottom) :]
    distinct = parents.loc[:, (parents.sum() > 1).to_numpy() & ~parents.T.duplicated().to_numpy()]
    return PlaceTree(tuple(bottom), tuple(distinct.columns), np.hstack([np.eye(len(bottom)), distinct.to_numpy()]))


def parent_actuals(tree: PlaceTree, actuals: FloatArray) -> FloatArray:
    """Return actuals of all series of the tree, (n_windows, horizon, n_series), from those of its bottom series."""
    return aggregated(actuals, tree.parts, mean_size(actuals, default=0.0))


def fit_reconciler(method: str, tree: PlaceTree, forecasts: FloatArray, actuals: FloatArray) -> FloatArray | None:
    """Return the method's map, fitted to forecasts and actuals of all series, (n_windows, horizon, n_series).

    None where the method finds none.
    """
    if not actuals.size:
        return None
    n_series = tree.parts.shape[1]
    return fitted_map(method, tree.parts, actuals.reshape(-1, n_series), forecasts.reshape(-1, n_series))


def mean_size(values: FloatArray, default: float = np.nan) -> FloatArray:
    """Return the mean absolute value by series (n_series,); the default where none is known."""
    known = (~np.isnan(values)).sum(axis=(0, 1))
    return np.where(known > 0, np.nansum(np.abs(values), axis=(0, 1)) / np.maximum(known, 1), default)
