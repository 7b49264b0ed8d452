"""What disturbs a simulated system: declared events, with what they do, and a lockdown that nobody declared."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import numpy as np
from numpy.random import Generator

from training.arrays import BoolArray, FloatArray
from training.simulate.calendar import DAYS_PER_YEAR, Calendar
from training.simulate.effects import (
    DIVERT_LONGEST_DAYS,
    DIVERTS_PER_YEAR,
    LOCKDOWN_ATTENDANCES,
    LOCKDOWN_FALL_DAYS,
    LOCKDOWN_HALF_LIFE_DAYS,
    STRIKE_LONGEST_DAYS,
    STRIKES_PER_YEAR,
)
from training.system import Event, EventKind

STRIKE_TO_COME_IN_DAYS = (5, 15)  # after the last day: known, and inside a horizon of four weeks
LOCKDOWN_BETWEEN = (0.35, 0.6)  # of the history


def strikes(rng: Generator, first_day: date, last_day: date) -> tuple[Event, ...]:
    """Strikes of the whole system: some in every year of the history, and one that is to come."""
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
        Event(start, start + timedelta(days=length - 1), code, "attendances", EventKind.DIVERT, "planned works")
        for start, length in zip(starts, lengths, strict=True)
    )


def on_days_of(events: Iterable[Event], kind: EventKind, calendar: Calendar) -> BoolArray:
    """Which days have an event of this kind."""
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
    """What a lockdown does to the log of attendances: a steady fall, then a recovery by half-lives."""
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
