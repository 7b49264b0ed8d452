"""The references: what anyone could have said at the cutoff."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, four_sites, poisoned, table_of, versions
from training.backtest.baselines import REFERENCES, references, with_references
from training.backtest.run import backtest_candidate
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.forecaster import Forecaster

NAN = float("nan")
WEEK_1 = [70.0, 60.0, 50.0, 40.0, 50.0, 20.0, 30.0]
WEEK_2 = [72.0, 64.0, 50.0, 46.0, 50.0, 22.0, 38.0]
GAPPY = [72.0, NAN, 50.0, 46.0, 50.0, NAN, NAN]


@pytest.mark.parametrize(
    ("days", "reference", "expected"),
    [
        ([*WEEK_1, *WEEK_2], "seasonal_naive", WEEK_2),
        ([*WEEK_1, *WEEK_2], "yesterday", [38.0] * 7),
        ([*WEEK_1, *WEEK_2], "six_week_mean", [71.0, 62.0, 50.0, 43.0, 50.0, 21.0, 34.0]),
        ([*WEEK_1, *GAPPY], "seasonal_naive", [72.0, 60.0, 50.0, 46.0, 50.0, 20.0, 30.0]),  # the last known one
        ([*WEEK_1, *GAPPY], "yesterday", [50.0] * 7),
        ([*WEEK_1, *GAPPY], "six_week_mean", [71.0, 60.0, 50.0, 43.0, 50.0, 20.0, 30.0]),
        ([*[900.0] * 7, *WEEK_1 * 6], "six_week_mean", WEEK_1),  # the seventh week is forgotten
        ([*WEEK_1, *[NAN] * 36], "seasonal_naive", None),  # it reports no more
        ([1.0, 2.0, 3.0], "seasonal_naive", [NAN, NAN, NAN, NAN, 1.0, 2.0, 3.0]),  # half a week old
        ([1.0, 2.0, 3.0], "yesterday", [3.0] * 7),
    ],
)
def test_the_week_after_the_cutoff(days: list[float], reference: str, expected: list[float] | None) -> None:
    table = table_of({"A/attendances": days, "C/attendances": [1.0] * len(days)})
    week = references(build_history(table), pd.Timestamp(table.index[-1]))[reference]
    if expected is None:
        assert "A/attendances" not in week
    else:
        np.testing.assert_array_equal(week["A/attendances"], expected)


def test_a_parents_reference_is_the_sum_of_its_parts() -> None:
    table = four_sites(60)
    for week in references(build_history(table), pd.Timestamp(table.index[-1])).values():
        np.testing.assert_allclose(week["T1/attendances"], week["A/attendances"] + week["B/attendances"])
        sites = [name for name in table.columns if name.endswith("attendances")]
        np.testing.assert_allclose(week["north/attendances"], week[sites].sum(axis=1))


def test_seasonal_naive_is_the_candidate_of_that_name_wherever_nothing_is_missing() -> None:
    table = four_sites(120)
    history = build_history(table)
    cutoffs = [pd.Timestamp(day) for day in table.index[[-40, -33, -29]]]
    rows = with_references(backtest_candidate(Forecaster(history, 28), cutoffs, "SeasonalNaive"), history)
    assert len(rows) == 3 * 28 * 10
    np.testing.assert_array_equal(rows["seasonal_naive"], rows["mean"])


def test_each_row_has_the_references_of_its_own_cutoff_series_and_day() -> None:
    table = four_sites(90)
    history = build_history(table)
    cutoffs = [pd.Timestamp(day) for day in table.index[[-20, -17]]]
    rows = backtest_candidate(Forecaster(history, 10), cutoffs, "SeasonalNaive").sample(frac=1, random_state=3)
    rows = with_references(rows[rows["unique_id"] == "B/attendances"], history)
    values = table["B/attendances"]
    for cutoff, ds, naive, yesterday, mean in rows[["cutoff", "ds", *REFERENCES]].itertuples(index=False):
        before = values[:cutoff]
        same = before[pd.DatetimeIndex(before.index).weekday == ds.weekday()]
        assert (naive, yesterday, mean) == (same.iloc[-1], before.iloc[-1], pytest.approx(same.iloc[-6:].mean()))


def test_a_series_that_did_not_report_has_no_reference() -> None:
    history = build_history(four_sites(60))
    rows = pd.DataFrame({"unique_id": ["late/attendances"], "cutoff": [history.latest.index[-3]], "lead": [1]})
    assert with_references(rows, history)[list(REFERENCES)].isna().all(axis=None)


def test_at_a_cutoff_at_which_nothing_reports_there_are_no_references() -> None:
    table = four_sites(100)
    table.iloc[50:80] = NAN
    history, silent = build_history(table), pd.Timestamp(table.index[79])
    rows = pd.DataFrame({"unique_id": ["A/attendances"], "cutoff": [silent], "lead": [1]})
    assert with_references(rows, history)[list(REFERENCES)].isna().all(axis=None)
    assert with_references(rows.head(0), history).columns.tolist() == ["unique_id", "cutoff", "lead", *REFERENCES]


def test_nothing_that_became_known_later_changes_a_reference() -> None:
    clean = versions(four_sites(90))
    cutoff = pd.Timestamp("2022-03-01")
    now, then = (
        references(PointInTimeHistory(vintages, build_system()), cutoff)
        for vintages in (poisoned(clean, cutoff, "D/occupancy"), clean)
    )
    for name in REFERENCES:
        pd.testing.assert_frame_equal(now[name], then[name], check_exact=True)
