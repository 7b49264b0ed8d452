"""Library models one by one: their regressors, when they are fitted, and the values that they forecast from."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from statsforecast.models import ARIMA, MSTL, AutoARIMA, AutoETS, DynamicOptimizedTheta

from tests.unit.pipeline.histories import build_history, counts
from training.errors import UsageError
from training.models.arima import CalendarArima, independent, regressors
from training.models.candidate import ForecastRequest, fit_day
from training.models.catalogue import CATALOGUE
from training.models.series_forecast import LibraryModel
from training.models.statistical import Statistical
from training.system.model import SystemContext

QUEENS_FUNERAL = pd.Timestamp("2022-09-19")
QUIET = ["2022-01-03", "2022-04-15", "2022-04-18", "2022-05-02", "2022-06-02", "2022-06-03", "2022-08-29"]


def quiet_on_holidays() -> pd.DataFrame:
    table = pd.DataFrame({"A/attendances": counts(420, 60, 1), "B/attendances": counts(420, 200, 2)})
    table.loc[table.index.isin(pd.to_datetime(QUIET))] *= 0.5
    return table


@pytest.mark.parametrize(
    "make",
    [
        lambda: AutoETS(season_length=7),
        lambda: DynamicOptimizedTheta(season_length=7),
        lambda: MSTL([7], trend_forecaster=AutoETS(model="ZNN")),
        lambda: MSTL([7], trend_forecaster=AutoARIMA()),
    ],
)
def test_a_model_that_would_ignore_regressors_is_rejected(make: Callable[[], LibraryModel]) -> None:
    with pytest.raises(UsageError, match=r"Making a candidate of \w+: it ignores regressors\."):
        Statistical(make, with_regressors=True)


@pytest.mark.parametrize("model", [CalendarArima, lambda: ARIMA(order=(1, 0, 0), method="CSS")])
def test_regressors_change_the_forecast(model: Callable[[], LibraryModel]) -> None:
    table, cutoff = quiet_on_holidays(), pd.Timestamp("2022-09-15")
    with_holidays, without = (
        Statistical(model, with_regressors=True).forecast(ForecastRequest(history, [cutoff], 7)).by_cutoff[cutoff]
        for history in (build_history(table), build_history(table, context=SystemContext()))
    )
    assert (with_holidays.loc[QUEENS_FUNERAL] < 0.8 * without.loc[QUEENS_FUNERAL]).all()
    pd.testing.assert_series_equal(with_holidays.iloc[0], without.iloc[0], rtol=0.1)


without_regressors = pytest.mark.parametrize("name", ["AutoETS", "DynamicOptimizedTheta", "MSTL"])


def effect_of_holidays(name: str, cutoff: str) -> pd.DataFrame:
    """Return means in a country whose holidays halve the counts, over means in a system without holidays."""
    table, day, candidate = quiet_on_holidays(), pd.Timestamp(cutoff), CATALOGUE[name]
    table.loc[QUEENS_FUNERAL] *= 0.5
    assert isinstance(candidate, Statistical)
    with_holidays, without = (
        candidate.forecast(ForecastRequest(history, [day], 7)).by_cutoff[day]
        for history in (build_history(table), build_history(table, context=SystemContext()))
    )
    return with_holidays / without


@without_regressors
def test_holiday_effects_are_on_holidays_ahead_alone(name: str) -> None:
    ratios = effect_of_holidays(name, "2022-09-15")
    assert (ratios.loc[QUEENS_FUNERAL] < 0.85).all()
    assert ratios.drop(index=QUEENS_FUNERAL).mean().between(0.96, 1.04).all()


@without_regressors
def test_a_holiday_just_over_does_not_lower_the_level(name: str) -> None:
    a_week_later = QUEENS_FUNERAL + pd.Timedelta(days=7)
    assert (effect_of_holidays(name, "2022-09-20").loc[a_week_later] > 1.02).all()


class Recorder:
    """Records its arguments."""

    uses_exog = True

    def __init__(self) -> None:
        self.fits: list[tuple[int, ...]] = []
        self.columns: set[int] = set()

    def fit(self, y: np.ndarray, X: np.ndarray) -> "Recorder":  # noqa: N803
        self.fits.append((len(y), len(X)))
        self.columns.add(X.shape[1])
        assert np.linalg.matrix_rank(np.column_stack([np.ones(len(X)), X])) == X.shape[1] + 1
        return self

    def forward(self, y: np.ndarray, h: int, X: np.ndarray, X_future: np.ndarray) -> dict[str, np.ndarray]:  # noqa: N803
        assert (len(y), h) == (len(X), len(X_future))
        assert X.shape[1] == X_future.shape[1]
        self.columns.add(X.shape[1])
        return {"mean": np.full(h, float(len(y)))}


def test_a_model_is_fitted_once_on_each_refit_day_and_forecasts_later_cutoffs_with_the_same_columns() -> None:
    table = quiet_on_holidays()[["A/attendances"]]
    first = fit_day(pd.Timestamp("2022-09-15"))
    cutoffs = [first + pd.Timedelta(days=n) for n in (0, 1, 30)]
    recorder = Recorder()
    means = Statistical(lambda: recorder, with_regressors=True).forecast(
        ForecastRequest(build_history(table), cutoffs, 5)
    )
    days = (first - table.index[0]).days + 1
    assert means.failures == {}
    assert recorder.fits == [(days, days)]
    assert len(recorder.columns) == 1
    assert [means.by_cutoff[c].iloc[0, 0] for c in cutoffs] == [days, days + 1, days + 30]


def test_constant_and_linearly_dependent_columns_are_left_out() -> None:
    a, b = np.eye(6)[:, 0], np.eye(6)[:, 1]
    table = np.column_stack([a, np.ones(6), a, b, a + 2 * b, 1 - b, np.zeros(6)])
    assert independent(table).tolist() == [True, False, False, True, False, False, False]


def test_fewer_days_than_columns_leave_as_many_independent_ones() -> None:
    assert independent(np.eye(9)[:3]).sum() == 2


def test_regressors_run_from_the_first_day_to_the_last_target() -> None:
    history = build_history(quiet_on_holidays())
    tables = regressors(history, QUEENS_FUNERAL, ["A/attendances", "B/attendances"])
    assert set(tables) == {"A/attendances", "B/attendances"}
    assert {len(table) for table in tables.values()} == {(QUEENS_FUNERAL - history.first_day).days + 1}


@pytest.mark.parametrize("name", ["AutoETS", "AutoARIMA", "DynamicOptimizedTheta", "MSTL"])
def test_a_series_that_starts_after_the_refit_day_is_not_forecast_as_zero(name: str) -> None:
    values = counts(200, 50, 4)
    last = values.index[-1]
    values[values.index <= fit_day(last)] = 0.0
    history = build_history(values.to_frame("A/attendances"))
    candidate = CATALOGUE[name]
    assert isinstance(candidate, Statistical)
    assert candidate.forecast(ForecastRequest(history, [last], 7)).by_cutoff[last].to_numpy().mean() > 10
