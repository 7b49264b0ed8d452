"""School terms as an English county sets them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

FRIDAY = 4
WEEK = timedelta(days=7)
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
        _until_break(october + WEEK, _monday_on_or_before(date(year, 12, 20)) + WEEK),
        _until_break(_monday_on_or_before(date(year + 1, 1, 9)), february),
        _until_break(february + WEEK, easter_break),
        _until_break(easter_break + 2 * WEEK, may),
        _until_break(may + WEEK, _monday_on_or_before(date(year + 1, 7, 25))),
    )


def _until_break(first: date, break_monday: date) -> Term:
    """The term that begins on `first` and ends on the Friday before the break."""
    return Term(first, break_monday - timedelta(days=3))


def _monday_on_or_before(day: date) -> date:
    return day - timedelta(days=day.weekday())
