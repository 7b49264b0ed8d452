"""Quantiles from past errors: what a lead, a series and a recent break do to them."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import poisson

from tests.unit.calibration.past_errors import STEP_DAYS, drawn, errors_of_all, past, quantiles_of_all
from training.calibration.quantiles import (
    continuity_jitter,
    few_days_factor,
    in_integer_counts,
)

NAN = float("nan")
LEVELS = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]


def test_without_errors_a_forecast_has_the_noise_of_a_poisson_count() -> None:
    nothing = past(np.empty((0, 2, 1)))
    found = quantiles_of_all(np.array([[400.0], [100.0]]), nothing, ["attendances"], LEVELS)
    assert found.shape == (2, 1, len(LEVELS))
    for of_lead, counts in zip(found[:, 0], (NormalDist(400, 20), NormalDist(100, 10)), strict=True):
        np.testing.assert_allclose(of_lead, [counts.inv_cdf(level) for level in LEVELS], atol=1e-9)


@pytest.mark.parametrize(
    ("n_windows", "factors"),
    [
        pytest.param(10, [1 + 0.8 * (1 / 55 - 1 / 350), 1 + 0.8 * (6 / 55 - 6 / 350)], id="errors of 55 days"),
        pytest.param(1, [1.4, 1.4], id="of one day: half of the lead is missing"),
        pytest.param(60, [1.0, 1.0], id="of 355 days"),
        pytest.param(0, [1.0, 1.0], id="none"),
    ],
)
def test_intervals_of_few_days_are_wider(n_windows: int, factors: list[float]) -> None:
    """Windows are six days apart, and six leads long: leads 1 and 6."""
    assert few_days_factor(past(np.ones((n_windows, 6, 2))))[[0, 5]] == pytest.approx(factors)


def test_windows_without_errors_add_no_days() -> None:
    """Ten windows with errors, the first six days of the first to the last six of the tenth: 60 days. Two have none."""
    errors = np.ones((12, 6, 2))
    errors[10:] = NAN
    assert few_days_factor(past(errors))[[0, 5]] == pytest.approx(
        [1 + 0.8 * (1 / 60 - 1 / 350), 1 + 0.8 * (6 / 60 - 6 / 350)]
    )


def test_few_days_widen_around_the_median() -> None:
    few = past(np.random.default_rng(4).normal(1.0, 1.0, (8, 6, 40)))
    factor = few_days_factor(few)[5]
    raw = errors_of_all(few, [0.5, 0.9])[5, 0]
    middle, high = quantiles_of_all(np.full((6, 40), 400.0), few, ["a"] * 40, [0.5, 0.9])[5, 0]
    assert middle == pytest.approx(400 - 20 * raw[0])
    assert high - middle == pytest.approx(20 * factor * (raw[0] - raw[1]))
    assert factor > 1.05


def test_the_quantiles_are_those_of_the_errors() -> None:
    found = quantiles_of_all(np.full((7, 40), 400.0), drawn(60, 7, 40, 1.5), ["a"] * 40, LEVELS)
    true = np.array([NormalDist(400, 30).inv_cdf(level) for level in LEVELS])
    assert found.mean(axis=(0, 1)) == pytest.approx(true, abs=2.5)


def test_errors_that_were_all_too_high_shift_the_quantiles_down() -> None:
    errors = past(np.random.default_rng(3).normal(2.0, 0.5, (60, 7, 5)))
    found = quantiles_of_all(np.full((7, 5), 100.0), errors, ["a"] * 5, [0.5])
    assert found == pytest.approx(80.0, abs=2.0)


def test_groups_are_independent() -> None:
    errors = drawn(60, 7, 4)
    other = errors.scaled.copy()
    other[:, :, 2:] *= 50
    calm, spoiled = (
        quantiles_of_all(np.full((7, 4), 100.0), replace(errors, scaled=scaled), ["a", "a", "b", "b"], LEVELS)
        for scaled in (errors.scaled, other)
    )
    np.testing.assert_array_equal(calm[:, :2], spoiled[:, :2])
    assert (np.ptp(spoiled[:, 2:], axis=-1) > 5 * np.ptp(calm[:, 2:], axis=-1)).all()


def test_after_a_break_the_intervals_widen_within_weeks() -> None:
    calm = np.random.default_rng(5).normal(0, 1, (60, 7, 10))
    broken = calm.copy()
    broken[-5:] *= 4
    before, after = (
        np.ptp(quantiles_of_all(np.full((7, 10), 100.0), past(errors), ["a"] * 10, [0.1, 0.9]), axis=-1).mean()
        for errors in (calm, broken)
    )
    assert after > 1.35 * before


def test_errors_of_days_after_the_cutoff_are_not_used() -> None:
    errors = drawn(30, 28, 3)
    leaked = np.where(np.isnan(errors.scaled), 1e9, errors.scaled)
    unknown = np.isnan(errors.scaled).sum()
    assert unknown > 0
    restored = np.where(np.isnan(errors.scaled), NAN, leaked)
    means = np.full((28, 3), 50.0)
    np.testing.assert_array_equal(
        quantiles_of_all(means, errors, ["a"] * 3, LEVELS),
        quantiles_of_all(means, replace(errors, scaled=restored), ["a"] * 3, LEVELS),
    )


def test_quantiles_never_fall_and_are_never_negative() -> None:
    random = np.random.default_rng(5)
    errors = past(random.normal(0, 3, (20, 14, 3)))
    errors.scaled[random.random(errors.scaled.shape) < 0.3] = NAN
    found = quantiles_of_all(random.gamma(0.5, 4, (14, 3)), errors, ["a", "a", "b"], LEVELS)
    assert (found >= 0).all()
    assert (np.diff(found, axis=-1) >= 0).all()


@pytest.mark.parametrize("mean", [0.7, 3.0, 9.0])
def test_quantiles_of_small_counts_are_those_of_the_counts(mean: float) -> None:
    """Poisson counts of a known mean: rounded quantiles of smoothed errors are the counts' own, give or take one."""
    n_windows, n_series = 60, 30
    counts = np.random.default_rng(7).poisson(mean, (n_windows, 2, n_series))
    days = np.asarray(738_000.0 + STEP_DAYS * np.arange(n_windows)[:, None] + np.arange(1, 3), dtype=np.float64)
    smooth = counts + continuity_jitter(days)[:, :, None]
    errors = past((mean - smooth) / max(mean, 1.0) ** 0.5)
    means = np.full((2, n_series), mean)
    found = in_integer_counts(quantiles_of_all(means, errors, ["a"] * n_series, LEVELS), means, np.ones(n_series, bool))
    assert (found % 1 == 0).all()
    assert np.abs(found.mean(axis=(0, 1)) - poisson.ppf(LEVELS, mean)).max() < 0.8


def test_only_small_integer_counts_are_rounded() -> None:
    values = np.array([[[1.4, 2.6], [1.4, 2.6], [29.4, 30.6], [30.4, 31.6]]])
    means = np.array([[2.0, 2.0, 30.0, 30.1]])
    found = in_integer_counts(values, means, np.array([True, False, True, True]))
    assert found.tolist() == [[[1.0, 3.0], [1.4, 2.6], [29.0, 31.0], [30.4, 31.6]]]


def test_jitter_is_even_over_days_and_the_same_for_a_day() -> None:
    days = np.arange(738_000.0, 738_360.0)
    shifts = continuity_jitter(days)
    assert np.sort(shifts) == pytest.approx(np.linspace(-0.5, 0.5, len(days)), abs=0.01)
    np.testing.assert_array_equal(continuity_jitter(days[5:9]), shifts[5:9])


def test_the_oldest_windows_can_be_left_out() -> None:
    errors = drawn(40, 7, 5)
    other = errors.scaled.copy()
    other[:10] *= 30
    spoiled = replace(errors, scaled=other)
    np.testing.assert_array_equal(
        quantiles_of_all(np.full((7, 5), 100.0), spoiled.without_first(10), ["a"] * 5, LEVELS),
        quantiles_of_all(np.full((7, 5), 100.0), errors.without_first(10), ["a"] * 5, LEVELS),
    )
