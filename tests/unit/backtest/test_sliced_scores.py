"""Scores by any slice: skill, RMSSE, noise floor, PIT, and the long file."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.backtest.test_scores import FORECASTS, SCALES, THREE, rows
from tests.unit.pipeline.histories import build_history, four_sites
from training.backtest.baselines import with_baselines_and_slices
from training.backtest.run import backtest_candidate
from training.backtest.scores import (
    PIT_TENTHS,
    SKILLS,
    TABLE_LOSSES,
    long_scores,
    mase_scales,
    row_losses,
    scores,
    table,
)
from training.pipeline.forecaster import Forecaster

NAN = float("nan")
SIX = rows(
    ("A/attendances", 1, 10, 12, 8, 16, False),
    ("A/attendances", 2, 20, 14, 10, 18, False),
    ("B/attendances", 1, 30, 35, 25, 40, False),
).assign(
    seasonal_naive=[14.0, NAN, 31.0],  # errors of 4 and 1, where the forecast errs by 2 and 5
    yesterday=[10.0, 20.0, 30.0],  # never wrong
    six_week_mean=[NAN, NAN, NAN],
    root_scale=[4.0, 4.0, 10.0],
    noise_floor=[2.0, 3.0, NAN],
)


def test_skill_is_over_the_rows_that_have_a_reference() -> None:
    found = scores(SIX, SCALES, THREE, by=["measure"]).iloc[0]
    assert found["skill_seasonal_naive"] == pytest.approx(1 - (2 + 5) / (4 + 1))
    assert np.isnan(found["skill_yesterday"]), "against a reference that never errs there is no skill"
    assert np.isnan(found["skill_six_week_mean"]), "without a reference there is none"


def test_rmsse_and_noise_floor_worked_by_hand() -> None:
    found = scores(SIX, SCALES, THREE, by=["measure"]).iloc[0]
    assert found["rmsse"] == pytest.approx(np.sqrt((0.5**2 + 1.5**2 + 0.5**2) / 3))
    assert found["noise_floor"] == 2.5
    assert found["pinball"] == pytest.approx(found["wis"] / 2)


def test_without_evidence_there_is_no_skill_no_rmsse_and_no_noise_floor() -> None:
    found = scores(FORECASTS, SCALES, THREE, by=["measure"])
    assert found[["rmsse", "noise_floor", *SKILLS]].isna().all(axis=None)
    assert list(found.columns) == ["measure", "n", "fallbacks", *TABLE_LOSSES]


@pytest.mark.parametrize(
    ("by", "sizes"),
    [
        (["measure"], {"attendances": 3, "occupancy": 1}),
        (["series"], {"A/attendances": 2, "A/occupancy": 1, "B/attendances": 1}),
        (["leads"], {"01-07": 3, "08-14": 1}),
        (["weekday"], {"Monday": 3, "Sunday": 1}),  # leads 1, 8 and 1, and lead 7, after a Sunday
        (["weekday", "series"], {("Monday", "A/attendances"): 1, ("Monday", "A/occupancy"): 1,
                                 ("Monday", "B/attendances"): 1, ("Sunday", "A/attendances"): 1}),
    ],
)  # fmt: skip
def test_a_slice_without_an_actual_has_no_row(by: list[str], sizes: dict[object, int]) -> None:
    found = scores(FORECASTS, SCALES, THREE, by=by)
    assert found.set_index(by)["n"].to_dict() == sizes


def test_pits_of_a_slice_are_counted_by_tenth() -> None:
    found = table(row_losses(FORECASTS, SCALES, THREE), ["measure"]).set_index("measure")
    assert found[PIT_TENTHS].sum(axis=1).tolist() == pytest.approx([1.0, 1.0])
    assert found.loc["attendances", "pit_tenth_10"] == pytest.approx(1 / 3)  # the actual of 20 above q0.9 of 18
    assert found["pit_distance"].between(0, 1).all()


def test_the_long_frame_has_a_row_for_each_score_there_is() -> None:
    found = long_scores(row_losses(FORECASTS, SCALES, THREE), [["measure"], ["measure", "leads"], ["measure"]])
    assert list(found.columns) == [
        "by", "measure", "series", "leads", "weekday", "day", "regime", "n", "fallbacks", "loss", "value",
    ]  # fmt: skip
    assert found["value"].notna().all()
    assert set(found["by"]) == {"measure", "measure,leads"}
    assert not found.duplicated(["by", "measure", "leads", "loss"]).any()
    assert found[["series", "weekday", "day", "regime"]].isna().all(axis=None)
    one = found[(found["by"] == "measure,leads") & (found["measure"] == "occupancy")].set_index("loss")
    assert set(one["leads"]) == {"01-07"}
    assert one.loc["mae", "value"] == 3.0
    assert "mase" not in one.index, "a series without a scale has no MASE"
    assert {"pinball_q0.1", "pinball_q0.5", "pinball_q0.9"} < set(one.index)


def test_evidence_has_the_baselines_that_a_real_backtest_is_compared_with() -> None:
    history = build_history(four_sites(120))
    cutoffs = [pd.Timestamp(day) for day in history.latest.index[[-50, -40]]]
    frame = backtest_candidate(Forecaster(history, 28), cutoffs, "SeasonalNaive")
    evidence = with_baselines_and_slices(frame, history, cutoffs[0])
    pd.testing.assert_frame_equal(evidence[frame.columns], frame)
    by_measure = scores(evidence, mase_scales(history, cutoffs[0]), history.system.quantiles, ["measure"])
    found = by_measure.set_index("measure")
    assert found["skill_seasonal_naive"].tolist() == [0.0, 0.0]
    flow, stock = (found.loc[measure].astype(float) for measure in ("attendances", "occupancy"))
    assert flow["noise_floor"] < flow["mae"]
    assert np.isnan(stock["noise_floor"]), "a stock has no Poisson floor"
    assert found["rmsse"].notna().all()
    days = scores(evidence, mase_scales(history, cutoffs[0]), history.system.quantiles, ["day", "regime"])
    assert set(days["regime"]) == {"stable"}
    n_days = evidence.drop_duplicates("ds").groupby("day", observed=True).size()
    assert n_days.to_dict() == {"ordinary": 34, "holiday": 2, "day after": 2}  # of Easter 2022


def test_a_backtest_of_nothing_has_no_scores() -> None:
    history = build_history(four_sites(120))
    cutoff = pd.Timestamp(history.latest.index[-30])
    frame = backtest_candidate(Forecaster(history, 7), [cutoff], "SeasonalNaive").iloc[:0]
    evidence = with_baselines_and_slices(frame, history, cutoff)
    assert scores(evidence, mase_scales(history, cutoff), history.system.quantiles, ["day"]).empty
