"""The windows before a cutoff that errors are taken from."""

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
        ([*every(6, 20, "2021-03-31"), *every(6, 20, "2021-08-19")], 0),  # 27 days apart: no long gap
    ],
)
def test_errors_of_another_winter_are_left_once_this_one_has_enough(windows: list[pd.Timestamp], before: int) -> None:
    assert before_long_gap(windows) == before
