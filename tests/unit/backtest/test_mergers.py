"""A backtest across a merger: forecasts, actuals, scales and references of the places of each cutoff, by hand."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system
from training.backtest.baselines import actuals, references, scales_of, trusted_actuals
from training.backtest.evaluation import evaluated
from training.backtest.options import backtest_cutoffs
from training.backtest.run import backtest_candidate
from training.history.hierarchy import summing
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.forecaster import Forecaster
from training.system.model import OpeningPeriod, SystemContext

WEEK = np.array([0.0, 3.0, 1.0, 4.0, 2.0, 6.0, 5.0])
WEEKS = 10
MERGED_WEEK = 7  # the first week of the merged place
GROWTH = {"A": 2.0, "B": 5.0, "C": 1.0}  # by which each odd week is above the even ones around it
STARTS = {"A": 20.0, "B": 50.0, "C": 70.0}
DAYS = pd.date_range("2022-01-03", periods=7 * WEEKS, freq="D", name="ds")
OPENED = DAYS[7 * MERGED_WEEK]
EVE = OPENED - pd.Timedelta(days=1)
TREE = {"T": "north", "A": "T", "B": "T", "M": "T", "C": "north"}
MERGER = {"A": OpeningPeriod(last=EVE.date()), "B": OpeningPeriod(last=EVE.date()),
          "M": OpeningPeriod(OPENED.date(), succeeds=("A", "B"))}  # fmt: skip
FORMER = {"A/attendances", "B/attendances", "C/attendances", "T/attendances", "north/attendances"}
MERGED = {"M/attendances", "C/attendances", "T/attendances", "north/attendances"}


def truth(place: str) -> pd.Series:
    """Counts of a place that never closed: a week that repeats, higher by the same number in every second week.

    So seasonal naive errs by that number, to either side in turn: a lasting bias would move its means.
    """
    return pd.Series(STARTS[place] + GROWTH[place] * (np.repeat(np.arange(WEEKS), 7) % 2) + np.tile(WEEK, WEEKS), DAYS)


def reported() -> pd.DataFrame:
    """A and B until the eve, then M with five patients a day more than both together."""
    is_merged = DAYS >= OPENED
    columns = {"A": truth("A").mask(is_merged), "B": truth("B").mask(is_merged), "C": truth("C")}
    columns["M"] = (truth("A") + truth("B") + 5.0).where(is_merged)
    return pd.DataFrame({f"{place}/attendances": counts for place, counts in columns.items()})


def history(
    table: pd.DataFrame | None = None, periods: Mapping[str, OpeningPeriod] = MERGER, tree: Mapping[str, str] = TREE
) -> PointInTimeHistory:
    found = reported() if table is None else table
    return build_history(found, build_system(tree), SystemContext(opening_periods=periods))


def days_before(days: int) -> pd.Timestamp:
    return OPENED - pd.Timedelta(days=days)


@pytest.fixture(scope="module")
def forecasts() -> pd.DataFrame:
    """Seasonal naive, seven days from four cutoffs."""
    cutoffs = [days_before(days) for days in (10, 4, 1, 0)]
    return backtest_candidate(Forecaster(history(), 7), cutoffs, "SeasonalNaive")


def test_each_cutoff_forecasts_the_places_of_its_day(forecasts: pd.DataFrame) -> None:
    found = {days: set(forecasts.loc[forecasts["cutoff"] == days_before(days), "unique_id"]) for days in (10, 4, 1, 0)}
    assert found == {10: FORMER, 4: FORMER, 1: FORMER, 0: MERGED}


def test_the_merged_place_is_forecast_from_the_sum_of_its_history(forecasts: pd.DataFrame) -> None:
    rows = forecasts[(forecasts["unique_id"] == "M/attendances") & (forecasts["cutoff"] == OPENED)]
    last_week = (truth("A") + truth("B")).loc[days_before(6) : EVE]
    assert rows["mean"].to_list() == [*last_week, truth("A")[OPENED] + truth("B")[OPENED] + 5.0]
    assert (rows["mean"] < rows["y"]).to_list() == [True] * 6 + [False]  # the seventh day is one of an even week


def row_of(forecasts: pd.DataFrame, unique_id: str, cutoff: pd.Timestamp) -> list[float]:
    rows = forecasts[(forecasts["unique_id"] == unique_id) & (forecasts["cutoff"] == cutoff)]
    return rows["y"].to_list()


def test_a_place_has_actuals_until_it_is_merged_and_sums_have_them_beyond(forecasts: pd.DataFrame) -> None:
    cutoff = days_before(4)
    ahead = pd.date_range(cutoff + pd.Timedelta(days=1), periods=7)
    a, b, c = (truth(place)[ahead].to_numpy() for place in "ABC")
    both = a + b + 5.0 * (ahead >= OPENED)
    for place, counts in (("A", a), ("B", b)):
        expected = [*counts[:3], *[np.nan] * 4]
        np.testing.assert_array_equal(row_of(forecasts, f"{place}/attendances", cutoff), expected)
    assert row_of(forecasts, "T/attendances", cutoff) == both.tolist()
    assert row_of(forecasts, "north/attendances", cutoff) == (both + c).tolist()


def test_days_without_an_actual_are_no_score_and_each_series_has_a_scale(forecasts: pd.DataFrame) -> None:
    """Seasonal naive is wrong by the growth of a week, which is its scale; M, and sums with it, by five more."""
    first = days_before(10)
    rows = evaluated({"naive": forecasts}, history(), first).rows["naive"]
    n_rows = rows.groupby(["cutoff", "unique_id"], observed=True).size()
    assert n_rows[days_before(4), "A/attendances"] == 3
    assert n_rows[days_before(4), "T/attendances"] == 7
    assert (EVE, "A/attendances") not in n_rows
    of_each = rows[rows["ds"] < OPENED].groupby("unique_id", observed=True)["mase"].mean()
    assert of_each.to_dict() == dict.fromkeys(FORMER, 1.0)
    later = rows[rows["cutoff"] == OPENED].groupby("unique_id", observed=True)["mae"].first()
    scaled = rows[rows["cutoff"] == OPENED].groupby("unique_id", observed=True)["mase"].first()
    assert later["M/attendances"] == 12.0
    assert scaled["M/attendances"] == pytest.approx(12 / 7)
    assert scaled["C/attendances"] == 1.0
    np.testing.assert_array_equal(rows["seasonal_naive"], rows["mean"])


def test_scales_are_of_the_places_of_every_later_cutoff_up_to_the_first() -> None:
    """Weekly changes: A 2, B 5, C 1, and A and B together 7, before and after the merger, whose step is not known."""
    expected = {"A": 2.0, "B": 5.0, "C": 1.0, "M": 7.0, "T": 7.0, "north": 8.0}
    found = scales_of(history(), days_before(10))
    assert found["scale"].to_dict() == {f"{place}/attendances": scale for place, scale in expected.items()}
    assert found["root_scale"].to_list() == pytest.approx(found["scale"].to_list())
    after = scales_of(history(), OPENED)
    assert set(after.index) == MERGED
    assert after.loc["C/attendances", "scale"] == 1.0


def test_references_are_of_the_places_of_the_cutoff() -> None:
    before, after = (references(history(), cutoff)["yesterday"].iloc[0] for cutoff in (EVE, OPENED))
    a, b, c = (truth(place) for place in "ABC")
    assert before.to_dict() == {
        "A/attendances": a[EVE], "B/attendances": b[EVE], "C/attendances": c[EVE],
        "T/attendances": a[EVE] + b[EVE], "north/attendances": a[EVE] + b[EVE] + c[EVE],
    }  # fmt: skip
    assert after["M/attendances"] == after["T/attendances"] == a[OPENED] + b[OPENED] + 5.0
    assert set(after.index) == MERGED


@pytest.mark.parametrize("made", [actuals, trusted_actuals])
def test_a_sum_that_loses_a_part_to_another_parent_has_no_actual(made: type) -> None:
    """A was of T and B of U, and M is of T: nobody knows which of its patients are A's."""
    known = history(tree={"T": "north", "U": "north", "A": "T", "B": "U", "M": "T", "C": "north"})
    former = summing(known.system, ["A/attendances", "B/attendances", "C/attendances"])
    found = made(known, former, pd.date_range(EVE, OPENED)).loc[OPENED]
    assert found[["T/attendances", "U/attendances", "A/attendances", "B/attendances"]].isna().all()
    assert found["north/attendances"] == sum(truth(place)[OPENED] for place in "ABC") + 5.0


def test_a_place_with_one_successor_has_its_counts_as_actuals() -> None:
    """A new code for the same place."""
    table = reported().drop(columns="B/attendances")
    known = history(table, {"A": MERGER["A"], "M": OpeningPeriod(OPENED.date(), succeeds=("A",))})
    former = summing(known.system, ["A/attendances", "C/attendances"])
    found = actuals(known, former, pd.date_range(EVE, OPENED))
    assert found["A/attendances"].to_list() == [truth("A")[EVE], table.loc[OPENED, "M/attendances"]]
    assert found["T/attendances"].to_list() == found["A/attendances"].to_list()


def test_a_merged_place_that_lacks_a_day_leaves_its_sums_without_an_actual() -> None:
    table = reported()
    table.loc[OPENED + pd.Timedelta(days=1), "M/attendances"] = np.nan
    known = history(table)
    former = summing(known.system, ["A/attendances", "B/attendances", "C/attendances"])
    found = actuals(known, former, pd.date_range(EVE, periods=4))
    assert found["T/attendances"].isna().to_list() == [False, False, True, False]
    assert found["north/attendances"].isna().to_list() == [False, False, True, False]
    assert found["C/attendances"].notna().all()


def test_a_cutoff_at_which_a_former_place_reports_is_a_window() -> None:
    """B sent one day, so that M inherits one day alone; A reports throughout."""
    table = reported().drop(columns="C/attendances")
    table.loc[table.index[1:], "B/attendances"] = np.nan
    last = pd.Timestamp(DAYS[-8])
    assert backtest_cutoffs(history(table), 3, 14, 7) == [last - pd.Timedelta(days=days) for days in (28, 14, 0)]
