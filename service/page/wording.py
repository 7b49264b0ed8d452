"""Numbers, days and names as a person reads them. Rounding and percent happen here alone."""

from datetime import date, datetime

from publication.days import zone
from publication.vocabulary import SeriesKey

SMALL = 10.0
EN_DASH = "\N{EN DASH}"


def count(value: float) -> str:
    """A count: whole, and to one decimal below ten, where whole patients would hide the difference."""
    return f"{value:.1f}" if round(abs(value), 1) < SMALL else f"{value:,.0f}"


def span(low: float, high: float) -> str:
    """A prediction interval from its two ends."""
    return f"{count(low)}{EN_DASH}{count(high)}"


def day(of: date) -> str:
    return f"{of:%a} {of.day} {of:%b}"


def day_with_year(of: date) -> str:
    return f"{day(of)} {of.year}"


def local_time(moment: datetime, timezone: str) -> str:
    local = moment.astimezone(zone(timezone))
    return f"{day_with_year(local.date())}, {local:%H:%M}"


def title(key: SeriesKey) -> str:
    """`Attendances`, or `Attendances, paediatric` where the measure is split."""
    return ", ".join(part.replace("_", " ") for part in key[1:] if part is not None).capitalize()
