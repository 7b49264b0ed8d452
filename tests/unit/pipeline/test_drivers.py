"""Drivers: what a mean is made of, on series whose causes are known."""

import numpy as np
import pandas as pd
import pytest

from publication.vocabulary import DRIVERS
from tests.unit.pipeline.histories import ENGLISH, awkward, awkward_system, build_history, build_system, four_sites
from training.models.candidate import FitCache
from training.models.catalogue import CATALOGUE
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.pipeline.publishing import drivers
from training.pipeline.system_paths import DECIMALS

HORIZON = 14


def forecast_and_drivers(
    table: pd.DataFrame, recipe: str, cutoff: pd.Timestamp
) -> tuple[Forecast, dict[str, pd.DataFrame]]:
    """The forecast, and for each series its drivers by day."""
    history = build_history(table, build_system(horizon_days=HORIZON), ENGLISH)
    forecast = Forecaster(history, HORIZON).forecast({"attendances": recipe, "occupancy": recipe}, cutoff)
    values = drivers(history, FitCache(), forecast.means, forecast.parts, DECIMALS, forecast.is_counted)
    days = forecast.means.index
    return forecast, {
        unique_id: pd.DataFrame(values[i], days, list(DRIVERS)) for i, unique_id in enumerate(forecast.means.columns)
    }


def with_causes() -> pd.DataFrame:
    """Two years to 20 December 2022: Sundays a fifth lower, bank holidays a quarter lower, noise of a Poisson count."""
    table = four_sites(720).copy()
    table.index = pd.date_range(end="2022-12-20", periods=len(table), freq="D", name="ds")
    days = pd.DatetimeIndex(table.index)
    rng = np.random.default_rng(11)
    holidays = ["2021-04-02", "2021-04-05", "2021-05-03", "2021-05-31", "2021-08-30", "2021-12-27", "2021-12-28"]
    holidays += ["2022-01-03", "2022-04-15", "2022-04-18", "2022-05-02", "2022-06-02", "2022-06-03", "2022-08-29"]
    factor = np.where(days.weekday == 6, 0.8, 1.0) * np.where(days.isin(pd.to_datetime(holidays)), 0.75, 1.0)
    return pd.DataFrame(rng.poisson(200 * factor[:, None], table.shape).astype(float), table.index, table.columns)


@pytest.mark.parametrize("recipe", ["CalendarLevel", "SeasonalNaive", "Weighted"])
def test_drivers_add_up_to_the_mean_of_every_series_and_day(recipe: str) -> None:
    table = with_causes()
    forecast, found = forecast_and_drivers(table, recipe, table.index[-1])
    for unique_id, parts in found.items():
        np.testing.assert_allclose(parts.sum(axis=1), forecast.means[unique_id], atol=1e-9)
    parent = found["T1/attendances"]
    np.testing.assert_allclose(
        parent.drop(columns="residual"),
        (found["A/attendances"] + found["B/attendances"]).drop(columns="residual"),
        atol=2e-3,
    )


def test_each_cause_stands_under_its_own_name() -> None:
    table = with_causes()
    _, found = forecast_and_drivers(table, "CalendarLevel", table.index[-1])
    parts = found["A/attendances"]
    ordinary = parts.loc["2022-12-22"]
    assert ordinary["level"] == pytest.approx(194, abs=12)  # the mean of a week with its quiet Sunday
    assert abs(parts["event"]).max() == 0.0
    sunday = parts.loc["2023-01-01"]
    assert sunday["weekday"] == pytest.approx(-0.2 * 200 * 6 / 7, abs=12)
    assert sunday["weekday"] < ordinary["weekday"] - 25
    assert parts["holiday"]["2022-12-26"] < -20
    assert abs(parts["residual"]).max() < 0.01


def test_the_rest_is_what_another_recipe_thinks() -> None:
    table = with_causes()
    ours, found = forecast_and_drivers(table, "CalendarLevel", table.index[-1])
    other, theirs = forecast_and_drivers(table, "SeasonalNaive", table.index[-1])
    same = theirs["A/attendances"].drop(columns="residual")
    pd.testing.assert_frame_equal(same, found["A/attendances"].drop(columns="residual"))
    np.testing.assert_allclose(
        theirs["A/attendances"]["residual"], other.means["A/attendances"] - ours.means["A/attendances"], atol=0.01
    )


def test_awkward_series_have_drivers_that_add_up_too() -> None:
    table = awkward(240)
    history = build_history(table, awkward_system(HORIZON), ENGLISH)
    for cutoff in (table.index[-1], table.index[20]):
        forecast = Forecaster(history, HORIZON).forecast({"attendances": "AutoETS"}, cutoff)
        values = drivers(history, FitCache(), forecast.means, forecast.parts, DECIMALS, forecast.is_counted)
        np.testing.assert_allclose(values.sum(axis=-1), forecast.means.to_numpy().T, atol=1e-9)


def test_the_catalogue_that_these_tests_name_is_there() -> None:
    assert {"CalendarLevel", "SeasonalNaive", "Weighted", "AutoETS"} <= set(CATALOGUE)
