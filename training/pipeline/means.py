"""The means of candidates, made once for each cutoff and for the data that they are made from."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from textwrap import shorten
from time import perf_counter

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from publication.vocabulary import series_key
from training.calibration.weights import Weights
from training.frames import FloatArray, IndexArray, values_of
from training.history.digests import digest_of, pooled
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import (
    Candidate,
    FitCache,
    ForecastRequest,
    Means,
    Scope,
    by_measure,
    empty_means,
    fit_day,
    scope_of,
    target_days,
)
from training.models.catalogue import CATALOGUE, Combination, LearnedEnsemble
from training.models.series_forecast import FittedETS
from training.pipeline.saved_means import SavedMeans
from training.pipeline.state import PipelineState

Days = Collection[pd.Timestamp]
EnsembleWeights = Mapping[tuple[str, str], Weights]
"""By learned ensemble and measure: the weights of its members."""

NO_WEIGHTS: EnsembleWeights = {}
KEYS_HELD = 1024  # cutoffs and scopes, or measures, whose keys and bed changes are needed again and again
REASON_LENGTH = 200  # a library's message may go on for pages; dashboards show it


class MeansCache:
    """Means by candidate and cutoff, made in batches: a library forecasts many windows faster than one at a time.

    What was made, by an earlier version too, is saved under the digest of what it was made from. It is made again only
    where that digest has changed.
    """

    def __init__(self, history: PointInTimeHistory, horizon: int) -> None:
        self._history = history
        self.horizon = horizon
        self._saved = SavedMeans()
        self._by_candidate: dict[str, Means] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._keys = lru_cache(maxsize=KEYS_HELD)(self._keys_at)
        self._bed_steps = lru_cache(maxsize=KEYS_HELD)(self._bed_steps_of)
        self.fits = FitCache()

    def make(self, name: str, cutoffs: Iterable[pd.Timestamp]) -> Means:
        """Return the candidate's means, at these cutoffs at least.

        A learned ensemble has none: its members' means are made, and `combine` weights them anew for each cutoff.
        """
        candidate = CATALOGUE[name]
        means = self._by_candidate.setdefault(name, Means())
        wanted = sorted(set(cutoffs) - set(means.by_cutoff))
        if isinstance(candidate, LearnedEnsemble):
            for member in candidate.members:
                self.make(member, cutoffs)
        elif isinstance(candidate, Combination):
            means.update(candidate.combine([self.make(member, wanted) for member in candidate.members], wanted))
        elif wanted:
            began = perf_counter()
            means.update(self._forecast_missing(name, candidate, wanted))
            self._seconds[name] += perf_counter() - began
        return means

    def of_view(self, history: PointInTimeHistory) -> "MeansCache":
        """Return the cache for a view of the history: saved means, fits and times are shared."""
        view = MeansCache(history, self.horizon)
        view._saved, view._seconds, view.fits = self._saved, self._seconds, self.fits
        return view

    def seconds(self, name: str) -> float:
        """Return how long the candidate's means, and its members', took to make."""
        return sum(self._seconds.get(member, 0.0) for member in with_members([name]))

    def load_state(self, state: PipelineState) -> None:
        """Take the means and fits that a version was saved with."""
        self.fits.add(state.fits)
        self._saved.update(state.means)

    def state(self, names: Iterable[str], cutoffs: Days, days: Days, pooled_days: Days = ()) -> PipelineState:
        """Return the means of candidates and their members at the cutoffs, and the fits up to the days.

        Of `pooled_days` it has only the fits that many series share.
        """
        means = SavedMeans()
        for name in with_members(names):
            made = self._by_candidate.get(name, Means())
            for cutoff in (cutoff for cutoff in cutoffs if cutoff in made.by_cutoff):
                means.add(name, self._keys(scope_of(CATALOGUE[name]), cutoff), made, cutoff)
        shared = {k: fit for k, fit in self.fits.of_days(pooled_days).items() if not isinstance(fit, FittedETS)}
        return PipelineState(means, {**shared, **self.fits.of_days(days)})

    def _forecast_missing(self, name: str, candidate: Candidate, cutoffs: Sequence[pd.Timestamp]) -> Means:
        """Return the saved means at the cutoffs; where there are none, the candidate makes them."""
        means = empty_means(ForecastRequest(self._history, cutoffs, self.horizon))
        missing: dict[tuple[PointInTimeHistory, frozenset[str] | None], list[pd.Timestamp]] = {}
        keys = {cutoff: self._keys(scope_of(candidate), cutoff) for cutoff in cutoffs}
        for cutoff in cutoffs:
            absent = self._saved.fill(name, keys[cutoff], means, cutoff)
            if absent:
                only = None if len(absent) == len(keys[cutoff]) else absent
                missing.setdefault((self._history.announced_at(cutoff), only), []).append(cutoff)
        for (seen, only), some in missing.items():
            request = ForecastRequest(seen, some, self.horizon, only, self.fits)
            made = _forecast_or_failures(candidate, request)
            for cutoff in some:
                taken = {i: key for i, key in keys[cutoff].items() if only is None or i in only}
                self._saved.add(name, taken, made, cutoff)
                self._saved.fill(name, taken, means, cutoff)
        return means

    def _keys_at(self, scope: Scope, cutoff: pd.Timestamp) -> Mapping[str, bytes]:
        """Return for each series at the cutoff a digest of all that candidates of a scope make its means there from."""
        seen = self._history.announced_at(cutoff)
        now, fitted = seen.digests(cutoff, self.horizon), seen.undelayed.digests(fit_day(cutoff), 0)
        of_fit = by_measure(fitted)
        keys: dict[str, bytes] = {}
        for measure, unique_ids in by_measure(now).items():
            everywhere = scope is Scope.SYSTEM
            fits = pooled(fitted, None if everywhere else of_fit.get(measure, []))
            others = b"" if scope is Scope.SERIES else pooled(now, None if everywhere else unique_ids)
            keys |= {i: digest_of([now[i], others, fits]) for i in unique_ids}
        return keys

    def combine(
        self, names: Mapping[str, str], cutoff: pd.Timestamp, weights: EnsembleWeights = NO_WEIGHTS
    ) -> FloatArray:
        """Return each series' means from its own candidate, (horizon, n_series); NaN where it failed or is silent.

        Declared bed changes, which candidates do not see, are added. A value that is not finite counts as a failure; a
        negative one is left to the caller.
        """
        ids = tuple(names)
        means = np.full((self.horizon, len(ids)), np.nan)
        for name, take, own in _by_candidate(ids, tuple(names.values())):
            means[:, take] = self._of(name, cutoff, own, weights)
        means += self._bed_steps(cutoff, ids)
        return np.where(np.isfinite(means), means, np.nan)

    def _bed_steps_of(self, cutoff: pd.Timestamp, unique_ids: tuple[str, ...]) -> FloatArray:
        return self._history.announced_at(cutoff).bed_steps(target_days(cutoff, self.horizon), unique_ids)

    def _of(self, name: str, cutoff: pd.Timestamp, ids: pd.Index, weights: EnsembleWeights) -> FloatArray:
        """Return one candidate's means (horizon, n_series)."""
        candidate = CATALOGUE[name]
        if isinstance(candidate, LearnedEnsemble):
            members = np.stack([self._of(member, cutoff, ids, weights) for member in candidate.members], axis=-1)
            return weighted_mean(members, self._weights(name, ids, weights))
        return values_of(self._by_candidate[name].by_cutoff[cutoff], ids)

    def _weights(self, name: str, ids: pd.Index, weights: EnsembleWeights) -> FloatArray:
        """Return the weights of a learned ensemble's members, (horizon, n_series, n_members)."""
        measures = np.array([series_key(unique_id).measure for unique_id in ids])
        by_measure = [weights[name, measure].of(ids[measures == measure]) for measure in dict.fromkeys(measures)]
        order = np.concatenate([np.flatnonzero(measures == measure) for measure in dict.fromkeys(measures)])
        return np.concatenate(by_measure, axis=1)[:, np.argsort(order)]

    def failure(self, name: str, cutoff: pd.Timestamp, unique_id: str) -> str:
        """Return why the candidate has no means for the series at the cutoff."""
        candidate = CATALOGUE[name]
        if isinstance(candidate, LearnedEnsemble):
            whys = (f"{member}: {self.failure(member, cutoff, unique_id)}" for member in candidate.members)
            return shorten("; ".join(whys), REASON_LENGTH, placeholder=" ...")
        why = self._by_candidate[name].failures.get((cutoff, unique_id), "it gave no number")
        return shorten(why, REASON_LENGTH, placeholder=" ...")


def members_of(name: str) -> tuple[str, ...]:
    """Return the names of the members of a candidate; none if it is no ensemble."""
    candidate = CATALOGUE[name]
    return candidate.members if isinstance(candidate, Combination | LearnedEnsemble) else ()


@lru_cache(maxsize=KEYS_HELD)
def _by_candidate(ids: tuple[str, ...], names: tuple[str, ...]) -> list[tuple[str, IndexArray, pd.Index]]:
    """Return each candidate with the positions and the ids of its series. The same are asked for in every window."""
    chosen = np.array(names, dtype=object)
    positions = ((name, np.flatnonzero(chosen == name)) for name in dict.fromkeys(names))
    return [(name, own, pd.Index([ids[i] for i in own], dtype=object)) for name, own in positions]


def with_members(names: Iterable[str]) -> list[str]:
    """Return the names of candidates, and of their members."""
    return list(dict.fromkeys(found for name in names for found in (name, *members_of(name))))


def weighted_mean(members: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted mean (horizon, n_series) of members and weights (horizon, n_series, n_members).

    A member that lacks a lead is left out of that series; where no member is complete there is no mean.
    """
    complete = np.isfinite(members).all(axis=0, keepdims=True)
    taken = np.where(complete, weights, 0.0)
    total = taken.sum(axis=-1)
    sums = (taken * np.where(complete, members, 0.0)).sum(axis=-1)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.nan)


def _forecast_or_failures(candidate: Candidate, request: ForecastRequest) -> Means:
    """Return the candidate's means; where it raises, a failure for every cutoff and series that says so."""
    try:
        with threadpool_limits(1):  # fits are small: threads of BLAS and OpenMP would only wait for one another
            return candidate.forecast(request)
    except Exception as error:  # noqa: BLE001  a candidate may fail in any way; the series get their fallback
        means = empty_means(request)
        reason = f"{type(error).__name__}: {error}"
        means.failures = {(c, str(i)): reason for c, frame in means.by_cutoff.items() for i in frame.columns}
        return means


def same_for_all(name: str, unique_ids: Sequence[str]) -> dict[str, str]:
    """Return the one candidate for every series."""
    return dict.fromkeys(unique_ids, name)
