"""The days of a simulation, as what drives demand and discharges on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import holidays
import numpy as np

from training.arrays import BoolArray, FloatArray, IntArray
from training.simulate.effects import PEAK_DAY_OF_YEAR
from training.simulate.terms import Term, school_terms

BANK_HOLIDAYS = "GB-ENG"
CHRISTMAS_DAY = (12, 25)
DAYS_PER_YEAR = 365.25
SATURDAY = 5


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
        """Where the day stands; negative before the first."""
        return (day - self.days[0]).days

    def between(self, first: date, last: date) -> BoolArray:
        """Which days are from `first` to `last`, both included."""
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
