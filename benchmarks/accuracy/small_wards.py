"""Simulated wards with few admissions a day: weekdays, seasons, a level that stays or changes, and known noise."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from publication.days import end_of_day
from publication.model import Measure, Place, System
from publication.vocabulary import Kind
from training.frames import FloatArray, long
from training.history.point_in_time import PointInTimeHistory
from training.system.model import SystemContext

MEANS = (0.5, 2.0, 5.0, 9.0)  # admissions a day
DISPERSIONS = (1.0, 1.5, 2.0)  # variance over mean: Poisson, and more than that
DAILY_CHANGES = (0.0, 0.005)  # standard deviation of the change of the level's logarithm: a tenth in a year
N_DAYS = 1096
FIRST_DAY = pd.Timestamp("2023-01-02")
HORIZON = 28
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
WEEKDAYS = np.array([1.15, 1.1, 1.05, 1.05, 1.1, 0.8, 0.75])  # from Monday
SEASON = 0.08  # of the level: so much more in January, and less in July
DAYS_A_YEAR = 365.25
TIMEZONE, ROOT, MEASURE = "Europe/London", "hospital", "admissions"


@dataclass(frozen=True)
class Ward:
    """The mean of a ward's counts, their variance over it, and how much its level changes from day to day."""

    mean: float
    dispersion: float
    daily_change: float

    @property
    def place(self) -> str:
        changing = "changing" if self.daily_change else "steady"
        return f"W{self.mean:g}-{self.dispersion:g}-{changing}".replace(".", "_")

    @property
    def unique_id(self) -> str:
        return f"{self.place}/{MEASURE}"


WARDS = tuple(Ward(*chosen) for chosen in product(MEANS, DISPERSIONS, DAILY_CHANGES))


def simulated_wards(seed: int) -> PointInTimeHistory:
    """Return three years of the wards' admissions; each value is known when its day is over."""
    days = pd.date_range(FIRST_DAY, periods=N_DAYS, freq="D", name="ds")
    streams = np.random.default_rng(seed).spawn(len(WARDS))
    columns = {ward.unique_id: _counts(ward, days, random) for ward, random in zip(WARDS, streams, strict=True)}
    rows = long(pd.DataFrame(columns, index=days, dtype=float))
    ends = {day: pd.Timestamp(end_of_day(day.date(), TIMEZONE)) for day in days}
    return PointInTimeHistory(rows.assign(known_at=rows["ds"].map(ends)), _system(), context=SystemContext("GB-ENG"))


def _system() -> System:
    places = [Place(ROOT, None, ROOT, "site"), *(Place(ward.place, ROOT, ward.place, "ward") for ward in WARDS)]
    measures = (Measure(MEASURE, Kind.FLOW, "patients"),)
    return System(ROOT, TIMEZONE, 8, HORIZON, (0.92, 1.0), LEVELS, measures, tuple(places))


def _counts(ward: Ward, days: pd.DatetimeIndex, random: np.random.Generator) -> FloatArray:
    """Return counts (n_days,): Poisson, or of a negative binomial with the ward's dispersion."""
    level = ward.daily_change * random.standard_normal(len(days)).cumsum()
    season = SEASON * np.cos(2 * np.pi * days.dayofyear.to_numpy() / DAYS_A_YEAR)
    means = ward.mean * WEEKDAYS[days.weekday] * np.exp(level + season)
    if ward.dispersion > 1.0:
        means = random.gamma(means / (ward.dispersion - 1.0), ward.dispersion - 1.0)
    return random.poisson(means).astype(float)
