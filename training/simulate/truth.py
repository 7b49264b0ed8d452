"""What is true of a simulated site on every day, before chance plays: the parameters its counts are drawn from."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.simulate.calendar import Calendar

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

# Monday to Sunday, each with mean 1: the shapes that English emergency departments and wards report.
WEEKDAY_ATTENDANCES = np.array([1.09, 1.03, 1.00, 0.99, 0.98, 0.95, 0.96])
WEEKDAY_CONVERSION = np.array([1.02, 1.02, 1.02, 1.02, 1.00, 0.96, 0.96])
WEEKDAY_DISCHARGES = np.array([1.05, 1.12, 1.10, 1.10, 1.23, 0.75, 0.65])
BANK_HOLIDAY_DISCHARGES = 0.65  # as on a Sunday
BANK_HOLIDAY_ATTENDANCES = 0.94
AFTER_BANK_HOLIDAY_ATTENDANCES = 1.06
CHRISTMAS_DAY_ATTENDANCES = 0.75
WINTER_ATTENDANCES = 0.025
WINTER_CONVERSION = 0.04

# A site's own size, drawn once; ranges of a district general to a large teaching hospital.
ATTENDANCES_PER_DAY = (260.0, 480.0)
CONVERSION = (0.24, 0.30)
STAY_DAYS = (6.5, 8.0)
DISPERSION = 150.0  # negative binomial: variance = mean + mean^2 / DISPERSION
BEDS_PER_STEADY_CENSUS = (1.07, 1.13)

LEVEL_KNOT_DAYS = 30
LEVEL_SD = 0.012  # of the log level, for the region and for the site alike
LEVEL_MEMORY = 0.8  # share of one knot's deviation that is left at the next

WINTER_WARD_SHARE = 0.05
WINTER_WARD_OPENS = (12, 1)
WINTER_WARD_CLOSES = (3, 31)
REFIT_SHARE = 0.02
REFIT_DAYS = 42
DECLARED_AHEAD = timedelta(days=84)  # bed plans are known as far ahead as the longest horizon


@dataclass(frozen=True, slots=True)
class BedChange:
    """`beds` more (or fewer, when negative) from `first` to `last`, both included."""

    first: date
    last: date
    beds: int
    note: str


@dataclass(frozen=True)
class SiteTruth:
    """Expected counts follow from these exactly; every array has the shape (n_days,)."""

    attendances: Floats  # expected attendances
    conversion: Floats  # chance that an attendance is admitted on the day
    hazard: Floats  # chance that someone in a bed yesterday leaves today
    eve: float  # expected occupancy on the day before the first
    beds: Counts
    changes: tuple[BedChange, ...]

    @property
    def admissions(self) -> Floats:
        """Expected admissions."""
        return self.attendances * self.conversion

    @property
    def occupancy(self) -> Floats:
        """Expected occupancy: discharges are linear in yesterday's census, so expectations follow the same balance."""
        return expected_census(self.eve, self.admissions, self.hazard)


def expected_census(eve: float, admissions: Floats, hazard: Floats) -> Floats:
    """Census after each day that starts from `eve`, admits, and loses `hazard` of yesterday's census."""
    census = np.empty_like(admissions)
    for i in range(len(census)):
        eve += admissions[i] - hazard[i] * eve
        census[i] = eve
    return census


def log_level(rng: Generator, n_days: int) -> Floats:
    """A slowly drifting deviation of the log level, stationary around 0."""
    n_knots = n_days // LEVEL_KNOT_DAYS + 2
    shocks = rng.normal(0.0, LEVEL_SD, n_knots)
    knots = np.empty(n_knots)
    knots[0] = shocks[0]
    for i in range(1, n_knots):
        knots[i] = LEVEL_MEMORY * knots[i - 1] + np.sqrt(1 - LEVEL_MEMORY**2) * shocks[i]
    return np.interp(np.arange(n_days), LEVEL_KNOT_DAYS * np.arange(n_knots), knots)


def site_truth(rng: Generator, calendar: Calendar, region_level: Floats) -> SiteTruth:
    """Draw one site: its size, its drifting level, its beds."""
    size, conversion = rng.uniform(*ATTENDANCES_PER_DAY), rng.uniform(*CONVERSION)
    hazard = discharge_hazard(calendar, stay_days=rng.uniform(*STAY_DAYS))
    attendances = size * attendance_shape(calendar)
    admitted = conversion * conversion_shape(calendar)
    steady = size * conversion / float(hazard.mean())
    base_beds = round(rng.uniform(*BEDS_PER_STEADY_CENSUS) * steady)
    changes = bed_changes(rng, calendar, base_beds)
    return SiteTruth(
        attendances=attendances * np.exp(region_level + log_level(rng, len(calendar.days))),
        conversion=admitted,
        hazard=hazard,
        eve=steady * (1 + (WINTER_ATTENDANCES + WINTER_CONVERSION) * float(calendar.winter[0])),
        beds=beds_on(calendar, base_beds, changes),
        changes=changes,
    )


def attendance_shape(calendar: Calendar) -> Floats:
    """Attendances relative to the site's level."""
    shape = WEEKDAY_ATTENDANCES[calendar.weekday] * (1 + WINTER_ATTENDANCES * calendar.winter)
    shape[calendar.bank_holiday] *= BANK_HOLIDAY_ATTENDANCES
    shape[calendar.after_bank_holiday] *= AFTER_BANK_HOLIDAY_ATTENDANCES
    shape[calendar.christmas_day] *= CHRISTMAS_DAY_ATTENDANCES / BANK_HOLIDAY_ATTENDANCES
    return shape


def conversion_shape(calendar: Calendar) -> Floats:
    """Conversion relative to the site's own."""
    shape: Floats = WEEKDAY_CONVERSION[calendar.weekday] * (1 + WINTER_CONVERSION * calendar.winter)
    return shape


def discharge_hazard(calendar: Calendar, stay_days: float) -> Floats:
    """Chance of leaving on each day, for a mean stay of `stay_days` in a week without bank holidays."""
    shape: Floats = np.where(calendar.bank_holiday, BANK_HOLIDAY_DISCHARGES, WEEKDAY_DISCHARGES[calendar.weekday])
    return shape / stay_days


def bed_changes(rng: Generator, calendar: Calendar, base_beds: int) -> tuple[BedChange, ...]:
    """A winter ward each year, and once a ward closed for a refit outside winter."""
    first, last = calendar.days[0], calendar.days[-1] + DECLARED_AHEAD
    ward = max(1, round(WINTER_WARD_SHARE * base_beds))
    winters = [
        BedChange(date(year, *WINTER_WARD_OPENS), date(year + 1, *WINTER_WARD_CLOSES), ward, f"{ward} winter beds open")
        for year in range(first.year - 1, last.year + 1)
    ]
    closed = max(1, round(REFIT_SHARE * base_beds))
    refit_year = int(rng.integers(first.year, calendar.days[-1].year + 1))
    starts = date(refit_year, 5, 1) + timedelta(days=int(rng.integers(0, 120)))
    refit = BedChange(starts, starts + timedelta(days=REFIT_DAYS - 1), -closed, f"{closed} beds closed for a refit")
    touching = [change for change in (*winters, refit) if change.first <= last and change.last >= first]
    return tuple(sorted(touching, key=lambda change: change.first))


def beds_on(calendar: Calendar, base_beds: int, changes: tuple[BedChange, ...]) -> Counts:
    """Beds open on each day: the base and every change in force."""
    return np.array(
        [
            base_beds + sum(change.beds for change in changes if change.first <= day <= change.last)
            for day in calendar.days
        ],
        dtype=np.int64,
    )
