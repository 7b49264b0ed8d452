"""For any forecasts and actuals: scores stay within their bounds, and slices add up to the total."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publication.vocabulary import quantile_column
from training.backtest.scores import PIT_TENTHS, overall, row_losses, scores, table

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
SERIES = ("A/attendances", "B/attendances", "A/occupancy")
UNSCALED = ("mae", "bias", "pinball", "wis", "coverage_50", "coverage_80", "coverage_95")  # that every row has
SCALES = pd.Series({"A/attendances": 4.0, "B/attendances": 0.5, "A/occupancy": 0.0})
COUNTS = st.one_of(st.integers(0, 5).map(float), st.floats(0, 1e6).map(lambda count: round(count, 3)))


@st.composite
def forecasts(draw: st.DrawFn) -> pd.DataFrame:
    """Draw rows of forecasts; some without an actual, some with one value for all quantiles."""
    rows = []
    for i in range(draw(st.integers(1, 9))):
        quantiles = sorted(draw(st.lists(COUNTS, min_size=len(LEVELS), max_size=len(LEVELS))))
        actual = draw(st.one_of(st.just(float("nan")), COUNTS, st.sampled_from(quantiles)))
        rows.append((SERIES[i % 3], 3 * i + 1, actual, draw(COUNTS), draw(st.booleans()), *quantiles))
    names = ["unique_id", "lead", "y", "mean", "fallback", *map(quantile_column, LEVELS)]
    frame = pd.DataFrame(rows, columns=names).assign(cutoff=pd.Timestamp("2026-03-01"))
    return frame.assign(ds=frame["cutoff"] + pd.to_timedelta(frame["lead"], unit="D"))


@settings(max_examples=40)
@given(frame=forecasts())
def test_losses_are_never_negative_and_shares_are_shares(frame: pd.DataFrame) -> None:
    rows = row_losses(frame, SCALES, LEVELS)
    assert len(rows) == frame["y"].notna().sum()
    assert (rows[["mae", "pinball", "wis"]] >= 0).all(axis=None)
    shares = rows[["pit", "coverage_50", "coverage_80", "coverage_95"]]
    assert ((shares >= 0) & (shares <= 1)).all(axis=None), "and none is missing"
    assert (rows["wis"] <= 2 * (rows["y"] - rows[[quantile_column(q) for q in LEVELS]].T).abs().max()).all()


@settings(max_examples=40)
@given(frame=forecasts())
def test_a_wider_interval_covers_no_less(frame: pd.DataFrame) -> None:
    rows = row_losses(frame, SCALES, LEVELS)
    assert (rows["coverage_50"] <= rows["coverage_80"]).all()
    assert (rows["coverage_80"] <= rows["coverage_95"]).all()


@settings(max_examples=40)
@given(frame=forecasts(), by=st.sampled_from([["measure"], ["series"], ["measure", "leads"], ["weekday"]]))
def test_the_score_of_all_rows_is_the_mean_of_the_slices_by_their_size(frame: pd.DataFrame, by: list[str]) -> None:
    sliced, total = scores(frame, SCALES, LEVELS, by), overall(frame, SCALES, LEVELS)
    assert sliced["n"].sum() == frame["y"].notna().sum()
    for loss in UNSCALED if len(sliced) else []:
        assert np.average(sliced[loss], weights=sliced["n"]) == pytest.approx(total[loss], rel=1e-9)


@settings(max_examples=40)
@given(frame=forecasts())
def test_every_actual_is_in_one_tenth_of_its_distribution(frame: pd.DataFrame) -> None:
    found = table(row_losses(frame, SCALES, LEVELS), ["series"])
    np.testing.assert_allclose(found[PIT_TENTHS].sum(axis=1), 1.0)


@settings(max_examples=40)
@given(frame=forecasts(), seed=st.integers(0, 9))
def test_the_order_of_the_rows_changes_nothing(frame: pd.DataFrame, seed: int) -> None:
    one, other = (scores(some, SCALES, LEVELS) for some in (frame, frame.sample(frac=1, random_state=seed)))
    pd.testing.assert_frame_equal(one, other)
