"""Pressure: the chances of each place and day, from published headroom, and mutual aid between places."""

import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache, partial
from math import ceil, floor

from publication.levels import EscalationLevel
from publication.model import Headroom, Peak, Publication, System
from publication.packed import packed
from publication.pressure import (
    AID_TARGET,
    DISCHARGE_TARGET,
    SHORT_BY,
    Target,
    beds_required,
    chance_over,
    chance_short,
    discharges_needed,
    headroom_levels,
    level_of_day,
    value_at,
)
from publication.vocabulary import COMPUTED_DECIMALS, DRIVERS, SeriesKey
from service.queries.scenario import beds_freed_on

DECIMAL = 10
ALL_DAYS = range(sys.maxsize)
CERTAIN = (0.0, 1.0)
"""Chances of many days, which need no rounding: it takes longer than all else that is done with a number."""


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


@dataclass(frozen=True, slots=True)
class PlacePressure:
    """One place: the shown days of the horizon, the position of the worst to come, and what drives occupancy on it.

    `shown` and `worst` are positions in the horizon. `over`, `short` and `escalation` are of each shown day, and their
    chances are rounded. `worst` is None, and so is what is advised for it, where every shown day is over; `rank` is
    then the lowest. `peaks` are those that are not over.
    """

    of: Headroom
    shown: range
    published: tuple[int, ...]
    """Positions of the system's quantile levels among those of headroom."""
    over: Sequence[tuple[float, ...]]
    short: Sequence[tuple[float, ...]]
    escalation: tuple[EscalationLevel | None, ...]
    rank: tuple[float, float]
    """Of the worst day to come: the expected number of exceeded thresholds; then beds missing at the median."""
    worst: int | None
    driver: str | None
    discharges_needed: float | None
    peaks: tuple[Peak, ...]

    @property
    def place(self) -> str:
        return self.of.place

    @property
    def level_names(self) -> tuple[str | None, ...]:
        """The names of the levels of escalation of each shown day."""
        return tuple([None if level is None else level.name for level in self.escalation])

    @property
    def days(self) -> tuple[DayPressure, ...]:
        """The shown days. They are made anew each time: those of thousands of places would take much memory."""
        return tuple(
            DayPressure(
                self.of.beds[i],
                self.of.occupancy[i],
                self._published(self.of.headroom[i]),
                over,
                short,
                level,
                self.of.net_flow[i] if self.of.net_flow else (),
            )
            for i, over, short, level in zip(self.shown, self.over, self.short, self.escalation, strict=True)
        )

    def _published(self, headroom: Sequence[float]) -> tuple[float, ...]:
        return tuple(headroom[i] for i in self.published)


def rank_by_pressure(
    publication: Publication,
    headroom: Iterable[Headroom],
    days_over: int,
    shown: range = ALL_DAYS,
    target: Target = DISCHARGE_TARGET,
) -> list[PlacePressure]:
    """Return the pressure of the places, those under most of it on their worst day first.

    The first `days_over` days are over: they are given, and nothing is ranked by them. `shown` are the positions of the
    days that are given and ranked by, all by default. `target` is that of the discharges needed.
    """
    system = publication.system
    question = Question(system, days_over, shown, target)
    return sorted((place_pressure(publication, of, question) for of in headroom), key=by_rank, reverse=True)


class Question:
    """The question asked of each place: its days, those that are over, and its target."""

    def __init__(self, system: System, days_over: int, shown: range, target: Target) -> None:
        self.levels = headroom_levels(system)
        self.published = tuple(self.levels.index(level) for level in system.quantiles)
        self.days_over = days_over
        self.shown = shown
        self.target = target


def by_rank(place: PlacePressure) -> tuple[float, float]:
    return place.rank


NO_RANK = (-1.0, 0.0)
"""Of a place without a day to come."""


def place_pressure(publication: Publication, of: Headroom, question: Question) -> PlacePressure:
    """Return the pressure of one place. It is in no order with others."""
    levels, thresholds = question.levels, publication.system.thresholds
    median = question.published[len(question.published) // 2]
    shown = question.shown[: max(len(of.beds) - question.shown.start, 0)]
    over, short, escalation = [], [], []
    worst, rank = None, NO_RANK
    for i in shown:
        beds, headroom = of.beds[i], of.headroom[i]
        over.append(tuple([chance_over(levels, headroom, beds, threshold) for threshold in thresholds]))
        short.append(tuple([chance_short(levels, headroom, k) for k in SHORT_BY]))
        escalation.append(level_of_day(publication.system, levels, headroom, beds))
        pressure = (sum(over[-1]), -headroom[median])
        if i >= question.days_over and (worst is None or pressure > rank):
            worst, rank = i, pressure
    needed = None if worst is None else _discharges_needed(of, worst, question)
    return PlacePressure(
        of=of,
        shown=shown,
        published=question.published,
        over=packed(_rounded_rows(over)),
        short=packed(_rounded_rows(short)),
        escalation=tuple(escalation),
        rank=rank,
        worst=worst,
        driver=None if worst is None else _driver(publication, of.place, worst),
        discharges_needed=needed,
        peaks=tuple(peak for peak in of.peaks if peak.days > question.days_over),
    )


def rounded(value: float) -> float:
    """Return a computed value, a shifted count or a chance, with as many decimals as a published one."""
    return round(value, COMPUTED_DECIMALS)


def _rounded_rows(rows: Iterable[Iterable[float]]) -> list[list[float]]:
    return [[value if value in CERTAIN else rounded(value) for value in row] for row in rows]


def _discharges_needed(of: Headroom, day: int, question: Question) -> float | None:
    freed = beds_freed_on(of, day, question.days_over)
    needed = discharges_needed(question.levels, of.headroom[day], of.beds[day], freed, question.target)
    return None if needed is None else ceil(needed * DECIMAL) / DECIMAL


def _driver(publication: Publication, place: str, day: int) -> str | None:
    """Return the component that adds most to occupancy on the day; the level where no other one adds to it."""
    series = publication.series_by_id.get(SeriesKey(place, "occupancy").unique_id)
    if series is None or not series.drivers:
        return None
    level, *causes = zip(DRIVERS, series.drivers[day], strict=True)
    most, added = max(causes, key=lambda cause: cause[1])
    return most if added > 0 else level[0]


MIN_CHANCE_REDUCTION = 0.05  # of the chance taken away: less is not worth the transport


@dataclass(frozen=True, slots=True)
class Aid:
    """Beds of `donor` for patients of `receiver` on its worst day; its chance to miss the target before and after."""

    donor: str
    receiver: str
    day: int
    beds: int
    before: float
    after: float


def mutual_aid(
    publication: Publication,
    ranked: Iterable[PlacePressure],
    headroom: Iterable[Headroom],
    target: Target = AID_TARGET,
    capacity: "Capacity | None" = None,
) -> tuple[Aid, ...]:
    """Return for each place, by pressure, the sibling that lowers its chance most and stays safe itself.

    As few beds as make the receiver safe, or as many as the donor can give. What a place gives to one, it does not give
    to another on the same day. A place that needs help has nothing to give, and no more than it needs is given to it.
    Other days stand as they were published. `capacity` is that of the headroom for the target, where it is known.
    """
    capacity = Capacity(publication, headroom, target) if capacity is None else capacity
    given: dict[int, Counter[str]] = defaultdict(Counter)  # by day and donor
    system = publication.system

    @cache
    def donors(parent: str | None, day: int) -> list[tuple[str, int]]:
        """Return the places below one parent that have room, with how much."""
        places = () if parent is None else system.children(parent)
        rooms = [(place, capacity.room(place, day)) for place in places if place in capacity.places]
        return [(place, room) for place, room in rooms if room > 0]

    found = []
    for place in ranked:
        receiver, day = place.place, place.worst
        if day is None:
            continue
        gave = given[day]
        before = capacity.chance(receiver, day, gave[receiver])
        if before <= target.risk:
            continue
        needed = gave[receiver] - capacity.room(receiver, day)
        beds_of = {
            donor: left if left < needed else needed
            for donor, room in donors(system.place_by_id[receiver].parent, day)
            if donor != receiver and (left := room - gave.get(donor, 0)) > 0
        }
        if not beds_of:
            continue
        best, after = _best_donor(beds_of, partial(capacity.chance, receiver, day), gave[receiver])
        if before - after >= MIN_CHANCE_REDUCTION:
            gave[best] += beds_of[best]
            found.append(Aid(best, receiver, day, beds_of[best], before, after))
    return tuple(found)


def _best_donor(beds_of: Mapping[str, int], chance: Callable[[int], float], given: int) -> tuple[str, float]:
    """Return the first donor that lowers the chance most, with that chance: of patients taken in, `given` before.

    More beds never raise the chance: the fewest that lower it as far as the most do are searched for.
    """
    offers = sorted(set(beds_of.values()))
    after = chance(given - offers[-1])
    enough = offers[bisect_left(offers, True, key=lambda beds: chance(given - beds) <= after)]
    return next(donor for donor, beds in beds_of.items() if beds >= enough), after


class Capacity:
    """The capacity of places on each day: the chance to miss the target, and the most patients that reach it."""

    def __init__(self, publication: Publication, headroom: Iterable[Headroom], target: Target) -> None:
        self.places = {of.place: of for of in headroom}
        self._levels = headroom_levels(publication.system)
        self._target = target
        self._rooms: dict[tuple[str, int], int] = {}

    def changed(self, touched: Mapping[str, Headroom]) -> "Capacity":
        """Return the capacity with other headroom at some places: what is known of the others is not found again."""
        other = copy(self)
        other.places = {**self.places, **touched}
        other._rooms = {key: room for key, room in self._rooms.items() if key[0] not in touched}
        return other

    def chance(self, place: str, day: int, patients: int) -> float:
        """Return the chance with patients taken in (or, negative, given away)."""
        of = self.places[place]
        return chance_over(self._levels, of.headroom[day], of.beds[day], self._target.rate, patients)

    def room(self, place: str, day: int) -> int:
        """Return the largest number of patients with which the target is reached, negative where it is missed."""
        key = (place, day)
        if key not in self._rooms:
            self._rooms[key] = self._find_room(self.places[place], day)
        return self._rooms[key]

    def _find_room(self, of: Headroom, day: int) -> int:
        """The quantile of headroom gives the number to within a rounding; the chance itself decides."""
        headroom, beds, target = of.headroom[day], of.beds[day], self._target

        def is_reached(patients: int) -> bool:
            return chance_over(self._levels, headroom, beds, target.rate, patients) <= target.risk

        room = floor(value_at(self._levels, headroom, target.risk) - beds_required(beds, target.rate))
        while not is_reached(room):
            room -= 1
        while is_reached(room + 1):
            room += 1
        return room
