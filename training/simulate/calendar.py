"""The days of a simulation, its school terms, its events, and the level that drifts over them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import holidays
import numpy as np
from numpy.random import Generator

from publication.days import SATURDAY
from training.frames import BoolArray, FloatArray, IntArray
from training.simulate.effects import (
    DIVERT_LONGEST_DAYS,
    DIVERTS_PER_YEAR,
    LEVEL_DECAY,
    LEVEL_SD,
    LOCKDOWN_ATTENDANCES,
    LOCKDOWN_FALL_DAYS,
    LOCKDOWN_HALF_LIFE_DAYS,
    PEAK_DAY_OF_YEAR,
    STRIKE_LONGEST_DAYS,
    STRIKES_PER_YEAR,
)
from training.system.model import Event, EventKind

FRIDAY = 4
ONE_WEEK = timedelta(days=7)
GOOD_FRIDAY = "Good Friday"


@dataclass(frozen=True, slots=True)
class Term:
    """Days on which schools teach, from `first` to `last`, both included; weekends in between are counted in."""

    first: date
    last: date


def school_terms(first_year: int, last_year: int, bank_holidays: Mapping[date, str]) -> tuple[Term, ...]:
    """The six half terms of every school year that begins in these years; `bank_holidays` must have their Easters."""
    good_fridays = {day.year: day for day, name in bank_holidays.items() if GOOD_FRIDAY in name}
    return tuple(
        term for year in range(first_year, last_year + 1) for term in _school_year(year, good_fridays[year + 1])
    )


def _school_year(year: int, good_friday: date) -> tuple[Term, ...]:
    """From early September to late July: a week off in October, February and May, two at Christmas and at Easter."""
    october = _monday_on_or_before(date(year, 10, 31))
    february = _monday_on_or_before(date(year + 1, 2, 21))
    easter_break = good_friday - timedelta(days=4)  # the Monday of the week of Good Friday
    may = _monday_on_or_before(date(year + 1, 5, 31))
    return (
        _until_break(_monday_on_or_before(date(year, 9, 8)), october),
        _until_break(october + ONE_WEEK, _monday_on_or_before(date(year, 12, 20)) + ONE_WEEK),
        _until_break(_monday_on_or_before(date(year + 1, 1, 9)), february),
        _until_break(february + ONE_WEEK, easter_break),
        _until_break(easter_break + 2 * ONE_WEEK, may),
        _until_break(may + ONE_WEEK, _monday_on_or_before(date(year + 1, 7, 25))),
    )


def _until_break(first: date, break_monday: date) -> Term:
    """The term that begins on `first` and ends on the Friday before the break."""
    return Term(first, break_monday - timedelta(days=3))


def _monday_on_or_before(day: date) -> date:
    return day - timedelta(days=day.weekday())


BANK_HOLIDAYS = "GB-ENG"
CHRISTMAS_DAY = (12, 25)
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Calendar:
    """Consecutive hospital days; every array has the shape (n_days,)."""

    days: tuple[date, ...]
    weekday: IntArray  # Monday is 0
    bank_holiday: BoolArray
    after_bank_holiday: BoolArray
    christmas_day: BoolArray
    winter: FloatArray  # +1 at the peak of pressure, -1 half a year later
    in_term: BoolArray
    terms: tuple[Term, ...]  # those that touch these days

    @property
    def weekend(self) -> BoolArray:
        """Saturdays and Sundays."""
        weekend: BoolArray = self.weekday >= SATURDAY
        return weekend

    def index(self, day: date) -> int:
        """Return the position of the day; negative before the first."""
        return (day - self.days[0]).days

    def between(self, first: date, last: date) -> BoolArray:
        """Return which days are from `first` to `last`, both included."""
        inside = np.zeros(len(self.days), dtype=bool)
        inside[max(self.index(first), 0) : max(self.index(last) + 1, 0)] = True
        return inside


def calendar(first_day: date, n_days: int) -> Calendar:
    """The `n_days` days from `first_day` on."""
    days = tuple(first_day + timedelta(days=ahead) for ahead in range(n_days))
    off = _bank_holidays(days)
    day_of_year = np.array([day.timetuple().tm_yday for day in days])
    years = (days[0].year - 1, days[-1].year)
    terms = tuple(term for term in school_terms(*years, off) if term.first <= days[-1] and term.last >= days[0])
    return Calendar(
        days=days,
        weekday=np.array([day.weekday() for day in days]),
        bank_holiday=np.array([day in off for day in days]),
        after_bank_holiday=np.array([day not in off and day - timedelta(days=1) in off for day in days]),
        christmas_day=np.array([(day.month, day.day) == CHRISTMAS_DAY for day in days]),
        winter=np.cos(2 * np.pi * (day_of_year - PEAK_DAY_OF_YEAR) / DAYS_PER_YEAR),
        in_term=np.array([any(term.first <= day <= term.last for term in terms) for day in days]),
        terms=terms,
    )


def _bank_holidays(days: tuple[date, ...]) -> Mapping[date, str]:
    """By name, and one year more at either end: rules may move one over New Year, and school years end after it."""
    country, subdivision = BANK_HOLIDAYS.split("-")
    years = range(days[0].year - 1, days[-1].year + 2)
    return dict(holidays.country_holidays(country, subdiv=subdivision, years=years, language="en_GB").items())


STRIKE_TO_COME_IN_DAYS = (5, 15)  # after the last day: known, and inside a horizon of four weeks
WORKS_ANNOUNCED_DAYS = 84  # ahead: by the longest horizon
LOCKDOWN_BETWEEN = (0.35, 0.6)  # of the history


def strikes(rng: Generator, first_day: date, last_day: date) -> tuple[Event, ...]:
    """Strikes of the complete system: some in every year of the history, and one ahead."""
    soonest, latest = STRIKE_TO_COME_IN_DAYS
    starts = list(_starts(rng, STRIKES_PER_YEAR, first_day, last_day - timedelta(days=STRIKE_LONGEST_DAYS)))
    starts.append(last_day + timedelta(days=int(rng.integers(soonest, latest + 1))))
    lengths = rng.integers(1, STRIKE_LONGEST_DAYS + 1, len(starts)).tolist()
    return tuple(
        Event(start, start + timedelta(days=length - 1), None, None, EventKind.STRIKE, f"{length} days of strike")
        for start, length in zip(starts, lengths, strict=True)
    )


def diverts(rng: Generator, code: str, first_day: date, last_day: date) -> tuple[Event, ...]:
    """Days on which ambulances are sent elsewhere, planned ahead."""
    starts = list(_starts(rng, DIVERTS_PER_YEAR, first_day, last_day))
    lengths = rng.integers(1, DIVERT_LONGEST_DAYS + 1, len(starts)).tolist()
    return tuple(
        Event(
            start,
            start + timedelta(days=length - 1),
            code,
            "attendances",
            EventKind.DIVERT,
            "planned works",
            announced=start - timedelta(days=WORKS_ANNOUNCED_DAYS),
        )
        for start, length in zip(starts, lengths, strict=True)
    )


def on_days_of(events: Iterable[Event], kind: EventKind, calendar: Calendar) -> BoolArray:
    """Return the mask of days with an event of this kind."""
    there = np.zeros(len(calendar.days), dtype=bool)
    for event in events:
        if event.kind is kind:
            there |= calendar.between(event.first, event.last)
    return there


def draw_lockdown(rng: Generator, first_day: date, n_days: int) -> date:
    """Its first day, some time in the middle of the history."""
    low, high = (int(share * n_days) for share in LOCKDOWN_BETWEEN)
    return first_day + timedelta(days=int(rng.integers(low, high)))


def lockdown_log_factor(calendar: Calendar, first: date) -> FloatArray:
    """Return the effect of a lockdown on the log of attendances: a steady fall, then a recovery by half-lives."""
    since = np.arange(len(calendar.days)) - calendar.index(first) + 1
    fallen = np.clip(since / LOCKDOWN_FALL_DAYS, 0.0, 1.0)
    left = 0.5 ** (np.maximum(since - LOCKDOWN_FALL_DAYS, 0) / LOCKDOWN_HALF_LIFE_DAYS)
    factor: FloatArray = np.log(LOCKDOWN_ATTENDANCES) * fallen * left
    return factor


def _starts(rng: Generator, per_year: int, first_day: date, last_day: date) -> Iterator[date]:
    """One day in the first two thirds of each of equal parts of the days, so that no two are close together."""
    n_days = (last_day - first_day).days + 1
    n_parts = max(1, round(per_year * n_days / DAYS_PER_YEAR))
    length = n_days / n_parts
    for i, share in enumerate(rng.uniform(0.0, 2 / 3, n_parts).tolist()):
        yield first_day + timedelta(days=int(length * (i + share)))


INNOVATION_SD = LEVEL_SD * float(np.sqrt(1 - LEVEL_DECAY**2))


def past_level(rng: Generator, n_days: int) -> FloatArray:
    """One history, shape (n_days,)."""
    start = rng.normal(0.0, LEVEL_SD, 1)
    return future_levels(rng, start, n_days)[:, 0]


def future_levels(rng: Generator, last: FloatArray, n_days: int) -> FloatArray:
    """Return sampled future levels (n_days, n_draws) from current levels (n_draws,)."""
    shocks = rng.normal(0.0, INNOVATION_SD, (n_days, len(last)))
    levels = np.empty_like(shocks)
    for i, shock in enumerate(shocks):
        last = LEVEL_DECAY * last + shock
        levels[i] = last
    return levels
