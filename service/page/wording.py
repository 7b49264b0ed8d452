"""Numbers, days and names as a person reads them, and the numbers that the pages show."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from publication.days import target_day, zone
from publication.model import DayForecast, Publication, System
from publication.vocabulary import SeriesKey

ONE_DECIMAL_BELOW = 10.0
EN_DASH = "\N{EN DASH}"


def count(value: float) -> str:
    """Return a count without decimals, or with one below ten, where rounding would hide the difference.

    Below one it has two significant digits, as far as three decimals go: a score of 0.12 is not 0.1.
    """
    if round(abs(value), 3) > 0 and round(abs(value), 2) < 1:
        return f"{round(value, 3):.2g}"
    return f"{value:.1f}" if round(abs(value), 1) < ONE_DECIMAL_BELOW else f"{value:,.0f}"


def percentage(value: float) -> str:
    """Return a rate with one decimal: its unit stands next to it."""
    return f"{value:.1f}"


Wording = Callable[[float], str]
"""`count` or `percentage`: how the values of a series are written."""


def wording_of(system: System, key: SeriesKey) -> Wording:
    """Return how the values of a series are written."""
    return count if system.is_additive(key.measure) else percentage


def day(of: date) -> str:
    return f"{of:%a} {of.day} {of:%b}"


def day_with_year(of: date) -> str:
    return f"{day(of)} {of.year}"


def local_time(moment: datetime, timezone: str) -> str:
    local = moment.astimezone(zone(timezone))
    return f"{day_with_year(local.date())}, {local:%H:%M}"


def title(key: SeriesKey) -> str:
    """Return `Attendances`, or `Attendances, paediatric` where the measure is split."""
    return ", ".join(part.replace("_", " ") for part in key[1:] if part is not None).capitalize()


MEDIAN = 0.5
INTERVALS_SHOWN = (50, 80, 95)
HEADLINE_INTERVAL = 80


@dataclass(frozen=True, slots=True)
class Interval:
    """A central prediction interval: its share in percent, and where its ends stand among the quantiles."""

    percent: int
    low: int
    high: int

    def of(self, forecast: DayForecast, written: Wording = count) -> str:
        return f"{written(forecast.quantiles[self.low])}{EN_DASH}{written(forecast.quantiles[self.high])}"


@dataclass(frozen=True, slots=True)
class GaugeScale:
    """The interpretation of a system's quantile levels."""

    centre: str
    median: int | None
    intervals: tuple[Interval, ...]

    @property
    def headline(self) -> Interval | None:
        """The 80 % prediction interval, or the widest there is without it."""
        eighty = (interval for interval in self.intervals if interval.percent == HEADLINE_INTERVAL)
        return next(eighty, self.intervals[-1] if self.intervals else None)

    def centre_of(self, forecast: DayForecast, written: Wording = count) -> str:
        return written(forecast.mean if self.median is None else forecast.quantiles[self.median])


@dataclass(frozen=True, slots=True)
class PlanRow:
    """Tomorrow, where the publication reaches it; else its first day."""

    lead: int
    ds: date
    is_tomorrow: bool

    @property
    def day(self) -> str:
        return day(self.ds)

    @property
    def label(self) -> str:
        return f"Tomorrow, {self.day}" if self.is_tomorrow else self.day


def scale(levels: tuple[float, ...]) -> GaugeScale:
    """Median and those of the 50, 80 and 95 % prediction intervals whose levels are published, narrowest first."""
    median = levels.index(MEDIAN) if MEDIAN in levels else None
    pairs = (
        Interval(round(100 * (levels[high] - levels[low])), low, high)
        for low in range(len(levels))
        for high in range(low + 1, len(levels))
        if math.isclose(levels[low] + levels[high], 1)
    )
    shown = sorted((pair for pair in pairs if pair.percent in INTERVALS_SHOWN), key=lambda pair: pair.percent)
    return GaugeScale("mean" if median is None else "median", median, tuple(shown))


def plan_row(publication: Publication, today: date) -> PlanRow:
    lead = (today + timedelta(days=1) - publication.cutoff).days
    is_reached = 1 <= lead <= publication.system.horizon_days
    lead = lead if is_reached else 1
    return PlanRow(lead, target_day(publication.cutoff, lead), is_reached)
