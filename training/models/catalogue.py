"""The candidates by name."""

from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from statsforecast.models import MSTL, AutoETS, DynamicOptimizedTheta

from training.errors import UsageError
from training.frames import WEEK
from training.models.arima import CalendarArima
from training.models.calendar_level import CalendarLevel
from training.models.candidate import Candidate
from training.models.combination import Combination, LearnedEnsemble
from training.models.conversion import Conversion
from training.models.flow_balance import FlowBalance
from training.models.naive import SeasonalNaive
from training.models.poisson import LogLagPoisson
from training.models.regression import Regression
from training.models.statistical import Statistical

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
