"""The windows before a cutoff: what candidates forecast in them, the actuals, and the ensemble weights fitted there."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from publication.vocabulary import Kind
from training.calibration.past_errors import windows_before
from training.calibration.scale import scaled_errors
from training.calibration.weights import Weights, fitted_weights, series_weights
from training.frames import FloatArray
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import by_measure, target_days
from training.models.catalogue import CATALOGUE, FALLBACK, LearnedEnsemble
from training.pipeline.means import NO_WEIGHTS, EnsembleWeights, MeansCache, same_for_all
from training.pipeline.rest_days import RestDays

Cutoffs = Sequence[pd.Timestamp]


class WindowForecasts:
    """Bottom means and actuals in the windows before any cutoff; what is fitted to them is fitted once for each cutoff.

    Arrays are (n_windows, horizon, n_bottom), of the windows oldest first.
    """

    def __init__(self, history: PointInTimeHistory, means: MeansCache, rest: RestDays) -> None:
        self._history = history
        self._means = means
        self._rest = rest
        self._stocks = {measure.name for measure in history.system.measures if measure.kind in (Kind.STOCK, Kind.RATE)}
        self._cached_windows = lru_cache(maxsize=None)(self._windows_before)
        self._cached_weights = lru_cache(maxsize=None)(self._fitted_weights)

    def before(self, cutoff: pd.Timestamp) -> Cutoffs:
        """Return the cutoffs of the windows, oldest first."""
        return self._cached_windows(cutoff)

    def weights(self, names: Iterable[str], cutoff: pd.Timestamp) -> EnsembleWeights:
        """Return the weights of every learned ensemble among the names, for each measure, fitted before the cutoff."""
        ensembles = {name: c for name in set(names) if isinstance(c := CATALOGUE[name], LearnedEnsemble)}
        groups = by_measure(self._history.as_of(cutoff).columns) if ensembles else {}
        return {
            (name, measure): self._cached_weights(ensemble, measure, cutoff)
            for name, ensemble in ensembles.items()
            for measure in groups
        }

    def means(
        self,
        names: Mapping[str, str],
        cutoff: pd.Timestamp,
        weights: EnsembleWeights = NO_WEIGHTS,
    ) -> FloatArray:
        """Return the means of the series in the windows, each by its candidate.

        Ensembles have the weights of the cutoff in every window: the weights are part of what is evaluated.
        """
        windows = self.before(cutoff)
        shape = (len(windows), self._means.horizon, len(names))
        return np.reshape([self._bottom(names, w, cutoff, weights) for w in windows], shape)

    def published(self, names: Mapping[str, str], cutoff: pd.Timestamp, weights: EnsembleWeights) -> FloatArray:
        """Return the means as `means` does, with the fallback's in windows that had too few days for the candidate."""
        values = self.means(names, cutoff, weights)
        missing = np.isnan(values)
        return (
            np.where(missing, self.means(same_for_all(FALLBACK, list(names)), cutoff), values)
            if missing.any()
            else values
        )

    def actuals(self, unique_ids: Iterable[str], cutoff: pd.Timestamp) -> FloatArray:
        """Return the actuals of the series in the windows, as known at the cutoff."""
        windows, known = self.before(cutoff), self._history.as_of(cutoff)[list(unique_ids)]
        shape = (len(windows), self._means.horizon, known.shape[1])
        return np.reshape([known.reindex(target_days(w, self._means.horizon)).to_numpy() for w in windows], shape)

    def _windows_before(self, cutoff: pd.Timestamp) -> Cutoffs:
        return windows_before(self._history, cutoff, self._means.horizon)

    def _bottom(
        self, names: Mapping[str, str], window: pd.Timestamp, cutoff: pd.Timestamp, weights: EnsembleWeights
    ) -> FloatArray:
        """Return the means of one window, 0 on days on which a series is not counted, as known at the cutoff."""
        values = self._means.combine(names, window, weights).clip(min=0.0)
        at_rest = self._rest.at_rest(target_days(window, self._means.horizon), list(names), cutoff)
        return values if at_rest is None else np.where(at_rest, 0.0, values)

    def _fitted_weights(self, ensemble: LearnedEnsemble, measure: str, cutoff: pd.Timestamp) -> Weights:
        """Return weights of the members from their errors in the windows."""
        ids = by_measure(self._history.as_of(cutoff).columns)[measure]
        actuals = self.actuals(ids, cutoff)
        means = [self.means(same_for_all(member, ids), cutoff) for member in ensemble.members]
        errors = np.stack([scaled_errors(of_member, actuals) for of_member in means])
        pooled = fitted_weights(errors)
        shared = pooled[:, None].repeat(len(ids), axis=1)
        own = ensemble.own_weights and measure in self._stocks
        by_series = series_weights(errors, pooled) if own else shared
        return Weights(pooled, pd.Index(ids), by_series)
