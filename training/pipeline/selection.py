"""The selection of a recipe: for each measure the candidate, and its reconciliation, that did best before a cutoff."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from publication.vocabulary import series_key
from training.calibration.scale import scaled_errors
from training.frames import FloatArray
from training.history.point_in_time import PointInTimeHistory
from training.models.catalogue import FALLBACK
from training.pipeline.forecast import recipe_name
from training.pipeline.means import same_for_all
from training.pipeline.reconciliation import PlaceTree, Reconciliation, fit_reconciler, mean_size, parent_actuals
from training.pipeline.windows import WindowForecasts
from training.reconciliation import BOTTOM_UP, RECONCILIATIONS, reconciled

FEWEST_WINDOWS_TO_SELECT = 4
FEWEST_HELD_OUT_WINDOWS = 8
MIN_RECONCILIATION_GAIN = 0.01  # of bottom-up's loss, that another method must save in windows that it has not seen


class RecipeSelector:
    """Selects candidates by their errors in the windows before a cutoff."""

    def __init__(self, history: PointInTimeHistory, windows: WindowForecasts, reconciliation: Reconciliation) -> None:
        self._history = history
        self._windows = windows
        self._reconciliation = reconciliation

    def select(self, candidates: Sequence[str], cutoff: pd.Timestamp) -> dict[str, str]:
        """Return for each measure the candidate with the least scaled absolute error, and its best reconciliation.

        With fewer than `FEWEST_WINDOWS_TO_SELECT` windows the difference would be noise: the first candidate is taken.
        """
        ids = list(self._history.as_of(cutoff).columns)
        losses = pd.DataFrame({name: self._losses(name, ids, cutoff) for name in candidates}, index=ids)
        by_measure = losses.groupby([series_key(unique_id).measure for unique_id in ids]).mean()
        if len(self._windows.before(cutoff)) < FEWEST_WINDOWS_TO_SELECT:
            return dict.fromkeys(map(str, by_measure.index), candidates[0])
        best = {m: candidates[0] if row.isna().all() else str(row.idxmin()) for m, row in by_measure.iterrows()}
        return {str(m): recipe_name(name, self._method(str(m), name, cutoff)) for m, name in best.items()}

    def _method(self, measure: str, candidate: str, cutoff: pd.Timestamp) -> str:
        tree = self._reconciliation.tree(measure, cutoff)
        return BOTTOM_UP if tree is None else best_method(tree, *self._reconciliation.past(tree, candidate, cutoff))

    def _losses(self, name: str, ids: Sequence[str], cutoff: pd.Timestamp) -> FloatArray:
        """Return mean scaled absolute errors by series (n_bottom,): the fallback's where the candidate failed."""
        means = self._windows.means(same_for_all(name, ids), cutoff, self._windows.weights([name], cutoff))
        naive = self._windows.means(same_for_all(FALLBACK, ids), cutoff)
        errors = scaled_errors(np.where(np.isnan(means), naive, means), self._windows.actuals(ids, cutoff))
        return mean_size(errors)


def best_method(tree: PlaceTree, forecasts: FloatArray, actuals: FloatArray) -> str:
    """Return the method whose bottom means, and their sums, have the least error in the newer half of the windows.

    `forecasts` (n_windows, horizon, n_series) are of all series, `actuals` (n_windows, horizon, n_bottom). Each method
    is fitted to the older half. Errors of every series count alike, relative to those of bottom-up.
    """
    half = len(forecasts) // 2
    if len(tree.sums) == 0 or half < FEWEST_HELD_OUT_WINDOWS:
        return BOTTOM_UP
    of_all = parent_actuals(tree, actuals)
    bottom = forecasts[half:, :, : len(tree.bottom)]
    plain = mean_size(bottom @ tree.parts - of_all[half:])
    losses = {BOTTOM_UP: 1 - MIN_RECONCILIATION_GAIN}
    for method in RECONCILIATIONS if (plain > 0).any() else ():
        by = fit_reconciler(method, tree, forecasts[:half], of_all[:half])
        if by is not None:
            sizes = mean_size(reconciled(forecasts[half:], by) @ tree.parts - of_all[half:])
            losses[method] = float((sizes[plain > 0] / plain[plain > 0]).mean())
    return min(losses, key=lambda method: losses[method])
