"""The cutoffs of a backtest."""

import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, four_sites, versions
from training.backtest.options import backtest_cutoffs, common_weekday, within_train_window
from training.errors import UsageError
from training.history.point_in_time import PointInTimeHistory

# Sixty days, Monday 3 January to Thursday 3 March 2022.
HISTORY = build_history(four_sites(60))


@pytest.mark.parametrize(
    ("windows", "step", "horizon", "last", "expected"),
    [
        (1, 7, 7, None, ["2022-02-24"]),
        (3, 7, 7, None, ["2022-02-10", "2022-02-17", "2022-02-24"]),
        (3, 1, 28, None, ["2022-02-01", "2022-02-02", "2022-02-03"]),
        (2, 6, 7, "2022-02-20", ["2022-02-14", "2022-02-20"]),
        (2, 50, 7, None, ["2022-01-05", "2022-02-24"]),
        (1, 7, 58, None, ["2022-01-04"]),
    ],
)
def test_cutoffs_end_at_the_last_day_with_all_its_actuals(
    windows: int, step: int, horizon: int, last: str | None, expected: list[str]
) -> None:
    cutoffs = backtest_cutoffs(HISTORY, windows, step, horizon, None if last is None else pd.Timestamp(last))
    assert [str(cutoff.date()) for cutoff in cutoffs] == expected


def test_cutoffs_at_which_nothing_reports_are_left_out() -> None:
    """A lone hospital sends nothing for two months: on the last four weeks of them it has no series."""
    table = four_sites(150)
    table.iloc[50:110] = float("nan")
    history = build_history(table)
    cutoffs = backtest_cutoffs(history, windows=5, step_days=25, horizon=7)
    assert [history.latest.index.get_loc(cutoff) for cutoff in cutoffs] == [42, 67, 117, 142]
    with pytest.raises(UsageError, match="no series has a usable value in the four weeks before any cutoff from"):
        backtest_cutoffs(history, windows=3, step_days=7, horizon=7, last=pd.Timestamp(table.index[100]))


@pytest.mark.parametrize(
    ("windows", "step", "horizon", "last", "sentence"),
    [
        (
            9,
            7,
            7,
            None,
            (
                "9 windows of 7 days, 7 days apart, ending with cutoff 2022-02-24, need actuals from before 2021-12-30 "
                "to 2022-03-03; complete days run from 2022-01-03 to 2022-03-03."
            ),
        ),
        (
            1,
            7,
            7,
            "2022-02-25",
            (
                "1 windows of 7 days, 7 days apart, ending with cutoff 2022-02-25, need actuals from before 2022-02-25 "
                "to 2022-03-04; complete days run from 2022-01-03 to 2022-03-03."
            ),
        ),
        (1, 7, 59, None, "need actuals from before 2022-01-03 to 2022-03-03"),
        (1, 7, 84, None, "need actuals from before 2021-12-09 to 2022-03-03"),
    ],
)
def test_a_backtest_the_history_is_too_short_for_is_rejected(
    windows: int, step: int, horizon: int, last: str | None, sentence: str
) -> None:
    with pytest.raises(UsageError) as raised:
        backtest_cutoffs(HISTORY, windows, step, horizon, None if last is None else pd.Timestamp(last))
    assert sentence in str(raised.value)
    assert str(raised.value).startswith("Backtesting north: ")
    assert str(raised.value).endswith("Ask for fewer windows, a shorter horizon or another cutoff.")


@pytest.mark.parametrize(
    ("days", "weekday"),
    [
        (["2022-02-10", "2022-02-17", "2022-02-24"], "Thursday"),
        (["2022-02-10", "2022-02-24"], "Thursday"),
        (["2022-02-10", "2022-02-16"], None),
        (["2022-02-10"], None),  # one cutoff is not locked on a weekday
    ],
)
def test_cutoffs_locked_on_one_weekday_are_known(days: list[str], weekday: str | None) -> None:
    assert common_weekday([pd.Timestamp(day) for day in days]) == weekday


def test_a_sliding_window_hides_the_days_before_it_and_nothing_else() -> None:
    vintages = versions(four_sites(60))
    fit_day = pd.Timestamp("2022-02-20")
    seen = within_train_window(vintages, fit_day, 30)
    assert sorted(seen["ds"].unique()) == list(
        pd.date_range("2022-01-22", "2022-03-03")
    )  # thirty days, and what follows
    history = PointInTimeHistory(seen, build_system())
    assert history.as_of(fit_day).shape == (30, 5)
    pd.testing.assert_frame_equal(history.as_of(fit_day), HISTORY.as_of(fit_day).tail(30), check_freq=False)
