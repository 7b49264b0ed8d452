"""The means of the candidates, made once for each cutoff and kept."""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.history.known import KnownHistory
from training.models.candidate import Candidate, Means, Windows, nothing_yet, target_days
from training.models.catalogue import CATALOGUE
from training.models.combination import Combination

Values = NDArray[np.float64]
REASON_LENGTH = 200  # a library's message may go on for pages; dashboards show it


class MeansBook:
    """Means by candidate and cutoff, made in batches: a library forecasts many windows faster than one at a time."""

    def __init__(self, history: KnownHistory, horizon: int) -> None:
        self._history = history
        self._horizon = horizon
        self._pages: dict[str, Means] = {}

    def make(self, name: str, cutoffs: Iterable[pd.Timestamp]) -> Means:
        """The candidate's page, with at least these cutoffs on it."""
        candidate = CATALOGUE[name]
        page = self._pages.setdefault(name, Means())
        wanted = sorted(set(cutoffs) - set(page.by_cutoff))
        if not wanted:
            return page
        if isinstance(candidate, Combination):
            page.update(candidate.combine([self.make(member, wanted) for member in candidate.members], wanted))
        else:
            page.update(_asked(candidate, Windows(self._history, wanted, self._horizon)))
        return page

    def composed(self, names: Mapping[str, str], cutoff: pd.Timestamp) -> Values:
        """Each series' means from its own candidate, (horizon, n_series); NaN where it failed or did not report.

        Declared bed changes, which candidates do not see, are added. A value that is not finite counts as a failure; a
        negative one is left for the caller to judge.
        """
        ids, chosen = pd.Index(names), np.array(list(names.values()))
        means = np.full((self._horizon, len(ids)), np.nan)
        for name in np.unique(chosen):
            page = self._pages[name].by_cutoff[cutoff]
            found = page.columns.get_indexer(ids)
            take = (chosen == name) & (found >= 0)
            means[:, take] = page.to_numpy()[:, found[take]]
        means += self._history.bed_steps(target_days(cutoff, self._horizon), list(names))
        return np.where(np.isfinite(means), means, np.nan)

    def failure(self, name: str, cutoff: pd.Timestamp, unique_id: str) -> str:
        """Why the candidate has no means for the series at the cutoff."""
        why = self._pages[name].failures.get((cutoff, unique_id), "it gave no number")
        return shorten(why, REASON_LENGTH, placeholder=" ...")


def _asked(candidate: Candidate, windows: Windows) -> Means:
    """What the candidate answers; where it raises, a failure for every cutoff and series that says so."""
    try:
        return candidate.forecast(windows)
    except Exception as error:  # noqa: BLE001  a candidate may fail in any way; the series get their fallback
        means = nothing_yet(windows)
        reason = f"{type(error).__name__}: {error}"
        means.failures = {(c, str(i)): reason for c, frame in means.by_cutoff.items() for i in frame.columns}
        return means


def same_for_all(name: str, unique_ids: Sequence[str]) -> dict[str, str]:
    """The one candidate for every series."""
    return dict.fromkeys(unique_ids, name)
