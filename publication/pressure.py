"""The chances that a bed manager asks for, read off the published distribution of headroom."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from publication.levels import EscalationLevel, level_of
from publication.model import System

SHORT_BY = (1, 5, 10, 20)
"""Numbers of beds that a place may be short by, or more."""
PEAK_DAYS = (3, 7, 14)
"""Numbers of days ahead over which a peak of occupancy is given."""
FINE_LEVELS = (0.001, 0.005, *(percent / 100 for percent in range(1, 100)), 0.995, 0.999)
LEAST_BEDS_FREED = 0.25
"""Beds that one more discharge a day must free by a census for it to be a remedy: fewer, and most come too late."""
HALF_A_COUNT = 0.5
ROUNDED_TO = 9  # decimals: 100 beds less 92 % of them are eight, and not a little more


@dataclass(frozen=True, slots=True)
class Target:
    """An occupancy rate that a place is to stay within, and the probability with which it is to."""

    rate: float
    confidence: float

    @property
    def risk(self) -> float:
        """Return the probability that is accepted for a higher rate."""
        return round(1 - self.confidence, ROUNDED_TO)


DISCHARGE_TARGET = Target(0.92, 0.8)
"""Further discharges are counted that reach it, unless another is wanted."""
AID_TARGET = Target(0.95, 0.8)
"""A place that misses it is taken to need help, and one that reaches it can give some, unless another is wanted."""


def headroom_levels(system: System) -> tuple[float, ...]:
    """The levels at which headroom is published: fine enough for chances, and those of the system's quantiles."""
    mirrored = (round(1 - level, ROUNDED_TO) for level in system.quantiles)
    return tuple(sorted({*FINE_LEVELS, *system.quantiles, *mirrored}))


def chance_below(levels: Sequence[float], values: Sequence[float], limit: float) -> float:
    """The chance that a count is below `limit`, of the quantiles `values` at `levels`, drawn straight between them.

    Outside all of them it is 0 or 1.
    """
    position = bisect_left(values, limit)
    if position == 0:
        return 0.0
    if position == len(values):
        return 1.0
    low, high = values[position - 1], values[position]
    share = (limit - low) / (high - low)
    return levels[position - 1] + share * (levels[position] - levels[position - 1])


def value_at(levels: Sequence[float], values: Sequence[float], level: float) -> float:
    """The quantile at `level`, of the quantiles `values` at `levels`, drawn straight between them.

    It is the inverse of `chance_below`. Raises ValueError for a level outside of `levels`.
    """
    position = bisect_left(levels, level)
    if position < len(levels) and levels[position] == level:
        return values[position]
    if position in (0, len(levels)):
        raise ValueError(f"the level {level:g} is not between {levels[0]:g} and {levels[-1]:g}")
    share = (level - levels[position - 1]) / (levels[position] - levels[position - 1])
    return values[position - 1] + share * (values[position] - values[position - 1])


def chance_over(
    levels: Sequence[float], headroom: Sequence[float], beds: float, threshold: float, taken_in: int = 0
) -> float:
    """The chance that occupancy / beds passes the threshold: that headroom is below what the threshold leaves of beds.

    Counts are integers: the limit stands halfway between the last that passes and the first that does not. `taken_in`:
    further patients, who take beds of the headroom; fewer where it is negative.
    """
    return chance_below(levels, headroom, beds_required(beds, threshold) + taken_in)


def beds_required(beds: float, rate: float) -> float:
    """The headroom below which occupancy / beds passes the rate: halfway between the counts on both sides."""
    return ceil(round((1 - rate) * beds, ROUNDED_TO)) - HALF_A_COUNT


def chance_short(levels: Sequence[float], headroom: Sequence[float], beds_short: int) -> float:
    """The chance that as many beds, or more, are missing."""
    return chance_below(levels, headroom, HALF_A_COUNT - beds_short)


def discharges_needed(
    levels: Sequence[float],
    headroom: Sequence[float],
    beds: float,
    beds_freed: float,
    target: Target = DISCHARGE_TARGET,
) -> float | None:
    """Return how many more discharges a day reach the target.

    `beds_freed` is the number that one of them frees by then. Below `LEAST_BEDS_FREED` most would leave after the
    census of the day, and the result is None if any are needed.
    """
    missing = max(beds_required(beds, target.rate) - value_at(levels, headroom, target.risk), 0.0)
    if beds_freed < LEAST_BEDS_FREED:
        return 0.0 if missing == 0 else None
    return missing / beds_freed


def level_of_day(
    system: System, levels: Sequence[float], headroom: Sequence[float], beds: float
) -> EscalationLevel | None:
    """Return the level of escalation of a day, by its headroom at `levels` and its beds."""
    if not system.levels:
        return None
    return level_of(
        system.levels,
        over=lambda rate: chance_over(levels, headroom, beds, rate),
        short=lambda missing: chance_short(levels, headroom, int(missing)),
    )
