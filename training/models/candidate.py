"""The interface of candidates: what a forecast is requested with, and the means that answer it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import Protocol, TypeVar, cast

import numpy as np
import pandas as pd

from publication.vocabulary import series_key
from training.frames import FloatArray
from training.history.digests import pooled
from training.history.point_in_time import PointInTimeHistory

REFIT_EVERY_DAYS = 56  # parameters are fitted on this grid of days and used until the next; state is always current
TRAINING_DAYS = 1096  # three years: each bank holiday three times
MIN_FIT_DAYS = 56  # of a series that a regression over all series of its measure is fitted to
MIN_SEASONAL_FIT_DAYS = 730  # observed days to fit Fourier terms to: one year to fit, another to confirm
SMOOTHING_LOOKBACK_DAYS = 420  # sixty weeks: the slowest moving averages have forgotten what was before
Part = TypeVar("Part")
Key = tuple[str, ...]
"""Candidate that fitted a part, last day fitted to (ISO 8601), subject, and digest of the data it was fitted to."""


class FitCache:
    """Fitted parts by key. A part fitted to other values has another key, so that none outlives its data."""

    def __init__(self) -> None:
        self._parts: dict[Key, object] = {}

    def of(self, who: str, day: pd.Timestamp, *what: object, made_from: str, make: Callable[[], Part]) -> Part:
        """Return the part, made where it is missing. `who` is a name that no other candidate uses."""
        key = (who, f"{day:%Y-%m-%d}", *map(str, what), made_from)
        if key not in self._parts:
            self._parts[key] = make()
        return cast(Part, self._parts[key])

    def get(self, key: Key) -> object | None:
        """Return the part of a key; None where it is missing, or could not be fitted."""
        return self._parts.get(key)

    def add(self, parts: Mapping[Key, object]) -> None:
        """Add parts that were fitted elsewhere: by a version that was saved, or in another process."""
        self._parts.update(parts)

    def of_days(self, days: Collection[pd.Timestamp]) -> dict[Key, object]:
        """Return the parts fitted up to one of the days, without those that could not be fitted (None)."""
        wanted = {f"{day:%Y-%m-%d}" for day in days}
        return {key: part for key, part in self._parts.items() if key[1] in wanted and part is not None}


@dataclass(frozen=True)
class ForecastRequest:
    """The cutoffs to forecast at, and all data that may be used: at each cutoff, `history` as known then.

    With `only`, means of other series are not needed; a candidate may return them all the same. `fits` has the parts
    that candidates have fitted, for every request that shares it.
    """

    history: PointInTimeHistory
    cutoffs: Sequence[pd.Timestamp]
    horizon: int
    only: frozenset[str] | None = None
    fits: FitCache = field(default_factory=FitCache)

    def needs(self, unique_id: str) -> bool:
        """Return True if the means of a series are needed."""
        return self.only is None or unique_id in self.only


class Scope(Enum):
    """The series that the means of one series at a cutoff depend on, other than by the fits of the refit day."""

    SERIES = auto()
    MEASURE = auto()
    SYSTEM = auto()


@dataclass
class Means:
    """Means by cutoff: a wide frame of `horizon` days and the series known then, in counts; NaN where it failed.

    `failures` has the reason, for each cutoff and series that failed.
    """

    by_cutoff: dict[pd.Timestamp, pd.DataFrame] = field(default_factory=dict)
    failures: dict[tuple[pd.Timestamp, str], str] = field(default_factory=dict)

    def fill(self, cutoff: pd.Timestamp, unique_ids: Sequence[str], values: FloatArray) -> None:
        """Overwrite the means of some series with `values` (horizon, n_series)."""
        table = self.by_cutoff[cutoff]
        table.iloc[:, table.columns.get_indexer(pd.Index(unique_ids))] = values  # at once: by column is slow

    def update(self, other: "Means") -> None:
        """Add the cutoffs and failures of other means, in place of those that are there."""
        self.by_cutoff.update(other.by_cutoff)
        self.failures.update(other.failures)


class Candidate(Protocol):
    """A named forecasting recipe of the catalogue.

    An optional attribute `scope` says on which series the means of one depend; the default is the system. Where some of
    a saved version's data was revised, a candidate of smaller scope is requested for those series alone.
    """

    def forecast(self, request: ForecastRequest) -> Means:
        """Return means for every cutoff, each made from what was known at that cutoff alone."""
        ...


@lru_cache(maxsize=4096)  # needed again and again, and slow to make
def target_days(cutoff: pd.Timestamp, horizon: int) -> pd.DatetimeIndex:
    """Return the days with leads 1 to `horizon`."""
    return pd.date_range(cutoff + pd.Timedelta(days=1), periods=horizon, freq="D", name="ds")


def empty_means(request: ForecastRequest) -> Means:
    """Return means that are NaN for every cutoff, series and lead, for a candidate to fill in."""
    days = {cutoff: target_days(cutoff, request.horizon) for cutoff in request.cutoffs}
    return Means({c: pd.DataFrame(np.nan, days[c], request.history.as_of(c).columns) for c in request.cutoffs})


def by_measure(unique_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the series of each measure, in their order."""
    groups: dict[str, list[str]] = {}
    for unique_id in unique_ids:
        groups.setdefault(_measure(unique_id), []).append(unique_id)
    return groups


@lru_cache(maxsize=65_536)
def _measure(unique_id: str) -> str:
    return series_key(unique_id).measure


def fit_day(cutoff: pd.Timestamp) -> pd.Timestamp:
    """Return the newest day of the refit grid at or before the cutoff. The grid is fixed, so that runs share it."""
    return cutoff - pd.Timedelta(days=cutoff.toordinal() % REFIT_EVERY_DAYS)


def by_fit_day(cutoffs: Iterable[pd.Timestamp]) -> dict[pd.Timestamp, list[pd.Timestamp]]:
    """Return the cutoffs of each day of the refit grid, in order."""
    groups: dict[pd.Timestamp, list[pd.Timestamp]] = {}
    for cutoff in sorted(cutoffs):
        groups.setdefault(fit_day(cutoff), []).append(cutoff)
    return groups


def scope_of(candidate: object) -> Scope:
    """Return the candidate's `scope`, by default the system."""
    scope = getattr(candidate, "scope", Scope.SYSTEM)
    return scope if isinstance(scope, Scope) else Scope.SYSTEM


def fitting_view(history: PointInTimeHistory, day: pd.Timestamp) -> PointInTimeHistory:
    """Return the history to fit to on a day: without reporting delays on the refit grid, else with them.

    Fits of the grid serve every cutoff after it, whichever series are late there. A fit on the cutoff itself serves it
    alone.
    """
    return history.undelayed if fit_day(day) == day else history


def data_digest(seen: PointInTimeHistory, day: pd.Timestamp, measure: str) -> str:
    """Return the digest, in hexadecimal digits, of the data that a fit of one measure on a day is made from."""
    digests = seen.digests(day, 0)
    return pooled(digests, by_measure(digests).get(measure, [])).hex()
