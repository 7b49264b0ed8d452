"""Times in text: one column, or several that make one; local, or with an offset from UTC."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from publication.days import zone as find_zone
from training.frames import BoolArray, IntArray
from training.sources.extract import Extract

JOINED_BY = " | "
CLOCK_EPOCH = datetime(1970, 1, 1)  # of local clocks and of instants alike
MINUTES_A_DAY = 1440
NOT_A_TIME = int(np.iinfo(np.int64).min // 2)
YEARS = range(1678, 2262)  # what a timestamp in nanoseconds can hold
TIME_FORM = (
    r"^(?P<day>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})(?:[T ]+(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))?"
    r"(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?)?\s*(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
TIME_OF_DAY = re.compile(
    r"(?P<hour>[0-9]{1,2})(?:[:hH.](?P<minute>[0-9]{2})?)?(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?(?:\s*(?:-|\u2013|to)\s*[0-9].*)?"
)
"""A time of day such as 8, 08:00, 8h, 8:00 AM; or a range such as 08:00-09:00, of which the begin counts."""
COMPACT_TIME = re.compile(r"([0-9]{2})([0-9]{2})")
HOURS_A_DAY, HALF_DAY, SIXTY = 24, 12, 60
MIN_NUMBERS, MAX_NUMBERS = 3, 5


@dataclass(frozen=True)
class Times:
    """The meaning of distinct texts: minutes since 1970 as arrays of one length.

    `local` by the hospital's own clock (NOT_A_TIME: unreadable); `utc` as instants; `label` as a clock showed them: of
    a text without an offset the local minute, which is the same in both of the hours that the clocks repeat, of one
    with an offset the instant.
    """

    local: IntArray
    utc: IntArray
    label: IntArray

    @property
    def is_read(self) -> BoolArray:
        """Return which texts are times."""
        is_read: BoolArray = self.local != NOT_A_TIME
        return is_read


def with_time_column(extract: Extract) -> Extract:
    """Return the extract with its times in one column: texts of several columns are joined."""
    columns = extract.source.time
    if len(columns) < 2:  # nothing to join
        return extract
    parts = [extract.rows[column].array for column in columns]
    codes = np.zeros(len(extract.rows), np.int64)
    for part in parts:
        codes = codes * len(part.categories) + part.codes
    distinct, at = np.unique(codes, return_inverse=True)
    texts = [_joined(cells) for cells in _cells(distinct, parts)]
    name = JOINED_BY.join(columns)
    joined_texts, position = np.unique(np.array([*texts, ""], dtype=object), return_inverse=True)
    joined = pd.Categorical.from_codes(position[:-1][at], categories=pd.Index(joined_texts, dtype=object))
    rows = pd.DataFrame(
        {**{column: extract.rows[column].array for column in extract.rows if column not in columns}, name: joined},
        index=extract.rows.index,
        copy=False,
    )
    return replace(extract, source=replace(extract.source, time=(name,)), rows=rows)


def _joined(cells: tuple[str, ...]) -> str:
    """The texts as one: numbers are year, month and day, then an hour and a minute if they are there."""
    if not all(cells):
        return ""
    if MIN_NUMBERS <= len(cells) <= MAX_NUMBERS and all(cell.isdecimal() and cell.isascii() for cell in cells):
        year, month, day, *clock = cells
        hour, minute = [*clock, "0", "0"][:2]
        return f"{year:0>4}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute:0>2}"
    return JOINED_BY.join(cells)


def _cells(codes: IntArray, parts: list[pd.Categorical]) -> list[tuple[str, ...]]:
    columns = []
    for part in reversed(parts):
        codes, at = np.divmod(codes, len(part.categories))
        columns.append([str(part.categories[i]) for i in at.tolist()])
    return list(zip(*reversed(columns), strict=True))


def parse_times(distinct_texts: pd.Series, zone: str, hospital_zone: str, day_format: str | None = None) -> Times:
    """The meaning of distinct texts, as `with_time_column` makes them; those without an offset are local in `zone`.

    A day in a column of its own may be in `day_format`. Where it has a time too, and the time of the other column is
    later, the other's day is the one before: what is released after midnight tells of the hour before.
    """
    found = distinct_texts.str.extract(TIME_FORM)
    naive, offsets = _combined(found), _offset_minutes(found["offset"])
    others = naive.isna() & distinct_texts.ne("")
    if others.any():
        read = [_read(text.split(JOINED_BY), day_format) for text in distinct_texts[others]]
        naive[others] = pd.Series(read, index=distinct_texts.index[others], dtype="datetime64[ns]")
        offsets = offsets.mask(others)
    is_read, clock = naive.notna().to_numpy(), _minutes(naive)
    has_offset = offsets.notna().to_numpy()
    utc = clock - np.where(has_offset, offsets.fillna(0).to_numpy(dtype=np.int64), 0)
    is_local = is_read & ~has_offset
    utc[is_local] = _to_utc(clock[is_local], find_zone(zone))
    local = np.full(len(utc), NOT_A_TIME)
    local[is_read] = _to_local(utc[is_read], find_zone(hospital_zone))
    return Times(local, utc, np.where(has_offset, utc, clock))


def _combined(found: pd.DataFrame) -> pd.Series:
    """Days with their times of the day; 24:00 is the midnight at the end of the day."""
    days = pd.to_datetime(found["day"], format="%Y-%m-%d", errors="coerce").astype("datetime64[ns]")
    hour, minute, second = (found[name].fillna("0").astype(int) for name in ("hour", "minute", "second"))
    is_midnight = hour.eq(HOURS_A_DAY) & minute.eq(0) & second.eq(0)
    is_time = is_midnight | ((hour < HOURS_A_DAY) & (minute < SIXTY) & (second < SIXTY))
    return days.add(pd.to_timedelta(hour * SIXTY + minute, unit="min")).where(is_time)


def _offset_minutes(offsets: pd.Series) -> pd.Series:
    parts = offsets.replace("Z", "+00:00").str.extract(r"([+-])([0-9]{2}):?([0-9]{2})").fillna("0")
    minutes = parts[1].astype(int) * SIXTY + parts[2].astype(int)
    return minutes.where(parts[0].ne("-"), -minutes).where(offsets.notna())


def _to_utc(clock: IntArray, zone: ZoneInfo) -> IntArray:
    """Local minutes in UTC: in an hour that the clocks repeat the first; one that they skip is as long after."""
    return clock - _of_days(clock, lambda local: local.replace(tzinfo=zone).utcoffset())


def _to_local(utc: IntArray, zone: ZoneInfo) -> IntArray:
    return utc + _of_days(utc, lambda instant: instant.replace(tzinfo=UTC).astimezone(zone).utcoffset())


def _of_days(minutes: IntArray, offset_at: Callable[[datetime], timedelta | None]) -> IntArray:
    """The offset at each of some minutes since 1970: asked for once a day, unless the clocks change on it."""

    def offset(minute: int) -> int:
        found = offset_at(CLOCK_EPOCH + timedelta(minutes=minute))
        return round((found or timedelta()).total_seconds() / SIXTY)

    days, at = np.unique(minutes // MINUTES_A_DAY, return_inverse=True)
    first = np.array([offset(day * MINUTES_A_DAY) for day in days.tolist()], np.int64)
    last = np.array([offset((day + 1) * MINUTES_A_DAY - 1) for day in days.tolist()], np.int64)
    offsets = first[at]
    changing = np.flatnonzero((first != last)[at])
    offsets[changing] = [offset(minute) for minute in minutes[changing].tolist()]
    return offsets


def _minutes(times: pd.Series) -> IntArray:
    minutes: IntArray = times.to_numpy().astype("datetime64[m]").astype(np.int64)
    return minutes


def _read(parts: list[str], day_format: str | None) -> datetime | None:
    try:
        if len(parts) == 1:
            return _in_format(parts[0], day_format)
        return _of_day_and_time(parts, day_format)
    except ValueError:
        return None


def _in_format(text: str, day_format: str | None) -> datetime | None:
    """A day in the format, with a time of the day behind it if the format has none."""
    if day_format is None or not text.isascii():
        return None
    try:
        found = datetime.strptime(text, day_format)
    except ValueError:
        day, _, rest = text.partition(" ")
        clock = _time_of_day(rest)
        if clock is None:
            return None
        found = datetime.combine(datetime.strptime(day, day_format), time.min) + clock
    return found.replace(tzinfo=None) if found.year in YEARS and found.tzinfo is None else None


def _of_day_and_time(parts: list[str], day_format: str | None) -> datetime | None:
    day, clock = _day(parts[0], day_format), _time_of_day(parts[1])
    if day is None or clock is None or len(parts) > 2:
        return None
    found = datetime.combine(day.date(), time.min) + clock
    is_of_the_day_before = day.time() != time.min and found > day
    return found - timedelta(days=1) if is_of_the_day_before else found


def _day(text: str, day_format: str | None) -> datetime | None:
    found = re.match(TIME_FORM, text)
    if found is None:
        return _in_format(text, day_format)
    year, month, day = map(int, found["day"].split("-"))
    if year not in YEARS:
        return None
    hours, minutes, seconds = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    clock = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return datetime.combine(date(year, month, day), time.min) + clock


def _time_of_day(text: str) -> timedelta | None:
    """The time since midnight by the clock; 24:00 is the midnight at the end of the day."""
    found = TIME_OF_DAY.fullmatch(text.strip()) or None
    compact = COMPACT_TIME.fullmatch(text.strip())
    if compact is not None:
        hour, minute, half = int(compact[1]), int(compact[2]), None
    elif found is not None:
        hour, minute, half = int(found["hour"]), int(found["minute"] or 0), found["half"]
    else:
        return None
    if half is not None:
        if not 1 <= hour <= HALF_DAY:
            return None
        hour = hour % HALF_DAY + (HALF_DAY if half[0] in "Pp" else 0)
    if hour > HOURS_A_DAY or minute >= SIXTY or (hour == HOURS_A_DAY and minute):
        return None
    return timedelta(hours=hour, minutes=minute)
