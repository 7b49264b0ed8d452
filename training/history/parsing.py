"""Text to days, counts and instants, a column at a time: what cannot be read becomes NaN or NaT, never a guess."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

ISO_DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?$"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
INFINITE = r"[+-]?(?:inf|infinity)"
YEARS = range(1678, 2262)  # what a timestamp in nanoseconds can hold


def days(text: pd.Series) -> pd.Series:
    """ISO days, or ISO timestamps at midnight, as naive midnights."""
    return _by_distinct(text, _days).astype("datetime64[ns]")


def counts(text: pd.Series) -> pd.Series:
    """Decimal numbers as floats, exactly as Python reads them; words for infinity as infinity."""
    return _by_distinct(text, _counts).astype(float)


def instants(text: pd.Series, timezone: str) -> pd.Series:
    """ISO days (their local start) and timestamps (local where they have no offset), in UTC."""
    zone = ZoneInfo(timezone)
    read = {word: _instant(word, zone) for word in text.unique()}
    return text.map(read).astype("datetime64[ns, UTC]")


def _by_distinct(text: pd.Series, read: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Extracts repeat few texts many times: each is read once."""
    distinct = pd.Series(text.unique(), dtype=object)
    return text.map(dict(zip(distinct, read(distinct), strict=True)))


def _days(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text.str.extract(ISO_DAY, expand=False), format="%Y-%m-%d", errors="coerce")


def _counts(text: pd.Series) -> pd.Series:
    values = pd.Series(np.nan, index=text.index)
    is_number = text.str.fullmatch(NUMBER).astype(bool)
    values[is_number] = text[is_number].astype(float)
    values[text.str.fullmatch(INFINITE, case=False).astype(bool)] = np.inf
    return values


def _instant(word: str, zone: ZoneInfo) -> datetime | None:
    try:
        instant = datetime.fromisoformat(word)
    except ValueError:
        return None
    if instant.year not in YEARS:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
