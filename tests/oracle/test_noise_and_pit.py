"""The noise floor and the randomised PIT against scipy, and on draws from a known distribution."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from training.backtest.losses import distance_from_uniform, poisson_noise, randomised_pit, tenths

Shape = Callable[[NDArray[np.float64]], bool]
LEVELS = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
FINE = np.linspace(0.002, 0.998, 499)
N = 20_000
ONE_IN_A_HUNDRED = 1.63 / np.sqrt(N)  # of samples that are uniform are this far from it


@pytest.mark.parametrize("mean", [0.0, 0.1, 0.69, 0.7, 1.0, 3.3, 40.0, 640.0, 1e5])
def test_the_noise_floor_is_the_expected_distance_from_the_median(mean: float) -> None:
    """Summed over all counts with scipy's probabilities."""
    counts = np.arange(int(mean + 20 * np.sqrt(mean) + 30))
    expected = (np.abs(counts - stats.poisson.median(mean)) * stats.poisson.pmf(counts, mean)).sum()
    assert poisson_noise(np.array([[mean]])).tolist() == [[pytest.approx(expected)]]


def test_the_noise_floor_is_the_score_of_the_true_level() -> None:
    random = np.random.default_rng(3)
    means = random.uniform(0.2, 80, N)
    drawn = random.poisson(means)
    assert poisson_noise(means).mean() == pytest.approx(np.abs(drawn - stats.poisson.median(means)).mean(), rel=0.01)


def test_no_point_forecast_beats_the_noise_floor() -> None:
    floor = poisson_noise(np.array([12.0]))[0]
    drawn = np.random.default_rng(4).poisson(12.0, N)
    assert min(np.abs(drawn - point).mean() for point in np.arange(6, 18, 0.5)) == pytest.approx(floor, rel=0.02)


def test_the_distance_from_uniform_is_kolmogorov_and_smirnovs() -> None:
    random = np.random.default_rng(5)
    for n in (1, 2, 7, 300):
        pits = random.beta(1.3, 0.8, n)
        assert distance_from_uniform(pits) == pytest.approx(stats.kstest(pits, "uniform").statistic)


@pytest.mark.parametrize(("mean", "sd"), [(400.0, 20.0), (60.0, 8.0), (1_000.0, 150.0)])
def test_the_pit_is_the_distribution_function_at_the_actual(mean: float, sd: float) -> None:
    """With many quantiles, and a standard deviation of many counts."""
    truth = stats.norm(mean, sd)
    actuals = truth.rvs(500, random_state=6)
    found = randomised_pit(np.tile(truth.ppf(FINE), (500, 1)), actuals, list(FINE), np.full(500, 0.5))
    np.testing.assert_allclose(found, truth.cdf(actuals), atol=0.003)


@pytest.mark.parametrize("mean", [30.0, 100.0, 700.0])
@pytest.mark.parametrize("levels", [LEVELS, list(FINE)], ids=["nine levels", "many levels"])
def test_the_pit_of_the_true_distribution_is_uniform(mean: float, levels: list[float]) -> None:
    """Interpolation between nine levels is not the distribution, and costs up to 0.02."""
    random = np.random.default_rng(7)
    quantiles = np.tile(stats.norm(mean, np.sqrt(mean)).ppf(levels), (N, 1))
    actuals = np.round(random.normal(mean, np.sqrt(mean), N))
    pits = randomised_pit(quantiles, actuals, levels, random.random(N))
    assert distance_from_uniform(pits) < (0.02 if levels is LEVELS else ONE_IN_A_HUNDRED)


@pytest.mark.parametrize(
    ("what", "by", "scale", "shape"),
    [
        ("too high", 8.0, 1.0, lambda tenth: tenth[0] > 0.2 > 0.05 > tenth[-1]),
        ("too low", -8.0, 1.0, lambda tenth: tenth[-1] > 0.2 > 0.05 > tenth[0]),
        ("too narrow", 0.0, 0.5, lambda tenth: min(tenth[0], tenth[-1]) > 0.2 and max(tenth[4:6]) < 0.07),
        ("too wide", 0.0, 2.0, lambda tenth: max(tenth[0], tenth[-1]) < 0.02 and min(tenth[4:6]) > 0.15),
    ],
)  # fmt: skip
def test_the_histogram_shows_bias_and_wrong_width(what: str, by: float, scale: float, shape: Shape) -> None:
    random = np.random.default_rng(8)
    actuals = random.poisson(100, N).astype(float)
    quantiles = np.tile(stats.norm(100 + by, 10 * scale).ppf(FINE), (N, 1))
    pits = randomised_pit(quantiles, actuals, list(FINE), random.random(N))
    assert shape(tenths(pits).mean(axis=0)), what
    assert distance_from_uniform(pits) > 3 * ONE_IN_A_HUNDRED
