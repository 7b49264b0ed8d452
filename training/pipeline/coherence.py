"""Which reconciliation each measure gets, learnt and judged in the windows before a cutoff."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.history.known import PointInTimeHistory
from training.pipeline.means import Days, EnsembleWeights, MeansCache, same_for_all
from training.pipeline.state import StateSection
from training.reconciliation import BOTTOM_UP, RECONCILIATIONS, SumsHistory, aggregated, fitted_map, reconciled, summing

Values = NDArray[np.float64]
AND = "+"
WORTH_IT = 0.01  # of the loss that another method than bottom-up must save on windows that it has not seen
FEWEST_WINDOWS = 8


def named(candidate: str, method: str) -> str:
    """How a recipe says both: `Weighted`, or `Weighted+mint`."""
    return candidate if method == BOTTOM_UP else f"{candidate}{AND}{method}"


def candidate_of(recipe_name: str) -> str:
    """The candidate that a recipe names."""
    return recipe_name.partition(AND)[0]


def method_of(recipe_name: str) -> str:
    """The reconciliation that a recipe names."""
    return recipe_name.partition(AND)[2] or BOTTOM_UP


@dataclass(frozen=True)
class PlaceTree:
    """The bottom series of one measure, their distinct sums, and the 0/1 matrix `parts` (n_bottom, n_series)."""

    bottom: tuple[str, ...]
    sums: tuple[str, ...]
    parts: Values


@dataclass(frozen=True)
class Reconciler:
    """Means of a tree's series made to agree: `by` (n_bottom, n_series) makes the bottom ones of all."""

    tree: PlaceTree
    candidate: str
    by: Values


def tree_of(history: PointInTimeHistory, bottom: Sequence[str]) -> PlaceTree:
    """The tree over some bottom series; sums of the same series are one."""
    parts = summing(history.system, list(bottom))
    wholes = parts.iloc[:, len(bottom) :]
    distinct = wholes.loc[:, (wholes.sum() > 1).to_numpy() & ~wholes.T.duplicated().to_numpy()]
    return PlaceTree(tuple(bottom), tuple(distinct.columns), np.hstack([np.eye(len(bottom)), distinct.to_numpy()]))


class ParentForecasts:
    """Means of sums, forecast by themselves, and what they make of the bottom means."""

    def __init__(self, history: PointInTimeHistory, horizon: int) -> None:
        self._means = MeansCache(SumsHistory(history), horizon)

    def load_state(self, section: StateSection) -> None:
        """Take what a version was saved with of sums."""
        self._means.load_state(section)

    def state(self, candidates: Iterable[str], cutoffs: Days, days: Days) -> StateSection:
        """The candidates' means of sums at the cutoffs, and the fits up to the days."""
        return self._means.state(candidates, cutoffs, days)

    def prepare(self, candidate: str, cutoffs: Iterable[pd.Timestamp]) -> None:
        self._means.make(candidate, cutoffs)

    def with_parents(
        self, bottom: Values, tree: PlaceTree, candidate: str, cutoff: pd.Timestamp, mixing: EnsembleWeights
    ) -> Values:
        """Means of all series of the tree, (horizon, n_series), of those of its bottom."""
        sums = self._means.combine(same_for_all(candidate, tree.sums), cutoff, mixing)
        return np.concatenate([bottom, np.maximum(sums, 0.0)], axis=-1)

    def agreed(self, bottom: pd.DataFrame, coherent: Reconciler, mixing: EnsembleWeights) -> Values:
        """Bottom means of the tree, (horizon, n_bottom), of a wide frame that has them; it begins after the cutoff."""
        cutoff, ids = bottom.index[0] - pd.Timedelta(days=1), list(coherent.tree.bottom)
        told = self.with_parents(bottom[ids].to_numpy(), coherent.tree, coherent.candidate, cutoff, mixing)
        return reconciled(told, coherent.by)


def best_method(tree: PlaceTree, forecasts: Values, actuals: Values) -> str:
    """The method whose bottom means, and their sums, err least in the newer half of the windows.

    `forecasts` (n_windows, horizon, n_series) of all series, `actuals` (n_windows, horizon, n_bottom). Each method
    learns from the older half. Errors of every series count alike, over those of bottom-up.
    """
    half = len(forecasts) // 2
    if len(tree.sums) == 0 or half < FEWEST_WINDOWS:
        return BOTTOM_UP
    came = parent_actuals(tree, actuals)
    bottom = forecasts[half:, :, : len(tree.bottom)]
    plain = _sizes(bottom @ tree.parts - came[half:])
    losses = {BOTTOM_UP: 1 - WORTH_IT}
    for method in RECONCILIATIONS if (plain > 0).any() else ():
        by = learnt(method, tree, forecasts[:half], came[:half])
        if by is not None:
            sizes = _sizes(reconciled(forecasts[half:], by) @ tree.parts - came[half:])
            losses[method] = float((sizes[plain > 0] / plain[plain > 0]).mean())
    return min(losses, key=lambda method: losses[method])


def parent_actuals(tree: PlaceTree, actuals: Values) -> Values:
    """What came of all series of the tree, (n_windows, horizon, n_series), of its bottom ones."""
    return aggregated(actuals, tree.parts, _sizes(actuals, default=0.0))


def learnt(method: str, tree: PlaceTree, forecasts: Values, came: Values) -> Values | None:
    """The method's map from windows: forecasts and what came of all series, (n_windows, horizon, n_series).

    None where it finds none.
    """
    if not came.size:
        return None
    n_series = tree.parts.shape[1]
    return fitted_map(method, tree.parts, came.reshape(-1, n_series), forecasts.reshape(-1, n_series))


def _sizes(values: Values, default: float = np.nan) -> Values:
    """Mean absolute value by series (n_series,); the default where none is known."""
    known = (~np.isnan(values)).sum(axis=(0, 1))
    return np.where(known > 0, np.nansum(np.abs(values), axis=(0, 1)) / np.maximum(known, 1), default)


Agreements = Mapping[str, Reconciler]
"""By measure, where a recipe asks for another reconciliation than bottom-up."""
