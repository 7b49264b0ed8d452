"""The chances of a place on each day, its worst day, and what would help."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from publication.model import Headroom, Peak, Publication
from publication.pressure import (
    SHORT_BY,
    chance_over,
    chance_short,
    discharges_needed,
    headroom_levels,
)
from publication.vocabulary import DRIVERS, SeriesKey

OCCUPANCY = "occupancy"
TENTHS = 10


@dataclass(frozen=True, slots=True)
class DayPressure:
    """One day: `over` has a chance for each of the system's thresholds, `short` for each of `SHORT_BY`."""

    beds: float
    occupancy: Sequence[float]
    headroom: tuple[float, ...]
    over: tuple[float, ...]
    short: tuple[float, ...]

    @property
    def pressure(self) -> tuple[float, float]:
        """What days and places are ranked by: how many thresholds are to be expected passed; then what is left."""
        return sum(self.over), -self.headroom[len(self.headroom) // 2]


@dataclass(frozen=True, slots=True)
class PlacePressure:
    """One place: each day of the horizon, the position of the worst, and what drives occupancy on it."""

    place: str
    days: tuple[DayPressure, ...]
    worst: int
    driver: str | None
    discharges_needed: float
    peaks: tuple[Peak, ...]


def rank_by_pressure(publication: Publication, headroom: Iterable[Headroom]) -> list[PlacePressure]:
    """The pressure of the places, those under most of it on their worst day first."""
    found = [_place(publication, of) for of in headroom]
    return sorted(found, key=lambda place: place.days[place.worst].pressure, reverse=True)


def _place(publication: Publication, of: Headroom) -> PlacePressure:
    levels = headroom_levels(publication.system)
    published = [levels.index(level) for level in publication.system.quantiles]
    days = tuple(
        DayPressure(
            beds,
            occupancy,
            tuple(headroom[i] for i in published),
            tuple(chance_over(levels, headroom, beds, threshold) for threshold in publication.system.thresholds),
            tuple(chance_short(levels, headroom, k) for k in SHORT_BY),
        )
        for beds, occupancy, headroom in zip(of.beds, of.occupancy, of.headroom, strict=True)
    )
    worst = max(range(len(days)), key=lambda i: days[i].pressure)
    needed = discharges_needed(levels, of.headroom[worst], of.beds[worst], of.relief[worst])
    rounded_up = ceil(needed * TENTHS) / TENTHS
    return PlacePressure(of.place, days, worst, _driver(publication, of.place, worst), rounded_up, of.peaks)


def _driver(publication: Publication, place: str, day: int) -> str | None:
    """What adds most to occupancy on the day, beside its level; the level where nothing else adds to it."""
    series = publication.series_by_id.get(SeriesKey(place, OCCUPANCY).unique_id)
    if series is None or not series.drivers:
        return None
    level, *causes = zip(DRIVERS, series.drivers[day], strict=True)
    most, added = max(causes, key=lambda cause: cause[1])
    return most if added > 0 else level[0]
