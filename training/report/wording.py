"""Numbers, days and names as a person reads them, and the meaning of each check."""

from datetime import date, datetime

import numpy as np

from publication.days import zone
from publication.model import System
from publication.vocabulary import Severity, series_key

SMALL_NUMBER = 10.0
LONGEST_LABEL = 32
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
MINUS = "\N{MINUS SIGN}"

SEVERITY_MEANS = {
    Severity.SUSPECT.value: "archived and flagged; left out of training",
    Severity.NOTED.value: "worth knowing; used as it is",
}
CHECK_MEANS = {
    "outside opening period": "a count for a place that is not open yet, or no longer",
    "reporting failure": "nearly every series of the measure is zero on the same day",
    "sudden zero": "zero where the baseline is twenty or more",
    "sentinel": "99, 999 or 9999 far from the baseline: a placeholder for a count that was not known",
    "above beds": "far more beds occupied than are open",
    "disagreeing total": "a place that is not the sum of its parts, though it is on most days",
    "frozen": "the same value again and again, more often than chance would have it",
    "spike": "one day far from the days around it",
    "excursion": "some days at less than half or more than double the baseline, and back again",
    "partial day": "the newest day far from the baseline: most often half counted; the next day decides",
    "gap": "days without a value between the first and the last of a series",
    "late": "newest value 1 to 27 days older than the newest of all",
    "silent": "no value for four weeks: the series is not forecast",
    "unbalanced": "occupancy changes otherwise than admissions and discharges say",
    "level shift": "four steady weeks at one level, then four at another",
    "weekly totals": "totals of weeks, spread evenly over their days",
    "suppressed": "a stand-in for a small count that the source suppresses",
    "rhythm": "known on some weekdays only, or once a week, a month or a quarter",
}


def number(value: float) -> str:
    """A count: an integer, or to one decimal where it is small and not an integer; nothing where there is none."""
    if np.isnan(value):
        return ""
    is_small = round(abs(value), 1) < SMALL_NUMBER and value != round(value)
    return (f"{value:.1f}" if is_small else f"{value:,.0f}").replace("-", MINUS)


def signed(value: float) -> str:
    """A difference to one decimal, with its sign."""
    return "" if np.isnan(value) else f"{value:+,.1f}".replace("-", MINUS)


def percent(share: float) -> str:
    """A share; what is there at all is never 0 %, and what is not all never 100 %."""
    if np.isnan(share):
        return ""
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0 < share < 0.1 or 0.9 < share < 1:
        return f"{min(100 * share, 99.9):.1f} %"
    return f"{share:.0%}".replace("%", " %")


def signed_percent(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:+.1f} %".replace("-", MINUS)


def several(n: int, one: str, more: str | None = None) -> str:
    """`1 day`, `2 days`."""
    return f"{n:,} {one if n == 1 else more or one + 's'}"


def day_of_year(of: date) -> str:
    return f"{of.day} {of:%b} {of.year}"


def day(of: date) -> str:
    return f"{of:%a} {day_of_year(of)}"


def span(first: date, last: date) -> str:
    """One day, or a stretch of them."""
    return f"on {day(first)}" if first == last else f"{day(first)} to {day(last)}"


def moment(of: datetime, timezone: str) -> str:
    local = of.astimezone(zone(timezone))
    return f"{day(local.date())}, {local:%H:%M} ({timezone})"


def listed(texts: list[str]) -> str:
    """`a, b and c`."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def upper_first(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def measure(name: str) -> str:
    return name.replace("_", " ")


def place(place_id: str, system: System) -> str:
    """The name of a place; its id where the tree does not know it."""
    return system.place_by_id[place_id].name if place_id in system.place_by_id else place_id


def titled(name: str, place_id: str, system: System) -> str:
    """A series or place with its place's name, where that says more than the id."""
    called = place(place_id, system)
    return name if called == place_id else f"{name}, {called}"


def place_of(unique_id: str, system: System) -> str:
    return place(series_key(unique_id).place, system)


def short(unique_id: str) -> str:
    """A label that fits next to a picture; the middle of a long one is left out."""
    if len(unique_id) <= LONGEST_LABEL:
        return unique_id
    half = LONGEST_LABEL // 2
    return f"{unique_id[:half]}{ELLIPSIS}{unique_id[-half + 1 :]}"
