"""The windows before a cutoff that errors are taken from."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, day_end, four_sites, versions
from training.calibration.past_errors import (
    CALIBRATION_WINDOWS,
    DENSE_DAYS,
    DENSE_STEP_DAYS,
    MIN_DAYS_BEFORE_WINDOW,
    WINDOW_STEP_DAYS,
    before_long_gap,
    windows_before,
)
from training.history.point_in_time import PointInTimeHistory

DAY = pd.Timedelta(days=1)
TABLE = four_sites(450)
LAST = pd.Timestamp(TABLE.index[-1])


@pytest.mark.parametrize("back", range(8))
def test_windows_are_over_by_the_cutoff_and_stand_on_one_grid(back: int) -> None:
    history, cutoff = build_history(TABLE), LAST - back * DAY
    windows = windows_before(history, cutoff, 7)
    assert windows == sorted(set(windows))
    assert cutoff - DENSE_STEP_DAYS * DAY <= windows[-1] < cutoff
    on_grid = [window for window in windows if window.toordinal() % WINDOW_STEP_DAYS == 0]
    assert len(on_grid) == CALIBRATION_WINDOWS
    between = [window for window in windows if window not in on_grid]
    assert {window.toordinal() % DENSE_STEP_DAYS for window in between} == {0}
    assert len(between) == pytest.approx(DENSE_DAYS / WINDOW_STEP_DAYS, abs=1)
    assert min(between) >= cutoff - (DENSE_DAYS + DENSE_STEP_DAYS) * DAY


def test_neighbouring_cutoffs_share_all_but_the_newest_and_the_oldest_windows() -> None:
    history = build_history(TABLE)
    today, tomorrow = (set(windows_before(history, LAST - back * DAY, 7)) for back in (1, 0))
    assert len(today - tomorrow) <= 2
    assert len(tomorrow - today) <= 1


def test_windows_fall_on_all_weekdays_alike() -> None:
    weekdays = [window.weekday() for window in windows_before(build_history(TABLE), LAST, 7)]
    assert [weekdays.count(day) for day in range(7)] == pytest.approx([len(weekdays) / 7] * 7, abs=2)
    assert set(weekdays[-7:]) == set(range(7))


@pytest.mark.parametrize(
    ("n_days", "first", "windows"),
    [
        pytest.param(3, 3, 0, id="three days"),
        pytest.param(8, 4, 3, id="days 5 to 7 of 8"),
        pytest.param(21, 10, 10, id="days 11 to 20 of 21"),
        pytest.param(57, 28, 9, id="half of 57 days, every third"),
        pytest.param(86, 43, 14, id="half of 86 days, every third"),
        pytest.param(119, MIN_DAYS_BEFORE_WINDOW, 20, id="from day 57 of 119 on"),
    ],
)
def test_a_young_system_has_windows_in_the_second_half_of_its_days(n_days: int, first: int, windows: int) -> None:
    table = four_sites(n_days)
    found = windows_before(build_history(table), pd.Timestamp(table.index[-1]), 7)
    assert len(found) == pytest.approx(windows, abs=1)
    assert all((window - table.index[0]).days >= first for window in found)


def test_windows_stand_on_both_sides_of_a_long_gap_and_not_in_it() -> None:
    table = four_sites(300)
    summer = (table.index >= table.index[150]) & (table.index < table.index[250])
    table.loc[summer] = np.nan
    windows = windows_before(build_history(table), LAST, 14)
    assert windows
    offsets = [(window - table.index[0]).days for window in windows]
    assert {0 <= offset < 150 or offset >= 250 for offset in offsets} == {True}
    # Half of the fourteen target days must have values: the last window before the gap has at least seven.
    assert 138 <= max(offset for offset in offsets if offset < 150) <= 142
    assert any(offset >= 250 for offset in offsets)


def test_days_that_were_filled_in_later_add_no_windows() -> None:
    table = four_sites(200)
    gap = table.index[100:160]
    clean = table.copy()
    clean.loc[gap] = np.nan
    cutoff = pd.Timestamp(table.index[-20])
    late = versions(table.loc[gap]).assign(known_at=day_end(cutoff) + DAY)
    later = PointInTimeHistory(pd.concat([versions(clean), late], ignore_index=True), build_system())
    assert windows_before(later, cutoff, 7) == windows_before(build_history(clean), cutoff, 7)


@pytest.mark.parametrize("back", range(6))
def test_windows_stand_three_days_apart_for_eight_weeks_and_on_the_grid_of_six_before(back: int) -> None:
    cutoff = LAST - back * DAY
    windows = windows_before(build_history(TABLE), cutoff, 7)
    newest = [window for window in windows if (cutoff - window).days < DENSE_DAYS + DENSE_STEP_DAYS]
    assert {(later - window).days for window, later in pairwise(newest)} == {DENSE_STEP_DAYS}
    assert {window.toordinal() % WINDOW_STEP_DAYS for window in windows if window not in newest} == {0}


FIRST_WINDOW = 61
"""Days from 2022-01-03 to the window of 2022-03-05, which is on the grid of three days."""


@pytest.mark.parametrize(
    ("n_days_before", "is_one"),
    [pytest.param(56, True, id="56 days of history before it"), pytest.param(55, False, id="55 days")],
)
def test_a_window_has_eight_weeks_before_it(n_days_before: int, *, is_one: bool) -> None:
    window = TABLE.index[FIRST_WINDOW]
    table = TABLE.loc[window - n_days_before * DAY : window + 56 * DAY]  # half of its days are 56
    assert (windows_before(build_history(table), table.index[-1], 7)[0] == window) is is_one


@pytest.mark.parametrize(
    ("missing", "is_one"),
    [
        # Positions from the window, which is day 0: its four weeks are -27 to 0, its targets 1 to 7.
        pytest.param([], True, id="every day is reported"),
        pytest.param([0], False, id="not the window's own day"),
        pytest.param([-1], True, id="not the day before it"),
        pytest.param(range(-27, -13), True, id="14 of 28 days before"),
        pytest.param(range(-27, -12), False, id="13 of 28, and all of the days before those"),
        pytest.param(range(-26, -12), True, id="14 of 28, the first among them"),
        pytest.param(range(1, 4), True, id="4 of 7 targets"),
        pytest.param(range(1, 5), False, id="3 of 7 targets, and all of the days before them"),
    ],
)
def test_a_window_is_left_out_where_less_than_half_is_reported(missing: Sequence[int], *, is_one: bool) -> None:
    window, table = TABLE.index[FIRST_WINDOW + 60], TABLE.iloc[: FIRST_WINDOW + 75].copy()
    table.loc[[window + n * DAY for n in missing]] = np.nan
    assert (window in windows_before(build_history(table), table.index[-1], 7)) is is_one


def every(step_days: int, count: int, last: str) -> list[pd.Timestamp]:
    return list(pd.date_range(end=last, periods=count, freq=f"{step_days}D"))


@pytest.mark.parametrize(
    ("windows", "before"),
    [
        ([], 0),
        (every(6, 60, "2022-03-01"), 0),
        ([*every(6, 20, "2021-03-31"), *every(3, 17, "2022-01-30")], 0),  # too few of this winter yet
        ([*every(6, 20, "2021-03-31"), *every(3, 18, "2022-02-02")], 20),
        ([*every(6, 9, "2020-03-31"), *every(6, 20, "2021-03-31"), *every(3, 5, "2021-12-30")], 9),
        ([*every(6, 1, "2021-03-31"), *every(3, 18, "2022-02-02")], 1),  # one window of the winter before
        ([*every(6, 20, "2021-03-31"), *every(6, 20, "2021-08-19")], 0),  # 27 days apart: no long gap
        ([*every(6, 20, "2021-03-31"), *every(6, 20, "2021-08-20")], 0),  # nor are 28
        ([*every(6, 20, "2021-03-31"), *every(6, 20, "2021-08-21")], 20),  # 29 are one
    ],
)
def test_errors_of_another_winter_are_left_once_this_one_has_enough(windows: list[pd.Timestamp], before: int) -> None:
    assert before_long_gap(windows) == before
