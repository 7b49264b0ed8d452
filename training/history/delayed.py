"""A history as it looks to a cutoff at which some series are behind: earlier windows see them as far behind.

Errors of windows that had every value would promise too much of a series whose newest value is a week old.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from training.history.digests import Declarations
from training.history.known import SNAPSHOTS_KEPT, PointInTimeHistory

FRAMES_HELD = 32


class DelayedHistory(PointInTimeHistory):
    """What is known of `base` at any cutoff, less the newest days of the series that are behind.

    `delays` is by how many days each of them is behind. All else is the base's: nothing is read again.
    """

    def __init__(self, base: PointInTimeHistory, delays: Mapping[str, int]) -> None:
        self.system = base.system
        self.context = base.context
        self.latest = base.latest
        self._base = base
        self._delays = delays
        self.as_of = lru_cache(maxsize=FRAMES_HELD)(self._at)
        self.imputed = lru_cache(maxsize=FRAMES_HELD)(self._filled)
        self.undisturbed = lru_cache(maxsize=FRAMES_HELD)(self._undisturbed)
        self.steps = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._steps)
        self.digests = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._digests)

    @property
    def undelayed(self) -> PointInTimeHistory:
        """The base."""
        return self._base

    @property
    def last_complete_day(self) -> pd.Timestamp:
        """The base's."""
        return self._base.last_complete_day

    @property
    def _declarations(self) -> Declarations:
        return self._base._declarations

    def _at(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        known = self._base.as_of(cutoff)
        late = self._delayed_in(known)
        if not late:
            return known
        values = known.to_numpy(dtype=float, copy=True)
        for unique_id, column in zip(late, known.columns.get_indexer(pd.Index(late)), strict=True):
            values[-self._delays[unique_id] :, column] = np.nan
        return pd.DataFrame(values, known.index, known.columns)

    def _filled(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        return self._patched(self._base.imputed(cutoff), cutoff, lambda known: known)

    def _undisturbed(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        return self._patched(self._base.undisturbed(cutoff), cutoff, self._without_passing)

    def _patched(
        self, filled: pd.DataFrame, cutoff: pd.Timestamp, seen: Callable[[pd.DataFrame], pd.DataFrame]
    ) -> pd.DataFrame:
        """The base's frame, with the columns of the series that are behind imputed anew from what is seen of them."""
        late = self._delayed_in(filled)
        if not late:
            return filled
        patched = filled.copy()
        patched[late] = self._imputed(seen(self.as_of(cutoff)[late]))
        return patched

    def _delayed_in(self, table: pd.DataFrame) -> list[str]:
        return [unique_id for unique_id in self._delays if unique_id in table]
