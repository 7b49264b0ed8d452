"""Screening: which cells become values of the archive, and which are quarantined, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.model import System
from training.frames import BoolArray, FloatArray
from training.history.checks import CHECKS, CheckContext, CheckedTexts, advice, check_texts
from training.history.columns import constant_column, distinct_texts, per_row, select_columns, stack_rows, with_columns
from training.history.parsing import separators
from training.history.quarantine import malformed, quarantine_rows
from training.sources.extract import Extract
from training.system.model import Source

ROW_FIELDS = ("place", "day", "measure", "stream", "known_at")
SCREENED_COLUMNS = [
    "place",
    "measure",
    "stream",
    "ds",
    "y",
    "known_at",
    "source",
    "file",
    "line",
    "column",
    "day",
    "found",
    "separator",
]
NO_INSTANT = np.datetime64("NaT", "ns")


@dataclass(frozen=True)
class MeasureColumns:
    """The columns of a file that add up to one measure; of a long file the one whose rows name their measure."""

    measure: str | None
    columns: tuple[str, ...]


def column_of(source: Source, field: str) -> str | None:
    """The column that has a field of the rows, by the field's name; None where the source has no such column."""
    columns = {
        "place": source.place,
        "day": source.day,
        "measure": source.measure,
        "stream": source.stream,
        "known_at": source.known_at,
    }
    return columns[field]


def row_fields(extract: Extract) -> pd.DataFrame:
    """The fields of each row that its source has, with its source, file and line; numbered from 0."""
    columns = {field: column_of(extract.source, field) for field in ROW_FIELDS}
    found = {field: extract.rows[column].array for field, column in columns.items() if column is not None}
    n_rows = len(extract.rows)
    where = {"source": constant_column(extract.source.name, n_rows), "file": constant_column(extract.file, n_rows)}
    return pd.DataFrame({**where, "line": extract.rows.index.to_numpy(), **found}, copy=False)


def measure_columns_of(source: Source) -> Iterator[MeasureColumns]:
    """Yield the columns of each measure, in the order of the source's measures."""
    if source.value is not None:
        yield MeasureColumns(None, (source.value,))
        return
    for measure, columns in source.columns.items():
        yield MeasureColumns(measure, columns)


@dataclass(frozen=True)
class ScreenedFile:
    """The result of screening a file: accepted `values`; `quarantined` rows and cells, with their Reason as `kind`.

    `rows` were read; `ignored` counts rows of ignored places, `empty` the values left blank.
    """

    source: str
    file: str
    values: pd.DataFrame
    quarantined: pd.DataFrame
    rows: int
    ignored: int
    empty: int


@dataclass(frozen=True)
class CountColumn:
    """A column of counts, with the meaning of its distinct texts."""

    name: str
    found: pd.Series
    field: CheckedTexts

    @property
    def failed(self) -> NDArray[np.int8]:
        return per_row(self.found, self.field.failed)

    @property
    def is_blank(self) -> BoolArray:
        return per_row(self.found, distinct_texts(self.found).eq("").to_numpy())

    @property
    def y(self) -> FloatArray:
        return per_row(self.found, self.field.meant.to_numpy())

    def where(self, chosen: BoolArray) -> "CountColumn":
        """The column of some of the rows."""
        return self if chosen.all() else CountColumn(self.name, self.found[chosen], self.field)


def screen(extract: Extract, system: System, today: date) -> ScreenedFile:
    """Check every cell of one file. Duplicates are for `quarantine_duplicates`, which sees all files.

    `today` is the hospital day of the ingest: a later one cannot have been counted.
    """
    source, context = extract.source, CheckContext(system, today, extract.source.day_format)
    rows = row_fields(extract)
    is_ignored = per_row(rows["place"], distinct_texts(rows["place"]).isin(source.ignore_places).to_numpy())
    checked = {field: check_texts(distinct_texts(rows[field]), field, context) for field in ROW_FIELDS if field in rows}
    failed = np.where(is_ignored, 0, _first_failures(rows, checked))
    is_accepted = (failed == 0) & ~is_ignored
    rejected = [malformed(extract), *_rejected_rows(rows, failed, context, source)]
    accepted_rows, counts = _rows_where(rows, is_accepted), _rows_where(extract.rows, is_accepted)
    accepted_rows = _parsed(accepted_rows, checked, system)
    values, empty = [], 0
    for measure_columns in measure_columns_of(source):
        accepted, bad, n_blank = _screen_counts(accepted_rows, counts, measure_columns, context)
        values.append(accepted)
        rejected.extend(bad)
        empty += n_blank
    return ScreenedFile(
        source=source.name,
        file=extract.file,
        values=stack_rows(values),
        quarantined=stack_rows(rejected),
        rows=len(extract.rows) + len(extract.malformed),
        ignored=int(is_ignored.sum()),
        empty=empty,
    )


def _rows_where(table: pd.DataFrame, chosen: BoolArray) -> pd.DataFrame:
    return table if chosen.all() else table[chosen]


def _first_failures(rows: pd.DataFrame, checked: dict[str, CheckedTexts]) -> NDArray[np.int8]:
    """The number of the first check that each row does not pass; 0: it passes all."""
    first = np.zeros(len(rows), np.int8)
    for field, texts_checked in checked.items():
        if texts_checked.failed.any():
            first = np.where(first == 0, per_row(rows[field], texts_checked.failed), first)
    return first


def _rejected_rows(
    rows: pd.DataFrame, failed: NDArray[np.int8], context: CheckContext, source: Source
) -> Iterator[pd.DataFrame]:
    """Yield rejected rows: each is in the quarantine once, not once for each measure."""
    for number in np.unique(failed[failed > 0]):
        check = CHECKS[number - 1]
        bad = rows[failed == number]
        yield quarantine_rows(
            bad, check.reason, advice(check, context), column_of(source, check.field), bad[check.field]
        )


def _parsed(rows: pd.DataFrame, checked: dict[str, CheckedTexts], system: System) -> pd.DataFrame:
    """Sound rows as values of the archive have them: their days and instants, places and measures of the system."""
    parsed: dict[str, object] = {
        "place": rows["place"].cat.set_categories(list(system.place_by_id)).array,
        "ds": per_row(rows["day"], checked["day"].meant.to_numpy()),
        "stream": constant_column(None, len(rows)),
        "known_at": pd.DatetimeIndex(np.full(len(rows), NO_INSTANT), tz="UTC"),
    }
    if "measure" in rows:
        parsed["measure"] = rows["measure"].cat.set_categories(list(system.measure_by_name)).array
    if "stream" in rows:
        streams = rows["stream"].cat
        parsed["stream"] = streams.remove_categories([text for text in streams.categories if not text]).array
    if "known_at" in rows:
        instants = checked["known_at"].meant.dt.tz_localize(None).to_numpy()
        parsed["known_at"] = pd.DatetimeIndex(per_row(rows["known_at"], instants), tz="UTC")
    return with_columns(rows, **parsed)


def _screen_counts(
    rows: pd.DataFrame, counts: pd.DataFrame, measure_columns: MeasureColumns, context: CheckContext
) -> tuple[pd.DataFrame, list[pd.DataFrame], int]:
    """Values of one measure, rejected counts, and the number of blank values: one blank part makes the sum blank."""
    if measure_columns.measure is not None:
        rows = with_columns(rows, measure=constant_column(measure_columns.measure, len(rows)))
    columns = [_column(name, counts[name], context) for name in measure_columns.columns]
    rejected = [frame for column in columns for frame in _rejected_counts(rows, column, context)]
    is_blank = np.logical_or.reduce([column.is_blank for column in columns])
    is_complete = ~np.logical_or.reduce([is_blank, *(column.failed > 0 for column in columns)])
    rows = _rows_where(rows, is_complete)
    total = columns[0].where(is_complete)
    written = np.maximum.reduce([separators(column.where(is_complete).found) for column in columns])
    if len(columns) > 1:
        total = _added_up([column.where(is_complete) for column in columns], context)
        rejected.extend(_rejected_counts(rows, total, context))
        is_accepted = total.failed == 0
        rows, total, written = _rows_where(rows, is_accepted), total.where(is_accepted), written[is_accepted]
    values = with_columns(
        rows, y=total.y, column=constant_column(total.name, len(rows)), found=total.found.array, separator=written
    )
    return select_columns(values, SCREENED_COLUMNS), rejected, int(is_blank.sum())


def _column(name: str, found: pd.Series, context: CheckContext) -> CountColumn:
    return CountColumn(name, found, check_texts(distinct_texts(found), "found", context))


def _added_up(parts: list[CountColumn], context: CheckContext) -> CountColumn:
    """The sums of the parts as a column of their own: it may be too large to be a number."""
    with np.errstate(over="ignore"):
        y = np.sum([part.y for part in parts], axis=0)
    codes, distinct = pd.factorize(y)
    found = pd.Categorical.from_codes(
        codes, categories=pd.Index([str(value) for value in distinct.tolist()], dtype=object)
    )
    return _column(" + ".join(part.name for part in parts), pd.Series(found), context)


def _rejected_counts(rows: pd.DataFrame, column: CountColumn, context: CheckContext) -> Iterator[pd.DataFrame]:
    failed = column.failed
    for number in np.unique(failed[failed > 0]):
        check = CHECKS[number - 1]
        bad = failed == number
        yield quarantine_rows(rows[bad], check.reason, advice(check, context), column.name, column.found[bad])
