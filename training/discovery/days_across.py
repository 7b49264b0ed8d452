"""Tables whose columns are days: one row a place, its counts day by day."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from training.discovery.cells import DAY_PART
from training.discovery.sql import identifier, literal
from training.discovery.tables import Column, FileTable
from training.sources.headers import LEVELS_JOINED_BY

DAY_NAME, COUNT_NAME, HEADER_NAME, CELL_NAME = "day", "count", "header", "cell"
FEWEST_DAYS = 2
MOST_SHARE_OF_OTHERS = 0.9


@dataclass(frozen=True)
class DaysAcross:
    """A table with one row a place and day, and the SQL that makes it of the file."""

    table: FileTable
    sql: str


def turned(table: FileTable) -> DaysAcross | None:
    """Return the table with its columns of days as rows; None if it has no such columns."""
    by_day = {name: parts for name in table.columns if (parts := _parts(name)) is not None}
    labels = [name for name in table.columns if name not in by_day and table.columns[name].n_filled]
    if len({day for day, _ in by_day.values()}) < FEWEST_DAYS or len(by_day) < len(labels):
        return None
    measures = list(dict.fromkeys(measure for _, measure in by_day.values()))
    days = list(dict.fromkeys(day for day, _ in by_day.values()))
    name_of = {(day, measure): name for name, (day, measure) in by_day.items()}
    columns = {name: replace(table.columns[name], codes=np.tile(table.columns[name].codes, len(days))) for name in labels}
    day_name, names = _unused(DAY_NAME, labels), {measure: _unused(measure or COUNT_NAME, labels) for measure in measures}
    columns[day_name] = Column(day_name, tuple(days), np.repeat(np.arange(len(days)), table.n_rows))
    for measure, name in names.items():
        cells = [_cells(table, name_of.get((day, measure))) for day in days]
        stacked = union_categoricals(cells)
        columns[name] = Column(name, tuple(map(str, stacked.categories)), stacked.codes.astype(np.int64))
    is_row = np.any([~columns[name].is_blank[columns[name].codes] for name in names.values()], axis=0)
    turned_table = replace(table, columns=columns, n_rows=table.n_rows * len(days)).rows(is_row)
    return DaysAcross(turned_table, _sql(labels, day_name, names, list(by_day)))


def _parts(name: str) -> tuple[str, str] | None:
    """The day and the measure of a column's name, in whichever order its two rows have them."""
    first, joined, second = name.partition(LEVELS_JOINED_BY)
    for day, measure in ((first, second), (second, first)):
        if day and _is_day(day) and (joined or not measure):
            return day, measure
    return None


def _is_day(text: str) -> bool:
    match = DAY_PART.fullmatch(text.strip())
    return match is not None and not match["rest"]


def _unused(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _cells(table: FileTable, name: str | None) -> pd.Categorical:
    if name is None:
        return pd.Categorical.from_codes(np.zeros(table.n_rows, np.int64), categories=pd.Index([""], dtype=object))
    return table.columns[name].categorical


def _sql(labels: list[str], day: str, names: dict[str, str], headers: list[str]) -> str:
    sample = headers[0]
    first, _, second = sample.partition(LEVELS_JOINED_BY)
    day_part, measure_part = (1, 2) if _is_day(first) else (2, 1)
    pattern = _pattern(first if day_part == 1 else second)
    joined = f"^{pattern}(?:{LEVELS_JOINED_BY}.*)?$" if day_part == 1 else f"^.*{LEVELS_JOINED_BY}{pattern}$"
    part = f"split_part({HEADER_NAME}, {literal(LEVELS_JOINED_BY)}, {{}})"
    counts = [
        f"max(CASE WHEN {part.format(measure_part)} = {literal(measure)} THEN {CELL_NAME} END) AS {identifier(name)}"
        for measure, name in names.items()
    ]
    columns = [*map(identifier, labels), f"{part.format(day_part)} AS {identifier(day)}", *counts]
    cells = (
        f"UNPIVOT (SELECT CAST(COLUMNS(*) AS VARCHAR) FROM extract)\n"
        f"    ON COLUMNS({literal(joined)}) INTO NAME {HEADER_NAME} VALUE {CELL_NAME}"
    )
    return "(SELECT " + ",\n    ".join(columns) + f"\n  FROM (\n    {cells}\n  )\n  GROUP BY ALL)"


def _pattern(day: str) -> str:
    """A pattern of days written alike: digits for digits, letters for letters."""
    parts = re.findall(r"\d+|[^\W\d_]+|.", day)
    return "".join("[0-9]+" if p[0].isdigit() else r"\p{L}+" if p[0].isalpha() else re.escape(p) for p in parts)
