"""Numbers, days and names as a person reads them, and the numbers that the pages show."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from publication.days import zone
from publication.model import DayForecast, System
from publication.vocabulary import SeriesKey

ONE_DECIMAL_BELOW = 10.0
EN_DASH = "\N{EN DASH}"
MINUS_SIGN = "\N{MINUS SIGN}"
SURE, UNLIKELY = 0.995, 0.005  # beyond them a chance would be rounded to certainty


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


def integer(value: float) -> str:
    """Return a number of beds, which may be below zero, without decimals."""
    rounded = round(value)
    return f"{MINUS_SIGN if rounded < 0 else ''}{abs(rounded):,}"


def signed(value: float) -> str:
    """Return a change, with its sign: `+6`, `-6` with a true minus sign, or `0`."""
    return f"+{integer(value)}" if round(value) > 0 else integer(value)


def chance(value: float) -> str:
    """Return a chance in percent; never 0 or 100 % for one that is neither."""
    if 0 < value <= UNLIKELY:
        return "<1 %"
    return ">99 %" if SURE <= value < 1 else f"{value * 100:.0f} %"


def rate(value: float) -> str:
    """Return an occupancy rate in percent."""
    return f"{value * 100:.0f} %"


Wording = Callable[[float], str]
"""The way in which the values of a series are written: one of the functions above."""


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

    def of(self, quantiles: Sequence[float], written: Wording = count) -> str:
        """Return both ends: joined by a dash; by `to` where one is below zero or has a sign."""
        low, high = written(quantiles[self.low]), written(quantiles[self.high])
        between = f"{low}{high}"
        return f"{low} to {high}" if MINUS_SIGN in between or "+" in between else f"{low}{EN_DASH}{high}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A forecast as text: its centre, and the prediction interval where one is published."""

    centre: str
    interval: str | None


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

    def centre_of(self, quantiles: Sequence[float]) -> float:
        """Return the median; the middle one of the published quantiles where it is not among them."""
        return quantiles[len(quantiles) // 2 if self.median is None else self.median]

    def figure(self, quantiles: Sequence[float], written: Wording) -> Figure:
        """Return the centre and the headline interval of these quantiles as text."""
        interval = self.headline
        return Figure(written(self.centre_of(quantiles)), interval.of(quantiles, written) if interval else None)

    def centre_of_day(self, forecast: DayForecast) -> float:
        """Return the median of a day, or its mean where the median is not published."""
        return forecast.mean if self.median is None else forecast.quantiles[self.median]


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
