"""Pressure: the chances of each place and day, from published headroom, and mutual aid between places."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil

from publication.levels import EscalationLevel, level_of
from publication.model import Headroom, Peak, Publication, System
from publication.pressure import (
    SHORT_BY,
    chance_over,
    chance_short,
    discharges_needed,
    headroom_levels,
)
from publication.vocabulary import DRIVERS, SeriesKey
from service.queries.scenario import beds_freed_on

DECIMAL = 10


@dataclass(frozen=True, slots=True)
class DayPressure:
    """One day: `over` has a chance for each of the system's thresholds, `short` for each of `SHORT_BY`.

    `level` is None where no level of escalation is reached, `net_flow` empty where not both flows are counted.
    """

    beds: float
    occupancy: Sequence[float]
    headroom: tuple[float, ...]
    over: tuple[float, ...]
    short: tuple[float, ...]
    level: EscalationLevel | None
    net_flow: Sequence[float]

    @property
    def pressure(self) -> tuple[float, float]:
        """Return the rank of a day or place: the expected number of exceeded thresholds; then the median headroom."""
        return sum(self.over), -self.headroom[len(self.headroom) // 2]


@dataclass(frozen=True, slots=True)
class PlacePressure:
    """One place: each day of the horizon, the position of the worst to come, and what drives occupancy on it.

    `worst` is None, and so is what is advised for it, where every day is over. `peaks` are those that are not over.
    """

    place: str
    days: tuple[DayPressure, ...]
    worst: int | None
    driver: str | None
    discharges_needed: float | None
    peaks: tuple[Peak, ...]

    @property
    def rank(self) -> tuple[float, float]:
        """Return the pressure of the worst day to come; of places without one, none is before another."""
        return (0.0, 0.0) if self.worst is None else self.days[self.worst].pressure


def rank_by_pressure(publication: Publication, headroom: Iterable[Headroom], days_over: int) -> list[PlacePressure]:
    """Return the pressure of the places, those under most of it on their worst day first.

    The first `days_over` days are over: they are given, and nothing is ranked by them.
    """
    found = [_place(publication, of, days_over) for of in headroom]
    return sorted(found, key=lambda place: place.rank, reverse=True)


def _place(publication: Publication, of: Headroom, days_over: int) -> PlacePressure:
    levels = headroom_levels(publication.system)
    published = [levels.index(level) for level in publication.system.quantiles]
    days = tuple(
        DayPressure(
            beds,
            occupancy,
            tuple(headroom[i] for i in published),
            tuple(chance_over(levels, headroom, beds, threshold) for threshold in publication.system.thresholds),
            tuple(chance_short(levels, headroom, k) for k in SHORT_BY),
            level_on_day(publication.system, headroom, beds),
            net_flow,
        )
        for beds, occupancy, headroom, net_flow in zip(
            of.beds, of.occupancy, of.headroom, of.net_flow or ((),) * len(of.beds), strict=True
        )
    )
    peaks = tuple(peak for peak in of.peaks if peak.days > days_over)
    worst = max(range(days_over, len(days)), key=lambda i: days[i].pressure, default=None)
    if worst is None:
        return PlacePressure(of.place, days, None, None, None, peaks)
    needed = discharges_needed(levels, of.headroom[worst], of.beds[worst], beds_freed_on(of, worst, days_over))
    rounded_up = None if needed is None else ceil(needed * DECIMAL) / DECIMAL
    return PlacePressure(of.place, days, worst, _driver(publication, of.place, worst), rounded_up, peaks)


def level_on_day(system: System, headroom: Sequence[float], beds: float) -> EscalationLevel | None:
    """Return the level of escalation of a day, from its headroom at `headroom_levels` and its beds."""
    if not system.levels:
        return None
    levels = headroom_levels(system)
    return level_of(
        system.levels,
        over=lambda rate: chance_over(levels, headroom, beds, rate),
        short=lambda missing: chance_short(levels, headroom, int(missing)),
    )


def _driver(publication: Publication, place: str, day: int) -> str | None:
    """Return the component that adds most to occupancy on the day; the level where no other one adds to it."""
    series = publication.series_by_id.get(SeriesKey(place, "occupancy").unique_id)
    if series is None or not series.drivers:
        return None
    level, *causes = zip(DRIVERS, series.drivers[day], strict=True)
    most, added = max(causes, key=lambda cause: cause[1])
    return most if added > 0 else level[0]


FULL_RATE = 0.95  # the occupancy rate beyond which a place is taken to need help
SAFE_CHANCE = 0.2  # a place that passes it with no greater chance has headroom with high probability
MIN_CHANCE_REDUCTION = 0.05  # of the chance taken away: less is not worth the transport


@dataclass(frozen=True, slots=True)
class Aid:
    """Beds of `donor` for patients of `receiver` on its worst day; its chance to pass `FULL_RATE` before and after."""

    donor: str
    receiver: str
    day: int
    beds: int
    before: float
    after: float


Chance = Callable[[str, int, int], float]
"""Of a place, the position of a day, and patients taken in (or, negative, given away)."""


def mutual_aid(
    publication: Publication, ranked: Sequence[PlacePressure], headroom: Sequence[Headroom]
) -> tuple[Aid, ...]:
    """Return for each place, by pressure, the sibling that lowers its chance most and stays safe itself.

    As few beds as make the receiver safe, or as many as the donor can give. What a place gives to one, it does not give
    to another on the same day. A place that needs help has nothing to give, and no more than it needs is given to it.
    Other days stand as they were published.
    """
    levels, by_place = headroom_levels(publication.system), {of.place: of for of in headroom}
    taken_in = Counter[tuple[str, int]]()  # by donor and day

    @cache  # each access makes the rows from packed numbers
    def left(place: str, day: int) -> tuple[float, Sequence[float]]:
        return by_place[place].beds[day], by_place[place].headroom[day]

    def chance(place: str, day: int, patients: int) -> float:
        beds, headroom = left(place, day)
        return chance_over(levels, headroom, beds, FULL_RATE, patients + taken_in[place, day])

    found = []
    for place in ranked:
        day = place.worst
        if day is None:
            continue
        siblings = [s for s in _siblings(publication, place.place) if s in by_place]
        offers = [aid for sibling in siblings if (aid := _offer(chance, sibling, place.place, day)) is not None]
        if offers:
            best = min(offers, key=lambda aid: aid.after)
            taken_in[best.donor, day] += best.beds
            found.append(best)
    return tuple(found)


def _offer(chance: Chance, donor: str, receiver: str, day: int) -> Aid | None:
    before = chance(receiver, day, 0)
    if before <= SAFE_CHANCE:
        return None
    most = _largest_feasible(lambda beds: chance(donor, day, beds) <= SAFE_CHANCE)
    beds = min(most, _largest_feasible(lambda beds: chance(receiver, day, -beds) > SAFE_CHANCE) + 1)
    after = chance(receiver, day, -beds)
    return Aid(donor, receiver, day, beds, before, after) if before - after >= MIN_CHANCE_REDUCTION else None


def _largest_feasible(holds: Callable[[int], bool]) -> int:
    """Return the largest number that holds, where all smaller ones do; 0 if none does."""
    bound = 1
    while holds(bound):
        bound *= 2
    low = bound // 2
    while bound - low > 1:
        middle = (low + bound) // 2
        low, bound = (middle, bound) if holds(middle) else (low, middle)
    return low


def _siblings(publication: Publication, place: str) -> tuple[str, ...]:
    parent = publication.system.place_by_id[place].parent
    return () if parent is None else tuple(s for s in publication.system.children(parent) if s != place)
