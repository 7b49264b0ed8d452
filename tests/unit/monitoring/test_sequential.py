"""Evidence of sequential tests: hand-worked numbers, and the guarantee that it must keep under dependence."""

import numpy as np
import pytest
from scipy.stats import norm

from training.frames import FloatArray
from training.monitoring.sequential import (
    Alternative,
    Direction,
    detectors,
    e_values,
    e_values_of_bins,
    pooled_e_values,
    skill_e_values,
)

LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
QUARTILES = (0.25, 0.5, 0.75)


def test_an_e_value_is_the_ratio_of_two_shares_of_a_bin() -> None:
    """Half of a standard normal distribution lies above 0; of one around 1, the share that a table gives: 0.8413."""
    found = Alternative(shift=1.0).of_bins([0.5])
    assert found == pytest.approx([0.1587 / 0.5, 0.8413 / 0.5], abs=2e-4)


def test_wide_actuals_speak_for_narrow_intervals_in_the_tails() -> None:
    """Quartiles lie at 0.6745; twice as wide, 0.3372 standard deviations: 0.2640 of the rest lies outside on a side."""
    tail, inner = Alternative(ratio=2.0).of_bins(QUARTILES)[[0, 1]]
    assert tail == pytest.approx(norm.sf(0.33724) / 0.25, abs=1e-4)
    assert tail == pytest.approx(1.4720, abs=1e-3)
    assert inner == pytest.approx(2 - tail)


@pytest.mark.parametrize(
    ("direction", "pits", "is_evidence"),
    [
        (Direction.TOO_LOW, [0.98], True),
        (Direction.TOO_LOW, [0.02], False),
        (Direction.TOO_HIGH, [0.02], True),
        (Direction.TOO_HIGH, [0.98], False),
        (Direction.TOO_NARROW, [0.99], True),
        (Direction.TOO_NARROW, [0.01], True),
        (Direction.TOO_NARROW, [0.45], False),
        (Direction.TOO_WIDE, [0.45], True),
        (Direction.TOO_WIDE, [0.99], False),
    ],
)
def test_the_side_of_an_actual_decides(direction: Direction, pits: list[float], is_evidence: bool) -> None:
    found = e_values(np.array([pits]), direction, LEVELS)
    assert ((found > 1) == is_evidence).all()


def test_a_day_without_an_actual_is_no_evidence() -> None:
    assert (e_values(np.array([[np.nan, 0.99]]), Direction.TOO_LOW, LEVELS)[0, 0] == 1.0).all()


def test_a_value_on_a_quantile_belongs_below_it() -> None:
    """As a share "at or below" has it."""
    of_bins = e_values_of_bins(Direction.TOO_LOW, QUARTILES)
    np.testing.assert_array_equal(e_values(np.array([[0.25]]), Direction.TOO_LOW, QUARTILES)[0, 0], of_bins[0])


@pytest.mark.parametrize("direction", Direction)
def test_their_mean_is_at_most_one_while_the_promise_holds(direction: Direction) -> None:
    """Each bin weighted by the share that it promises; also of what is still tolerated."""
    promised = np.diff([0.0, *LEVELS, 1.0])
    assert (promised @ e_values_of_bins(direction, LEVELS) <= 1 + 1e-12).all()


@pytest.mark.parametrize(
    ("direction", "shift", "ratio", "holds"),
    [
        (Direction.TOO_LOW, 0.19, 1.0, True),
        (Direction.TOO_LOW, 0.5, 1.0, False),
        (Direction.TOO_HIGH, -0.19, 1.0, True),
        (Direction.TOO_NARROW, 0.0, 1.029, True),
        (Direction.TOO_NARROW, 0.0, 1.2, False),
        (Direction.TOO_WIDE, 0.0, 0.971, True),
        (Direction.TOO_WIDE, 0.0, 0.85, False),
    ],
)
def test_a_small_fault_is_tolerated(direction: Direction, shift: float, ratio: float, holds: bool) -> None:
    edges = norm.ppf([0.0, *LEVELS, 1.0])
    shares = np.diff(norm.cdf((edges - shift) / ratio))
    means = shares @ e_values_of_bins(direction, LEVELS)
    assert (means <= 1).all() if holds else (means > 1).any()


def test_evidence_is_multiplied_and_begins_anew_below_one() -> None:
    """2; 2 x 3 = 6; 6 x 0.1 = 0.6; from 1 again: 1 x 4 = 4; 4 x 5 = 20, held at 10."""
    found = detectors(np.array([[2.0], [3.0], [0.1], [4.0], [5.0]]), np.array([10.0]))
    assert found.ravel() == pytest.approx([2.0, 6.0, 0.6, 4.0, 10.0])


def test_a_pool_bets_on_the_mean() -> None:
    """Means of 1.5 and 0.75, gains of 0.5 and -0.25; the least e-value is 0.5, so the largest bet is 2.

    Shares 0.2, 0.5 and 0.9 of it: 1 + 0.4 x 0.5 = 1.2, 1 + 1.0 x 0.5 = 1.5, 1 + 1.8 x 0.5 = 1.9.
    """
    values = np.array([[[2.0], [1.0]], [[0.5], [1.0]]])
    found = pooled_e_values(values, np.array([0.5]))
    np.testing.assert_allclose(found, [[1.2, 1.5, 1.9], [0.9, 0.75, 0.55]])


def test_skill_compares_losses_day_by_day() -> None:
    """(30 - 10) / 40 = 0.5: 1 + 0.2 x 0.5 = 1.1. Equal losses, none at all, and a day without them say nothing."""
    losses, baseline = np.array([30.0, 10.0, 5.0, 0.0, np.nan]), np.array([10.0, 30.0, 5.0, 0.0, 4.0])
    found = skill_e_values(losses, baseline)
    np.testing.assert_allclose(found[:, 0], [1.1, 0.9, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(found[0], [1.1, 1.25, 1.45])


def days_to(limit: float, values: FloatArray) -> int:
    """The days until the mean of detectors reaches the limit; all where it does not."""
    reached = np.flatnonzero(detectors(values, np.full(values.shape[1], np.inf)).mean(axis=1) >= limit)
    return int(reached[0]) + 1 if len(reached) else len(values)


@pytest.mark.parametrize("dependence", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("direction", Direction)
def test_a_limit_is_reached_on_average_after_that_many_days_or_more(direction: Direction, dependence: float) -> None:
    """Calibrated forecasts of five places, however they depend on each other; runs are cut off at ten limits."""
    limit, rng, runs = 20.0, np.random.default_rng(7), []
    for _ in range(60):
        common, own = rng.standard_normal((200, 1)), rng.standard_normal((200, 5))
        pits = norm.cdf(np.sqrt(dependence) * common + np.sqrt(1 - dependence) * own)
        values = e_values(pits, direction, LEVELS)
        pooled = pooled_e_values(values, e_values_of_bins(direction, LEVELS).min(axis=0))
        runs.append(days_to(limit, np.concatenate([values.reshape(200, -1), pooled], axis=1)))
    assert np.mean(runs) >= limit
