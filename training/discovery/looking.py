"""A first look at a table: its days, its numbers, the rows that name their place, and what its columns are."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from training.discovery import words as w
from training.discovery.axis import Axis, ask_for_zone, find_axis, zone_of_offsets
from training.discovery.drafts import Assumption
from training.discovery.labels import is_index, is_label
from training.discovery.notation import FoundNotation, find_notation
from training.discovery.places import is_nameless
from training.discovery.shapes import Roles, find_roles, has_one_row_a_time, rows_of_places, stem_of
from training.discovery.tables import Column, FileTable
from training.discovery.turning import days_as_rows, hours_as_rows, levels_as_rows, measures_as_columns
from training.errors import HistoryError, NoDaysError
from training.frames import BoolArray
from training.sources.times import NOT_A_TIME
from training.system.schema import DEFAULT_CENSUS_HOUR

NOT_DAILY = "counts a day are needed"
FEWEST_MONTHS, FEWEST_WEEKS, A_WEEK = 2, 3, 7
SHOWN = 12
MERGED_SHARE = 0.1
"""Cells are merged if so many rows have counts, and no day or no place."""
ROWS_OF_FILES = "extract"


@dataclass(frozen=True)
class Options:
    """What the user said about the files."""

    day_format: str | None = None
    timezone: str | None = None
    decimal: str | None = None


@dataclass
class Look:
    """What is known of a table, while sources are made of it. `root` is the place of rows that name none.

    `full` is the table with all of its rows, `body` the SQL of its rows, `nameless` the column that is blank in rows
    of no place, or has one of `nameless_words`. `path` is what sources read.
    """

    table: FileTable
    full: FileTable
    path: tuple[str, ...]
    file: str
    root: str
    axis: Axis
    notation: FoundNotation
    roles: Roles
    body: str = ROWS_OF_FILES
    nameless: str | None = None
    nameless_words: tuple[str, ...] = ()
    assumptions: list[Assumption] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    zone: tuple[str, str] | None = None
    census_hour: int = DEFAULT_CENSUS_HOUR
    known_at: str | None = None
    week_day: str | None = None
    n_without_day: int = 0
    stream_totals: dict[str, list[str]] = field(default_factory=dict)

    def say(self, what: str, found: str, because: str) -> None:
        """Note an assumption."""
        self.assumptions.append(Assumption(what, found, because))

    @property
    def stem(self) -> str:
        """The name of the first file, without its folder and its ending."""
        return stem_of(self.table.contents[0])


def look(table: FileTable, path: tuple[str, ...], root: str, options: Options) -> Look:
    """Return what is known of a table.

    Raises HistoryError where it has no days or only those of months and weeks, or where it can be read in two ways.
    """
    file = ", ".join(dict.fromkeys(content.file for content in table.contents[:SHOWN]))
    turned = days_as_rows(table) or hours_as_rows(table) or levels_as_rows(table)
    full, body = (table, ROWS_OF_FILES) if turned is None else (turned.table, turned.sql)
    over_days = () if turned is None else turned.left_out
    found = _look(full, body, file, path, root, options)
    if found.roles.measure_names is not None:
        turned = measures_as_columns(found.table, found.axis.used, found.roles, found.body)
        if turned is not None:
            names = found.roles.measure_names.name
            found = _look(turned.table, turned.sql, file, path, root, options)
            found.say("measures", f"named in {names}", "turned into columns by a query")
    _check_days(found)
    _settle_zone(found, options)
    _say_layout(found)
    for name in over_days:
        found.say("left out", name, "it is of all days or hours together")
    return found


def _look(full: FileTable, body: str, file: str, path: tuple[str, ...], root: str, options: Options) -> Look:
    table = full.thinned()
    axis = find_axis(table, options.day_format, file)
    if axis is None:
        raise NoDaysError(
            f"Looking at {file}: it has no column of days; {NOT_DAILY}. Found the columns {shown(list(table.columns))}."
        )
    is_row = axis.minutes != NOT_A_TIME
    if not is_row.any():
        raise NoDaysError(f"Looking at {file}: it has no row with a day; {NOT_DAILY}.")
    read, has_no_day = table, ~is_row
    table, axis = table.rows(is_row), axis.rows(is_row)
    columns = [column for name, column in table.columns.items() if name not in axis.used and not is_index(column)]
    numbers = [column for column in columns if not is_label(column, axis.days, has_one_row_a_time(axis))]
    notation = find_notation(numbers, options.decimal)
    table, axis, nameless = rows_of_places(table, axis, notation.notation)
    roles = find_roles(table, axis, notation.notation)
    _check_merged(read, has_no_day, roles, notation, file)
    words = () if nameless is None else tuple(text for text in full.columns[nameless].filled if is_nameless(text))
    n_without_day = int((~is_row).sum())
    return Look(
        table, full, path, file, root, axis, notation, roles, body, nameless, words, n_without_day=n_without_day
    )


def _check_merged(table: FileTable, has_no_day: BoolArray, roles: Roles, notation: FoundNotation, file: str) -> None:
    """Raise HistoryError where many rows have counts, and no day or place: merged cells fill their first row alone."""
    counted = [table.columns[name] for of in roles.chosen.columns.values() for name in of if name in table.columns]
    if not counted:
        return
    has_counts = np.any([np.isfinite(column.values(notation.notation)) for column in counted], axis=0)
    lacking = {"day": has_no_day & has_counts}
    if roles.place is None:
        lacking |= {
            f"value in {name}": column.is_blank[column.codes] & has_counts
            for name, column in table.columns.items()
            if _is_named_place(column) and 1 < len(column.filled) < column.n_rows / 2
        }
    for what, rows in lacking.items():
        if rows.sum() > MERGED_SHARE * len(rows):
            raise HistoryError(
                f"Looking at {file}: {rows.sum()} of {len(rows)} rows have counts and no {what}. Cells that are merged "
                "fill their first row alone: write it into each row, and run init again."
            )


def _is_named_place(column: Column) -> bool:
    patterns = (w.SITE_WORDS, w.REGION_WORDS, w.ORGANISATION_WORDS)
    return not is_index(column) and any(w.has(column.words, pattern) for pattern in patterns)


def shown(names: Sequence[str]) -> str:
    """The first of some names."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _check_days(found: Look) -> None:
    """Raises HistoryError where the days are those of months or quarters, or of weeks that nothing tells more of."""
    days = np.unique(found.axis.days[found.axis.days >= 0])
    dates = days.astype("datetime64[D]")
    of_month = (dates - dates.astype("datetime64[M]")).astype(int) + 1
    n_months = len(np.unique(dates.astype("datetime64[M]")))
    are_ends = ((dates + 1).astype("datetime64[M]") != dates.astype("datetime64[M]")).all()
    fewest = 1 if _is_named_month(found) else FEWEST_MONTHS
    if fewest <= n_months == len(days) and ((of_month == 1).all() or are_ends):
        raise HistoryError(
            f"Looking at {found.file}: it has no column of days, but one of months "
            f"({', '.join(map(str, dates[:FEWEST_MONTHS]))}); {NOT_DAILY}."
        )
    if len(days) >= FEWEST_WEEKS and (np.diff(days) % A_WEEK == 0).all():
        found.week_day = _week_day(found)
        if found.week_day is None:
            raise HistoryError(
                f"Looking at {found.file}: it has one day a week ({dates[-2]}, {dates[-1]}); {NOT_DAILY}. Totals of "
                'weeks can be read too: write system.toml by hand, with every = "week" and week_day.'
            )


def _is_named_month(found: Look) -> bool:
    """Return whether the name of the column of days says that it has months."""
    name_words = w.tokens(found.axis.day or "")
    return w.has(name_words, w.MONTH_WORDS) and not w.has(name_words, w.DAY_WORDS)


def _week_day(found: Look) -> str | None:
    """The day of its week on which a total stands, by the name of its column."""
    name_words = w.tokens(found.axis.day or "")
    if not w.has(name_words, w.WEEK_WORDS):
        return None
    if w.has(name_words, w.WEEK_BEGINS_WORDS):
        return "first"
    return "last" if w.has(name_words, w.WEEK_ENDS_WORDS) else None


def _settle_zone(found: Look, options: Options) -> None:
    """Settle the time zone where times are instants. Raises HistoryError where only the user can."""
    axis = found.axis
    if options.timezone is not None or not (axis.has_offset or axis.zone):
        return
    column = found.table.columns[next(iter(axis.used))]
    zone = zone_of_offsets(column.filled) if axis.has_offset and not axis.zone else None
    if zone is None:
        raise ask_for_zone(found.file, column.filled[0])
    found.zone = (zone, "its clocks have the offsets of the times")


def _say_layout(found: Look) -> None:
    location, axis, notation = found.table.location, found.axis, found.notation.notation
    if location.sheet is not None:
        found.say("sheet", location.sheet, "it has a table with days")
    if location.header_rows != (1,):
        rows = " and ".join(map(str, location.header_rows))
        found.say("header", f"row {rows}", "from there on the columns are consistent")
    made_of = [name for name in found.full.columns if name in axis.used] if axis.select else []
    names = " + ".join(made_of or axis.time or (axis.day or "",))
    form = f" as {axis.day_format}" if axis.day_format else ""
    found.say("time" if axis.has_time else "day", f"{names}{form}", axis.because)
    if axis.ends_hours is not None:
        found.say("hour", f"{axis.ends_hours} less one", "hours from 1 to 24 are named by their ends")
    reasons = found.notation.reasons
    if notation.decimal != ".":
        found.say("decimals", notation.decimal, reasons.get("decimal", reasons.get("thousands", "")))
    if notation.thousands is not None:
        found.say("thousands", repr(notation.thousands), reasons.get("thousands", reasons.get("decimal", "")))
    if notation.missing:
        found.say("no value", ", ".join(sorted(notation.missing)), "words among numbers")
    for text, value in notation.suppressed.items():
        found.say("hidden small counts", f"{text} stands for {value:g}", "the middle of what it hides")
