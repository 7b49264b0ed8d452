"""Estimators of calibration against numbers worked out by hand."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from tests.unit.calibration.past_errors import errors_of_all
from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import special_factor
from training.calibration.scale import combined_by_qlike, error_scale, volatility
from training.calibration.weights import fitted_weights, series_weights
from training.frames import FloatArray

NAN = float("nan")
FIVE = [-3.0, -1.0, 0.0, 2.0, 4.0]  # mean size 2


def latin_square(values: list[float]) -> FloatArray:
    """Each value once in every window (rows) and every series (columns): all windows and series err alike."""
    n = len(values)
    return np.array([[values[(window + series) % n] for series in range(n)] for window in range(n)])


def errors_of(*leads: FloatArray) -> PastErrors:
    """Scaled errors (n_windows, n_leads, n_series) from a square for each lead, of windows a week apart."""
    scaled = np.stack(leads, axis=1)
    n_windows, horizon, _ = scaled.shape
    age_days = np.asarray(7.0 * np.arange(n_windows, 0, -1)[:, None] - np.arange(horizon), dtype=np.float64)
    return PastErrors(scaled, age_days, np.zeros((n_windows, horizon), bool), np.zeros(horizon, bool))


@pytest.mark.parametrize(
    ("level", "deviation"),
    [
        # 25 sorted errors, five of each value: Weibull's position is p (n + 1) = 26 p, with p = 1 - level. Half of the
        # mean of that and of the opposite position, which is 0 for errors without bias, is taken off.
        pytest.param(0.9, -3.0 - 0.25, id="positions 2.6 and 23.4 lie among the five at -3 and at 4"),
        pytest.param(0.8, -2.6 - 0.25, id="positions 5.2 and 20.8 lie between -3 and -1, and between 2 and 4: 3.6"),
        pytest.param(0.5, 0.0, id="position 13 is the middle one"),
        pytest.param(0.2, 3.6 - 0.25, id="the same positions, the other way round"),
        pytest.param(0.01, 4.0 - 0.25, id="positions 25.74 and 0.26 lie beyond the last error and the first"),
    ],
)
def test_quantiles_of_errors_stand_at_weibull_positions_half_mirrored(level: float, deviation: float) -> None:
    found = errors_of_all(errors_of(latin_square(FIVE)), [level])
    assert found == pytest.approx(deviation)
    assert found.shape == (1, 5, 1)


@pytest.mark.parametrize(
    ("values", "deviation"),
    [
        pytest.param([1.0, 1.0, 2.0, 3.0, 3.0], 2.0, id="all have one sign: all of the bias is carried on"),
        pytest.param([-1.0, 2.0, 2.0, 2.0, 3.0], 2.0 * 0.6, id="four fifths less one fifth: 0.6 of it"),
        pytest.param([-2.0, -1.0, 2.0, 2.0, 3.0], 2.0 * 0.5, id="hardly more above than below: half of it"),
    ],
)
def test_a_bias_is_carried_on_as_far_as_errors_have_one_sign(values: list[float], deviation: float) -> None:
    assert errors_of_all(errors_of(latin_square(values)), [0.5]) == pytest.approx(deviation)


@pytest.mark.parametrize(
    ("n_errors_of_lead_3", "deviation"),
    [
        pytest.param(25, 2.0, id="25 errors of its own, all 2 or -2"),
        pytest.param(24, 2.0, id="24: still its own"),
        pytest.param(23, 3.75, id="23: pooled with the 50 of leads 1 and 2"),
    ],
)
def test_a_band_of_leads_takes_the_shape_of_all_leads_only_where_its_errors_are_few(
    n_errors_of_lead_3: int, deviation: float
) -> None:
    """Level 0.1: of 25 errors the 23.4th is 2, the 2.6th -2; of 73 the 66.6th is 4, the 7.4th -3."""
    lead_3 = latin_square([2.0, -2.0, 2.0, -2.0, 2.0])
    lead_3.flat[n_errors_of_lead_3:] = NAN
    errors = errors_of(latin_square(FIVE), latin_square(FIVE), lead_3)
    assert errors_of_all(errors, [0.1])[2] == pytest.approx(deviation)


@pytest.mark.parametrize(
    ("n_errors", "deviation"),
    [
        pytest.param(24, 2.0, id="24, all 2 or -2"),
        pytest.param(23, 3.2124, id="23: normal, 2 in the mean, so 2.5066 x 1.2816"),
    ],
)
def test_quantiles_are_those_of_errors_from_24_of_them_on(n_errors: int, deviation: float) -> None:
    square = latin_square([2.0, -2.0, 2.0, -2.0, 2.0])
    square.flat[n_errors:] = NAN
    assert errors_of_all(errors_of(square), [0.1]) == pytest.approx(deviation, abs=1e-4)


def test_special_days_ahead_widen_by_the_factor_of_special_days_and_others_do_not() -> None:
    """Two special windows of five series, twice the size: two days, so (2 x 2 + 1 x 10) / (2 + 10) = 7 / 6."""
    square = latin_square([2.0, -2.0, 2.0, -2.0, 2.0])
    windows = np.concatenate([square, square, 2 * square[:2]])
    errors = errors_of(windows)
    is_special = np.zeros(errors.is_special.shape, bool)
    is_special[10:] = True
    marked = replace(errors, is_special=is_special)
    ahead = replace(marked, special_ahead=np.array([True]))
    ratio = errors_of_all(ahead, [0.3]) / errors_of_all(marked, [0.3])
    assert ratio == pytest.approx(7 / 6)


def forty_windows(first_half: float = 1.0, last: float = 1.0) -> FloatArray:
    """Errors of five series, 1 or -1, times these sizes in the first twenty windows and in the last one."""
    windows = np.tile(latin_square([1.0, -1.0, 1.0, -1.0, 1.0]), (8, 1))
    windows[:20] *= first_half
    windows[-1] *= last
    return windows


def test_after_errors_have_fallen_quantiles_are_those_of_the_smaller_ones() -> None:
    """From 4 to 1, twenty windows ago: nearly 1. Of all errors alike, a tenth would be beyond 4."""
    (found,) = errors_of_all(errors_of(forty_windows(first_half=4.0)), [0.1])
    assert (found > 1.0).all()
    assert (found < 1.6).all()


def test_errors_of_the_newest_window_widen_the_quantiles_at_once() -> None:
    calm, wild = (errors_of_all(errors_of(forty_windows(last=last)), [0.3]) for last in (1.0, 4.0))
    assert (wild > 1.2 * calm).all()
    assert (wild < 2.0 * calm).all()


def special_windows(errors: FloatArray, at: list[int], times: list[float]) -> PastErrors:
    """Windows of one lead, some of them special, with errors so many times as large in each series."""
    made = errors.copy()
    made[at] *= times
    past = errors_of(made)
    is_special = np.zeros(past.is_special.shape, bool)
    is_special[at] = True
    return replace(past, is_special=is_special)


def test_the_factor_of_special_days_is_relative_to_the_days_around_them() -> None:
    """Errors fall from 4 to 1; two special windows have 2: nearly (2 x 2 + 10) / 12 = 1.167, though 2 is below 2.5."""
    past = special_windows(forty_windows(first_half=4.0), [30, 35], [2.0])
    assert 1.1 < special_factor(past) < 1.17


def test_series_count_alike_in_the_factor_of_special_days() -> None:
    """For a hundred days the smaller series errs twice as much: 1.5 times on average, (150 + 10) / 110 with the prior.

    Counted by their size, 1 and 3, it would be (2 + 3) / (1 + 3).
    """
    errors = np.tile([[1.0, 3.0], [-1.0, -3.0]], (100, 1))
    past = special_windows(errors, list(range(1, 200, 2)), [2.0, 1.0])
    assert special_factor(past) == pytest.approx(160 / 110, abs=0.01)


def test_the_scale_of_one_series_is_smoothed_over_seven_leads_and_corrected_by_band() -> None:
    """Ten windows of fifteen leads, all errors 1 but those of lead 8, which are 8.

    Smoothed over seven leads, leads 5 to 11 are (6 + 8) / 7 = 2. Over that, errors of leads 5, 6, 7, 9, 10, 11 are a
    half, and those of lead 8 four. By band, with a prior of ten windows of ones: leads 3 to 7 add up to 10 x 3.5 of
    10 x 5, so (35 + 50) / 100 = 0.85; leads 8 to 15 to 10 x 9.5 of 10 x 8, so (95 + 80) / 160 = 1.09375.
    """
    errors = np.ones((10, 15, 1))
    errors[:, 7] = -8.0
    lead = error_scale(errors)[:, 0]
    assert lead[:2] == pytest.approx(1.0)
    assert lead[2:4] == pytest.approx(0.85)
    assert lead[4:7] == pytest.approx(2 * 0.85)
    assert lead[7:11] == pytest.approx(2 * 1.09375)
    assert lead[11:] == pytest.approx(1.09375)


def test_the_first_and_last_leads_are_smoothed_with_copies_of_themselves() -> None:
    """Eight leads, the first 8 and the rest 1: lead 1 stands for four of its seven, lead 4 for one of them."""
    errors = np.ones((1000, 8, 1))
    errors[:, 0] = 8.0
    smoothed = np.array([(4 * 8 + 3) / 7, (3 * 8 + 4) / 7, (2 * 8 + 5) / 7, (8 + 6) / 7, 1.0, 1.0, 1.0, 1.0])
    found = error_scale(errors)[:, 0]
    assert found[7] == pytest.approx(1.0)
    assert found[:2] / found[0] == pytest.approx(smoothed[:2] / smoothed[0])
    assert found[2:7] / found[2] == pytest.approx(smoothed[2:7] / smoothed[2])


def test_a_lead_without_errors_is_interpolated_between_its_neighbours() -> None:
    errors = np.full((1000, 5, 1), NAN)
    errors[:, 2], errors[:, 4] = 1.0, 3.0
    found = error_scale(errors)[:, 0]
    assert found[3] / found[2] == pytest.approx(2.0)
    assert found[0] == pytest.approx(found[1])


def test_a_series_with_twice_the_errors_has_twice_the_scale_as_evidence_grows() -> None:
    """The prior of three windows fades: 1 to 3 after very many windows."""
    errors = np.ones((100_000, 1, 2))
    errors[:, :, 1] = 3.0
    assert error_scale(errors)[0] == pytest.approx([1.0, 3.0], rel=1e-3)


def test_one_error_of_a_lead_is_enough_for_its_scale() -> None:
    assert error_scale(np.array([[[1.0], [-3.0]]]))[:, 0] == pytest.approx([1.0, 3.0])


def test_seven_leads_are_not_smoothed() -> None:
    errors = np.ones((10, 7, 1))
    errors[:, 0] = 8.0
    assert error_scale(errors)[:, 0] == pytest.approx([8.0, *[1.0] * 6])


def test_the_scale_of_two_series_is_that_of_three_rounds() -> None:
    """Ten windows of errors 1 and 3, with priors of three windows for a series, and of ten for its band.

    The lead is 2, so the series are (10 / 2 + 3) / 13 and (30 / 2 + 3) / 13: 0.6154 and 1.3846. The lead is the mean of
    1 / 0.6154 and 3 / 1.3846, 1.8958: 0.6365 and 1.4480, over their mean 0.6107 and 1.3893. The lead is 1.8984: 0.6108
    and 1.3892. Both are 1.1596 and 2.6372, to which errors are 0.8624 and 1.1376: (8.624 + 10) / 20 and
    (11.376 + 10) / 20 times.
    """
    errors = np.tile([1.0, 3.0], (10, 1, 1))
    assert error_scale(errors)[0] == pytest.approx([1.1596 * 0.9312, 2.6372 * 1.0688], abs=2e-3)


def test_errors_of_zero_leave_a_scale_that_can_be_divided_by() -> None:
    found = error_scale(np.zeros((50, 3, 2)))
    assert (found > 0).all()
    assert (found <= 1e-3 + 1e-12).all()


def constant_then(last: float, n_windows: int) -> tuple[FloatArray, FloatArray]:
    """Sizes (n_windows, 1, 1) of 1, but the newest; and their ages: the newest became known today."""
    sizes = np.ones((n_windows, 1, 1))
    sizes[-1] = last
    return sizes, np.arange(n_windows - 1, -1, -1, dtype=float)[:, None]


def test_forecasts_of_a_size_weigh_by_their_qlike_loss() -> None:
    """Sixteen windows of size 1, the first eight of which are not scored, forecast as 0.9 and as 1.1.

    QLIKE, x - log x - 1 of x = realised / foretold, is 0.005751 for 1 / 0.9 and 0.004401 for 1 / 1.1: too low a
    forecast costs more. Their weights are exp(-0.00135 / 0.01) = 0.8737 and 1, and
    (0.8737 log 0.9 + log 1.1) / 1.8737 = 0.001738. Squared errors would weigh both alike: 0.99499.
    """
    members = np.repeat([[0.9], [1.1]], 17, axis=1)
    combined = combined_by_qlike(members, np.ones(16), np.ones(16))
    assert combined.shape == (17,)
    assert combined == pytest.approx(exp(0.001738), abs=1e-5)


@pytest.mark.parametrize(
    ("without_error", "combined"),
    [
        pytest.param([], 1.001739, id="eight scored windows"),
        pytest.param([15], 0.994987, id="seven: both weigh alike, and the geometric mean of 0.9 and 1.1 is 0.995"),
        pytest.param([0, 7], 1.001739, id="the first eight are not scored anyway"),
    ],
)
def test_windows_without_an_error_are_not_scored(without_error: list[int], combined: float) -> None:
    sizes = np.ones(16)
    sizes[without_error] = 0.0
    members = np.repeat([[0.9], [1.1]], 17, axis=1)
    assert combined_by_qlike(members, sizes, sizes)[-1] == pytest.approx(combined, abs=1e-5)


def test_before_sixteen_windows_all_means_weigh_alike() -> None:
    """Fifteen windows leave seven to score, fewer than eight; the newest, twice as large, is in every mean."""
    sizes, age_days = constant_then(2.0, 15)
    means = []
    for prior in (0.3, 3.0):
        for half_life in (3.0, 6.0, 12.0, 24.0, 48.0, 96.0, float("inf")):
            weights = [0.5 ** (age / half_life) for age in range(15)]
            means.append((sum(weights) + 1.0 + prior) / (sum(weights) + prior))
    assert volatility(sizes, age_days)[-1, 0] == pytest.approx(exp(sum(map(log, means)) / len(means)))


def test_windows_without_an_error_do_not_count_towards_the_prior() -> None:
    """Seven windows, all but the newest without an error, which is 2: (2 + 0.3) / 1.3 and (2 + 3) / 4."""
    sizes, age_days = constant_then(2.0, 7)
    sizes[:-1] = NAN
    assert volatility(sizes, age_days)[-1, 0] == pytest.approx((2.3 / 1.3 * 5 / 4) ** 0.5)


def test_a_band_of_longer_leads_takes_half_of_its_volatility_from_the_shorter_ones() -> None:
    """Three leads, of which only the second has errors: all means of the third are 1, and half of those it takes."""
    sizes = np.full((5, 3, 1), NAN)
    sizes[:, 1] = 3.0
    age_days = np.arange(5, 0, -1, dtype=float)[:, None] + np.zeros(3)
    short, also_short, longer = volatility(sizes, age_days)[-1]
    assert short == also_short > 1.5
    assert longer == pytest.approx(short**0.5)


def two_members(first: float, second: float, n: int = 24) -> FloatArray:
    """Errors (2, n, 1, 1), half up and half down, of so much each: their signs are the same."""
    signs = np.resize([1.0, -1.0], n)
    return np.stack([first * signs, second * signs])[:, :, None, None]


def test_weights_are_averaged_over_the_later_half_of_the_descent() -> None:
    """Errors of 1.01 and 0.99 times one: the slope of three of the five levels is half a size, so 0.3 a size.

    Each of the sixty steps moves the log odds by 3 x 0.3 x 0.02 = 0.018: after k steps the first weighs
    1 / (1 + exp(0.018 k)). Over steps 31 to 60 that is 0.306 on average; over all 60, 0.368; at the last, 0.253.
    """
    found = fitted_weights(two_members(1.01, 0.99))
    assert found[0, 0] == pytest.approx(np.mean([1 / (1 + exp(0.018 * k)) for k in range(31, 61)]))
    assert found[0, 0] == pytest.approx(0.306, abs=0.001)


@pytest.mark.parametrize(("n_windows", "weight"), [(7, 0.5), (8, 0.306)])
def test_members_weigh_alike_below_eight_windows_however_many_series_there_are(n_windows: int, weight: float) -> None:
    """Errors of one window have the same days, and one cause: those of many series say little more than one's."""
    one_window = two_members(1.01, 0.99).transpose(0, 3, 2, 1)
    weights = fitted_weights(np.repeat(one_window, n_windows, axis=1))
    assert weights[0, 0] == pytest.approx(weight, abs=0.001)


@pytest.mark.parametrize("size", [1.0, 100.0, 0.001])
def test_a_series_takes_five_steps_from_the_weights_of_its_measure(size: float) -> None:
    """Steps of 2 x 0.3 x 0.02 = 0.012 in log odds: from 0.4 to 0.6 to 1 / (1 + 1.5 exp(0.06)), of any size."""
    found = series_weights(size * two_members(1.01, 0.99), np.array([[0.4, 0.6]]))
    assert found[0, 0, 0] == pytest.approx(1 / (1 + 1.5 * exp(0.06)))


def test_all_series_count_alike_whatever_the_size_of_their_errors() -> None:
    """Each member is better in one series, and the errors of the second series are a hundred times as large."""
    small, large = two_members(1.1, 0.9), 100 * two_members(0.9, 1.1)
    found = fitted_weights(np.concatenate([small, large], axis=3))
    assert found[0] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("n_errors", "alike"), [(23, True), (24, False)])
def test_members_weigh_alike_below_24_errors(n_errors: int, *, alike: bool) -> None:
    errors = two_members(2.0, 0.5, n_errors)
    pooled = fitted_weights(errors)
    assert (pooled[0, 0] == pytest.approx(0.5)) == alike
    own = series_weights(errors, np.array([[0.4, 0.6]]))
    assert (own[0, 0, 0] == pytest.approx(0.4)) == alike


@pytest.mark.parametrize(
    ("n_lacking", "weighs"),
    [
        pytest.param(12, True, id="12 of 24 windows: half"),
        pytest.param(13, False, id="13 of 24 windows: more than half"),
    ],
)
def test_a_member_that_lacks_more_than_half_of_the_windows_does_not_weigh(n_lacking: int, weighs: bool) -> None:
    """Two members of equal size; the second begins late. Without the rule its windows alone would count."""
    random = np.random.default_rng(1).normal(0, 1, (2, 24, 1, 40))
    random[1, :n_lacking] = NAN
    weights = fitted_weights(random)
    assert (weights[0, 1] > 0) == weighs
    assert weights.sum() == pytest.approx(1.0)
    of_series = series_weights(random, weights)
    assert (of_series[0, :, 1] > 0).all() == weighs
