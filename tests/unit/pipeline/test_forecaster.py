"""The complete pipeline: what is published from a recipe."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import (
    ENGLISH,
    awkward,
    awkward_system,
    build_history,
    build_system,
    counts,
    four_sites,
    poisoned,
    versions,
)
from training.backtest.run import same_for_every_measure
from training.errors import NothingPublishedError
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import ForecastRequest, Means, empty_means
from training.models.catalogue import CATALOGUE, COMPARED_CANDIDATES, DEFAULT_CANDIDATE
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster

HORIZON = 7


def publish(history: PointInTimeHistory, candidate: str, cutoff: pd.Timestamp) -> Forecast:
    """The forecast of one candidate for every measure."""
    forecaster = Forecaster(history, history.system.horizon_days)
    return forecaster.forecast(same_for_every_measure(forecaster, candidate), cutoff)


class Steady:
    """Always the same number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def forecast(self, request: ForecastRequest) -> Means:
        means = empty_means(request)
        for frame in means.by_cutoff.values():
            frame.loc[:, :] = self.value
        return means


@pytest.mark.parametrize("candidate", ["SeasonalNaive", DEFAULT_CANDIDATE])
def test_a_poisoned_future_changes_nothing_that_is_published(candidate: str) -> None:
    table = four_sites(160)
    table.loc[table.index[70:73]] = np.nan  # days that the poison fills
    table.iloc[20, 0] = np.nan
    clean, cutoff = versions(table), pd.Timestamp(table.index[-9])
    forecast, bad = (
        publish(PointInTimeHistory(seen, build_system(), context=ENGLISH), candidate, cutoff)
        for seen in (clean, poisoned(clean, cutoff, "D/occupancy"))
    )
    pd.testing.assert_frame_equal(bad.means, forecast.means, check_exact=True)
    np.testing.assert_array_equal(bad.quantiles, forecast.quantiles)
    assert (bad.models, bad.reasons) == (forecast.models, forecast.reasons)


def test_values_that_arrive_each_morning_are_forecast_as_if_they_were_known_at_midnight() -> None:
    """Every window has its own day, as the publication has: lead 1 is calibrated as lead 1."""
    table = four_sites(120)
    midnight = versions(table)
    six = midnight.assign(known_at=midnight["known_at"] + pd.Timedelta(hours=6))  # once at seven, when clocks change
    cutoff = pd.Timestamp(table.index[-1])
    at_midnight, at_six = (
        publish(PointInTimeHistory(rows, build_system(), cutoff, ENGLISH), "CalendarLevel", cutoff)
        for rows in (midnight, six)
    )
    pd.testing.assert_frame_equal(at_six.means, at_midnight.means, check_exact=True)
    np.testing.assert_array_equal(at_six.quantiles, at_midnight.quantiles)


@pytest.mark.parametrize("candidate", ["Ridge", DEFAULT_CANDIDATE])
def test_what_is_published_of_awkward_series_is_complete(candidate: str) -> None:
    table = awkward(200)
    forecast = publish(build_history(table, awkward_system(HORIZON)), candidate, table.index[-1])
    published = forecast.quantiles
    assert set(forecast.means.columns) == {*table.columns, "north/attendances", "north/occupancy"}
    assert published.shape == (len(forecast.means.columns), HORIZON, 7)
    assert np.isfinite(forecast.means.to_numpy()).all()
    assert np.isfinite(published).all()
    assert (forecast.means.to_numpy() >= 0).all()
    assert (published >= 0).all()
    assert (np.diff(published, axis=-1) >= 0).all()
    parts = [column for column in table.columns if column.endswith("attendances")]
    np.testing.assert_allclose(forecast.means["north/attendances"], forecast.means[parts].sum(axis=1), atol=1e-6)
    if candidate == "Ridge":  # a week is too short for the regression
        assert "7 days are known" in forecast.reasons["young/attendances"]


def test_a_cutoff_is_forecast_alike_alone_and_among_others() -> None:
    history, names = build_history(four_sites(160)), [DEFAULT_CANDIDATE, *COMPARED_CANDIDATES, "Mean"]
    cutoffs = [pd.Timestamp(day) for day in history.latest.index[-20::6]]
    together = Forecaster(history, HORIZON)
    together.prepare(names, cutoffs)
    recipe = {"attendances": "Mean", "occupancy": "AutoETS"}
    for cutoff in (cutoffs[0], cutoffs[-1]):
        alone = Forecaster(history, HORIZON)
        one, among = alone.forecast(recipe, cutoff), together.forecast(recipe, cutoff)
        np.testing.assert_allclose(among.means, one.means, rtol=1e-9)
        np.testing.assert_allclose(among.quantiles, one.quantiles, atol=1.001e-3)  # a digit may round either way


def test_each_measure_gets_the_candidate_that_the_recipe_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "Fifty", Steady(50.0))
    table = pd.DataFrame({"A/attendances": counts(120, 50, 1), "A/occupancy": counts(120, 1000, 2)})
    recipe = {"attendances": "Fifty", "occupancy": "SeasonalNaive"}
    forecast = Forecaster(build_history(table), HORIZON).forecast(recipe, table.index[-1])
    assert (forecast.models["T1/attendances"], forecast.models["T1/occupancy"]) == ("Fifty", "SeasonalNaive")
    assert (forecast.means["north/attendances"] == 50.0).all()
    np.testing.assert_array_equal(forecast.means["A/occupancy"], table["A/occupancy"].tail(7))


def test_a_measure_that_the_recipe_does_not_name_gets_the_fallbacks_method() -> None:
    table = four_sites(100)
    forecast = Forecaster(build_history(table), HORIZON).forecast({}, table.index[-1])
    assert set(forecast.models.values()) == {"SeasonalNaive"}
    assert forecast.reasons == {}
    np.testing.assert_array_equal(forecast.means["A/attendances"], table["A/attendances"].tail(7))


def test_rows_are_the_published_numbers_by_series_and_lead() -> None:
    table = four_sites(100)
    forecast = Forecaster(build_history(table), HORIZON).forecast({"attendances": "Ridge"}, table.index[-1])
    rows = forecast.rows([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
    assert len(rows) == len(forecast.means.columns) * HORIZON
    row = rows[(rows["unique_id"] == "T1/attendances") & (rows["lead"] == 3)].iloc[0]
    assert row["ds"] == table.index[-1] + pd.Timedelta(days=3)
    assert row["mean"] == forecast.means.loc[row["ds"], "T1/attendances"]
    position = list(forecast.means.columns).index("T1/attendances")
    assert row["q0.9"] == forecast.quantiles[position, 2, 5]
    assert (row["model"], row["fallback"]) == ("Ridge", False)


def test_where_no_series_reports_there_is_no_forecast() -> None:
    table = four_sites(100)
    table.iloc[50:] = np.nan
    table.iloc[-1, 0] = 40.0
    history, silent = build_history(table), pd.Timestamp(table.index[-5])
    forecaster = Forecaster(history, HORIZON)
    with pytest.raises(NothingPublishedError, match=f"for cutoff {silent.date()}: no series has a usable value"):
        forecaster.forecast({"attendances": "Weighted"}, silent)


def test_a_cutoff_before_the_history_is_rejected() -> None:
    with pytest.raises(NothingPublishedError):
        Forecaster(build_history(four_sites(60)), HORIZON).forecast({}, pd.Timestamp("2021-01-01"))
