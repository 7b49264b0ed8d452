"""The beds of a site, day by day, and the declared steps that make them."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.random import Generator

from training.arrays import IntArray
from training.simulate.calendar import Calendar
from training.simulate.effects import (
    ESCALATION_SHARE,
    REFIT_DAYS,
    REFIT_SHARE,
    WARD_SIZE,
    WINTER_WARD_CLOSES,
    WINTER_WARD_OPENS,
    WINTER_WARD_SHARE,
)
from training.simulate.tree import Site
from training.system import Event, EventKind

REFITS_FROM = (5, 1)  # month and day: outside winter, when beds can be spared
REFITS_WITHIN_DAYS = 120


@dataclass(frozen=True, slots=True)
class BedChange:
    """`beds` more (or fewer, when negative) at a bottom place from `first` to `last`, both included."""

    place: str
    first: date
    last: date
    beds: int
    why: str

    @property
    def event(self) -> Event:
        """As it is declared: the note begins with the signed number of beds."""
        note = f"{self.beds:+d} beds: {self.why}"
        return Event(self.first, self.last, self.place, "beds", EventKind.BED_CHANGE, note)


def share_out(rng: Generator, beds: int, n_places: int) -> IntArray:
    """The beds of a site among its bottom places: unequal, and at least one each."""
    weights = rng.uniform(*WARD_SIZE, n_places)
    bounds = np.rint(np.cumsum(weights) / weights.sum() * beds).astype(np.int64)
    shares: IntArray = np.maximum(np.diff(bounds, prepend=0), 1)
    return shares


def bed_changes(
    rng: Generator, calendar: Calendar, last_day: date, site: Site, base: IntArray
) -> tuple[BedChange, ...]:
    """A winter ward at the last bottom place each year, and at most once a refit at the first, outside winter."""
    first, last = calendar.days[0], calendar.days[-1]
    ward = max(1, round(WINTER_WARD_SHARE * int(base.sum())))
    winters = [
        BedChange(site.bottom[-1], date(y, *WINTER_WARD_OPENS), date(y + 1, *WINTER_WARD_CLOSES), ward, "winter ward")
        for y in range(first.year - 1, last.year + 1)
    ]
    closed = min(max(1, round(REFIT_SHARE * int(base.sum()))), int(base[0]) // 2)
    year = int(rng.integers(first.year, last_day.year + 1))
    starts = date(year, *REFITS_FROM) + timedelta(days=int(rng.integers(0, REFITS_WITHIN_DAYS)))
    refit = BedChange(site.bottom[0], starts, starts + timedelta(days=REFIT_DAYS - 1), -closed, "refit")
    touching = [change for change in (*winters, refit) if change.first <= last and change.last >= first and change.beds]
    return tuple(sorted(touching, key=lambda change: change.first))


def beds_on(calendar: Calendar, site: Site, base: IntArray, changes: tuple[BedChange, ...]) -> IntArray:
    """Open beds, shape (n_days, n_bottom): the base and every change in force."""
    beds = np.tile(base, (len(calendar.days), 1))
    for change in changes:
        beds[calendar.between(change.first, change.last), site.bottom.index(change.place)] += change.beds
    return beds


def escalation_beds(beds: IntArray) -> IntArray:
    """How many may be opened beyond the open beds."""
    more: IntArray = np.floor(ESCALATION_SHARE * beds).astype(np.int64)
    return more
