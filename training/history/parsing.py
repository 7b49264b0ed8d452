"""Text to days, counts and instants, a column of distinct texts at a time: what cannot be read becomes NaN or NaT,
never a guess."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from publication.days import zone as find_zone

ISO_DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?$"
ISO_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}(?:\.0+)?(?:Z|[+-][0-9:]{2,8})$"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
INFINITE = r"[+-]?(?:inf|infinity)"
YEARS = range(1678, 2262)  # what a timestamp in nanoseconds can hold


def days(texts: pd.Series, timezone: str, day_format: str | None = None) -> pd.Series:
    """Hospital days, as naive midnights: ISO days, ISO timestamps at midnight, and instants of a local midnight.

    With a `day_format` its days alone, and at midnight where it has hours.
    """
    zone = find_zone(timezone)
    if day_format is not None:
        return _days([_day_in(text, day_format, zone) for text in texts], texts.index)
    plain = pd.to_datetime(texts.str.extract(ISO_DAY, expand=False), format="%Y-%m-%d", errors="coerce")
    instants = texts[texts.str.contains(ISO_INSTANT)]
    if instants.empty:
        return plain.astype("datetime64[ns]")
    offset = _days([_day_at(text, zone) for text in instants], instants.index)
    return plain.astype("datetime64[ns]").fillna(offset.reindex(texts.index))


def counts(texts: pd.Series) -> pd.Series:
    """Decimal numbers as floats, exactly as Python reads them; words for infinity as infinity."""
    values = pd.Series(np.nan, index=texts.index)
    is_number = texts.str.fullmatch(NUMBER).astype(bool)
    values[is_number] = texts[is_number].astype(float)
    values[texts.str.fullmatch(INFINITE, case=False).astype(bool)] = np.inf
    return values


def instants(texts: pd.Series, timezone: str) -> pd.Series:
    """ISO days (their local start) and timestamps (local where they have no offset), in UTC."""
    zone = find_zone(timezone)
    return pd.Series([_instant(text, zone) for text in texts], index=texts.index, dtype="datetime64[ns, UTC]")


def _days(found: list[date | None], index: pd.Index) -> pd.Series:
    return pd.Series(found, index=index, dtype="datetime64[ns]")


def _day_in(text: str, day_format: str, zone: ZoneInfo) -> date | None:
    """The day that a text means in a declared format."""
    try:
        read = datetime.strptime(text, day_format) if text.isascii() else None  # a day, not an instant
    except ValueError:
        return None
    if read is None or read.year not in YEARS:
        return None
    if read.tzinfo is not None:
        return _local_day(read, zone)
    return read.date() if read.time() == time.min else None


def _day_at(text: str, zone: ZoneInfo) -> date | None:
    """The local day that begins at the instant."""
    instant = _instant(text, zone)
    return None if instant is None else _local_day(instant, zone)


def _local_day(instant: datetime, zone: ZoneInfo) -> date | None:
    """The day that begins at the instant. Where the clocks go forward at midnight, it begins at one."""
    day = instant.astimezone(zone).date()
    start = datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
    return day if instant.astimezone(UTC) == start else None


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.year not in YEARS:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
