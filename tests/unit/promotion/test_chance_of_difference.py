"""The sign-flip test, by hand, and the blocks of windows that it flips."""

from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest

from training.promotion import blocks, chance_of_difference


def test_the_chance_of_a_difference_over_many_windows_is_the_same_at_each_call() -> None:
    ours, theirs = list(np.linspace(0.4, 0.6, 20)), list(np.linspace(0.42, 0.59, 20))
    assert chance_of_difference(ours, theirs) == chance_of_difference(ours, theirs)


def test_the_chance_of_a_difference_is_the_share_of_sign_flips_that_reach_it() -> None:
    ours, theirs = [0.5, 0.4, 0.7, 0.3, 0.6], [0.4, 0.45, 0.5, 0.1, 0.3]
    differences = np.subtract(ours, theirs)
    flips = [abs(np.dot(signs, differences)) for signs in product((1, -1), repeat=5)]
    share = np.mean(np.array(flips) >= abs(differences.sum()) - 1e-12)
    assert chance_of_difference(ours, theirs) == pytest.approx(share)


@pytest.mark.parametrize(
    ("what", "steps", "horizon", "expected"),
    [
        ("windows six days apart", [0, 6, 12, 18, 24, 30, 36], 28, [0, 0, 0, 0, 0, 1, 1]),
        ("the first day after the first window is over", [0, 27, 28, 55, 56], 28, [0, 0, 1, 1, 2]),
        ("far apart", [0, 40, 80], 28, [0, 1, 2]),
        ("one window", [0], 28, [0]),
        ("of one day", [0, 1, 2], 1, [0, 1, 2]),
    ],
)
def test_windows_that_share_days_are_one_block(what: str, steps: list[int], horizon: int, expected: list[int]) -> None:
    assert blocks([date(2026, 1, 1) + timedelta(days=step) for step in steps], horizon) == expected, what


def test_the_signs_of_a_block_are_flipped_together() -> None:
    """Three blocks: differences of .3, .1 and -.2, in all .2. Of eight flips six reach that: not the two of 0."""
    ours, theirs = [0.1, 0.2, 0.4, 0.3, 0.1], [0.0, 0.0, 0.3, 0.4, 0.2]
    assert chance_of_difference(ours, theirs, [0, 0, 1, 2, 2]) == pytest.approx(6 / 8)
    assert chance_of_difference([0.1, 0.2, 0.4], [0.0, 0.0, 0.3], [0, 0, 1]) == pytest.approx(2 / 4)
    assert chance_of_difference([0.1, 0.2], [0.0, 0.0], [0, 0]) == 1.0


def test_ties_may_well_be_chance() -> None:
    assert chance_of_difference([0.5] * 8, [0.5] * 8) == 1.0
