"""Tables that must be turned: columns that are days become rows, rows that name their measure become columns."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from training.discovery.axis import DAY_NAME, HOUR_NAME
from training.discovery.drafts import grouped_query, identifier, literal
from training.discovery.measures import role_of
from training.discovery.notation import has_numbers
from training.discovery.shapes import UNIQUE_SHARE, Roles
from training.discovery.tables import DAY_PART, Column, FileTable
from training.discovery.words import (
    CODE_WORDS,
    DAY_OF_MONTH_WORDS,
    DAY_WORDS,
    HOUR_WORDS,
    MONTH_WORDS,
    RATE_WORDS,
    REGION_WORDS,
    SITE_WORDS,
    STREAM_WORDS,
    TOTAL_WORDS,
    VALUE_WORDS,
    YEAR_WORDS,
    has,
    tokens,
)
from training.errors import HistoryError
from training.frames import IntArray
from training.sources.headers import LEVELS_JOINED_BY
from training.sources.times import HOURS_A_DAY

COUNT_NAME, HEADER_NAME, CELL_NAME = "count", "header", "cell"
PLACE_NAME = "place"
FEWEST_DAY_COLUMNS, FEWEST_PLACES_ACROSS, N_LEVELS = 2, 2, 2
MOST_MEASURES = 60
TEXTS = "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM extract"
HOUR_HEADER = re.compile(
    r"(?P<word>[^\W\d_]*)[\s_.-]*"
    r"(?P<clock>(?P<hour>\d{1,2})(?:[:.h]\d{2}|h)?(?:\s*(?:-|\u2013|to)\s*\d{1,2}(?:[:.h]\d{2}|h)?)?)",
    re.IGNORECASE,
)
"""The name of a column of one hour: `H0`, `08:00`, `8h`, `Hour 9`, `00-01`."""
NO_CELLS = Column("", ("",), np.zeros(0, np.int64))


@dataclass(frozen=True)
class TurnedTable:
    """A table as it is looked at, and the SQL that makes it of the file. `left_out` are columns over all times."""

    table: FileTable
    sql: str
    left_out: tuple[str, ...] = ()


def days_as_rows(table: FileTable) -> TurnedTable | None:
    """Return the table with its columns of days as rows; None if it has no such columns."""
    by_day = {name: parts for name in table.columns if (parts := _day_and_measure(name)) is not None}
    days = {day for day, _ in by_day.values()}
    others = [name for name in table.columns if name not in by_day and table.columns[name].n_filled]
    if len(days) < FEWEST_DAY_COLUMNS or len(by_day) < len(others):
        return None
    sample = next(iter(by_day))
    first, _, second = sample.partition(LEVELS_JOINED_BY)
    day_first = _is_day(first)
    pattern = _pattern(first if day_first else second)
    fits = f"^{pattern}(?:{LEVELS_JOINED_BY}.*)?$" if day_first else f"^.*{LEVELS_JOINED_BY}{pattern}$"
    parts = (_part(1), _part(2)) if day_first else (_part(2), _part(1))
    return _turned(table, by_day, DAY_NAME, *parts, fits)


def _is_over_times(column: Column) -> bool:
    """Return whether a column next to those of times has sums or ranks over them: numbers that are no ids, no beds."""
    is_id = any(has(column.words, pattern) for pattern in (CODE_WORDS, SITE_WORDS, REGION_WORDS, STREAM_WORDS))
    is_id |= any(has(column.words, pattern) for pattern in (DAY_WORDS, YEAR_WORDS, MONTH_WORDS, DAY_OF_MONTH_WORDS))
    is_beds = role_of(column.words) is not None and not has(column.words, TOTAL_WORDS)
    return has_numbers(column) and not is_id and not is_beds


def hours_as_rows(table: FileTable) -> TurnedTable | None:
    """Return the table with a column for each hour of the day as rows; None if it has no such columns."""
    found = {name: match for name in table.columns if (match := HOUR_HEADER.fullmatch(name.strip())) is not None}
    words = {match["word"] for match in found.values()}
    hours = sorted(int(match["hour"]) for match in found.values())
    is_named = len(words) == 1 and (words == {""} or words <= {"h", "H"} or has(tokens(next(iter(words))), HOUR_WORDS))
    if not is_named or hours not in (list(range(HOURS_A_DAY)), list(range(1, HOURS_A_DAY + 1))):
        return None
    by_hour = {name: (match["clock"], "") for name, match in found.items()}
    fits = f"^(?:{'|'.join(map(re.escape, found))})$"
    return _turned(table, by_hour, HOUR_NAME, f"regexp_extract({HEADER_NAME}, '[0-9].*$')", _part(2), fits)


def levels_as_rows(table: FileTable) -> TurnedTable | None:
    """Return the table with the places of a header of two rows as rows; None if its header is none of measures."""
    levels = {name: tuple(name.split(LEVELS_JOINED_BY)) for name in table.columns if LEVELS_JOINED_BY in name}
    levels = {name: parts for name, parts in levels.items() if len(parts) == N_LEVELS}
    if not levels:
        return None
    of_measures = [sum(role_of(tokens(parts[level])) is not None for parts in levels.values()) for level in (0, 1)]
    level = 0 if of_measures[0] > of_measures[1] else 1
    by_place = {name: (parts[1 - level], parts[level]) for name, parts in levels.items()}
    names = [[place for place, _ in by_place.values()], [measure for _, measure in by_place.values()]]
    if min(len(set(of)) for of in names) < 1 or len(set(names[0])) < FEWEST_PLACES_ACROSS or not of_measures[level]:
        return None
    return _turned(table, by_place, PLACE_NAME, _part(2 - level), _part(level + 1), f"^.*{LEVELS_JOINED_BY}.*$")


def _turned(
    table: FileTable, parts_of: dict[str, tuple[str, str]], key_name: str, key_sql: str, measure_sql: str, fits: str
) -> TurnedTable:
    """The table with one row for each key of its columns, such as a day; `parts_of` has the key and the measure."""
    others = [name for name in table.columns if name not in parts_of and table.columns[name].n_filled]
    left_out = tuple(name for name in others if key_name != PLACE_NAME and _is_over_times(table.columns[name]))
    labels = [name for name in others if name not in left_out]
    keys = list(dict.fromkeys(key for key, _ in parts_of.values()))
    names = {measure: _unused(measure or COUNT_NAME, labels) for _, measure in parts_of.values()}
    name_of = {parts: name for name, parts in parts_of.items()}
    columns = {
        name: replace(table.columns[name], codes=np.tile(table.columns[name].codes, len(keys))) for name in labels
    }
    key_name = _unused(key_name, labels)
    columns[key_name] = Column(key_name, tuple(keys), np.repeat(np.arange(len(keys)), table.n_rows))
    for measure, name in names.items():
        columns[name] = _stacked(name, [_cells(table, name_of.get((key, measure))) for key in keys])
    is_row = np.any([~columns[name].is_blank[columns[name].codes] for name in names.values()], axis=0)
    turned = replace(table, columns=columns, n_rows=table.n_rows * len(keys), files=None).rows(is_row)
    counts = [
        f"{_only(f'CASE WHEN {measure_sql} = {literal(measure)} THEN {CELL_NAME} END')} AS {identifier(name)}"
        for measure, name in names.items()
    ]
    made = [*map(identifier, labels), f"{key_sql} AS {identifier(key_name)}", *counts]
    unpivot = f"ON COLUMNS({literal(fits)}) INTO NAME {HEADER_NAME} VALUE {CELL_NAME}"
    return TurnedTable(turned, grouped_query(made, f"(\n    UNPIVOT ({TEXTS})\n    {unpivot}\n  )"), left_out)


def _day_and_measure(name: str) -> tuple[str, str] | None:
    """The day and the measure of a column's name, in whichever order its two rows have them."""
    first, joined, second = name.partition(LEVELS_JOINED_BY)
    for day, measure in ((first, second), (second, first)):
        if day and _is_day(day) and (joined or not measure):
            return day, measure
    return None


def _is_day(text: str) -> bool:
    match = DAY_PART.fullmatch(text.strip())
    return match is not None and not match["rest"]


def _unused(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _cells(table: FileTable, name: str | None) -> Column:
    if name is None:
        return replace(NO_CELLS, codes=np.zeros(table.n_rows, np.int64))
    return table.columns[name]


def _stacked(name: str, parts: Sequence[Column]) -> Column:
    cells = union_categoricals([part.categorical for part in parts])
    return Column(name, tuple(map(str, cells.categories)), cells.codes.astype(np.int64))


def _only(texts: str) -> str:
    """SQL of the one text of a group; several are joined to one that is no number, so that ingest quarantines it."""
    return f"string_agg(DISTINCT {texts}, ' or ')"


def _part(number: int) -> str:
    return f"split_part({HEADER_NAME}, {literal(LEVELS_JOINED_BY)}, {number})"


def _pattern(day: str) -> str:
    """A pattern of days written alike: digits for digits, letters for letters."""
    parts = re.findall(r"\d+|[^\W\d_]+|.", day)
    return "".join("[0-9]+" if p[0].isdigit() else r"\p{L}+" if p[0].isalpha() else f"[{p}]" for p in parts)


def measures_as_columns(table: FileTable, axis: Collection[str], roles: Roles, body: str) -> TurnedTable | None:
    """Return the table with a column for each measure that its rows name; None where no column has their values."""
    names = roles.measure_names
    value = _value_column(table, axis, roles)
    if names is None or value is None or len(names.filled) > MOST_MEASURES:
        return None
    labels = [*axis, *(roles.place.names if roles.place else ()), *_stream_names(roles)]
    keys = [name for name in table.columns if name in labels]
    at, first = _numbered([table.columns[name] for name in keys])
    _check_alone(table, at, names, value)
    columns = {name: replace(table.columns[name], codes=table.columns[name].codes[first]) for name in keys}
    made: dict[str, str] = {}
    for number, text in enumerate(names.texts):
        if not text.strip() or not names.counts[number]:
            continue
        name = _unused(text, (*keys, *made))
        blank = len(value.texts)
        codes = np.full(len(first), blank)
        is_of = names.codes == number
        codes[at[is_of]] = value.codes[is_of]
        columns[name] = Column(name, (*value.texts, ""), codes)
        cell = f"CAST({identifier(value.name)} AS VARCHAR)"
        made[name] = (
            f"{_only(f'CASE WHEN {identifier(names.name)} = {literal(text)} THEN {cell} END')} AS {identifier(name)}"
        )
    turned = replace(table, columns=columns, n_rows=len(first), is_sample=False, files=None)
    return TurnedTable(turned, grouped_query([*map(identifier, keys), *made.values()], body))


def _check_alone(table: FileTable, at: IntArray, names: Column, value: Column) -> None:
    """Raises HistoryError where rows of one place, day and measure have different values: none could be chosen."""
    frame = pd.DataFrame({"at": at, "name": names.codes, "value": value.codes})[~value.is_blank[value.codes]]
    differ = frame.drop_duplicates().duplicated(["at", "name"], keep=False)
    if differ.sum() > (1 - UNIQUE_SHARE) * len(frame):
        raise HistoryError(
            f"Looking at {table.contents[0].file}: several rows have the same place, day and {names.name}, but other "
            f"numbers in {value.name}, and nothing says which one counts. Send a file with one row for each."
        )


def _stream_names(roles: Roles) -> list[str]:
    return [column.name for group in roles.streams for column in group.columns]


def _value_column(table: FileTable, axis: Collection[str], roles: Roles) -> Column | None:
    """The column of the values: its name says so, or it is the only one of numbers."""
    taken = {*axis, *(roles.place.names if roles.place else ()), *_stream_names(roles)}
    numbers = [column for name, column in table.columns.items() if name not in taken and has_numbers(column)]
    numbers = [column for column in numbers if not has(column.words, RATE_WORDS)]
    named = [column for column in numbers if has(column.words, VALUE_WORDS)]
    return next(iter([*named, *numbers]), None)


def _numbered(keys: Sequence[Column]) -> tuple[IntArray, IntArray]:
    """A number for each row by its keys, and for each number its first row."""
    frame = pd.DataFrame({str(i): key.codes for i, key in enumerate(keys)})
    at = frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy().astype(np.int64)
    return at, np.unique(at, return_index=True)[1].astype(np.int64)
