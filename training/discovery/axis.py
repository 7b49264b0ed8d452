"""The day or time of the rows of a table, in one column or several, and its time zone."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from publication.days import zone
from publication.errors import TimeZoneError
from training.discovery.days import (
    DayColumn,
    as_day_column,
    joined_minutes,
)
from training.discovery.drafts import identifier
from training.discovery.tables import Column, FileTable
from training.discovery.words import (
    DAY_OF_MONTH_WORDS,
    HOUR_WORDS,
    MEAN_WORDS,
    MONTH_WORDS,
    RATE_WORDS,
    YEAR_WORDS,
    has,
)
from training.errors import HistoryError
from training.frames import BoolArray, IntArray
from training.sources.times import HOURS_A_DAY, MINUTES_A_DAY, NOT_A_TIME, TIME_OF_DAY

LOCAL_TIME = Path("/etc/localtime")
ZONE_FOLDER = "zoneinfo"
DEFAULT = "UTC"
LIKELY = (
    *("Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Los_Angeles", "America/Phoenix", "America/Halifax", "America/St_Johns", "America/Sao_Paulo"),
    *("America/Santiago", "America/Bogota", "America/Mexico_City", "Australia/Sydney", "Australia/Adelaide"),
    *("Australia/Brisbane", "Australia/Perth", "Australia/Darwin", "Pacific/Auckland", "Asia/Kolkata", "Asia/Tokyo"),
    *("Asia/Singapore", "Asia/Dubai", "Africa/Johannesburg", "Africa/Nairobi", "Africa/Lagos", "Asia/Jerusalem"),
)


def machine_zone(environ: Mapping[str, str] = os.environ) -> str:
    """Return the name of this machine's time zone; UTC where it has none."""
    names = [environ.get("TZ", "").lstrip(":")]
    try:
        parts = LOCAL_TIME.resolve().parts
    except OSError:
        parts = ()
    if ZONE_FOLDER in parts:
        names.append("/".join(parts[parts.index(ZONE_FOLDER) + 1 :]))
    return next((name for name in names if name and _is_zone(name)), DEFAULT)


def _is_zone(name: str) -> bool:
    try:
        zone(name)
    except (TimeZoneError, ValueError, OSError):
        return False
    return True


def zone_of_offsets(texts: Sequence[str], environ: Mapping[str, str] = os.environ) -> str | None:
    """Return a time zone whose clocks have the offsets of these ISO instants; None if they are all in UTC."""
    instants = []
    for text in texts:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            continue
        if instant.tzinfo is not None:
            instants.append(instant)
    if not instants or all(not instant.utcoffset() for instant in instants):
        return None
    for name in (machine_zone(environ), *LIKELY):
        known = zone(name)
        if all(i.astimezone(UTC).astimezone(known).utcoffset() == i.utcoffset() for i in instants):
            return name
    return None


def ask_for_zone(file: str, example: str) -> HistoryError:
    """The error of instants that say nothing of the hospital's clock."""
    return HistoryError(
        f"Looking at {file}: its times, such as {example}, are instants in UTC, and the day of a hospital begins at "
        "its own midnight. Give the hospital's time zone: --timezone Europe/London"
    )


YEAR_NUMBERS, MONTH_NUMBERS, DAY_NUMBERS = range(1970, 2100), range(1, 13), range(1, 32)
MOST_CLOCKS = 96
HOURS_SHARE = 0.95
DAY_NAME, HOUR_NAME = "day", "hour"


@dataclass(frozen=True)
class Axis:
    """When the rows are. `day` or `time` are columns of the source, `select` the SQL of those that a query makes.

    `minutes` has the local minute since 1970 of each row, of a day its midnight (NOT_A_TIME: none).
    """

    minutes: IntArray
    has_time: bool
    because: str
    day: str | None = None
    time: tuple[str, ...] = ()
    day_format: str | None = None
    has_offset: bool = False
    clock: int | None = None
    zone: str | None = None
    used: frozenset[str] = frozenset()
    select: dict[str, str] = field(default_factory=dict)
    others: tuple[DayColumn, ...] = ()
    ends_hours: str | None = None
    """The column of hours counted from 1 to 24, if there is one: an hour is then named by its end."""

    @property
    def days(self) -> IntArray:
        """The day of each row since 1970; NOT_A_TIME: none."""
        return np.where(self.minutes == NOT_A_TIME, NOT_A_TIME, self.minutes // MINUTES_A_DAY)

    def rows(self, chosen: BoolArray) -> "Axis":
        """The same of some of the rows."""
        others = tuple(replace(day, column=day.column.rows(chosen), minutes=day.minutes[chosen]) for day in self.others)
        return replace(self, minutes=self.minutes[chosen], others=others)


def find_axis(table: FileTable, declared: str | None, file: str) -> Axis | None:
    """Return the day or time of the rows; None where no column has days.

    Raises HistoryError where the day format is in doubt.
    """
    found = [day for column in table.columns.values() if (day := as_day_column(column, declared)) is not None]
    if not found:
        return _of_numbers(table)
    order = {name: number for number, name in enumerate(table.columns)}
    best = max(found, key=lambda day: (day.score, -order[day.column.name]))
    _check_doubt(best, file)
    others = tuple(day for day in found if day is not best)
    hour = _hour_column(table, best)
    if hour is not None:
        joined = _with_hour(best, hour, others)
        if joined is not None:
            return joined
    name = best.column.name
    used = frozenset({name})
    because = f"its cells are days; {best.format.because}" if best.format.because else "its cells are days"
    axis = Axis(best.minutes, best.has_time, because, used=used, others=others, clock=best.clock)
    axis = replace(axis, day_format=best.format.text, has_offset=best.has_offset)
    if best.sql is not None:
        axis = replace(axis, select={DAY_NAME: best.sql}, zone="UTC" if best.has_offset else None)
        name = DAY_NAME
    return replace(axis, time=(name,)) if best.has_time else replace(axis, day=name)


def _check_doubt(day: DayColumn, file: str) -> None:
    """Raises HistoryError where several formats fit."""
    if not day.format.doubt:
        return
    sample = day.column.filled[0]
    readings = " or ".join(f"--day-format {form.split(' ')[0]} ({_example(sample, form)})" for form in day.format.doubt)
    raise HistoryError(
        f"Looking at {file}: the days of column {day.column.name!r}, such as {sample}, can be read in "
        f"{len(day.format.doubt)} ways, and nothing in the file says which. Give {readings}."
    )


def _example(sample: str, form: str) -> str:
    from datetime import datetime

    for text in (sample, sample.split(" ")[0], sample.split("T")[0]):
        try:
            return f"{datetime.strptime(text, form):%d %B %Y}"
        except ValueError:
            continue
    return form


def _hour_column(table: FileTable, day: DayColumn) -> Column | None:
    """A column whose name and values say that it has hours of the day."""
    for column in table.columns.values():
        if (
            column is day.column
            or not has(column.words, HOUR_WORDS)
            or has(column.words, MEAN_WORDS)
            or has(column.words, RATE_WORDS)
        ):
            continue
        texts = column.filled
        are_hours = 0 < len(texts) <= MOST_CLOCKS and all(_hour(text) is not None for text in texts)
        if are_hours and column.n_filled >= HOURS_SHARE * column.n_rows:
            return column
    return None


def _hour(text: str) -> int | None:
    found = TIME_OF_DAY.fullmatch(text.strip())
    if found is None or int(found["hour"]) > HOURS_A_DAY:
        return None
    return int(found["hour"])


def _with_hour(day: DayColumn, hour: Column, others: tuple[DayColumn, ...]) -> Axis | None:
    """A day and its hour; of a time that has a clock of its own only if both agree."""
    if day.sql is not None or day.has_offset:
        return None
    day_format = day.format.text if not day.clock else None
    if day.clock and day.format.text is not None and not day.format.text.startswith("%Y-%m-%d"):
        return None
    minutes = joined_minutes([day.column, hour], day_format)
    if (minutes != NOT_A_TIME).mean() < HOURS_SHARE * day.is_read.mean():
        return None
    numbers = np.array([_hour(text) if text.strip() else -1 for text in hour.texts])
    if day.has_time or day.clock:
        difference = (day.minutes // 60 - minutes // 60)[day.is_read]
        if np.isin(difference, (0, 1)).mean() < HOURS_SHARE:
            return None
    elif len(hour.filled) == 1:
        return None
    names = (day.column.name, hour.name)
    because = "one column has the day, the other the hour"
    if day.format.because:
        because += f"; {day.format.because}"
    filled = numbers[(hour.counts > 0) & ~hour.is_blank]
    ends = hour.name if filled.min() == 1 and filled.max() == HOURS_A_DAY and _is_plain(hour) else None
    return Axis(
        minutes, True, because, time=names, day_format=day_format, used=frozenset(names), others=others, ends_hours=ends
    )


def _is_plain(hour: Column) -> bool:
    return all(text.strip().isdigit() for text in hour.filled)


def _of_numbers(table: FileTable) -> Axis | None:
    """Columns of years, months and days, and maybe of hours."""
    year, month, day = (
        _numbers_in(table, pattern, values)
        for pattern, values in (
            (YEAR_WORDS, YEAR_NUMBERS),
            (MONTH_WORDS, MONTH_NUMBERS),
            (DAY_OF_MONTH_WORDS, DAY_NUMBERS),
        )
    )
    if year is None or month is None or day is None:
        return None
    columns = [year, month, day]
    hour = _numbers_in(table, HOUR_WORDS, range(HOURS_A_DAY + 1))
    parts = [identifier(column.name) for column in columns]
    if hour is None:
        minutes = joined_minutes(columns, None)
        sql = f"make_date({', '.join(f'CAST({part} AS BIGINT)' for part in parts)})"
        because = "three columns have the year, the month and the day"
        return Axis(minutes, False, because, day=DAY_NAME, used=_names(columns), select={DAY_NAME: sql})
    columns.append(hour)
    minutes = joined_minutes(columns, None)
    numbers = [int(text) for text in hour.filled]
    ends = hour.name if min(numbers) == 1 and max(numbers) == HOURS_A_DAY else None
    names = tuple(column.name for column in columns)
    because = "four columns have the year, the month, the day and the hour"
    return Axis(minutes, True, because, time=names, used=_names(columns), ends_hours=ends)


def _names(columns: Sequence[Column]) -> frozenset[str]:
    return frozenset(column.name for column in columns)


def _numbers_in(table: FileTable, pattern: object, values: range) -> Column | None:
    for column in table.columns.values():
        texts = column.filled
        if not texts or len(texts) > 200 or not has(column.words, pattern):  # type: ignore[arg-type]
            continue
        if all(text.strip().isdigit() and int(text) in values for text in texts if len(text) < 6):
            return column
    return None
