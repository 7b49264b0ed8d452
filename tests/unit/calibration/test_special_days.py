"""Days on and around bank holidays: their errors have a size of their own."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.calibration.past_errors import drawn, quantiles_of_all
from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import special_factor

HORIZON, N_SERIES, LEVELS = 7, 20, [0.1, 0.9]
CHRISTMAS = slice(-3, -1)  # the two windows before the newest


def with_christmas(times: float, ahead: bool = False) -> PastErrors:
    """Return sixty calm windows, two of an old Christmas and two of a new one, with errors so many times as large."""
    errors = drawn(60, HORIZON, N_SERIES)
    is_special = errors.is_special.copy()
    is_special[[0, 1]] = is_special[CHRISTMAS] = True
    scaled = errors.scaled * np.where(is_special, times, 1.0)[:, :, None]
    return replace(errors, scaled=scaled, is_special=is_special, special_ahead=np.full(HORIZON, ahead))


def width(errors: PastErrors) -> float:
    found = quantiles_of_all(np.full((HORIZON, N_SERIES), 400.0), errors, ["a"] * N_SERIES, LEVELS)
    return float(np.ptp(found, axis=-1).mean())


@pytest.mark.parametrize(
    ("times", "low", "high"), [(0.3, 1.0, 1.0), (1.0, 1.0, 1.15), (2.0, 1.5, 2.0), (4.0, 2.7, 4.0)]
)
def test_the_factor_is_nearly_that_of_the_errors_and_never_below_one(times: float, low: float, high: float) -> None:
    assert low <= special_factor(with_christmas(times)) <= high


def test_with_few_special_days_the_factor_is_drawn_towards_one() -> None:
    errors = with_christmas(4.0)
    once = np.zeros_like(errors.is_special)
    once[-2, 0] = True  # a day: one part in eleven, with ten days of the prior
    scaled = np.where(errors.is_special & ~once, 0.25, 1.0)[:, :, None] * errors.scaled
    size = np.abs(scaled[-2, 0]).mean() / np.nanmean(np.abs(scaled[:-3]))
    found = special_factor(replace(errors, scaled=scaled, is_special=once))
    assert found == pytest.approx((size + 10) / 11, rel=0.05)


@pytest.mark.parametrize("all_special", [True, False])
def test_where_either_kind_of_day_has_no_errors_the_factor_is_one(all_special: bool) -> None:
    errors = drawn(60, HORIZON, N_SERIES)
    assert special_factor(replace(errors, is_special=np.full(errors.is_special.shape, all_special))) == 1.0


def test_intervals_are_wide_on_special_days_and_not_in_the_weeks_after_them() -> None:
    calm = width(drawn(60, HORIZON, N_SERIES))
    assert width(with_christmas(4.0)) == pytest.approx(calm, rel=0.12)
    assert width(with_christmas(4.0, ahead=True)) > 2.5 * calm


def test_special_days_are_left_out_at_leads_without_one_ahead() -> None:
    """Two windows of two leads and one series; a special day lies ahead at the second lead alone."""
    is_special, ahead = np.array([[True, True], [False, False]]), np.array([False, True])
    errors = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
    aligned = PastErrors(errors, np.zeros((2, 2)), is_special, ahead).align_by_lead(errors)
    np.testing.assert_array_equal(aligned[:, :, 0], [[np.nan, 2.0], [3.0, 4.0]])


def test_unless_they_are_marked_the_weeks_after_them_are_wide() -> None:
    errors = with_christmas(4.0)
    unmarked = replace(errors, is_special=np.zeros_like(errors.is_special))
    assert width(unmarked) > 1.3 * width(errors)
