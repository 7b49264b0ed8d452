"""The candidates by name."""

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
from training.models.candidate import Candidate, ForecastRequest, Means, Scope, target_days
from training.models.conversion import Conversion
from training.models.flow_balance import FlowBalance
from training.models.regression import LogLagPoisson, Regression
from training.models.statistical import Statistical


class SeasonalNaive:
    """Repeats the last week. A series younger than a week repeats its mean, so that there is always a forecast."""

    scope = Scope.SERIES

    def forecast(self, windows: ForecastRequest) -> Means:
        means = Means()
        for cutoff in windows.cutoffs:
            week = windows.history.undisturbed(cutoff).tail(WEEK).reset_index(drop=True).reindex(range(WEEK))
            whole = np.where(week.isna(), week.mean(), week)
            values = np.tile(whole, (-(-windows.horizon // WEEK), 1))[: windows.horizon]
            means.by_cutoff[cutoff] = pd.DataFrame(values, target_days(cutoff, windows.horizon), week.columns)
        return means


@dataclass(frozen=True)
class LearnedEnsemble:
    """A weighted mean of its members' means: weights by measure and lead, learnt from the windows before each cutoff.

    The pipeline learns them (`training/calibration/weights.py`): it knows the windows. A member that fails for a series
    is left out of that series.
    """

    members: tuple[str, ...]


@dataclass(frozen=True)
class Combination:
    """The plain mean of its members' means; it fails for a series where any member does."""

    members: tuple[str, ...]

    def combine(self, members: Sequence[Means], cutoffs: Iterable[pd.Timestamp]) -> Means:
        """The average at the cutoffs, which every member must have."""
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
    # No trend is tried: over weeks to come it wins nothing on counts, and trying it takes four fifths of the time.
    "AutoETS": Statistical(lambda: AutoETS(season_length=WEEK, model="ZNZ")),
    "AutoARIMA": Statistical(CalendarArima, memory_days=1096, told=True),
    "DynamicOptimizedTheta": Statistical(lambda: DynamicOptimizedTheta(season_length=WEEK)),
    "MSTL": Statistical(lambda: MSTL([WEEK], trend_forecaster=AutoETS(model="ZNN"))),
    "Ridge": Regression(lambda: Ridge(alpha=1.0)),
    "PoissonRegressor": Regression(lambda: LogLagPoisson(alpha=1e-3, max_iter=300)),
    "HistGradientBoosting": Regression(
        lambda: HistGradientBoostingRegressor(loss="poisson", max_leaf_nodes=8, min_samples_leaf=50, random_state=0)
    ),
    "CalendarLevel": CalendarLevel(),
    "FlowBalance": FlowBalance(),
    "Conversion": Conversion(),
    "Mean": Combination(("CalendarLevel", "AutoETS")),
    "Weighted": LearnedEnsemble(("CalendarLevel", "AutoETS", "FlowBalance", "Conversion")),
}

CONTENDERS = ("Weighted", "CalendarLevel", "AutoETS", FALLBACK)
"""What a recipe is chosen from where nobody names candidates: affordable for hundreds of series every day."""


def candidate_names(wanted: str | None) -> list[str]:
    """Names of the catalogue from a comma-separated list, in any case, with or without underscores.

    None for the contenders.
    """
    if wanted is None:
        return list(CONTENDERS)
    known = {_plain(name): name for name in CATALOGUE}
    names = []
    for name in wanted.split(","):
        if _plain(name) not in known:
            raise UsageError(f"--candidates names {name.strip()!r}; the catalogue has {', '.join(CATALOGUE)}.")
        names.append(known[_plain(name)])
    return names


def _plain(name: str) -> str:
    return name.strip().replace("_", "").lower()
