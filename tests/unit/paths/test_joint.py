"""Joint paths with the dependence of past errors, on errors whose dependence is known; peaks over them."""

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from training.frames import FloatArray
from training.paths.joint import (
    COPULA_HALF_LIFE_DAYS,
    MARGIN_LEVELS,
    N_PATHS,
    Paths,
    Trajectories,
    copula_draws,
    joint_paths,
    peak,
    quantiles,
)

NAMES = ["A/occupancy", "B/occupancy", "C/occupancy"]
NORMAL = np.sort(norm.ppf(MARGIN_LEVELS))


def with_common_factor(n_windows: int, horizon: int, share: float, seed: int = 1) -> FloatArray:
    """Return errors (n_windows, horizon, 3): A and B share a factor with this share of variance; C has none."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n_windows, 1, 1)) * np.ones((1, horizon, 1))
    own = rng.standard_normal((n_windows, horizon, 3))
    loads = np.sqrt([share, share, 0.0])
    return np.asarray(loads * common + np.sqrt(1 - loads**2) * own)


def made(errors: FloatArray, age_days: FloatArray | None = None, names: list[str] = NAMES) -> Paths:
    """Paths with standard normal margins."""
    n_windows, horizon, n_series = errors.shape
    past = Trajectories(errors, np.zeros(n_windows) if age_days is None else age_days)
    return joint_paths(np.broadcast_to(NORMAL, (n_series, horizon, N_PATHS)), past, names)


def test_each_margin_holds_exactly_its_own_values() -> None:
    margins = np.sort(np.random.default_rng(3).gamma(5.0, 20.0, (3, 4, N_PATHS)), axis=-1)
    past = Trajectories(with_common_factor(50, 4, 0.5), np.zeros(50))
    paths = joint_paths(margins, past, NAMES)
    np.testing.assert_array_equal(np.sort(paths.values, axis=-1), margins)
    levels = [0.025, 0.1, 0.5, 0.9, 0.975]
    np.testing.assert_allclose(
        quantiles(paths.values, levels), margins[:, :, [24, 99, 499, 899, 974]], rtol=1e-12
    )  # the k-th of 999 values is their quantile at k / 1000


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_places_are_as_correlated_as_their_errors_were(share: float) -> None:
    errors = with_common_factor(400, 1, share)
    a, b, c = made(errors).values[:, 0]
    assert spearmanr(a, b).statistic == pytest.approx(spearmanr(errors[:, 0, 0], errors[:, 0, 1]).statistic, abs=0.05)
    assert spearmanr(a, c).statistic == pytest.approx(0.0, abs=0.15)


def test_the_interval_of_a_sum_is_that_of_correlated_normals() -> None:
    paths = made(with_common_factor(2000, 2, 0.5))
    low, high = quantiles(paths.values[:2].sum(axis=0), [0.1, 0.9])[1]
    true = norm(scale=(2 + 2 * 0.5) ** 0.5).ppf([0.1, 0.9])
    assert [low, high] == pytest.approx(list(true), abs=0.12)
    assert high - low < 0.9 * 2 * (NORMAL[899] - NORMAL[99])  # adding up the children's intervals is too wide


def test_the_peak_of_a_week_has_the_autocorrelation_of_its_days() -> None:
    rng = np.random.default_rng(8)
    walk = np.zeros((600, 7))
    for lead in range(7):
        walk[:, lead] = 0.8 * (walk[:, lead - 1] if lead else rng.standard_normal(600)) + 0.6 * rng.standard_normal(600)
    week = walk[:, :, None] / walk.std(axis=0)[:, None]
    found = np.quantile(made(week, names=["A/occupancy"]).values[0].max(axis=0), [0.1, 0.9])
    true = np.quantile(np.max(-week[:, :, 0], axis=1), [0.1, 0.9])  # an actual is its forecast less the error
    independent = norm.ppf(np.array([0.1, 0.9]) ** (1 / 7))
    assert found == pytest.approx(true, abs=0.2)
    assert np.abs(independent - true).max() > 0.4


def test_the_order_of_the_series_changes_nothing() -> None:
    errors, turned = with_common_factor(60, 5, 0.6), [2, 0, 1]
    straight, other = made(errors), made(errors[:, :, turned], names=[NAMES[i] for i in turned])
    np.testing.assert_array_equal(straight.values[turned], other.values)


def test_a_new_place_leaves_the_others_as_they_were() -> None:
    errors = with_common_factor(60, 5, 0.6)
    np.testing.assert_array_equal(made(errors).values[:2], made(errors[:, :, :2], names=NAMES[:2]).values)


def test_newer_windows_weigh_more() -> None:
    together, apart = with_common_factor(200, 1, 0.9, 5), with_common_factor(200, 1, 0.0, 6)
    age = np.repeat([700.0, 10.0], 200)
    newly, formerly = (
        spearmanr(*made(np.concatenate(both), age).values[:2, 0]).statistic
        for both in ((apart, together), (together, apart))
    )
    assert newly > 0.7
    assert formerly < 0.3


@pytest.mark.parametrize("n_windows", [0, 1, 3])
def test_with_hardly_any_windows_correlation_is_low_and_the_margins_hold(n_windows: int) -> None:
    paths = made(with_common_factor(n_windows, 2, 1.0))
    np.testing.assert_array_equal(np.sort(paths.values, axis=-1)[2, 1], NORMAL)
    assert abs(spearmanr(*paths.values[:2, 0]).statistic) < 0.8


def test_unknown_days_and_series_without_error_give_finite_paths() -> None:
    errors = with_common_factor(60, 7, 0.6)
    errors[-1, 3:] = np.nan
    errors[:, :, 2] = 0.0
    values = made(errors).values
    assert np.isfinite(values).all()
    assert abs(spearmanr(values[0, 0], values[2, 0]).statistic) < 0.15


def correlation_of_two(errors: FloatArray, age_days: FloatArray, n_paths: int = 20_000) -> float:
    """The correlation of draws (1, n_paths) of the two series with the errors (n_windows, 1, 2)."""
    a, b = copula_draws(Trajectories(errors, age_days), NAMES[:2], n_paths)
    return float(np.corrcoef(a[0], b[0])[0, 1])


@pytest.mark.parametrize(
    ("ages_in_half_lives", "correlation"),
    [
        pytest.param([0.0, 0.0, 0.0], 3 / 4, id="three windows: n / (n + 1)"),
        pytest.param([0.0] * 9, 9 / 10, id="nine windows"),
        pytest.param([1.0, 0.0], 1.8 / 2.8, id="weights of a half and one are worth 1.5 ** 2 / 1.25 = 1.8 windows"),
        pytest.param([2.0, 2.0, 2.0], 3 / 4, id="three equally old ones count as three"),
        pytest.param([0.0], 0.0, id="one window has no correlation"),
    ],
)
def test_equal_errors_are_correlated_by_the_effective_number_of_windows(
    ages_in_half_lives: list[float], correlation: float
) -> None:
    """Each draw has a noise of its own with the weight of one window."""
    one = np.linspace(-1.0, 1.0, len(ages_in_half_lives))
    errors = np.stack([one, one], axis=1)[:, None]
    found = correlation_of_two(errors, COPULA_HALF_LIFE_DAYS * np.array(ages_in_half_lives))
    assert found == pytest.approx(correlation, abs=0.02)


def test_opposite_errors_are_correlated_negatively() -> None:
    one = np.array([-1.0, 0.0, 2.0])
    assert correlation_of_two(np.stack([one, -one], axis=1)[:, None], np.zeros(3)) == pytest.approx(-0.75, abs=0.02)


def test_draws_of_many_windows_have_mean_0_and_variance_1_within_a_percent() -> None:
    """Plain random mixtures on 1000 paths would be off by some 0.03 in the mean and 0.05 in the variance."""
    errors = np.random.default_rng(4).standard_normal((200, 3, 1))
    (found,) = copula_draws(Trajectories(errors, np.zeros(200)), ["A/occupancy"], 1000)
    assert found.shape == (3, 1000)
    assert found.mean(axis=1) == pytest.approx(0.0, abs=0.006)
    assert found.var(axis=1) == pytest.approx(1.0, abs=0.012)


def test_a_day_unknown_in_most_windows_is_correlated_by_the_windows_that_have_it() -> None:
    """Two of nine windows know it: 2 / 3 of the draw at most."""
    one = np.linspace(-1.0, 1.0, 9)
    errors = np.stack([one, one], axis=1)[:, None].copy()
    errors[2:] = np.nan
    assert correlation_of_two(errors, np.zeros(9)) == pytest.approx(2 / 3, abs=0.02)


def test_the_peak_is_the_maximum_of_each_path_and_its_lead_the_mean() -> None:
    """Three paths over four days, of which three count: peaks 9 on day 2, 5 on day 1 (the first of two), 7 on day 3."""
    occupancy = np.array([[1.0, 5.0, 6.0], [9.0, 5.0, 2.0], [3.0, 4.0, 7.0], [99.0, 99.0, 99.0]])
    highest, lead = peak(occupancy, 3, [0.25, 0.5, 0.75])
    assert highest == pytest.approx([5.0, 7.0, 9.0])
    assert lead == pytest.approx(2.0)
