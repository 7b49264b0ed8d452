"""Quantiles from errors: what a lead and a series learn from, worked by hand."""

from statistics import NormalDist

import numpy as np
import pytest

from training.calibration.spread import FEWEST_ERRORS, quantiles, quantiles_of, scaled_errors, spread_of

NAN = float("nan")


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (100.0, 10.0)])
def test_the_spread_of_a_count(mean: float, spread: float) -> None:
    assert spread_of(np.array([mean])).tolist() == [spread]


@pytest.mark.parametrize(
    ("mean", "actual", "error"),
    [(100.0, 80.0, 2.0), (100.0, 120.0, -2.0), (0.0, 3.0, -3.0), (100.0, NAN, NAN), (NAN, 3.0, NAN)],
)
def test_a_forecast_that_is_too_high_has_a_positive_error(mean: float, actual: float, error: float) -> None:
    np.testing.assert_array_equal(scaled_errors(np.array([mean]), np.array([actual])), [error])


@pytest.mark.parametrize(
    ("sample", "level", "expected"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], 0.5, 5),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], 0.9, 9),  # the ninth of ten places
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], 0.95, 9),  # beyond the sample: its largest
        ([1, 2, 3, 4], 0.3, 1.5),  # place 1.5 of five
        ([4, NAN, 2, NAN, 3, 1], 0.3, 1.5),
        ([7], 0.1, 7),
        ([NAN, NAN], 0.9, 0),
        ([], 0.9, 0),
    ],
)
def test_the_n_plus_one_rule(sample: list[float], level: float, expected: float) -> None:
    found, count = quantiles_of(np.array(sample, dtype=float), [level])
    assert found.tolist() == [expected]
    assert count == sum(not np.isnan(value) for value in sample)


def test_without_errors_a_forecast_has_the_noise_of_a_poisson_count() -> None:
    levels = [0.05, 0.5, 0.95]
    found = quantiles(np.full((2, 1), 400.0), np.empty((0, 2, 1)), ["attendances"], levels)
    assert found.shape == (2, 1, 3)
    np.testing.assert_allclose(found[0, 0], [NormalDist(400, 20).inv_cdf(level) for level in levels], atol=1e-9)


def test_a_forecast_that_was_too_high_is_shifted_down() -> None:
    found = quantiles(np.full((1, 1), 100.0), np.full((30, 1, 1), 2.0), ["attendances"], [0.1, 0.5, 0.9])
    assert found[0, 0].tolist() == [80.0, 80.0, 80.0]


def test_a_short_series_borrows_the_errors_of_its_own_measure_only() -> None:
    errors = np.full((FEWEST_ERRORS, 1, 3), NAN)
    errors[:, 0, 0] = 1.0  # attendances
    errors[:, 0, 1] = 5.0  # occupancy
    found = quantiles(np.full((1, 3), 100.0), errors, ["attendances", "occupancy", "attendances"], [0.5])
    assert found[0, :, 0].tolist() == [90.0, 50.0, 90.0]


def test_a_series_with_enough_errors_keeps_to_its_own() -> None:
    errors = np.full((FEWEST_ERRORS, 1, 2), 1.0)
    errors[:, 0, 1] = 5.0
    assert quantiles(np.full((1, 2), 100.0), errors, ["a", "a"], [0.5])[0, :, 0].tolist() == [90.0, 50.0]
    errors[0, 0, 1] = NAN  # one fewer than enough: now the sample of both, half ones and half fives
    assert quantiles(np.full((1, 2), 100.0), errors, ["a", "a"], [0.75])[0, 1, 0] == 90.0


def test_a_lead_learns_from_those_up_to_three_days_from_it() -> None:
    """Each lead's error is its own number; the smallest and largest of a lead's sample are those three days away."""
    leads = np.arange(10.0)
    errors = np.broadcast_to(leads[None, :, None], (30, 10, 1))
    found = quantiles(np.full((10, 1), 10_000.0), errors, ["a"], [0.001, 0.999])
    lowest, highest = ((10_000 - found[:, 0, i]) / 100 for i in (1, 0))
    assert lowest.tolist() == [max(0, lead - 3) for lead in range(10)]
    assert highest.tolist() == [min(9, lead + 3) for lead in range(10)]


def test_quantiles_never_fall_and_are_never_negative() -> None:
    random = np.random.default_rng(5)
    means = random.gamma(0.5, 4, (14, 3))
    errors = random.normal(0, 3, (20, 14, 3))
    errors[random.random(errors.shape) < 0.3] = NAN
    found = quantiles(means, errors, ["a", "a", "b"], [0.01, 0.2, 0.5, 0.8, 0.99])
    assert (found >= 0).all()
    assert (np.diff(found, axis=-1) >= 0).all()
