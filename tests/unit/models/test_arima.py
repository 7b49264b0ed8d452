"""Regression with ARIMA errors, on simulated counts with known effects."""

import numpy as np
import pytest

from training.models.arima import CalendarArima

N_DAYS = 600
pytestmark = pytest.mark.filterwarnings("ignore:possible convergence problem:UserWarning")


def simulated(effect: float, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return counts around a random walk, multiplied by exp(effect) on one day in nine, and the regressor."""
    rng = np.random.default_rng(seed)
    marked = (np.arange(N_DAYS) % 9 == 0).astype(float)
    level = 200 * np.exp(np.cumsum(rng.normal(0, 0.005, N_DAYS)))
    return rng.poisson(level * np.exp(effect * marked)).astype(float), marked[:, None]


@pytest.mark.parametrize("effect", [-0.4, 0.0, 0.3])
def test_a_simulated_effect_is_forecast(effect: float) -> None:
    y, marked = simulated(effect)
    model = CalendarArima().fit(y, marked)
    plain, special = model.forward(y, 2, marked, np.array([[0.0], [1.0]]))["mean"]
    assert special / plain == pytest.approx(np.exp(effect), rel=0.05)
    assert plain == pytest.approx(y[marked[:, 0] == 0][-28:].mean(), rel=0.08)


def test_the_level_follows_the_values_after_the_fit() -> None:
    y, marked = simulated(0.2)
    model = CalendarArima().fit(y, marked)
    shifted = np.concatenate([y, y[-60:] * 1.5])
    features = np.concatenate([marked, marked[-60:]])
    before = model.forward(y, 1, marked, np.zeros((1, 1)))["mean"]
    after = model.forward(shifted, 1, features, np.zeros((1, 1)))["mean"]
    assert after[0] > 1.2 * before[0]


def test_zero_and_constant_counts_are_forecast_unchanged() -> None:
    features = simulated(0.0)[1]
    for value in (0.0, 7.0):
        y = np.full(N_DAYS, value)
        means = CalendarArima().fit(y, features).forward(y, 3, features, features[:3])["mean"]
        np.testing.assert_allclose(means, value, atol=1e-9)
