"""Volatility of errors whose size over time is known."""

import numpy as np
import pytest

from training.calibration.scale import volatility
from training.frames import FloatArray

STEP_DAYS = 6
HORIZON = 28
NAN = float("nan")


def ages(n_windows: int, horizon: int = HORIZON) -> FloatArray:
    """Return days from each target day to the cutoff, a day after the newest window; negative after the cutoff."""
    return np.asarray(1.0 + STEP_DAYS * np.arange(n_windows)[::-1, None] - np.arange(1, horizon + 1))


def sizes(truth: FloatArray, n_series: int, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """Return absolute errors with mean `truth` (n_windows,) at all leads, NaN after the cutoff; and their ages."""
    age = ages(len(truth))
    drawn = np.random.default_rng(seed).normal(0, np.sqrt(np.pi / 2), (len(truth), HORIZON, n_series))
    by_day = np.repeat(truth[:, None], HORIZON, axis=1)
    return np.where(age[:, :, None] >= 0, np.abs(drawn) * by_day[:, :, None], NAN), np.maximum(age, 0.0)


def test_steady_errors_have_a_volatility_of_one() -> None:
    found = volatility(*sizes(np.ones(60), 10))
    assert found[10:] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("n_series", "reached"), [(40, 2.2), (3, 1.8)])
def test_a_break_of_five_weeks_is_nearly_all_seen(n_series: int, reached: float) -> None:
    found = volatility(*sizes(np.where(np.arange(60) >= 54, 3.0, 1.0), n_series))
    assert (found[-1, :7] > reached).all()
    assert (found[-1] < 3.2).all()
    assert found[50] == pytest.approx(1.0, abs=0.15)


def test_alternating_volatility_is_forecast_better_than_by_the_years_mean() -> None:
    truth = np.where((np.arange(120) // 12) % 2 == 1, 2.5, 0.7)
    found = volatility(*sizes(truth, 20))[:-1, 0]
    settled = (np.arange(120) % 12 >= 3) & (np.arange(120) >= 24)
    misses, of_mean = (np.abs(np.log(truth / expected))[settled].mean() for expected in (found, truth.mean()))
    assert misses < 0.35 * of_mean


def test_a_break_at_short_leads_widens_the_long_ones_before_their_own_errors_are_known() -> None:
    """Two breaks, eight months apart: at the second, long leads widen as the errors after the first one say."""
    windows = np.arange(60)
    truth = np.where(((windows >= 20) & (windows < 32)) | (windows >= 57), 3.0, 1.0)
    known, age = sizes(truth, 30)
    alone = known.copy()
    alone[:, :7] = np.abs(np.random.default_rng(2).normal(0, np.sqrt(np.pi / 2), alone[:, :7].shape))
    alone[np.isnan(known)] = NAN
    with_short, without = (volatility(some, age)[-1, 27] for some in (known, alone))
    assert with_short > 1.2 * without


def test_errors_that_became_known_after_a_window_do_not_change_it() -> None:
    known, age = sizes(np.ones(14), 5)  # too few windows to score the means by: they have equal weights
    window = 9
    later = age < age[window, 0] + 1
    poisoned = np.where(later[:, :, None] & ~np.isnan(known), 1e9, known)
    np.testing.assert_array_equal(volatility(poisoned, age)[: window + 1], volatility(known, age)[: window + 1])
    assert (volatility(poisoned, age)[-1] > 1e6).all()


def test_errors_that_become_known_on_the_day_of_a_window_change_it() -> None:
    """The sixth day after a window is the day of the next one."""
    known, age = sizes(np.ones(14), 5)
    window = 9
    last = known.copy()
    last[window - 1, STEP_DAYS - 1] = 50.0
    changed = (volatility(last, age) != volatility(known, age)).any(axis=1)
    assert changed.tolist() == [n >= window for n in range(15)]


def test_errors_that_are_all_zero_or_absent_have_a_finite_volatility() -> None:
    none, age = sizes(np.full(30, NAN), 2)
    np.testing.assert_array_equal(volatility(none, age), 1.0)
    zero, age = sizes(np.zeros(30), 2)
    found = volatility(zero, age)
    assert np.isfinite(found).all()
    assert (found > 0).all()
