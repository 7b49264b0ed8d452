"""Scores of forecasts written by hand, and the frame that they are made from."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import LEVELS, build_history, build_system, four_sites, table_of
from training.backtest.baselines import actuals
from training.backtest.run import backtest_candidate, backtest_recipe, same_for_every_measure
from training.backtest.scores import mase_scales, overall, scores
from training.frames import forecast_columns, long
from training.history.hierarchy import summing
from training.pipeline.forecaster import Forecaster

NAN = float("nan")
THREE = [0.1, 0.5, 0.9]
SCALES = pd.Series({"A/attendances": 4.0, "B/attendances": 10.0, "A/occupancy": 0.0})


def rows(*cells: tuple[str, int, float, float, float, float, bool]) -> pd.DataFrame:
    """Of unique_id, lead, y, mean, q0.1, q0.9 and fallback; the median is the mean."""
    names = ["unique_id", "lead", "y", "mean", "q0.1", "q0.9", "fallback"]
    frame = pd.DataFrame(list(cells), columns=names).assign(cutoff=pd.Timestamp("2026-01-04"))
    return frame.assign(**{"q0.5": frame["mean"]}, ds=frame["cutoff"] + pd.to_timedelta(frame["lead"], unit="D"))


FORECASTS = rows(
    ("A/attendances", 1, 10, 12, 8, 16, False),  # 2 too high, inside
    ("A/attendances", 7, 20, 14, 10, 18, False),  # 6 too low, 2 above the interval
    ("B/attendances", 8, 30, 35, 25, 40, True),  # 5 too high, inside
    ("B/attendances", 15, NAN, 35, 25, 40, True),  # nothing happened yet
    ("A/occupancy", 1, 7, 4, 4, 7, False),  # 3 too low, on the edge; a series that never changed has no scale
)


def test_scores_by_measure_and_lead_band_worked_by_hand() -> None:
    frame = scores(FORECASTS, SCALES, THREE)
    keys = zip(frame["measure"], frame["leads"], strict=True)
    table = {key: frame.iloc[i].drop(["measure", "leads"]).astype(float) for i, key in enumerate(keys)}
    assert list(table) == [("attendances", "01-07"), ("attendances", "08-14"), ("occupancy", "01-07")]
    first = table["attendances", "01-07"]
    assert (first["n"], first["fallbacks"]) == (2, 0)
    assert first["mae"] == (2 + 6) / 2
    assert first["mase"] == (2 / 4 + 6 / 4) / 2
    assert first["bias"] == (2 - 6) / 2
    assert first["coverage_80"] == 0.5
    # Bracher: (0.5 |y - m| + 0.1 IS_0.2) / 1.5, IS = width + 10 x what is outside.
    one, two = (0.5 * 2 + 0.1 * 8) / 1.5, (0.5 * 6 + 0.1 * (8 + 10 * 2)) / 1.5
    assert first["wis"] == pytest.approx((one + two) / 2)
    assert first["scaled_wis"] == pytest.approx((one + two) / 2 / 4)
    second = table["attendances", "08-14"]
    assert (second["n"], second["fallbacks"], second["mase"]) == (1, 1, 0.5)
    third = table["occupancy", "01-07"]
    assert (third["mae"], third["bias"], third["coverage_80"]) == (3.0, -3.0, 1.0)
    assert np.isnan(third["mase"])


def test_overall_is_over_every_row_that_has_an_actual() -> None:
    found = overall(FORECASTS, SCALES, THREE)
    assert found["mae"] == (2 + 6 + 5 + 3) / 4
    assert found["mase"] == pytest.approx((0.5 + 1.5 + 0.5) / 3)
    assert found["coverage_80"] == 3 / 4
    assert found["fallback_share"] == 1 / 4
    assert "coverage_50" not in found, "a level that is not published has no coverage"


def test_forecasts_without_actuals_have_no_scores() -> None:
    assert scores(FORECASTS[FORECASTS["y"].isna()], SCALES, THREE).empty


def test_mase_is_scaled_by_weekly_changes_up_to_the_first_cutoff_parents_too() -> None:
    table = table_of(
        {
            "A/attendances": [10.0] * 7 + [12.0] * 7 + [1e6] * 7,  # after the cutoff all is chaos
            "B/attendances": [5.0] * 7 + [4.0] * 7 + [1e6] * 7,
            "C/attendances": [5.0, *[NAN] * 6, 9.0, *[NAN] * 13],
        }
    )
    scales = mase_scales(build_history(table), table.index[13])
    assert scales["A/attendances"] == 2.0
    assert scales["B/attendances"] == 1.0
    assert scales["C/attendances"] == 4.0
    assert scales["T1/attendances"] == 1.0  # 15, then 16
    assert scales["north/attendances"] == 5.0  # 20, then 25, on the Mondays on which C reports


def test_actuals_of_a_parent_are_missing_where_a_large_part_is() -> None:
    table = table_of({"A/attendances": [10, 10, NAN, 10], "B/attendances": [20, NAN, 20, 20], "C/attendances": [1] * 4})
    history = build_history(table)
    days = pd.date_range(table.index[0], periods=6, freq="D")
    found = actuals(history, summing(history.system, list(history.latest.columns)), days)
    np.testing.assert_array_equal(found["T1/attendances"], [30, NAN, NAN, 30, NAN, NAN])
    np.testing.assert_array_equal(found["T2/attendances"], [1, 1, 1, 1, NAN, NAN])


def test_a_backtest_has_one_row_per_cutoff_series_and_lead_with_what_happened() -> None:
    table = four_sites(110)
    history = build_history(table)
    cutoffs = [pd.Timestamp(day) for day in table.index[[-20, -14]]]
    frame = backtest_candidate(Forecaster(history, 7), cutoffs, "SeasonalNaive")
    assert list(frame.columns) == forecast_columns(LEVELS)
    assert len(frame) == 2 * 7 * (5 + 3 + 2)  # sites, attendances of trusts and root, occupancy of T1 and root
    assert not frame.duplicated(["unique_id", "cutoff", "ds"]).any()
    assert ((frame["ds"] - frame["cutoff"]).dt.days == frame["lead"]).all()
    happened = long(table).set_index(["unique_id", "ds"])["y"].to_dict()
    bottom = frame[frame["unique_id"].isin(table.columns)]
    for unique_id, ds, y, mean in zip(*(bottom[c] for c in ("unique_id", "ds", "y", "mean")), strict=True):
        assert y == happened[unique_id, ds]
        assert mean == happened[unique_id, ds - pd.Timedelta(days=7)]
    root = frame[frame["unique_id"] == "north/attendances"]
    sums = table[[i for i in table.columns if i.endswith("attendances")]].sum(axis=1)
    assert root["y"].to_list() == sums.reindex(root["ds"]).to_list()


def test_what_is_evaluated_is_what_would_have_been_published() -> None:
    """Nothing after the cutoff: the history cut off there publishes the same numbers."""
    table = four_sites(130)
    cutoff = pd.Timestamp(table.index[-10])
    recipe = {"attendances": "Weighted", "occupancy": "Ridge"}
    frame = backtest_recipe(Forecaster(build_history(table), 7), [cutoff], recipe)
    published = Forecaster(build_history(table.loc[:cutoff]), 7).forecast(recipe, cutoff).rows(LEVELS)
    pd.testing.assert_frame_equal(frame.drop(columns="y"), published, check_exact=True)


def test_one_candidate_throughout_is_the_recipe_that_names_it_for_each_measure() -> None:
    history = build_history(four_sites(100), build_system())
    forecaster = Forecaster(history, 7)
    cutoffs = [pd.Timestamp(history.latest.index[-8])]
    recipe = same_for_every_measure(forecaster, "Ridge")
    assert recipe == {"attendances": "Ridge", "occupancy": "Ridge"}
    frame = backtest_recipe(forecaster, cutoffs, recipe)
    pd.testing.assert_frame_equal(frame, backtest_candidate(forecaster, cutoffs, "Ridge"))
    assert set(frame["model"]) == {"Ridge"}
