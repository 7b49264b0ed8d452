"""Forecasts of the level, on series whose best forecast is known."""

import numpy as np
import pytest

from training.frames import FloatArray
from training.models.level import fitted_level, moving_averages

N_DAYS, N_SERIES, HORIZON = 1200, 6, 28


def ahead(ratios: FloatArray, cutoffs: range) -> FloatArray:
    """Return levels (n_cutoffs, horizon, n_series) by a fit to the first 900 days."""
    level = fitted_level(ratios[:900], ~np.isnan(ratios[:900]), HORIZON)
    averages = moving_averages(ratios)
    return np.stack([level.ahead(averages[:, day]) for day in cutoffs])


def mean_absolute_error(levels: FloatArray, ratios: FloatArray, cutoffs: range) -> FloatArray:
    """Return the error by lead (horizon,)."""
    actuals = np.stack([ratios[day + 1 : day + 1 + HORIZON] for day in cutoffs])
    return np.asarray(np.abs(levels - actuals).mean(axis=(0, 2)))


CUTOFFS = range(900, N_DAYS - HORIZON, 3)


def test_a_random_walk_is_forecast_nearly_as_well_as_by_the_last_value() -> None:
    walk = 500 + np.random.default_rng(1).normal(0, 5, (N_DAYS, N_SERIES)).cumsum(axis=0)
    ours = mean_absolute_error(ahead(walk, CUTOFFS), walk, CUTOFFS)
    last = mean_absolute_error(np.stack([np.repeat(walk[None, d], HORIZON, 0) for d in CUTOFFS]), walk, CUTOFFS)
    assert ours[0] < 1.05 * last[0]
    assert ours[-1] < 1.10 * last[-1]


def test_noise_around_a_constant_level_is_forecast_nearly_as_well_as_by_its_mean() -> None:
    noise = np.random.default_rng(2).poisson(200, (N_DAYS, N_SERIES)).astype(float)
    ours = mean_absolute_error(ahead(noise, CUTOFFS), noise, CUTOFFS)
    mean = mean_absolute_error(np.full((len(CUTOFFS), HORIZON, N_SERIES), 200.0), noise, CUTOFFS)
    assert (ours < 1.03 * mean).all()


def test_a_level_that_reverts_is_forecast_to_revert() -> None:
    rng = np.random.default_rng(3)
    away = np.zeros((N_DAYS, N_SERIES))
    for day in range(1, N_DAYS):
        away[day] = 0.9 * away[day - 1] + rng.normal(0, 8, N_SERIES)
    series = 300 + away
    series[1000] = 400
    levels = ahead(series, range(1000, 1001))[0]
    assert levels[0].mean() > 350
    assert levels[-1].mean() == pytest.approx(300, abs=15)


def test_a_common_level_is_forecast_better_from_all_series_together() -> None:
    """Eight noisy series share one level: each is forecast better with the others than alone."""
    rng = np.random.default_rng(4)
    shared = 60 * np.exp(rng.normal(0, 0.02, (N_DAYS, 1)).cumsum(axis=0))
    counts = rng.poisson(np.repeat(shared, 8, axis=1)).astype(float)
    together = mean_absolute_error(ahead(counts, CUTOFFS), np.repeat(shared, 8, axis=1), CUTOFFS)
    alone = mean_absolute_error(
        np.concatenate([ahead(counts[:, [j]], CUTOFFS) for j in range(8)], axis=2),
        np.repeat(shared, 8, axis=1),
        CUTOFFS,
    )
    assert together[0] < 0.8 * alone[0]


@pytest.mark.parametrize("value", [0.0, 1.0, 250.0])
def test_a_constant_is_forecast_unchanged(value: float) -> None:
    assert ahead(np.full((N_DAYS, 2), value), range(950, 951)) == pytest.approx(value, abs=1e-9)


def test_a_series_that_begins_late_does_not_change_the_others() -> None:
    counts = np.random.default_rng(5).poisson(100, (N_DAYS, 3)).astype(float)
    counts[:, 2] = np.nan
    counts[1100:, 2] = 40.0
    levels = ahead(counts, range(1150, 1151))[0]
    assert np.isfinite(levels).all()
    assert levels[:, 2] == pytest.approx(40.0, abs=8)
    assert levels[:, :2] == pytest.approx(100.0, abs=10)
