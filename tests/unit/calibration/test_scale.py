"""The scale of errors by series and lead, on errors with a known scale."""

import numpy as np
import pytest

from training.calibration.scale import bands, count_sd, error_scale, scaled_errors

NAN = float("nan")
N_WINDOWS, HORIZON = 60, 28


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (100.0, 10.0)])
def test_the_standard_deviation_of_a_count(mean: float, sd: float) -> None:
    assert count_sd(np.array([mean])).tolist() == [sd]


@pytest.mark.parametrize(
    ("mean", "actual", "error"),
    [(100.0, 80.0, 2.0), (100.0, 120.0, -2.0), (0.0, 3.0, -3.0), (100.0, NAN, NAN), (NAN, 3.0, NAN)],
)
def test_a_forecast_that_is_too_high_has_a_positive_error(mean: float, actual: float, error: float) -> None:
    np.testing.assert_array_equal(scaled_errors(np.array([mean]), np.array([actual])), [error])


@pytest.mark.parametrize(
    ("horizon", "expected"), [(1, [(0, 1)]), (7, [(0, 2), (2, 7)]), (28, [(0, 2), (2, 7), (7, 28)])]
)
def test_the_bands_end_with_the_horizon(horizon: int, expected: list[tuple[int, int]]) -> None:
    assert [(band.start, band.stop) for band in bands(horizon)] == expected


def test_the_scale_of_each_series_and_lead_is_found() -> None:
    """Errors that grow with the lead, threefold over four weeks, and are twice as large in every second series."""
    true = np.linspace(1, 3, HORIZON)[:, None] * np.tile([0.8, 1.6], 4)
    errors = np.random.default_rng(1).normal(0, true, (N_WINDOWS, HORIZON, 8))
    found = error_scale(errors)
    assert found == pytest.approx(true * np.sqrt(2 / np.pi), rel=0.2)
    assert (found / (true * np.sqrt(2 / np.pi))).mean() == pytest.approx(1.0, abs=0.03)


def test_a_series_with_few_errors_is_drawn_to_the_scale_of_the_others() -> None:
    errors = np.random.default_rng(2).normal(0, 1, (N_WINDOWS, HORIZON, 5))
    errors[1:, :, 4] = NAN
    errors[0, :, 4] = 40.0  # one wild window
    found = error_scale(errors).mean(axis=0)
    assert found[4] < 15
    assert found[4] > 2 * found[0]
    errors[:, :, 4] = NAN
    assert error_scale(errors).mean(axis=0)[4] == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(
    ("exponent", "least", "most"),
    [
        pytest.param(0.0, 1.0, 1.08, id="errors around a constant"),
        pytest.param(0.5, 1.25, 2**0.5, id="a random walk: nearly the square root of twice the lead"),
        pytest.param(1.0, 1.4, 2**0.5, id="a trend: as a random walk"),
    ],
)
def test_errors_of_leads_without_any_are_larger_as_those_of_known_leads_grow(
    exponent: float, least: float, most: float
) -> None:
    """Ten leads are known; the size at lead 20 over that at lead 10."""
    leads = np.arange(1, 21) ** exponent
    errors = np.random.default_rng(3).normal(0, 1.5, (200, 20, 3)) * leads[:, None]
    errors[:, 10:] = NAN
    found = error_scale(errors).mean(axis=1)
    assert least < found[-1] / found[9] < most * 1.05
    assert (np.diff(found[10:]) >= -1e-9).all()
