"""Injection of faults into a feed, at places and days without another fault; each is recorded with the true value."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.random import Generator

from training.errors import UsageError
from training.frames import BoolArray
from training.simulate.feed import Feed, Line, extract_name
from training.simulate.scenario import FaultKind

CLEAN_START_DAYS = 56  # without faults: the baseline of the checks
APART_DAYS = 3  # at least, between two faults of one place, so that each can be checked by itself


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
