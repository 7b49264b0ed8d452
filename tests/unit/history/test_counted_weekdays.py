"""On which weekdays a series is counted, concluded from enough recent weeks and from nothing less."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from publication.days import weekday_names
from tests.unit.pipeline.histories import build_system
from training.history.plausibility.findings import findings
from training.history.reporting import counted_weekdays, days_never_counted, rest_days
from training.system.model import SystemContext

ALL = set(range(7))
WEEKEND = {5, 6}
SUNDAY = pd.Timestamp("2025-06-29")
Change = Callable[[pd.Series], None]


def series(weekdays: set[int], n_weeks: float, last: pd.Timestamp = SUNDAY) -> pd.Series:
    """Ones on the weekdays, nothing on the others, over a year of which the last weeks are known."""
    days = pd.date_range(end=last, periods=364, freq="D", name="ds")
    values = pd.Series(np.where(days.weekday.isin(list(weekdays)), 1.0, np.nan), index=days)
    values.iloc[: 364 - round(7 * n_weeks)] = np.nan
    return values


def found(values: pd.Series) -> set[int]:
    return set(np.flatnonzero(counted_weekdays(values.to_frame("A/attendances"))[:, 0]).tolist())


def missing(*weeks_ago: int) -> Change:
    """Without some weeks, 0 the newest."""

    def change(values: pd.Series) -> None:
        for week in weeks_ago:
            values.iloc[len(values) - 7 * (week + 1) : len(values) - 7 * week] = np.nan

    return change


def counting(days_ago: int, value: float = 4.0) -> Change:
    def change(values: pd.Series) -> None:
        values.iloc[-1 - days_ago] = value

    return change


@pytest.mark.parametrize(
    ("weekdays", "n_weeks", "change", "counted"),
    [
        (WEEKEND, 52, None, WEEKEND),
        (WEEKEND, 8, None, WEEKEND),
        (WEEKEND, 7, None, ALL),
        (WEEKEND, 1, None, ALL),
        (ALL, 52, None, ALL),
        (ALL, 1, None, ALL),
        ({0, 1, 2, 3, 4}, 20, None, {0, 1, 2, 3, 4}),
        ({2}, 20, None, {2}),
        (WEEKEND, 52, missing(0), WEEKEND),
        (WEEKEND, 52, missing(3, 4), WEEKEND),
        (WEEKEND, 52, missing(0, 1, 2, 3), WEEKEND),
        (WEEKEND, 52, missing(0, 1, 2, 3, 4), ALL),
        (WEEKEND, 52, missing(*range(52)), ALL),
        (WEEKEND, 52, counting(4), WEEKEND | {2}),
        (WEEKEND, 52, counting(4, 0.0), WEEKEND | {2}),
        (WEEKEND, 52, counting(55), WEEKEND | {0}),
        (WEEKEND, 52, counting(62), WEEKEND),
        (ALL, 52, missing(2, 3), ALL),
    ],
    ids=[
        "a year of weekends", "eight weeks of them", "seven", "one", "each day", "a week of each day", "working days",
        "one weekday", "closed last week", "closed at Christmas", "silent for four weeks", "silent for five weeks",
        "without a value", "a Wednesday this week", "a zero is a value", "a Monday eight weeks ago",
        "a Monday nine weeks ago", "an outage",
    ],
)  # fmt: skip
def test_the_weekdays_of_a_series(weekdays: set[int], n_weeks: int, change: Change | None, counted: set[int]) -> None:
    values = series(weekdays, n_weeks)
    if change is not None:
        change(values)
    assert found(values) == counted


@pytest.mark.parametrize("last", pd.date_range(SUNDAY, periods=7, freq="D"))
def test_they_are_the_same_whatever_the_weekday_of_the_newest_day(last: pd.Timestamp) -> None:
    assert found(series(WEEKEND, 30, last)) == WEEKEND


def test_a_frame_of_a_few_days_says_nothing() -> None:
    assert found(series(WEEKEND, 52).tail(10)) == ALL


def test_a_day_is_at_rest_where_its_weekday_is_never_counted_around_it() -> None:
    values = series(WEEKEND, 30)
    missing(10)(values)
    at_rest = days_never_counted(values.to_frame("A/attendances"))[:, 0]
    since_first = slice(364 - 7 * 30 + 5, 364)
    days = pd.DatetimeIndex(values.index)[since_first]
    closed = (days > SUNDAY - pd.Timedelta(weeks=11)) & (days <= SUNDAY - pd.Timedelta(weeks=10))
    np.testing.assert_array_equal(at_rest[since_first], ~days.weekday.isin([5, 6]))
    assert (~at_rest[since_first][closed]).sum() == 2  # that weekend is missing, not at rest
    assert not at_rest[values.notna()].any()


def test_a_gap_of_a_daily_series_is_no_rest() -> None:
    values = series(ALL, 52)
    values.iloc[100:160] = np.nan
    values.iloc[200::7] = np.nan
    values.iloc[300] = 5.0
    at_rest = days_never_counted(values.to_frame("A/attendances"))[:, 0]
    assert not at_rest[:200].any()


def test_a_series_that_became_one_of_weekends_rests_from_then_on() -> None:
    values = series(ALL, 52)
    days = pd.DatetimeIndex(values.index)
    values[(days >= days[200]) & ~days.weekday.isin([5, 6])] = np.nan
    at_rest = days_never_counted(values.to_frame("A/attendances"))[:, 0]
    assert not at_rest[:200].any()
    np.testing.assert_array_equal(at_rest[200:], ~days[200:].weekday.isin([5, 6]))


def test_stocks_never_rest() -> None:
    values = series(WEEKEND, 30)
    table = pd.DataFrame({"A/attendances": values, "A/occupancy": values})
    assert rest_days(table, build_system()).sum(axis=0).tolist() == [30 * 5 - 5, 0]  # from the first weekend on


@pytest.mark.parametrize(
    ("weekdays", "names"),
    [((6,), "Sunday"), ((6, 5), "Saturday and Sunday"), ((0, 2, 4), "Monday, Wednesday and Friday")],
)
def test_weekdays_in_words(weekdays: tuple[int, ...], names: str) -> None:
    assert weekday_names(weekdays) == names


def test_a_clinic_that_is_closed_is_neither_late_nor_full_of_gaps() -> None:
    last = SUNDAY + pd.Timedelta(days=3)
    clinic, late = series(WEEKEND, 30, last), series(ALL, 30, last)
    missing_weekend = SUNDAY - pd.Timedelta(weeks=9)
    clinic[missing_weekend - pd.Timedelta(days=1) : missing_weekend] = np.nan
    late.iloc[-2:] = np.nan
    table = pd.DataFrame({"A/attendances": clinic, "B/attendances": late, "C/attendances": series(ALL, 30, last)})
    found = findings(table, build_system(), SystemContext())
    rows = found[["check", "unique_id", "days", "note"]].to_numpy().tolist()
    assert sorted(rows) == [
        ["gap", "A/attendances", 2, ""],
        ["late", "B/attendances", 2, "no value since 2025-06-30"],
        ["rhythm", "A/attendances", 7, "counted on Saturday and Sunday only"],
    ]
