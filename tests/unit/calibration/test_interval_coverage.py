"""Coverage of intervals on simulated truth: counts with a known distribution, forecast by the complete pipeline."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from tests.unit.pipeline.histories import WEEKLY_WAVE, build_history, build_system, counts
from training.backtest.options import backtest_cutoffs
from training.backtest.run import backtest_candidate
from training.frames import WEEK
from training.models.candidate import ForecastRequest, Means, target_days
from training.models.catalogue import CATALOGUE
from training.pipeline.forecaster import Forecaster
from training.system.model import SystemContext

HORIZON = 7
LEVELS = {"A/attendances": 40.0, "B/attendances": 120.0, "C/attendances": 9.0, "D/attendances": 300.0}


class Level:
    """The mean of each weekday over the last ten weeks."""

    def forecast(self, request: ForecastRequest) -> Means:
        means = Means()
        for cutoff in request.cutoffs:
            past = request.history.imputed(cutoff).tail(10 * WEEK)
            by_weekday = past.groupby(pd.DatetimeIndex(past.index).weekday).mean()
            days = target_days(cutoff, request.horizon)
            means.by_cutoff[cutoff] = by_weekday.loc[days.weekday].set_axis(days)
        return means


@pytest.fixture(scope="module", params=["SeasonalNaive", "Level"])
def forecasts(request: pytest.FixtureRequest) -> pd.DataFrame:
    """Thirty windows of the candidate, scored at the published levels."""
    table = pd.DataFrame({name: counts(450, level, 50 + i) for i, (name, level) in enumerate(LEVELS.items())})
    history = build_history(table, build_system(horizon_days=HORIZON), SystemContext())
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CATALOGUE, "Level", Level())
        forecaster = Forecaster(history, HORIZON)
        return backtest_candidate(forecaster, backtest_cutoffs(history, 30, 6, HORIZON), request.param)


def test_the_80_percent_interval_covers_80_percent_of_the_counts_to_come(forecasts: pd.DataFrame) -> None:
    inside = (forecasts["y"] >= forecasts["q0.1"]) & (forecasts["y"] <= forecasts["q0.9"])
    assert len(forecasts) == 30 * HORIZON * 7
    assert 0.74 <= inside.mean() <= 0.88


def test_each_quantile_is_exceeded_as_seldom_as_its_level_says(forecasts: pd.DataFrame) -> None:
    for column, level in (("q0.1", 0.1), ("q0.5", 0.5), ("q0.9", 0.9)):
        assert (forecasts["y"] <= forecasts[column]).mean() == pytest.approx(level, abs=0.07), column


@pytest.mark.parametrize("forecasts", ["Level"], indirect=True)  # seasonal naive repeats noise: it must be wider
def test_the_quantiles_of_a_level_are_near_those_of_the_true_distribution(forecasts: pd.DataFrame) -> None:
    bottom = forecasts[forecasts["unique_id"].isin(LEVELS)]
    truth = bottom["unique_id"].map(LEVELS).to_numpy() * WEEKLY_WAVE[pd.DatetimeIndex(bottom["ds"]).weekday]
    for column, level in (("q0.1", 0.1), ("q0.5", 0.5), ("q0.9", 0.9)):
        away = (bottom[column] - poisson.ppf(level, truth)) / np.sqrt(truth)
        assert abs(away.mean()) < 0.25, column
