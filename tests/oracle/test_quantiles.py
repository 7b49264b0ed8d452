"""Quantiles of past errors against numpy's."""

import numpy as np
import pytest

from training.calibration.quantiles import weighted_quantiles

LEVELS = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]


@pytest.mark.parametrize("size", [1, 2, 5, 24, 101])
def test_of_equal_weights_they_are_numpys_weibull_quantiles(size: int) -> None:
    sample = np.random.default_rng(size).normal(0, 3, size)
    for weight in (1.0, 0.25):
        found = weighted_quantiles(sample, np.full(size, weight), LEVELS)
        np.testing.assert_allclose(found, np.quantile(sample, LEVELS, method="weibull"), atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_of_whole_weights_they_are_near_numpys_of_the_values_repeated(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sample, weights = rng.normal(0, 3, 4000), rng.integers(0, 5, 4000)
    repeated = np.repeat(sample, weights)
    found = weighted_quantiles(sample, weights.astype(float), LEVELS)
    np.testing.assert_allclose(found, np.quantile(repeated, LEVELS, method="weibull"), atol=0.05)
