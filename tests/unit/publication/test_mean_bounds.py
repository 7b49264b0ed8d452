"""Means and the outer quantiles of their day: how far outside a mean may lie, and when that is asked at all."""

from dataclasses import replace

import pytest

from publication.invariants import holds_means, means_are_within_their_intervals
from tests.unit.publication.tiny import publication, with_day


@pytest.mark.parametrize(
    ("levels", "reach"),
    [
        ((0.1, 0.5, 0.9), True),
        ((0.25, 0.5, 0.75), True),
        ((0.3, 0.5, 0.75), False),
        ((0.25, 0.5, 0.7), False),
        ((0.4, 0.5, 0.6), False),
    ],
)
def test_levels_hold_a_mean_if_they_reach_the_quartiles_on_both_sides(
    levels: tuple[float, ...], *, reach: bool
) -> None:
    assert holds_means(levels) is reach


@pytest.mark.parametrize(
    ("levels", "mean", "quantiles"),
    [
        ((0.1, 0.5, 0.9), 9.0, (10.0, 15.0, 20.0)),  # a rare event's quantiles are whole numbers
        ((0.1, 0.5, 0.9), 31.0, (10.0, 15.0, 20.0)),  # skewed upwards
        ((0.4, 0.5, 0.6), 40.0, (10.0, 15.0, 20.0)),  # the levels say nothing of the tails
    ],
)
def test_means_that_skewness_takes_outside_are_allowed(
    levels: tuple[float, ...], mean: float, quantiles: tuple[float, ...]
) -> None:
    p = with_day(publication(), "RXA01/occupancy", 1, mean=mean, quantiles=quantiles)
    within = replace(p, system=replace(p.system, quantiles=levels))
    assert list(means_are_within_their_intervals(within)) == []
