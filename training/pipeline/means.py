"""The means of the candidates, made once for each cutoff and kept."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from textwrap import shorten
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.vocabulary import series_key
from training.calibration.weights import Weights
from training.frames import values_of
from training.history.known import KnownHistory
from training.models.candidate import Candidate, Means, Windows, nothing_yet, target_days
from training.models.catalogue import CATALOGUE
from training.models.combination import Combination, Weighted
from training.pipeline.state import Chapter

Values = NDArray[np.float64]
Days = Collection[pd.Timestamp]
Mixing = Mapping[tuple[str, str], Weights]
"""Of a learnt combination and a measure: the weights of its members."""

NOTHING_MIXED: Mixing = {}
REASON_LENGTH = 200  # a library's message may go on for pages; dashboards show it


class MeansBook:
    """Means by candidate and cutoff, made in batches: a library forecasts many windows faster than one at a time."""

    def __init__(self, history: KnownHistory, horizon: int) -> None:
        self._history = history
        self._horizon = horizon
        self._pages: dict[str, Means] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def make(self, name: str, cutoffs: Iterable[pd.Timestamp]) -> Means:
        """The candidate's page, with at least these cutoffs on it.

        A learnt combination has an empty one: its members' are made, and mixed anew for each cutoff that asks.
        """
        candidate = CATALOGUE[name]
        page = self._pages.setdefault(name, Means())
        wanted = sorted(set(cutoffs) - set(page.by_cutoff))
        if isinstance(candidate, Weighted):
            for member in candidate.members:
                self.make(member, cutoffs)
        elif isinstance(candidate, Combination):
            page.update(candidate.combine([self.make(member, wanted) for member in candidate.members], wanted))
        elif wanted:
            began = perf_counter()
            page.update(_asked(candidate, Windows(self._history, wanted, self._horizon)))
            self._seconds[name] += perf_counter() - began
        return page

    def seconds(self, name: str) -> float:
        """How long the candidate's means, and its members', took to make."""
        return sum(self._seconds.get(member, 0.0) for member in with_members([name]))

    def bring(self, chapter: Chapter) -> None:
        """Take what a version brings along as made and learnt.

        Means for a longer horizon serve too; those of cutoffs at which other series report by now do not.
        """
        self._history.learnt.bring(chapter.learnt)
        for name, made in chapter.means.items():
            page = self._pages.setdefault(name, Means())
            for cutoff, table in made.by_cutoff.items():
                if self._still_holds(table, cutoff):
                    page.by_cutoff[cutoff] = table.iloc[: self._horizon]

    def _still_holds(self, table: pd.DataFrame, cutoff: pd.Timestamp) -> bool:
        if len(table) < self._horizon or cutoff < self._history.first_day:
            return False
        return set(table) == set(self._history.at(cutoff))

    def chapter(self, names: Iterable[str], cutoffs: Days, days: Days) -> Chapter:
        """The means of candidates, and of members of combinations, at the cutoffs; what was learnt up to the days."""
        pages = {name: self._pages.get(name, Means()).by_cutoff for name in with_members(names)}
        means = {name: Means({c: page[c] for c in cutoffs if c in page}) for name, page in pages.items()}
        return Chapter(means, self._history.learnt.of_days(days))

    def composed(self, names: Mapping[str, str], cutoff: pd.Timestamp, mixing: Mixing = NOTHING_MIXED) -> Values:
        """Each series' means from its own candidate, (horizon, n_series); NaN where it failed or did not report.

        Declared bed changes, which candidates do not see, are added. A value that is not finite counts as a failure; a
        negative one is left for the caller to judge.
        """
        ids, chosen = np.array(list(names), dtype=object), np.array(list(names.values()), dtype=object)
        means = np.full((self._horizon, len(ids)), np.nan)
        for name in dict.fromkeys(names.values()):
            take = chosen == name
            means[:, take] = self._of(name, cutoff, pd.Index(ids[take]), mixing)
        means += self._history.bed_steps(target_days(cutoff, self._horizon), list(names))
        return np.where(np.isfinite(means), means, np.nan)

    def _of(self, name: str, cutoff: pd.Timestamp, ids: pd.Index, mixing: Mixing) -> Values:
        """One candidate's means (horizon, n_series)."""
        candidate = CATALOGUE[name]
        if isinstance(candidate, Weighted):
            members = np.stack([self._of(member, cutoff, ids, mixing) for member in candidate.members], axis=-1)
            return mixed(members, self._weights(name, ids, mixing))
        return values_of(self._pages[name].by_cutoff[cutoff], ids)

    def _weights(self, name: str, ids: pd.Index, mixing: Mixing) -> Values:
        """Of the members of a learnt combination, (horizon, n_series, n_members)."""
        measures = np.array([series_key(unique_id).measure for unique_id in ids])
        weights = [mixing[name, measure].of(ids[measures == measure]) for measure in dict.fromkeys(measures)]
        order = np.concatenate([np.flatnonzero(measures == measure) for measure in dict.fromkeys(measures)])
        return np.concatenate(weights, axis=1)[:, np.argsort(order)]

    def failure(self, name: str, cutoff: pd.Timestamp, unique_id: str) -> str:
        """Why the candidate has no means for the series at the cutoff."""
        candidate = CATALOGUE[name]
        if isinstance(candidate, Weighted):
            whys = (f"{member}: {self.failure(member, cutoff, unique_id)}" for member in candidate.members)
            return shorten("; ".join(whys), REASON_LENGTH, placeholder=" ...")
        why = self._pages[name].failures.get((cutoff, unique_id), "it gave no number")
        return shorten(why, REASON_LENGTH, placeholder=" ...")


def with_members(names: Iterable[str]) -> list[str]:
    """The names of candidates, and of all that they are combined of."""
    found: dict[str, None] = {}
    for name in names:
        candidate = CATALOGUE[name]
        members = candidate.members if isinstance(candidate, Combination | Weighted) else ()
        found |= dict.fromkeys([name, *members])
    return list(found)


def mixed(members: Values, weights: Values) -> Values:
    """The weighted mean (horizon, n_series) of members and weights (horizon, n_series, n_members).

    A member that lacks a lead is left out of that series; where none is whole there is no mean.
    """
    whole = np.isfinite(members).all(axis=0, keepdims=True)
    taken = np.where(whole, weights, 0.0)
    total = taken.sum(axis=-1)
    sums = (taken * np.where(whole, members, 0.0)).sum(axis=-1)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.nan)


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
