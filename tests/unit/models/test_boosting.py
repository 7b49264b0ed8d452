"""Boosting of what the calendar-adjusted level leaves, on a pattern that a level and its effects cannot have."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.models.wards import flows_system
from tests.unit.pipeline.histories import FIRST_DAY, build_history
from training.features.calendar import season_features
from training.frames import FloatArray
from training.models.calendar_level import CalendarLevel
from training.models.candidate import ForecastRequest

PLACES = ("A", "B", "C")
SYSTEM = flows_system(*PLACES)
THREE_YEARS = 1096
SUMMER = [6, 7, 8]


def summer_weekends(days: pd.DatetimeIndex) -> FloatArray:
    """Return expected counts: 400, and at weekends of June to August 30 % more."""
    return 400.0 * np.where((days.weekday >= 5) & days.month.isin(SUMMER), 1.3, 1.0)


def counts(n_days: int, measure: str = "admissions") -> pd.DataFrame:
    """Return wide Poisson counts of three places."""
    days = pd.date_range(FIRST_DAY, periods=n_days, freq="D", name="ds")
    random = np.random.default_rng(11).poisson(summer_weekends(days)[:, None], (n_days, len(PLACES)))
    return pd.DataFrame(random.astype(float), days, [f"{place}/{measure}" for place in PLACES])


def test_a_weekend_that_is_busy_in_summer_only_is_forecast_better_than_by_effects_that_add_up() -> None:
    table = counts(6 * 365)
    history = build_history(table, SYSTEM)
    cutoffs = [day for day in table.index[-365:-14:4] if day.month in SUMMER]
    request = ForecastRequest(history, cutoffs, 14)
    errors = {}
    for candidate in (CalendarLevel(), CalendarLevel(boosted=True)):
        made = candidate.forecast(request).by_cutoff.values()
        expected = [summer_weekends(pd.DatetimeIndex(means.index))[:, None] for means in made]
        errors[candidate.boosted] = np.mean([np.abs(m.to_numpy() - e) for m, e in zip(made, expected, strict=True)])
    assert errors[True] < 0.7 * errors[False]


@pytest.mark.parametrize(
    ("measure", "n_days", "succeeds"),
    [
        pytest.param("admissions", THREE_YEARS + 56, True, id="three years on the refit day"),
        pytest.param("admissions", THREE_YEARS - 1, False, id="a day less than three years"),
        pytest.param("occupancy", THREE_YEARS + 56, False, id="a stock"),
    ],
)
def test_it_answers_for_flows_of_three_years(measure: str, n_days: int, succeeds: bool) -> None:
    table = counts(n_days, measure)
    means = CalendarLevel(boosted=True).forecast(ForecastRequest(build_history(table, SYSTEM), [table.index[-1]], 14))
    assert means.by_cutoff[table.index[-1]].notna().to_numpy().all() == succeeds
    reason = f"boosting needs a flow with {THREE_YEARS} days; {measure} is none, or has fewer"
    assert set(means.failures.values()) == (set() if succeeds else {reason})


def test_a_series_that_is_younger_fails_and_leaves_the_others() -> None:
    table = counts(THREE_YEARS + 56)
    table.iloc[:200, 1] = np.nan
    means = CalendarLevel(boosted=True).forecast(ForecastRequest(build_history(table, SYSTEM), [table.index[-1]], 14))
    assert means.by_cutoff[table.index[-1]].notna().all().to_list() == [True, False, True]
    assert {unique_id for _, unique_id in means.failures} == {"B/admissions"}


def test_features_of_days_are_weekday_day_of_the_year_and_distances_to_holidays() -> None:
    days = pd.DatetimeIndex(["2023-12-20", "2023-12-25", "2023-12-28", "2024-01-01", "2024-02-29"])
    assert season_features(days, "GB-ENG").tolist() == [
        [2, 354, 9, 5],
        [0, 359, 0, 0],
        [3, 362, 2, 4],  # Boxing Day was two days ago
        [0, 1, 0, 0],
        [3, 60, 9, 9],
    ]
    assert season_features(days, "")[:, 2:].tolist() == [[9, 9]] * 5
