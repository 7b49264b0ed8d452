"""The history of sums, as if they were counted themselves: candidates forecast a trust as they do a site."""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.history.digests import digest_of, pooled
from training.history.fit_cache import FitCache
from training.history.known import SNAPSHOTS_KEPT, PointInTimeHistory
from training.history.parts import bottom_series
from training.reconciliation.bottom_up import aggregated, summing


class SumsHistory(PointInTimeHistory):
    """What is known of every sum of bottom series at any cutoff; `base` is the history of those."""

    def __init__(self, base: PointInTimeHistory) -> None:  # its parts are the base's: nothing is read again
        self.system = base.system
        self.circumstances = base.circumstances
        self.fit_cache = FitCache()
        self._base = base
        self.latest = self._summed(base.latest[bottom_series(base.system, list(base.latest.columns))])
        self.as_of = lru_cache(maxsize=SNAPSHOTS_KEPT)(lambda cutoff: self._summed(base.as_of(cutoff)))
        self.imputed = lru_cache(maxsize=SNAPSHOTS_KEPT)(lambda cutoff: self._summed(base.imputed(cutoff)))
        self.undisturbed = lru_cache(maxsize=SNAPSHOTS_KEPT)(lambda cutoff: self._summed(base.undisturbed(cutoff)))
        self.steps = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._steps)
        self.digests = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._digests)

    def bed_steps(self, days: pd.DatetimeIndex, unique_ids: Sequence[str]) -> NDArray[np.float64]:
        """Beds added by declared changes of any part, (n_days, n_series)."""
        of_parts = self._base.bed_steps(days, list(self._parts.index))
        if not of_parts.any():
            return np.zeros((len(days), len(unique_ids)))
        return np.asarray(of_parts @ self._parts.reindex(columns=list(unique_ids), fill_value=0.0).to_numpy())

    def _digests(self, cutoff: pd.Timestamp, horizon_days: int) -> Mapping[str, bytes]:
        """Of each sum a digest of all that its parts, and their neighbours, are made from."""
        if cutoff < self.first_day:
            return {}
        everything = pooled(self._base.digests(cutoff, horizon_days))
        return {str(i): digest_of([str(i).encode(), everything]) for i in self.as_of(cutoff)}

    @cached_property
    def _parts(self) -> pd.DataFrame:
        """Of what parts each sum is made: the matrix of `summing`."""
        return summing(self.system, bottom_series(self.system, list(self._base.latest.columns)))

    def _summed(self, counts: pd.DataFrame) -> pd.DataFrame:
        """The sums that have more than one part; NaN where parts that matter are missing."""
        parts = summing(self.system, list(counts.columns))
        wholes = parts.columns[(parts.sum() > 1).to_numpy()]
        sizes = counts.tail(56).mean().fillna(0.0).to_numpy()
        values = aggregated(counts.to_numpy(dtype=float), parts[wholes].to_numpy(), sizes)
        return pd.DataFrame(values, counts.index, wholes).sort_index(axis=1)
