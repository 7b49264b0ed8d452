"""Forecasts of the level, on series whose best forecast is known."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from training.frames import FloatArray
from training.models.level import LastYear, LevelParts, fitted_level, ridge_coefficients, weekday_factors

N_DAYS, N_SERIES, HORIZON = 1200, 6, 28


def ahead(ratios: FloatArray, cutoffs: range) -> FloatArray:
    """Return levels (n_cutoffs, horizon, n_series) by a fit to the first 900 days."""
    level = fitted_level(ratios[:900], ~np.isnan(ratios[:900]), HORIZON)
    return np.stack([level.ahead(ratios[: day + 1]) for day in cutoffs])


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


YEARS = np.arange(800)
STEP = np.where(YEARS < 410, 100.0, 150.0)


@pytest.mark.parametrize(
    ("series", "day", "lead", "expected"),
    [
        pytest.param(STEP, 760, 30, 0.5, id="the step of 50 % a year ago lies between"),
        pytest.param(STEP, 760, 10, 0.5 * 4 / 15, id="4 of 15 smoothed days are after it"),
        pytest.param(STEP, 740, 10, 0.0, id="the step was later"),
        pytest.param(STEP, 370, 30, 0.0, id="a year ago is not known completely"),
        pytest.param(STEP, 760, 358, 0.0, id="the end of last year's change is not known"),
        pytest.param(
            np.where(YEARS < 410, 10.0, 150.0), 760, 30, 1.0, id="a change of more than the level counts as 1"
        ),
        pytest.param(np.zeros(800), 760, 30, 0.0, id="an empty ward"),
    ],
)
def test_last_years_change_is_that_of_the_smoothed_level(
    series: FloatArray, day: int, lead: int, expected: float
) -> None:
    found = LastYear(series[:, None]).change(np.array([day]), lead)
    assert found == pytest.approx(np.array([[expected]]), abs=1e-12)


def test_a_level_that_rises_each_year_at_the_same_time_is_forecast_to_rise() -> None:
    """Ten percent up in the hundred days from day 200 of each year, and down again: no trend shows when it begins."""
    of_year = np.arange(5 * 364) % 364
    shape = np.interp(of_year, [0, 200, 300, 301, 363], [0.0, 0.0, 0.1, 0.0, 0.0])
    counts = np.random.default_rng(6).poisson(2000 * (1 + shape[:, None]), (len(shape), 6)).astype(float)
    before = 4 * 364 + 205
    level = fitted_level(counts[:before], np.ones(counts[:before].shape, bool), 56)
    rise = level.ahead(counts[:before])[-1].mean() / counts[before - 28 : before].mean() - 1
    assert 0.03 < rise < 0.07  # 56 days of the hundred: 5.6 %


@pytest.mark.parametrize(
    ("noise", "least", "most"),
    [pytest.param(0.005, 0.035, 0.05, id="seen"), pytest.param(0.3, 0.0, 0.01, id="within the noise")],
)
def test_a_weekday_that_has_changed_is_followed_as_far_as_the_noise_allows(
    noise: float, least: float, most: float
) -> None:
    """Mondays (day 0 of each week) are 6/7 of 5 % above their week; the days after the last Sunday begin with one."""
    is_monday = np.arange(420) % 7 == 0
    random = np.random.default_rng(7).normal(0, noise, 420)
    counts = (1000 * (1 + 0.05 * is_monday) * np.exp(random))[:, None]
    factors = weekday_factors(counts, np.ones(counts.shape, bool), 8)[:, 0]
    assert least < factors[0] - factors[1:7].mean() < most
    assert factors[7] == factors[0]
    assert factors[:7].mean() == pytest.approx(1.0)


def test_less_than_a_week_says_nothing_of_weekdays() -> None:
    assert (weekday_factors(np.arange(6.0)[:, None], np.ones((6, 1), bool), 3) == 1.0).all()


def test_days_before_the_first_value_change_neither_weekdays_nor_last_years_change() -> None:
    counts = np.random.default_rng(8).poisson(60, (400, 2)).astype(float)
    longer = np.vstack([np.full((25, 2), np.nan), counts])
    short, long = (weekday_factors(table, ~np.isnan(table), 7) for table in (counts, longer))
    assert long == pytest.approx(short, rel=1e-12)
    for lead in (1, 9, 20):
        found = [LastYear(table).change(np.array([len(table) - 1]), lead) for table in (counts, longer)]
        assert found[0] == pytest.approx(found[1], rel=1e-12)
    assert (LastYear(longer[:370]).change(np.array([369]), 1) == 0.0).all(), "345 days are less than a year"


@pytest.mark.parametrize(
    ("n_days", "is_used"),
    [pytest.param(2 * 364, True, id="two years"), pytest.param(2 * 364 - 1, False, id="a day less")],
)
def test_last_years_change_is_fitted_where_a_year_of_it_is_known(n_days: int, is_used: bool) -> None:
    counts = np.random.default_rng(9).poisson(300, (n_days, 3)).astype(float)
    level = fitted_level(counts, np.ones(counts.shape, bool), 7)
    assert (level.coefficients[:, -2:] != 0.0).any() == is_used


def test_filled_days_say_nothing_of_weekdays() -> None:
    """Mondays are 5 % busier in the filled days of a long gap alone."""
    counts = 1000.0 + 50.0 * ((np.arange(420) % 7 == 0) & (np.arange(420) < 350))[:, None]
    observed = np.repeat(np.arange(420) >= 350, 1)[:, None]
    assert weekday_factors(counts, observed, 7) == pytest.approx(1.0)
    assert weekday_factors(counts, np.ones(counts.shape, bool), 7)[0, 0] > 1.02


@pytest.mark.parametrize(
    ("left", "zero"),
    [
        pytest.param(LevelParts(pooled=False), [4, 5, 6, 7, 9], id="what all series show together"),
        pytest.param(LevelParts(last_year=False), [8, 9], id="last year's change"),
    ],
)
def test_a_level_without_a_part_has_no_coefficient_of_its_features_and_one_of_all_others(
    left: LevelParts, zero: list[int]
) -> None:
    counts = np.random.default_rng(6).poisson(80, (900, 4)).astype(float)
    complete, without = (fitted_level(counts, np.ones(counts.shape, bool), 14, of) for of in (LevelParts(), left))
    assert np.flatnonzero((without.coefficients == 0).all(axis=0)).tolist() == zero
    assert (complete.coefficients != 0).all()


@pytest.mark.parametrize(
    ("n_rows", "n_features", "penalty"), [(200, 12, 0.3), (9, 30, 1e-4), (0, 4, 1.0), (1, 1, 50.0)]
)
def test_ridge_coefficients_are_those_of_scikit_learn(n_rows: int, n_features: int, penalty: float) -> None:
    draws = np.random.default_rng(n_features)
    features, target = draws.normal(size=(n_rows, n_features)), draws.normal(size=n_rows)
    found = ridge_coefficients(features, target, penalty)
    expected = Ridge(alpha=penalty, fit_intercept=False).fit(features, target).coef_ if n_rows else np.zeros(n_features)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)
