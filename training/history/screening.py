"""Screening: which cells become values of the archive, and which are quarantined, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.model import System
from publication.vocabulary import Check, Kind
from training.frames import BoolArray, FloatArray
from training.history.checks import CHECKS, CheckContext, CheckedTexts, advices, check_texts
from training.history.columns import constant_column, distinct_texts, per_row, select_columns, stack_rows, with_columns
from training.history.parsing import separators
from training.history.quarantine import malformed, quarantine_rows
from training.sources.extract import Extract
from training.sources.numbers import is_no_value, is_stand_in
from training.sources.times import parse_times, with_time_column
from training.system.model import PLAIN_NOTATION, Aggregate, Notation, Source
from training.system.places import spelling_key
from training.system.schema import ALL_COLUMNS

ROW_FIELDS = ("place", "day", "time", "measure", "stream", "known_at")
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
    "check",
]
CLOCK = ("label", "utc")
"""Further columns of values that are not of days yet."""
SERIES_DAY = ["place", "measure", "stream", "ds"]
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
        "time": source.time[0] if source.time else None,
        "measure": source.measure,
        "stream": source.stream,
        "known_at": source.known_at,
    }
    return columns[field]


def row_fields(extract: Extract) -> pd.DataFrame:
    """The fields of each row that its source has, with its source, file and line; numbered from 0."""
    columns = {field: column_of(extract.source, field) for field in ROW_FIELDS}
    found = {field: extract.rows[column].array for field, column in columns.items() if column is not None}
    if "time" in found:
        found["day"] = found["time"]  # what the quarantine shows as the day
    n_rows = len(extract.rows)
    where = {"source": constant_column(extract.source.name, n_rows), "file": constant_column(extract.file, n_rows)}
    return pd.DataFrame({**where, "line": extract.rows.index.to_numpy(), **found}, copy=False)


def measure_columns_of(source: Source) -> Iterator[MeasureColumns]:
    """Yield the columns of each measure, in the order of the source's measures."""
    if source.measure is not None:
        yield MeasureColumns(None, (source.value or ALL_COLUMNS,))
        return
    for measure, columns in source.columns.items():
        yield MeasureColumns(measure, columns)


@dataclass(frozen=True)
class ScreenedFile:
    """The result of screening a file: accepted `values`; `quarantined` rows and cells, with their Reason as `kind`.

    `rows` were read; `ignored` counts rows of ignored places, `empty` the values left blank. `incomplete` has the
    series and days of the blank and the rejected counts of a source whose rows are added up.
    """

    source: str
    file: str
    values: pd.DataFrame
    quarantined: pd.DataFrame
    rows: int
    ignored: int
    empty: int
    incomplete: pd.DataFrame


@dataclass(frozen=True)
class CountColumn:
    """A column of counts, with the meaning of its distinct texts."""

    name: str
    found: pd.Series
    field: CheckedTexts
    notation: Notation

    @property
    def failed(self) -> NDArray[np.int8]:
        return per_row(self.found, self.field.failed)

    @property
    def is_blank(self) -> BoolArray:
        return per_row(self.found, is_no_value(distinct_texts(self.found), self.notation))

    @property
    def is_stand_in(self) -> BoolArray:
        return per_row(self.found, is_stand_in(distinct_texts(self.found), self.notation))

    @property
    def y(self) -> FloatArray:
        return per_row(self.found, self.field.meant.to_numpy())

    def where(self, chosen: BoolArray) -> "CountColumn":
        """The column of some of the rows."""
        return self if chosen.all() else replace(self, found=self.found[chosen])


def screen(extract: Extract, system: System, today: date) -> ScreenedFile:
    """Check every cell of one file. Duplicates are for `quarantine_duplicates`, which sees all files.

    `today` is the hospital day of the ingest: a later one cannot have been counted.
    """
    extract = _with_known_spellings(with_time_column(extract), system)
    source = extract.source
    context = CheckContext(system, today, source.day_format, source.notation, source.timezone or "")
    rows = row_fields(extract)
    is_ignored = per_row(rows["place"], distinct_texts(rows["place"]).isin(source.ignore_places).to_numpy())
    fields = [field for field in ROW_FIELDS if field in rows and not (field == "day" and source.time)]
    checked = {field: check_texts(distinct_texts(rows[field]), field, context) for field in fields}
    failed = np.where(is_ignored, 0, _first_failures(rows, checked))
    is_accepted = (failed == 0) & ~is_ignored
    rejected = [malformed(extract), *_rejected_rows(rows, failed, context, source)]
    accepted_rows, counts = _rows_where(rows, is_accepted), _rows_where(extract.rows, is_accepted)
    accepted_rows = _parsed(accepted_rows, checked, system)
    if source.time:
        accepted_rows = _with_clock(accepted_rows, context)
    parts = [
        _count_rows(accepted_rows, counts, measure_columns, context)
        if source.aggregate is Aggregate.COUNT
        else _screen_counts(_rows_where(accepted_rows, chosen), _rows_where(counts, chosen), measure_columns, notation)
        for measure_columns in measure_columns_of(source)
        for chosen, notation in _by_notation(accepted_rows, measure_columns, context)
    ]
    rejected.extend(frame for part in parts for frame in part.rejected)
    return ScreenedFile(
        source=source.name,
        file=extract.file,
        values=stack_rows([part.values for part in parts]),
        quarantined=stack_rows(rejected),
        rows=len(extract.rows) + len(extract.malformed),
        ignored=int(is_ignored.sum()),
        empty=sum(part.n_blank for part in parts),
        incomplete=stack_rows([part.incomplete for part in parts]),
    )


def _by_notation(
    rows: pd.DataFrame, measure_columns: MeasureColumns, context: CheckContext
) -> Iterator[tuple[BoolArray, CheckContext]]:
    """Yield which rows have counts, and which have rates, that may have a percent sign; each with its context."""
    rates = [measure.name for measure in context.system.measures if measure.kind is Kind.RATE]
    in_percent = replace(context, notation=replace(context.notation, percent=True))
    if measure_columns.measure is not None:
        yield np.ones(len(rows), bool), in_percent if measure_columns.measure in rates else context
        return
    is_rate = rows["measure"].isin(rates).to_numpy() if rates else np.zeros(len(rows), bool)
    yield ~is_rate, context
    if is_rate.any():
        yield is_rate, in_percent


def _with_known_spellings(extract: Extract, system: System) -> Extract:
    """The extract with the places of the system as the system spells them."""
    column = extract.source.place
    if column is None:
        return extract
    texts = [str(text) for text in extract.rows[column].cat.categories]
    spelt = {spelling_key(place): place for place in [*system.place_by_id, *extract.source.ignore_places]}
    known = [text if text in system.place_by_id else spelt.get(spelling_key(text), text) for text in texts]
    if known == texts:
        return extract
    codes, distinct = pd.factorize(np.array(known, dtype=object))
    renamed = pd.Categorical.from_codes(
        codes[extract.rows[column].cat.codes.to_numpy()], categories=pd.Index(distinct, dtype=object)
    )
    return replace(extract, rows=with_columns(extract.rows, **{column: renamed}))


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
        texts = bad[check.field]
        yield quarantine_rows(bad, check.reason, advices(check, texts, context), column_of(source, check.field), texts)


def _parsed(rows: pd.DataFrame, checked: dict[str, CheckedTexts], system: System) -> pd.DataFrame:
    """Sound rows as values of the archive have them: their days and instants, places and measures of the system."""
    day = "time" if "time" in checked else "day"
    parsed: dict[str, object] = {
        "place": rows["place"].cat.set_categories(list(system.place_by_id)).array,
        "ds": per_row(rows[day], checked[day].meant.dt.normalize().to_numpy()),
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


def _with_clock(rows: pd.DataFrame, context: CheckContext) -> pd.DataFrame:
    """The rows with their `label` and `utc` of `Times`, in minutes since 1970."""
    times = parse_times(distinct_texts(rows["time"]), context.zone, context.system.timezone, context.day_format)
    label, utc = times.label.astype(np.int32), times.utc.astype(np.int32)
    return with_columns(rows, label=per_row(rows["time"], label), utc=per_row(rows["time"], utc))


@dataclass(frozen=True)
class ScreenedCounts:
    """The values of one measure, its rejected counts, and the number of blank ones."""

    values: pd.DataFrame
    rejected: list[pd.DataFrame]
    n_blank: int
    incomplete: pd.DataFrame


def _screen_counts(
    rows: pd.DataFrame, counts: pd.DataFrame, measure_columns: MeasureColumns, context: CheckContext
) -> ScreenedCounts:
    """The counts of one measure. One blank part makes their sum blank."""
    rows = _of_measure(rows, measure_columns)
    columns = [_column(name, counts[name], context) for name in measure_columns.columns]
    rejected = [frame for column in columns for frame in _rejected_counts(rows, column, context)]
    is_blank = np.logical_or.reduce([column.is_blank for column in columns])
    is_complete = ~np.logical_or.reduce([is_blank, *(column.failed > 0 for column in columns)])
    incomplete = rows.loc[~is_complete, SERIES_DAY]
    rows = _rows_where(rows, is_complete)
    columns = [column.where(is_complete) for column in columns]
    total, written = columns[0], np.maximum.reduce([separators(column.found, context.notation) for column in columns])
    is_stand_in = np.logical_or.reduce([column.is_stand_in for column in columns])
    if len(columns) > 1:
        total = _added_up(columns, context)
        rejected.extend(_rejected_counts(rows, total, context))
        is_accepted = total.failed == 0
        rows, total, written = _rows_where(rows, is_accepted), total.where(is_accepted), written[is_accepted]
        is_stand_in = is_stand_in[is_accepted]
    return ScreenedCounts(
        _counted(rows, total.y, total.name, total.found, written, is_stand_in),
        rejected,
        int(is_blank.sum()),
        incomplete,
    )


def _count_rows(
    rows: pd.DataFrame, counts: pd.DataFrame, measure_columns: MeasureColumns, context: CheckContext
) -> ScreenedCounts:
    """One for each row; of a named column one for each cell that has a text."""
    rows = _of_measure(rows, measure_columns)
    (name,) = measure_columns.columns
    is_counted = np.ones(len(rows), bool)
    if name != ALL_COLUMNS:
        found = counts[name]
        is_counted = ~per_row(found, is_no_value(distinct_texts(found), context.notation))
    chosen = _rows_where(rows, is_counted)
    n_rows = len(chosen)
    ones, plain = np.ones(n_rows), np.zeros(n_rows, np.int8)
    values = _counted(chosen, ones, name, pd.Series(constant_column("1", n_rows)), plain, np.zeros(n_rows, bool))
    return ScreenedCounts(values, [], 0, rows[SERIES_DAY].iloc[:0])


def _of_measure(rows: pd.DataFrame, measure_columns: MeasureColumns) -> pd.DataFrame:
    if measure_columns.measure is None:
        return rows
    return with_columns(rows, measure=constant_column(measure_columns.measure, len(rows)))


def _counted(
    rows: pd.DataFrame,
    y: FloatArray,
    column: str,
    found: pd.Series,
    written: NDArray[np.int8],
    is_stand_in: BoolArray,
) -> pd.DataFrame:
    check = pd.Categorical.from_codes(
        np.where(is_stand_in, 0, -1).astype(np.int8), categories=pd.Index([Check.SUPPRESSED.value])
    )
    named = constant_column(column, len(rows))
    values = with_columns(rows, y=y, column=named, found=found.array, separator=written, check=check)
    return select_columns(values, [*SCREENED_COLUMNS, *(name for name in CLOCK if name in values)])


def _column(name: str, found: pd.Series, context: CheckContext) -> CountColumn:
    return CountColumn(name, found, check_texts(distinct_texts(found), "found", context), context.notation)


def _added_up(parts: list[CountColumn], context: CheckContext) -> CountColumn:
    """The sums of the parts as a column of their own: it may be too large to be a number."""
    with np.errstate(over="ignore"):
        y = np.sum([part.y for part in parts], axis=0)
    codes, distinct = pd.factorize(y)
    found = pd.Categorical.from_codes(
        codes, categories=pd.Index([str(value) for value in distinct.tolist()], dtype=object)
    )
    return _column(" + ".join(part.name for part in parts), pd.Series(found), replace(context, notation=PLAIN_NOTATION))


def _rejected_counts(rows: pd.DataFrame, column: CountColumn, context: CheckContext) -> Iterator[pd.DataFrame]:
    failed = column.failed
    for number in np.unique(failed[failed > 0]):
        check = CHECKS[number - 1]
        bad = failed == number
        texts = column.found[bad]
        advised = advices(check, texts, context)
        if not isinstance(advised, str):
            advised = advised.set_axis(rows.index[bad])
        yield quarantine_rows(rows[bad], check.reason, advised, column.name, texts)
