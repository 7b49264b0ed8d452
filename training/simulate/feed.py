"""The extracts as a hospital sends them, cell by cell, before they are written; and the injection of faults into them.

Faults are at places and days without another fault. Each is recorded with the true value.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.random import Generator

from publication.vocabulary import ATTENDANCES
from training.errors import UsageError
from training.frames import BoolArray
from training.simulate.places import Place
from training.simulate.scenario import FaultKind
from training.simulate.world import MEASURES, World, total

CLEAN_START_DAYS = 56  # without faults: the baseline of the checks
APART_DAYS = 3  # at least, between two faults of one place, so that each can be checked by itself
HEADER = ("code", "date", *MEASURES)
HEADER_LINES = 1


@dataclass(eq=False, slots=True)
class Line:
    """A row of an extract as text; a count that the place does not have is blank."""

    cells: list[str]

    def __getitem__(self, measure: str) -> str:
        return self.cells[HEADER.index(measure)]

    def __setitem__(self, measure: str, text: str) -> None:
        self.cells[HEADER.index(measure)] = text

    def copy(self) -> "Line":
        return Line(list(self.cells))


@dataclass
class Feed:
    """Files of lines in order. `at` finds the line of a place's code and day, also when it was taken out."""

    days: Sequence[date]
    places: Sequence[Place]  # those that have lines
    files: dict[str, list[Line]] = field(default_factory=dict)
    at: dict[tuple[str, date], Line] = field(default_factory=dict)

    def codes(self, measure: str, day: date | None = None) -> list[str]:
        """The places whose lines have the measure: at some time, or on the day."""
        concerned = [place for place in self.places if measure in measures_of(place)]
        return [place.code for place in concerned if day is None or place.reports_on(day)]

    def sites(self) -> list[list[str]]:
        """The codes that come together: each site with its bottom places, under the codes they have in its days."""
        return [[site.code, *self._parts(site)] for site in self.places if site.counts_arrivals]

    def _parts(self, site: Place) -> list[str]:
        return [
            place.code
            for place in self.places
            if place is not site and place.valid_from == site.valid_from and place.bottom <= site.bottom
        ]

    def numbers(self) -> dict[int, int]:
        """The line number of each line, by its identity; the header is line 1."""
        return {
            id(line): number
            for lines in self.files.values()
            for number, line in enumerate(lines, HEADER_LINES + 1)
        }  # fmt: skip


def feed(world: World) -> Feed:
    """Everything that happened, one wide file for each year, day by day."""
    reporting = [place for place in world.places if place.counts_beds or place.counts_arrivals]
    filled = Feed(world.days, reporting)
    columns = {place.code: _columns(world, place) for place in reporting}
    for i, day in enumerate(world.days):
        lines = filled.files.setdefault(extract_name(day), [])
        for place in reporting:
            if place.reports_on(day):
                line = Line([place.code, day.isoformat(), *(column[i] for column in columns[place.code])])
                lines.append(line)
                filled.at[place.code, day] = line
    return filled


def extract_name(day: date) -> str:
    """The file that has this day."""
    return f"{day.year:04d}.csv"


def revised_name(days: Sequence[date]) -> str:
    """A file of corrections; its name comes after that of every other extract, as a later file's does."""
    return f"{days[-1].year:04d}_revised.csv"


def measures_of(place: Place) -> list[str]:
    """Return the measures that the extracts count at a place."""
    return [measure for measure in MEASURES if (place.counts_arrivals if measure == ATTENDANCES else place.counts_beds)]


def _columns(world: World, place: Place) -> list[list[str]]:
    return [list(_column(world, place, measure)) for measure in MEASURES]


def _column(world: World, place: Place, measure: str) -> Iterator[str]:
    counts = total(world.counts, place, measure) if measure in measures_of(place) else None
    if counts is None:
        return iter([""] * len(world.days))
    return map(str, counts[:, 0].tolist())


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong cell or line, or days without a line (`line` is None). `measure` is empty for a complete line."""

    kind: FaultKind
    file: str
    line: Line | None
    place: str
    measure: str
    first: date
    last: date
    found: str = ""
    true: str = ""


@dataclass
class FaultLog:
    """Days of each place that have no fault yet, and the faults injected so far."""

    feed: Feed
    free: dict[str, BoolArray] = field(init=False)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free = {place.code: self.reports(place.code) for place in self.feed.places}
        for days in self.free.values():
            days[:CLEAN_START_DAYS] = False

    def reports(self, code: str) -> BoolArray:
        """The days on which a place has a line."""
        return np.array([(code, day) in self.feed.at for day in self.feed.days])

    def take(self, code: str, first: int, n_days: int) -> None:
        """Nothing else may be wrong there, nor close to it."""
        self.free[code][max(first - APART_DAYS, 0) : first + n_days + APART_DAYS] = False


@dataclass(frozen=True)
class FaultInjector:
    """One kind of fault at work on a feed."""

    kind: FaultKind
    log: FaultLog
    rng: Generator

    @property
    def feed(self) -> Feed:
        return self.log.feed

    def stretch(self, groups: Sequence[Sequence[str]], n_days: int) -> tuple[Sequence[str], range]:
        """Some group of places with `n_days` free days in a row before the last day; they are taken."""
        choices = [(group, start) for group in groups for start in self._starts(group, n_days)]
        if not choices:
            raise UsageError(
                f"Simulating a feed with faults: no {n_days} days are left for the fault {self.kind}. "
                "Give more days or sites, or fewer faults."
            )
        group, start = choices[int(self.rng.integers(len(choices)))]
        for code in group:
            self.log.take(code, start, n_days)
        return group, range(start, start + n_days)

    def any_place(self, n_days: int, measure: str) -> tuple[str, range]:
        """Some place that counts the measure, and free days of it."""
        groups = [(code,) for code in self.feed.codes(measure)]
        (code,), days = self.stretch(groups, n_days)
        return code, days

    def put(self, code: str, day: int, measure: str, text: str) -> None:
        """Write `text` where a count should be."""
        line = self.line(code, day)
        if line[measure] != text:
            self.record(line, code, day, measure, found=text, true=line[measure])
            line[measure] = text

    def remove(self, code: str, days: Iterable[int]) -> None:
        """Take away the lines of a place."""
        removed = sorted(days)
        for day in removed:
            self.file(day).remove(self.line(code, day))
        first, last = self.feed.days[removed[0]], self.feed.days[removed[-1]]
        self.log.faults.append(Fault(self.kind, extract_name(first), None, code, "", first, last))

    def record(self, line: Line, place: str, day: int, measure: str = "", found: str = "", true: str = "") -> None:
        """Remember what is wrong with a line."""
        when = self.feed.days[day]
        self.log.faults.append(Fault(self.kind, extract_name(when), line, place, measure, when, when, found, true))

    def line(self, code: str, day: int) -> Line:
        return self.feed.at[code, self.feed.days[day]]

    def file(self, day: int) -> list[Line]:
        return self.feed.files[extract_name(self.feed.days[day])]

    def _starts(self, group: Sequence[str], n_days: int) -> Iterator[int]:
        free = np.logical_and.reduce([self.log.free[code] for code in group])[:-1]
        if len(free) >= n_days:
            yield from np.flatnonzero(np.lib.stride_tricks.sliding_window_view(free, n_days).all(axis=1)).tolist()
