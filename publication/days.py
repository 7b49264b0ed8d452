"""The hospital day: a local calendar day of the system's time zone."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from publication.errors import TimeZoneError
from publication.vocabulary import Freshness

ONE_DAY = timedelta(days=1)
DAYS_UNTIL_STALE = 2
SATURDAY = 5
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LEADS_REMEMBERED = 1000


def zone(name: str) -> ZoneInfo:
    """Return the time zone of the IANA database. Raises TimeZoneError where this Python does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of zones, not a name at all
        found = "does not know it" if available_timezones() else "has no time-zone data"
        raise TimeZoneError(
            f"Reading the time zone {name!r}: this Python {found}. Install the newest data with "
            "`pip install --upgrade tzdata`."
        ) from None


def today(now: datetime, timezone: str) -> date:
    """The hospital day at the instant `now` (which must carry its offset)."""
    return now.astimezone(zone(timezone)).date()


def end_of_day(day: date, timezone: str) -> datetime:
    """The instant, in UTC, at which `day` is over: 23 or 25 hours after its start when clocks change."""
    midnight = datetime.combine(day + ONE_DAY, time.min, tzinfo=zone(timezone))
    return midnight.astimezone(UTC)


def hour_after(day: date, hour: int, timezone: str) -> datetime:
    """The instant, in UTC, of a local hour (0 to 23) on the day after `day`; hour 0 is the end of the day."""
    return datetime.combine(day + ONE_DAY, time(hour), tzinfo=zone(timezone)).astimezone(UTC)


def target_day(cutoff: date, lead: int) -> date:
    """The day that is `lead` days after the cutoff."""
    return cutoff + timedelta(days=lead)


@lru_cache(LEADS_REMEMBERED)
def counted_leads(cutoff: date, horizon_days: int, counted_on: tuple[int, ...]) -> Sequence[int]:
    """Return the leads, up to the horizon, of the days that a series counted on these weekdays is forecast for.

    Weekdays are numbers, 0 for Monday; without any it is counted on all of them.
    """
    leads = range(1, horizon_days + 1)
    if not counted_on:
        return leads
    return tuple(lead for lead in leads if target_day(cutoff, lead).weekday() in counted_on)


def weekday_names(counted_on: Collection[int]) -> str:
    """Return the weekdays in words: `Saturday and Sunday`."""
    *others, last = (WEEKDAYS[weekday] for weekday in sorted(counted_on))
    return f"{', '.join(others)} and {last}" if others else last


def freshness(cutoff: date, now: datetime, timezone: str) -> Freshness:
    """Fresh: lead 1 is today (or later). Late: lead 1 was yesterday. Stale: earlier."""
    days_behind = (today(now, timezone) - target_day(cutoff, 1)).days
    if days_behind <= 0:
        return Freshness.FRESH
    return Freshness.LATE if days_behind < DAYS_UNTIL_STALE else Freshness.STALE
