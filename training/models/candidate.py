"""What a candidate is asked, and what it answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.vocabulary import series_key
from training.history.known import PointInTimeHistory
from training.models.fit_cache import FitCache

REFIT_EVERY_DAYS = (
    56  # parameters are fitted on this grid of days and carried forward in between; state is always current
)


@dataclass(frozen=True)
class ForecastRequest:
    """The cutoffs that forecasts are wanted for, and all that may be used: at each cutoff, `history` as known then.

    With `only`, means of other series are not needed; a candidate may make them all the same. `fits` has the parts that
    candidates have fitted, for every request that shares it.
    """

    history: PointInTimeHistory
    cutoffs: Sequence[pd.Timestamp]
    horizon: int
    only: frozenset[str] | None = None
    fits: FitCache = field(default_factory=FitCache)

    def needs(self, unique_id: str) -> bool:
        """Whether the means of a series are needed."""
        return self.only is None or unique_id in self.only


class Scope(Enum):
    """What the means of one series at a cutoff are made from, beside the fits of the measure on the refit day."""

    SERIES = auto()
    MEASURE = auto()
    SYSTEM = auto()


@dataclass
class Means:
    """Means by cutoff: a wide frame of `horizon` days and the series that report then; NaN where a candidate failed.

    `failures` says why, for each cutoff and series that failed.
    """

    by_cutoff: dict[pd.Timestamp, pd.DataFrame] = field(default_factory=dict)
    failures: dict[tuple[pd.Timestamp, str], str] = field(default_factory=dict)

    def fill(self, cutoff: pd.Timestamp, unique_ids: Sequence[str], values: NDArray[np.float64]) -> None:
        """Write the means of some series, (horizon, n_series), over what there is."""
        table = self.by_cutoff[cutoff]
        table.iloc[:, table.columns.get_indexer(pd.Index(unique_ids))] = values  # at once: by column is slow

    def update(self, other: "Means") -> None:
        self.by_cutoff.update(other.by_cutoff)
        self.failures.update(other.failures)


class Candidate(Protocol):
    """A named forecasting recipe of the catalogue.

    One whose means of a series are made from fewer series than the whole system's says so by an attribute `scope`, and
    is then asked again for fewer series where some of a saved version's data was revised.
    """

    def forecast(self, windows: ForecastRequest) -> Means:
        """Means for every cutoff, each made from what was known at that cutoff alone."""
        ...


@lru_cache(maxsize=4096)  # asked for again and again, and a while to make
def target_days(cutoff: pd.Timestamp, horizon: int) -> pd.DatetimeIndex:
    """The days with leads 1 to `horizon`."""
    return pd.date_range(cutoff + pd.Timedelta(days=1), periods=horizon, freq="D", name="ds")


def empty_means(windows: ForecastRequest) -> Means:
    """NaN for every cutoff, series and lead: what a candidate fills in."""
    days = {cutoff: target_days(cutoff, windows.horizon) for cutoff in windows.cutoffs}
    return Means({c: pd.DataFrame(np.nan, days[c], windows.history.as_of(c).columns) for c in windows.cutoffs})


def by_measure(unique_ids: Iterable[str]) -> dict[str, list[str]]:
    """The series of each measure, in their order."""
    groups: dict[str, list[str]] = {}
    for unique_id in unique_ids:
        groups.setdefault(series_key(unique_id).measure, []).append(unique_id)
    return groups


def fit_day(cutoff: pd.Timestamp) -> pd.Timestamp:
    """The newest day of the refit grid that is not after the cutoff. The grid is fixed, so that runs share it."""
    return cutoff - pd.Timedelta(days=cutoff.toordinal() % REFIT_EVERY_DAYS)


def by_fit_day(cutoffs: Iterable[pd.Timestamp]) -> dict[pd.Timestamp, list[pd.Timestamp]]:
    """The cutoffs that share each day of the refit grid."""
    groups: dict[pd.Timestamp, list[pd.Timestamp]] = {}
    for cutoff in sorted(cutoffs):
        groups.setdefault(fit_day(cutoff), []).append(cutoff)
    return groups


def scope_of(candidate: object) -> Scope:
    """The scope that the candidate names, else the system."""
    scope = getattr(candidate, "scope", Scope.SYSTEM)
    return scope if isinstance(scope, Scope) else Scope.SYSTEM


def fitting_view(history: PointInTimeHistory, day: pd.Timestamp) -> PointInTimeHistory:
    """The history that is fitted to on a day.

    Fits of the refit grid serve every cutoff after it, whichever series are behind there: they see no delays. A fit on
    the cutoff itself sees them.
    """
    return history.undelayed if fit_day(day) == day else history
