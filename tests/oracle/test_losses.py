"""Losses against utilsforecast and scoringrules, on random forecasts of seeded counts."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scoringrules  # type: ignore[import-untyped]

from training.backtest.losses import (
    covered,
    pinball,
    seasonal_naive_root_scale,
    seasonal_naive_scale,
    weighted_interval_score,
)
from training.backtest.scores import scores

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # an invalid escape in a docstring of the library
    warnings.simplefilter("ignore", SyntaxWarning)  # the same, from Python 3.12
    import utilsforecast.losses as library

LEVELS = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
N = 200
RANDOM = np.random.default_rng(11)
ACTUALS = RANDOM.poisson(40, N).astype(float)
QUANTILES = np.sort(RANDOM.normal(40, 9, (N, len(LEVELS))), axis=1)
LONG = pd.DataFrame({"unique_id": np.repeat(["A", "B"], N // 2), "ds": np.tile(np.arange(N // 2), 2), "y": ACTUALS})


FORECASTS = pd.concat(
    [LONG, pd.DataFrame(QUANTILES, columns=[f"q{level:g}" for level in LEVELS])], axis=1
).assign(
    unique_id=LONG["unique_id"] + "/attendances", lead=1, fallback=False, mean=QUANTILES[:, 4] + 1.5,
    cutoff=pd.Timestamp("2026-01-01"),
)  # fmt: skip
SCORES = scores(FORECASTS, pd.Series({"A/attendances": 7.0, "B/attendances": 9.0}), LEVELS, by=["series"])


@pytest.mark.parametrize("level", LEVELS)
def test_pinball_is_the_librarys_quantile_loss(level: float) -> None:
    i = LEVELS.index(level)
    expected = library.quantile_loss(LONG.assign(m=QUANTILES[:, i]), {"m": "m"}, q=level).set_index("unique_id")["m"]
    ours = pinball(QUANTILES, ACTUALS, LEVELS)[:, i]
    assert ours.reshape(2, -1).mean(axis=1) == pytest.approx(expected.to_numpy())


def test_wis_is_brachers_weighted_sum_of_interval_scores() -> None:
    """Built from the library's interval score, as its own weighted score adds the median instead of its error."""
    total = 0.5 * np.abs(ACTUALS - QUANTILES[:, 4])
    for k in range(4):
        alpha = 2 * LEVELS[k]
        total += alpha / 2 * scoringrules.interval_score(ACTUALS, QUANTILES[:, k], QUANTILES[:, 8 - k], alpha)
    np.testing.assert_allclose(weighted_interval_score(QUANTILES, ACTUALS, LEVELS), total / 4.5)


def test_wis_worked_by_hand() -> None:
    """Median 10, 80 % interval 6 to 16, actual 20: (0.5 * 10 + 0.1 * (10 + 2/0.2 * 4)) / 1.5 = 20/3."""
    found = weighted_interval_score(np.array([[6.0, 10.0, 16.0]]), np.array([20.0]), [0.1, 0.5, 0.9])
    assert found.tolist() == pytest.approx([20 / 3])


def test_wis_is_the_librarys_crps_from_quantiles() -> None:
    expected = scoringrules.crps_quantile(ACTUALS, QUANTILES, np.array(LEVELS))
    np.testing.assert_allclose(weighted_interval_score(QUANTILES, ACTUALS, LEVELS), expected)


def test_the_mean_pinball_is_the_librarys_multi_quantile_loss() -> None:
    columns = {"m": [f"q{level:g}" for level in LEVELS]}
    expected = library.mqloss(FORECASTS.drop(columns="cutoff"), columns, np.array(LEVELS)).sort_values("unique_id")
    assert SCORES["pinball"].to_numpy() == pytest.approx(expected["m"].to_numpy())


def test_wis_over_the_actuals_is_the_librarys_scaled_crps() -> None:
    columns = {"m": [f"q{level:g}" for level in LEVELS]}
    found = library.scaled_crps(FORECASTS.drop(columns="cutoff"), columns, np.array(LEVELS)).sort_values("unique_id")
    actual = FORECASTS.groupby("unique_id")["y"].mean()
    assert (SCORES.set_index("series")["wis"] / actual).to_numpy() == pytest.approx(found["m"].to_numpy())


@pytest.mark.parametrize("loss", ["mae", "bias"])
def test_point_losses_are_the_librarys(loss: str) -> None:
    """Bias is forecast minus actual there too: positive for a forecast that is too high, here by 1.5."""
    expected = getattr(library, loss)(FORECASTS.drop(columns="cutoff"), ["mean"]).sort_values("unique_id")
    assert SCORES[loss].to_numpy() == pytest.approx(expected["mean"].to_numpy())
    assert SCORES["bias"].gt(0).all()


@pytest.mark.parametrize("percent", [50, 80, 95])
def test_coverage_of_slices_is_the_librarys(percent: int) -> None:
    low, high = (f"q{0.5 + side * percent / 200:g}" for side in (-1, 1))
    frame = FORECASTS.drop(columns="cutoff").rename(columns={low: f"m-lo-{percent}", high: f"m-hi-{percent}"})
    expected = library.coverage(frame, ["m"], percent).sort_values("unique_id")
    assert SCORES[f"coverage_{percent}"].to_numpy() == pytest.approx(expected["m"].to_numpy())


def test_coverage_is_the_librarys() -> None:
    frame = LONG.assign(**{"m-lo-80": QUANTILES[:, 2], "m-hi-80": QUANTILES[:, 6]})
    expected = library.coverage(frame, ["m"], 80)["m"].to_numpy()
    ours = covered(QUANTILES[:, 2], QUANTILES[:, 6], ACTUALS)
    assert ours.reshape(2, -1).mean(axis=1) == pytest.approx(expected)


@pytest.mark.parametrize(("actual", "expected"), [(1.0, 1.0), (3.0, 1.0), (2.0, 1.0), (0.999, 0.0), (3.001, 0.0)])
def test_an_interval_is_closed(actual: float, expected: float) -> None:
    assert covered(np.array([1.0]), np.array([3.0]), np.array([actual])).tolist() == [expected]


def test_an_actual_that_is_missing_is_neither_inside_nor_outside() -> None:
    assert np.isnan(covered(np.array([1.0]), np.array([3.0]), np.array([np.nan]))).all()


def test_mase_is_the_librarys() -> None:
    train, test = LONG[LONG["ds"] < 70], LONG[LONG["ds"] >= 70].assign(m=33.0)
    expected = library.mase(test, ["m"], seasonality=7, train_df=train).set_index("unique_id")["m"]
    wide = train.pivot(index="ds", columns="unique_id", values="y")
    scales = pd.Series(seasonal_naive_scale(wide.to_numpy(), 7), index=wide.columns)
    errors = (test["m"] - test["y"]).abs().groupby(test["unique_id"]).mean()
    pd.testing.assert_series_equal(errors / scales, expected, check_names=False)


def test_rmsse_is_the_librarys() -> None:
    train, test = LONG[LONG["ds"] < 70], LONG[LONG["ds"] >= 70].assign(m=33.0)
    expected = library.rmsse(test, ["m"], seasonality=7, train_df=train).set_index("unique_id")["m"]
    wide = train.pivot(index="ds", columns="unique_id", values="y")
    root_scales = pd.Series(seasonal_naive_root_scale(wide.to_numpy(), 7), index=wide.columns)
    rows = FORECASTS[FORECASTS["ds"] >= 70].assign(
        mean=33.0, root_scale=lambda t: t["unique_id"].str[0].map(root_scales)
    )
    found = scores(rows, pd.Series(dtype=float), LEVELS, by=["series"])
    assert found["rmsse"].to_numpy() == pytest.approx(expected.to_numpy())


def test_the_scale_of_a_series_with_gaps_is_over_its_complete_pairs() -> None:
    values = np.array([[1.0, np.nan], [5.0, 1.0], [np.nan, np.nan], [8.0, 2.0], [3.0, np.nan]])
    # Lag 2: |8 - 5| alone in the first (1 and 3 meet a gap); |2 - 1| in the second.
    assert seasonal_naive_scale(values, 2).tolist() == [3.0, 1.0]
    assert np.isnan(seasonal_naive_scale(np.full((3, 1), np.nan), 2)).all()
