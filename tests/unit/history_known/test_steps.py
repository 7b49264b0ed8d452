"""Recent steps: what is one, by how much, and what is none."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, counts, four_sites
from training.history.steps import recent_steps
from training.pipeline.forecaster import Forecaster

N_DAYS = 180
AT = 160  # the first day after a step
CALM = counts(N_DAYS, 300, 4)
Course = Callable[[np.ndarray], np.ndarray]


def times(factor: float, first: int = AT, last: int = N_DAYS) -> Course:
    return lambda day: np.where((day >= first) & (day < last), factor, 1.0)


STEPS: list[tuple[str, Course, float]] = [
    ("up by 60 %", times(1.6), 1.6),
    ("down by half", times(0.5), 0.5),
    ("a week ago", times(1.6, N_DAYS - 7), 1.6),
    ("three months ago", times(1.6, N_DAYS - 90), 1.6),
]
NONE: list[tuple[str, Course]] = [
    ("nothing happened", times(1.0)),
    ("five days are not yet a week", times(1.6, N_DAYS - 5)),
    ("it went back after ten days", times(1.6, AT, AT + 10)),
    ("a tenth is less than chance may do", times(1.1)),
    ("an epidemic builds up over six weeks", lambda day: 1 + 0.6 * np.clip((day - 120) / 42, 0, 1)),
    ("a wave of the year", lambda day: 1 + 0.3 * np.sin(2 * np.pi * day / 365)),
    ("too long ago to be recent", times(1.6, 40)),
]


def series(course: Course) -> pd.DataFrame:
    return pd.DataFrame({"A/attendances": (CALM * course(np.arange(N_DAYS))).round(), "B/attendances": CALM})


@pytest.mark.parametrize(("what", "course", "factor"), STEPS, ids=[what for what, *_ in STEPS])
def test_days_after_a_step_are_moved_to_the_level_before_it(what: str, course: Course, factor: float) -> None:
    table = series(course)
    steps = recent_steps(table, [])
    assert list(steps.factor) == ["A/attendances"]
    assert steps.factor["A/attendances"] == pytest.approx(factor, rel=0.05)
    level = steps.removed_from(table)
    assert level["A/attendances"].tail(7).mean() == pytest.approx(CALM.tail(7).mean(), rel=0.05)
    pd.testing.assert_series_equal(level["A/attendances"].head(60), table["A/attendances"].head(60))
    pd.testing.assert_series_equal(level["B/attendances"], table["B/attendances"])
    assert steps.factors(["B/attendances", "A/attendances"]).tolist() == [1.0, steps.factor["A/attendances"]]


@pytest.mark.parametrize(("what", "course"), NONE, ids=[what for what, _ in NONE])
def test_what_is_no_step_is_left_alone(what: str, course: Course) -> None:
    table = series(course)
    assert recent_steps(table, []).factor == {}
    assert recent_steps(table, []).removed_from(table) is table


def test_a_step_of_a_young_series_is_found() -> None:
    table = series(times(1.6, N_DAYS - 10)).tail(60)
    assert recent_steps(table, []).first == {"A/attendances": 50}


def test_small_counts_and_gaps_are_no_steps() -> None:
    table = pd.DataFrame({f"{i}/attendances": counts(N_DAYS, 3, i) for i in range(30)})
    table["gap/attendances"] = CALM.where((np.arange(N_DAYS) < 100) | (np.arange(N_DAYS) > 150))
    table["empty/attendances"] = np.nan
    assert recent_steps(table, []).factor == {}


def test_days_of_christmas_say_nothing() -> None:
    table = series(times(0.6))
    special = [day.date() for day in table.index[AT:]]
    assert recent_steps(table, special).factor == {}


@pytest.mark.parametrize("name", ["CalendarLevel", "AutoETS"])
def test_a_week_after_a_step_the_forecast_stands_at_the_new_level(name: str) -> None:
    table = four_sites(N_DAYS)
    table.loc[table.index[-8:], "B/attendances"] = counts(8, 150, 3).to_numpy()
    forecast = Forecaster(build_history(table), 7).forecast({"attendances": name}, table.index[-1])
    assert forecast.means["B/attendances"].mean() == pytest.approx(150, rel=0.1)
    assert forecast.means["A/attendances"].mean() == pytest.approx(40, rel=0.1)
