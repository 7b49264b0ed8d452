"""Chances read off a distribution, against scipy's for the same distribution and counts done by hand."""

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from publication.levels import EscalationLevel
from publication.pressure import (
    Target,
    chance_below,
    chance_over,
    chance_short,
    discharges_needed,
    headroom_levels,
    level_of_day,
    value_at,
)
from tests.builders import build_system

LEVELS = headroom_levels(build_system())
HEADROOM = [NormalDist(40, 15).inv_cdf(level) for level in LEVELS]  # of 500 beds: 460 occupied
ROWS = st.lists(st.floats(-50, 200), min_size=len(LEVELS), max_size=len(LEVELS)).map(sorted)


def test_the_levels_hold_those_of_the_system_and_their_mirror_images() -> None:
    odd = headroom_levels(build_system(quantiles=(0.123, 0.5)))
    assert {0.123, 0.877, 0.5, 0.001, 0.999, 0.2} <= set(odd)
    assert list(odd) == sorted(odd)


@pytest.mark.parametrize("limit", [-5.0, 20.0, 40.0, 55.5, 80.0])
def test_a_chance_is_that_of_the_distribution(limit: float) -> None:
    assert chance_below(LEVELS, HEADROOM, limit) == pytest.approx(norm(40, 15).cdf(limit), abs=1e-3)


@pytest.mark.parametrize(("limit", "chance"), [(-1e9, 0.0), (1e9, 1.0)])
def test_beyond_every_value_all_is_certain(limit: float, chance: float) -> None:
    assert chance_below(LEVELS, HEADROOM, limit) == chance


@pytest.mark.parametrize(
    ("threshold", "first_that_passes"),
    [(0.85, 426), (0.92, 461), (0.95, 476), (1.0, 501)],  # occupied beds out of 500
)
def test_a_rate_is_passed_by_integer_counts(threshold: float, first_that_passes: int) -> None:
    true = norm(460, 15).sf(first_that_passes - 0.5)
    assert chance_over(LEVELS, HEADROOM, 500.0, threshold) == pytest.approx(true, abs=1e-3)


@pytest.mark.parametrize("k", [1, 5, 10, 20])
def test_short_by_so_many_or_more(k: int) -> None:
    true = norm(460, 15).sf(500 + k - 0.5)
    assert chance_short(LEVELS, HEADROOM, k) == pytest.approx(true, abs=1.5e-3)


def test_to_pass_all_beds_is_to_be_short_by_one() -> None:
    assert chance_over(LEVELS, HEADROOM, 500.0, 1.0) == chance_short(LEVELS, HEADROOM, 1)


def test_integer_counts_of_a_small_ward_have_the_chances_of_their_distribution() -> None:
    """Twelve beds; occupancy is Poisson with mean nine, its quantiles whole numbers."""
    left = sorted(12.0 - poisson(9).ppf(1 - level) for level in LEVELS)
    for k in (1, 5):
        assert chance_short(LEVELS, left, k) == pytest.approx(poisson(9).sf(11 + k), abs=0.011)
    assert chance_over(LEVELS, left, 12.0, 0.85) == pytest.approx(poisson(9).sf(10), abs=0.011)


@given(row=ROWS, beds=st.integers(0, 900), more=st.integers(1, 60), t=st.floats(0.5, 0.99), step=st.floats(0.001, 0.2))
def test_chances_fall_with_the_threshold_and_with_beds(
    row: list[float], beds: int, more: int, t: float, step: float
) -> None:
    chance = chance_over(LEVELS, row, beds, t)
    assert 0 <= chance <= 1
    assert chance_over(LEVELS, row, beds, t + step) <= chance
    assert chance_over(LEVELS, [left + more for left in row], beds + more, t) <= chance


def test_the_discharges_needed_are_enough_and_no_more() -> None:
    needed = discharges_needed(LEVELS, HEADROOM, 500.0, 2.5)
    assert needed is not None
    assert needed > 0
    for discharges, chance in ((needed, 0.2), (needed * 0.5, 0.3)):
        left = [value + 2.5 * discharges for value in HEADROOM]
        assert chance_over(LEVELS, left, 500.0, 0.92) == pytest.approx(chance, abs=0.1 if chance == 0.3 else 1e-9)
    assert discharges_needed(LEVELS, [value + 200 for value in HEADROOM], 500.0, 2.5) == 0.0


@pytest.mark.parametrize(("beds_freed", "is_a_remedy"), [(0.25, True), (0.249, False), (0.0, False)])
def test_discharges_after_the_census_of_the_day_are_no_remedy(beds_freed: float, is_a_remedy: bool) -> None:
    assert (discharges_needed(LEVELS, HEADROOM, 500.0, beds_freed) is not None) == is_a_remedy
    assert discharges_needed(LEVELS, [value + 200 for value in HEADROOM], 500.0, beds_freed) == 0.0


@pytest.mark.parametrize(
    ("beds", "taken_in", "chance"),
    [
        # A rate of 0.92 leaves 8 % of the beds. Headroom is 4 at level 0.1 and 14 at 0.9: 0.08 for each bed.
        pytest.param(105.0, 0, 0.46, id="8.4 beds: 8 pass, 9 do not, 8.5 lies 4.5 above 4"),
        pytest.param(100.0, 0, 0.38, id="8 beds: 7 pass, 8 do not"),
        pytest.param(100.0, 3, 0.62, id="three patients more"),
        pytest.param(100.0, -3, 0.14, id="three fewer"),
        pytest.param(100.0, -4, 0.0, id="below every value"),
        pytest.param(100.0, 7, 1.0, id="above every value"),
    ],
)
def test_a_chance_is_read_off_a_straight_line_between_two_levels(beds: float, taken_in: int, chance: float) -> None:
    assert chance_over([0.1, 0.9], [4.0, 14.0], beds, 0.92, taken_in) == pytest.approx(chance)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        pytest.param(0.1, -10.0, id="the lowest level"),
        pytest.param(0.2, 0.0, id="a level that is published"),
        pytest.param(0.15, -5.0, id="half way between two"),
        pytest.param(0.35, 5.0, id="a quarter of the way from 0.2 to 0.8"),
        pytest.param(0.85, 20.0, id="between two of one value"),
        pytest.param(0.9, 20.0, id="the highest level"),
    ],
)
def test_a_quantile_between_two_levels_is_drawn_straight_between_them(level: float, expected: float) -> None:
    assert value_at((0.1, 0.2, 0.8, 0.9), (-10.0, 0.0, 20.0, 20.0), level) == pytest.approx(expected)


@pytest.mark.parametrize("level", [0.05, 0.95])
def test_a_quantile_outside_of_the_levels_is_not_made_up(level: float) -> None:
    with pytest.raises(ValueError, match=r"is not between 0\.1 and 0\.9"):
        value_at((0.1, 0.2, 0.8, 0.9), (-10.0, 0.0, 20.0, 20.0), level)


@pytest.mark.parametrize(
    ("rate", "confidence", "expected"),
    [
        # 100 beds; one discharge frees two. Headroom at 0.1, 0.2, 0.8: -10, 0, 20. The limit is half a bed below what
        # the rate leaves free.
        pytest.param(0.92, 0.8, (7.5 - 0) / 2, id="eight beds free, with 80 %"),
        pytest.param(0.92, 0.9, (7.5 + 10) / 2, id="with 90 %"),
        pytest.param(0.92, 0.85, (7.5 + 5) / 2, id="with 85 %, a level that is not published"),
        pytest.param(1.0, 0.8, 0.0, id="no bed need be free: headroom of 0 is enough"),
        pytest.param(0.95, 0.65, 0.0, id="five beds free with 65 %: the quantile at 0.35 is five"),
        pytest.param(0.94, 0.65, (5.5 - 5) / 2, id="six of them"),
    ],
)
def test_discharges_needed_reach_the_rate_with_the_confidence_that_is_wanted(
    rate: float, confidence: float, expected: float
) -> None:
    levels, headroom = (0.1, 0.2, 0.8, 0.9), (-10.0, 0.0, 20.0, 20.0)
    assert discharges_needed(levels, headroom, 100.0, 2.0, Target(rate, confidence)) == pytest.approx(expected)


BUSY = EscalationLevel("busy", "over 0.92 >= 0.4", "orange", "")
FULL = EscalationLevel("full", "short 10 >= 0.2", "red", "")


@pytest.mark.parametrize(
    ("mean", "beds", "expected"),
    [
        (40, 500, BUSY),  # 92 % are passed where headroom is below 40: .5
        (40, 300, None),  # where it is below 24: Phi(-16 / 15) = .14
        (8, 500, BUSY),  # ten beds short: Phi((-9.5 - 8) / 15) = .12
        (0, 500, FULL),  # Phi(-9.5 / 15) = .26
    ],
)
def test_the_level_of_a_day_is_read_off_its_headroom_and_beds(
    mean: float, beds: float, expected: EscalationLevel | None
) -> None:
    headroom = [NormalDist(mean, 15).inv_cdf(level) for level in LEVELS]
    assert level_of_day(build_system(levels=(BUSY, FULL)), LEVELS, headroom, beds) == expected
    assert level_of_day(build_system(), LEVELS, headroom, beds) is None
