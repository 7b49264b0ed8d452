"""The catalogue: candidates by name, the seasonal-naive fallback, and combinations of candidates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from statsforecast.models import MSTL, AutoETS, DynamicOptimizedTheta

from training.errors import UsageError
from training.frames import WEEK
from training.models.arima import CalendarArima
from training.models.calendar_level import CalendarLevel
from training.models.candidate import TRAINING_DAYS, Candidate, ForecastRequest, Means, Scope, target_days
from training.models.conversion import Conversion
from training.models.flow_balance import FlowBalance
from training.models.regression import LogLagPoisson, Regression
from training.models.statistical import Statistical


class SeasonalNaive:
    """The last week, repeated: the baseline of every skill. A series younger than a week repeats its mean."""

    scope = Scope.SERIES

    def forecast(self, request: ForecastRequest) -> Means:
        """Return means for every cutoff and series; none fails."""
        means = Means()
        for cutoff in request.cutoffs:
            week = request.history.undisturbed(cutoff).tail(WEEK).reset_index(drop=True).reindex(range(WEEK))
            filled = np.where(week.isna(), week.mean(), week)
            values = np.tile(filled, (-(-request.horizon // WEEK), 1))[: request.horizon]
            means.by_cutoff[cutoff] = pd.DataFrame(values, target_days(cutoff, request.horizon), week.columns)
        return means


@dataclass(frozen=True)
class LearnedEnsemble:
    """A weighted mean of its members' means, with weights by measure and lead.

    The pipeline fits the weights to the windows before each cutoff (`training/calibration/weights.py`). A member that
    fails for a series has no weight there. With `own_weights` each series of a stock has weights of its own.
    """

    members: tuple[str, ...]
    own_weights: bool = True


@dataclass(frozen=True)
class Combination:
    """The plain mean of its members' means; it fails for a series where any member does."""

    members: tuple[str, ...]

    def combine(self, members: Sequence[Means], cutoffs: Iterable[pd.Timestamp]) -> Means:
        """Return the mean of the members' means at the cutoffs. Raises KeyError if a member lacks one of them."""
        combined = Means()
        for cutoff in cutoffs:
            first, *rest = (member.by_cutoff[cutoff] for member in members)
            average = np.stack([first, *(other[first.columns] for other in rest)]).mean(axis=0)
            combined.by_cutoff[cutoff] = pd.DataFrame(average, first.index, first.columns)
        for member in members:
            combined.failures.update(member.failures)
        return combined


FALLBACK = "SeasonalNaive"

CATALOGUE: dict[str, Candidate | Combination | LearnedEnsemble] = {
    FALLBACK: SeasonalNaive(),
    # No trend is tried: over the next weeks it gains nothing on counts, and trying it takes four fifths of the time.
    "AutoETS": Statistical(lambda: AutoETS(season_length=WEEK, model="ZNZ")),
    "AutoARIMA": Statistical(CalendarArima, lookback_days=TRAINING_DAYS, with_regressors=True),
    "DynamicOptimizedTheta": Statistical(lambda: DynamicOptimizedTheta(season_length=WEEK)),
    "MSTL": Statistical(lambda: MSTL([WEEK], trend_forecaster=AutoETS(model="ZNN"))),
    "Ridge": Regression(lambda: Ridge(alpha=1.0)),
    "PoissonRegressor": Regression(lambda: LogLagPoisson(alpha=1e-3, max_iter=300)),
    "HistGradientBoosting": Regression(
        lambda: HistGradientBoostingRegressor(loss="poisson", max_leaf_nodes=8, min_samples_leaf=50, random_state=0)
    ),
    "CalendarLevel": CalendarLevel(),
    "BoostedLevel": CalendarLevel(boosted=True),
    "FlowBalance": FlowBalance(),
    "Conversion": Conversion(),
    "Mean": Combination(("CalendarLevel", "AutoETS")),
    "Weighted": LearnedEnsemble(("CalendarLevel", "BoostedLevel", "AutoETS", "FlowBalance", "Conversion")),
}

DEFAULT_CANDIDATE = "Weighted"
"""The candidate that trains, is scored and publishes, where nobody names another."""
COMPARED_CANDIDATES = ("CalendarLevel", "AutoETS", FALLBACK)
"""Candidates that training scores on the same windows: members of the default, so that they cost no time."""


def candidate_names(wanted: str | None) -> list[str]:
    """Return names of the catalogue from a comma-separated list, in any case, with or without underscores.

    None gives the default and those that it is compared with. Raises UsageError for a name that the catalogue does
    not have.
    """
    if wanted is None:
        return [DEFAULT_CANDIDATE, *COMPARED_CANDIDATES]
    known = {_plain(name): name for name in CATALOGUE}
    names = []
    for name in wanted.split(","):
        if _plain(name) not in known:
            raise UsageError(f"--candidates names {name.strip()!r}; the catalogue has {', '.join(CATALOGUE)}.")
        names.append(known[_plain(name)])
    return names


def _plain(name: str) -> str:
    return name.strip().replace("_", "").lower()
