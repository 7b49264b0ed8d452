"""The days of a simulation, as what drives demand and discharges on them."""

from dataclasses import dataclass
from datetime import date, timedelta

import holidays
import numpy as np
from numpy.typing import NDArray

BANK_HOLIDAYS = "GB-ENG"
CHRISTMAS_DAY = (12, 25)
PRESSURE_PEAK_DAY = 15  # of the year: mid-January, where English bed occupancy peaks
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Calendar:
    """Consecutive hospital days; every array has the shape (n_days,)."""

    days: tuple[date, ...]
    weekday: NDArray[np.int64]  # Monday is 0
    bank_holiday: NDArray[np.bool_]
    after_bank_holiday: NDArray[np.bool_]
    christmas_day: NDArray[np.bool_]
    winter: NDArray[np.float64]  # +1 at the peak of pressure, -1 half a year later


def calendar(last_day: date, n_days: int) -> Calendar:
    """The `n_days` days that end on `last_day`."""
    days = tuple(last_day - timedelta(days=back) for back in range(n_days - 1, -1, -1))
    off = _bank_holidays(days)
    day_of_year = np.array([day.timetuple().tm_yday for day in days])
    return Calendar(
        days=days,
        weekday=np.array([day.weekday() for day in days]),
        bank_holiday=np.array([day in off for day in days]),
        after_bank_holiday=np.array([day not in off and day - timedelta(days=1) in off for day in days]),
        christmas_day=np.array([(day.month, day.day) == CHRISTMAS_DAY for day in days]),
        winter=np.cos(2 * np.pi * (day_of_year - PRESSURE_PEAK_DAY) / DAYS_PER_YEAR),
    )


def _bank_holidays(days: tuple[date, ...]) -> frozenset[date]:
    country, subdivision = BANK_HOLIDAYS.split("-")
    years = range(days[0].year - 1, days[-1].year + 1)  # New Year's Eve is no holiday, but rules may move one there
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=years))
