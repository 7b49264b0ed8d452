"""Quantiles of small counts: hand-worked estimates, scipy's quantiles as a witness, and PITs of simulated wards."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, nbinom, poisson

from training.calibration.counts import (
    PastCounts,
    count_quantiles,
    dispersion,
    long_run_level,
    negative_binomial_quantiles,
    share_of_counts,
    steadied,
)
from training.frames import FloatArray
from training.paths.joint import MARGIN_LEVELS

NAN = float("nan")
LEVELS = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
STEP_DAYS = 6


def column(*series: list[float]) -> FloatArray:
    """Values (n_windows, 1, n_series) from a list of windows for each series, of one lead."""
    return np.array(series, dtype=np.float64).T[:, None, :]


def past_counts(means: FloatArray, actuals: FloatArray) -> PastCounts:
    """Windows six days apart, the newest on a Sunday, and a cutoff on the next Sunday."""
    n_windows, horizon = means.shape[:2]
    starts = -STEP_DAYS * np.arange(n_windows)[::-1]
    return PastCounts(means, actuals, (starts[:, None] + np.arange(horizon)) % 7, np.arange(horizon) % 7)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        # 24 windows of one lead, all means 2. Three windows' weight of both series together: (24 own + 3 pooled) / 27.
        pytest.param([[2.0] * 24], [2.0], id="squares of 4 over means of 2; its group is itself"),
        pytest.param([[2.0] * 24, [-3.0] * 24], [(48 + 9.75) / 27, (108 + 9.75) / 27], id="2 and 4.5, pooled 3.25"),
        pytest.param([[2.0] * 12 + [0.0] * 12], [1.0], id="squares as large as the means: Poisson"),
        pytest.param([[1.0] * 24], [1.0], id="0.5 by itself, but never less than Poisson"),
        pytest.param([[2.0] * 23], [1.0], id="too few errors: Poisson"),
        pytest.param([[2.0] * 24 + [NAN] * 6], [2.0], id="unknown actuals count for nothing"),
        pytest.param([[2.0] * 24, [NAN] * 24], [2.0, 2.0], id="a series without errors has that of its group"),
    ],
)
def test_the_dispersion_is_squared_errors_over_means(errors: list[list[float]], expected: list[float]) -> None:
    means = np.full_like(column(*errors), 2.0)
    assert dispersion(means, means - column(*errors)) == pytest.approx(expected)


def test_three_windows_of_each_lead_are_drawn_to_the_group() -> None:
    """24 days of 12 windows and two leads, 2 and 4.5 by themselves and 3.25 pooled: six days' weight of the group."""
    errors = np.repeat(column([2.0] * 12, [-3.0] * 12), 2, axis=1)
    means = np.full_like(errors, 2.0)
    expected = [(24 * 2 + 6 * 3.25) / 30, (24 * 4.5 + 6 * 3.25) / 30]
    assert dispersion(means, means - errors) == pytest.approx(expected)


def test_days_with_a_mean_of_zero_count_with_their_errors() -> None:
    """48 days, half with mean 0: squares of 1 on all over means of 0.5 on average."""
    means = column([0.0] * 24 + [1.0] * 24)
    assert dispersion(means, means + 1) == pytest.approx(2.0)
    assert dispersion(means * 0, means * 0) == pytest.approx(1.0)


def test_one_day_of_late_entries_is_cut_to_eight_standard_deviations() -> None:
    """160 days of mean 1, one error of 100: 10,000 / 160 at first, then three times 64 x dispersion / 160."""
    errors = column([100.0] + [0.0] * 159)
    means = np.ones_like(errors)
    assert dispersion(means, means + errors) == pytest.approx(10_000 / 160 * (64 / 160) ** 3)
    assert dispersion(means, means - errors / 20) == pytest.approx(1.0)


def test_the_long_run_is_the_mean_forecast_of_the_same_weekdays() -> None:
    """Mondays (0) of three windows, Tuesdays (1) of two: 3 and 5; a Sunday that no window has is (9 + 10) / 5."""
    means = column([2.0, 4.0, 3.0, 4.0, 6.0, NAN])
    past = PastCounts(means, means, np.array([[0], [0], [0], [1], [1], [1]]), np.array([0]))
    assert long_run_level(past, np.array([[0], [1], [6]]))[:, 0] == pytest.approx([3.0, 5.0, 3.8])
    assert long_run_level(past, np.array([[0, 0, 1]]))[:, 0] == pytest.approx([11 / 3])
    nothing = replace(past, means=means[:0], weekdays=past.weekdays[:0])
    assert np.isnan(long_run_level(nothing, np.array([[0]]))).all()


def test_the_long_run_is_that_of_each_series() -> None:
    """A has a Monday (0) of 2, and Tuesdays (1) of 4 and 6; B a Monday of 10 alone; C was never forecast."""
    means = column([2.0, 4.0, 6.0], [10.0, NAN, NAN], [NAN, NAN, NAN])
    past = PastCounts(means, means, np.array([[0], [1], [1]]), np.array([0]))
    found = long_run_level(past, np.array([[0], [1], [6]]))
    np.testing.assert_allclose(found, [[2, 10, NAN], [5, 10, NAN], [4, 10, NAN]])


def test_means_that_are_those_of_their_weekday_are_not_drawn_to_other_weekdays() -> None:
    """Mondays of 2 and Sundays of 2.6; P(X <= 2) is 0.677 at 2, and 0.642 at 2.14, drawn towards the mean of both."""
    means = column([2.0, 2.6] * 20)
    past = PastCounts(means, means, np.array([[0], [6]] * 20), np.array([0]))
    counts = count_quantiles(np.array([[2.0]]), past, ["admissions"], np.array([True]), [0.66])
    assert counts.mixed_with(np.zeros((1, 1, 1)), np.array([0])).item() == 2.0


@pytest.mark.parametrize(
    ("means", "long_run", "spread", "level"),
    [
        # The noise is dispersion x long run / 28; the share that stays is difference^2 / (difference^2 + noise).
        pytest.param([1.0, 3.0], 2.8, 1.0, 2.8 - 0.8 * 0.64 / 0.74, id="noise 0.1, difference 0.8"),
        pytest.param([1.0, 3.0], 2.8, 2.0, 2.8 - 0.8 * 0.64 / 0.84, id="twice the noise"),
        pytest.param([4.0, 4.0], 2.8, 1.0, 2.8 + 1.2 * 1.44 / 1.54, id="a level above that of the long run"),
        pytest.param([2.0, NAN], 2.8, 1.0, 2.8 - 0.8 * 0.64 / 0.74, id="a day without a forecast"),
        pytest.param([0.0, 0.0], 2.8, 1.0, 0.0, id="no forecast of anything"),
        pytest.param([1.0, 3.0], NAN, 1.0, 2.0, id="no long run"),
        pytest.param([0.0, 0.0], 0.0, 1.0, 0.0, id="never anything"),
    ],
)
def test_a_level_is_drawn_towards_the_long_run(
    means: list[float], long_run: float, spread: float, level: float
) -> None:
    given_means = np.array(means)[None, :, None]
    found = steadied(given_means, np.array([[long_run]]), np.array([spread]))
    assert np.nanmean(found) == pytest.approx(level)
    if level:
        assert found / np.nanmean(found) == pytest.approx(given_means / np.nanmean(given_means), nan_ok=True)


def test_a_ward_that_has_closed_is_believed() -> None:
    found = steadied(np.full((1, 7, 1), 0.01), np.array([[2.0]]), np.array([1.0]))
    assert found.max() < 0.05


@pytest.mark.parametrize("levels", [LEVELS, list(MARGIN_LEVELS)], ids=["published", "margins"])
@pytest.mark.parametrize("spread", [1.0, 1.001, 1.3, 2.0, 7.5])
def test_quantiles_are_those_of_scipy(spread: float, levels: list[float]) -> None:
    means = np.array([0.0, 0.003, 0.5, 2.0, 5.0, 9.0, 29.9])
    found = negative_binomial_quantiles(means, np.array(spread), levels)
    at, positive = np.array(levels), means[1:, None]
    own = poisson.ppf(at, positive) if spread == 1 else nbinom.ppf(at, positive / (spread - 1), 1 / spread)
    np.testing.assert_array_equal(found[1:], own)
    assert (found[0] == 0).all()


@given(
    means=st.lists(st.floats(0, 30), min_size=1, max_size=5),
    spread=st.floats(1, 20),
    levels=st.lists(st.floats(0.001, 0.999), min_size=1, max_size=9).map(sorted),
)
def test_quantiles_are_integers_that_never_fall(means: list[float], spread: float, levels: list[float]) -> None:
    found = negative_binomial_quantiles(np.array(means), np.array(spread), levels)
    assert found.shape == (len(means), len(levels))
    assert (found % 1 == 0).all()
    assert (found >= 0).all()
    assert (np.diff(found, axis=-1) >= 0).all()


@pytest.mark.parametrize(
    ("mean", "share"), [(0.0, 1.0), (9.9, 1.0), (10.0, 1.0), (15.0, 0.75), (20.0, 0.5), (30.0, 0.0), (400.0, 0.0)]
)
def test_the_share_of_the_negative_binomial_falls_with_the_mean(mean: float, share: float) -> None:
    assert share_of_counts(np.array([mean])) == pytest.approx([share])


def of_one_group(means: FloatArray, past: PastCounts, levels: Sequence[float]) -> FloatArray:
    """Return the quantiles of small counts of one group: nothing is mixed with them below ten a day."""
    n_series = means.shape[1]
    found = count_quantiles(means, past, ["a"] * n_series, np.ones(n_series, dtype=bool), levels)
    return found.mixed_with(np.zeros((*means.shape, len(levels))), np.arange(n_series))


def test_only_small_counts_of_events_have_other_quantiles() -> None:
    """Poisson medians of 4, 20 and 4; what was there before has 7.3, and rounds to (20 + 7.3) / 2 = 14 at mean 20."""
    means = np.array([[4.0, 20.0, 40.0, 4.0]])
    nothing = past_counts(np.empty((0, 1, 4)), np.empty((0, 1, 4)))
    is_count = np.array([True, True, True, False])
    found = count_quantiles(means, nothing, ["a"] * 4, is_count, [0.5]).mixed_with(
        np.full((1, 4, 1), 7.3), np.arange(4)
    )
    assert found[0, :, 0].tolist() == [4.0, 14.0, 7.3, 7.3]


def test_a_series_that_is_small_on_some_days_only_has_count_quantiles_on_those() -> None:
    nothing = past_counts(np.empty((0, 2, 1)), np.empty((0, 2, 1)))
    small = count_quantiles(np.array([[4.0], [40.0]]), nothing, ["a"], np.ones(1, dtype=bool), [0.5])
    found = small.mixed_with(np.full((2, 1, 1), 7.3), np.arange(1))
    assert found.ravel().tolist() == [4.0, 7.3]


def test_the_other_groups_and_large_series_give_no_prior() -> None:
    means = np.full((30, 1, 3), 5.0)
    actuals = means + np.array([4.0, 10.0, 9.0])
    past, ahead = past_counts(means, actuals), np.array([[5.0, 5.0, 50.0]])
    values = np.zeros((1, 3, 1))
    is_count = np.ones(3, dtype=bool)
    together = count_quantiles(ahead, past, ["a", "b", "a"], is_count, [0.9]).mixed_with(values, np.arange(3))
    alone = of_one_group(ahead[:, :1], past.of(np.array([True, False, False])), [0.9])
    assert together[0, 0] == alone[0, 0]
    assert together[0, 1] > together[0, 0]


@pytest.mark.parametrize("mean", [0.5, 2.0, 5.0, 9.0])
@pytest.mark.parametrize("spread", [1.0, 2.0])
def test_the_randomised_pit_of_simulated_wards_is_uniform(mean: float, spread: float) -> None:
    """Counts of a known distribution: the dispersion is found, and the tenths between quantiles are equally likely."""
    random, n_windows, n_series = np.random.default_rng(11), 60, 40
    shape = (n_windows, 7, n_series)
    rates = random.gamma(mean / (spread - 1), spread - 1, shape) if spread > 1 else np.full(shape, mean)
    past = past_counts(np.full(shape, mean), random.poisson(rates).astype(float))
    assert dispersion(past.means, past.actuals).mean() == pytest.approx(spread, abs=0.06)
    found = of_one_group(np.full((7, n_series), mean), past, MARGIN_LEVELS)
    ahead = random.gamma(mean / (spread - 1), spread - 1, (7, n_series)) if spread > 1 else np.full((7, n_series), mean)
    actuals = random.poisson(ahead)[:, :, None]
    below, up_to = (found < actuals).mean(axis=-1), (found <= actuals).mean(axis=-1)
    pits = below + random.uniform(size=below.shape) * (up_to - below)
    assert chisquare(np.bincount((pits.ravel() * 10).astype(int).clip(max=9), minlength=10)).pvalue > 0.01


def test_the_quantiles_of_a_noisy_forecast_are_those_of_its_steadied_level() -> None:
    """Long run 2, ahead 2.8, Poisson: noise 2 / 28, difference 0.8, so that 0.64 / 0.7114 of it stays: 2.72."""
    means = np.full((30, 7, 1), 2.0)
    past = past_counts(means, means + np.resize([1.0, -1.0], means.shape))
    found = of_one_group(np.full((7, 1), 2.8), past, MARGIN_LEVELS)
    expected = poisson.ppf(np.array(MARGIN_LEVELS), 2 + 0.8 * 0.64 / (0.64 + 2 / 28))
    np.testing.assert_array_equal(found[0, 0], expected)


def test_the_dispersion_is_that_around_the_steadied_levels_of_the_windows() -> None:
    """Levels 2.5 and 1.5 in turn, long run 2, and each time an error of 2.5: dispersion 6.25 / 2 at first.

    So the noise is 3.125 x 2 / 28 = 0.2232, 0.25 / 0.4732 of the difference of 0.5 stays, the levels are 2.2642 and
    1.7358, the errors 2.2642, and the dispersion is 5.1265 / 2.
    """
    level = np.resize([2.5, 1.5], 30)[:, None, None] + np.zeros((30, 7, 1))
    past = past_counts(level, np.where(level > 2, 0.0, 4.0))
    found = of_one_group(np.full((7, 1), 2.0), past, MARGIN_LEVELS)
    spread = 2.56325
    np.testing.assert_array_equal(found[3, 0], nbinom.ppf(np.array(MARGIN_LEVELS), 2 / (spread - 1), 1 / spread))
