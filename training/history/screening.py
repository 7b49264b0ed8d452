"""Screening: which cells become values of the archive, and which go to the quarantine, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.model import System
from training.arrays import BoolArray, FloatArray
from training.history.categoricals import constant, per_row, selected, stacked, texts, with_columns
from training.history.cells import ROW_FIELDS, MeasureColumns, column_of, counted, fields
from training.history.checks import CATALOGUE, CheckContext, Field, advice, judged
from training.history.quarantine import described, malformed
from training.history.separators import writing
from training.sources import Extract
from training.system import Source

VALUE_COLUMNS = [
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
    "writing",
]
NOT_SAID = np.datetime64("NaT", "ns")


@dataclass(frozen=True)
class Screened:
    """What became of a file: its accepted `values`; its `quarantined` rows and cells, with their Reason as `kind`.

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
class Column:
    """A column of counts, with what its distinct texts mean."""

    name: str
    found: pd.Series
    field: Field

    @property
    def failed(self) -> NDArray[np.int8]:
        return per_row(self.found, self.field.failed)

    @property
    def is_blank(self) -> BoolArray:
        return per_row(self.found, texts(self.found).eq("").to_numpy())

    @property
    def y(self) -> FloatArray:
        return per_row(self.found, self.field.meant.to_numpy())

    def where(self, chosen: BoolArray) -> "Column":
        """The column of some of the rows."""
        return self if chosen.all() else Column(self.name, self.found[chosen], self.field)


def screen(extract: Extract, system: System, today: date) -> Screened:
    """Judge every cell of one file. Duplicates are for `set_apart_duplicates`, which sees all files.

    `today` is the hospital day of the ingest: a later one cannot have been counted.
    """
    source, context = extract.source, CheckContext(system, today, extract.source.day_format)
    rows = fields(extract)
    is_ignored = per_row(rows["place"], texts(rows["place"]).isin(source.ignore_places).to_numpy())
    judgements = {field: judged(texts(rows[field]), field, context) for field in ROW_FIELDS if field in rows}
    failed = np.where(is_ignored, 0, _first_failures(rows, judgements))
    is_sound = (failed == 0) & ~is_ignored
    refused = [malformed(extract), *_refused_rows(rows, failed, context, source)]
    sound, counts = _where(rows, is_sound), _where(extract.rows, is_sound)
    sound = _understood(sound, judgements, system)
    values, empty = [], 0
    for measured in counted(source):
        accepted, bad, n_blank = _screen_counts(sound, counts, measured, context)
        values.append(accepted)
        refused.extend(bad)
        empty += n_blank
    return Screened(
        source=source.name,
        file=extract.file,
        values=stacked(values),
        quarantined=stacked(refused),
        rows=len(extract.rows) + len(extract.malformed),
        ignored=int(is_ignored.sum()),
        empty=empty,
    )


def _where(table: pd.DataFrame, chosen: BoolArray) -> pd.DataFrame:
    return table if chosen.all() else table[chosen]


def _first_failures(rows: pd.DataFrame, judgements: dict[str, Field]) -> NDArray[np.int8]:
    """For each row the number of the first check of the catalogue that it does not pass; 0: it passes all."""
    first = np.zeros(len(rows), np.int8)
    for field, judgement in judgements.items():
        if judgement.failed.any():
            first = np.where(first == 0, per_row(rows[field], judgement.failed), first)
    return first


def _refused_rows(
    rows: pd.DataFrame, failed: NDArray[np.int8], context: CheckContext, source: Source
) -> Iterator[pd.DataFrame]:
    """A row that is unfit as a whole stands in the quarantine once, not once for each measure."""
    for number in np.unique(failed[failed > 0]):
        check = CATALOGUE[number - 1]
        bad = rows[failed == number]
        yield described(bad, check.reason, advice(check, context), column_of(source, check.field), bad[check.field])


def _understood(rows: pd.DataFrame, judgements: dict[str, Field], system: System) -> pd.DataFrame:
    """Sound rows as values of the archive have them: their days and instants, places and measures of the system."""
    said: dict[str, object] = {
        "place": rows["place"].cat.set_categories(list(system.place_by_id)).array,
        "ds": per_row(rows["day"], judgements["day"].meant.to_numpy()),
        "stream": constant(None, len(rows)),
        "known_at": pd.DatetimeIndex(np.full(len(rows), NOT_SAID), tz="UTC"),
    }
    if "measure" in rows:
        said["measure"] = rows["measure"].cat.set_categories(list(system.measure_by_name)).array
    if "stream" in rows:
        streams = rows["stream"].cat
        said["stream"] = streams.remove_categories([text for text in streams.categories if not text]).array
    if "known_at" in rows:
        instants = judgements["known_at"].meant.dt.tz_localize(None).to_numpy()
        said["known_at"] = pd.DatetimeIndex(per_row(rows["known_at"], instants), tz="UTC")
    return with_columns(rows, **said)


def _screen_counts(
    rows: pd.DataFrame, counts: pd.DataFrame, measured: MeasureColumns, context: CheckContext
) -> tuple[pd.DataFrame, list[pd.DataFrame], int]:
    """Values of one measure, the refused counts, and how many values are blank: one blank part makes the whole so."""
    if measured.measure is not None:
        rows = with_columns(rows, measure=constant(measured.measure, len(rows)))
    columns = [_column(name, counts[name], context) for name in measured.columns]
    refused = [frame for column in columns for frame in _refused_counts(rows, column, context)]
    is_blank = np.logical_or.reduce([column.is_blank for column in columns])
    is_complete = ~np.logical_or.reduce([is_blank, *(column.failed > 0 for column in columns)])
    rows = _where(rows, is_complete)
    total = columns[0].where(is_complete)
    written = np.maximum.reduce([writing(column.where(is_complete).found) for column in columns])
    if len(columns) > 1:
        total = _added_up([column.where(is_complete) for column in columns], context)
        refused.extend(_refused_counts(rows, total, context))
        is_sound = total.failed == 0
        rows, total, written = _where(rows, is_sound), total.where(is_sound), written[is_sound]
    values = with_columns(
        rows, y=total.y, column=constant(total.name, len(rows)), found=total.found.array, writing=written
    )
    return selected(values, VALUE_COLUMNS), refused, int(is_blank.sum())


def _column(name: str, found: pd.Series, context: CheckContext) -> Column:
    return Column(name, found, judged(texts(found), "found", context))


def _added_up(parts: list[Column], context: CheckContext) -> Column:
    """The sums of the parts as a column of their own: it may be too large to be a number."""
    with np.errstate(over="ignore"):
        y = np.sum([part.y for part in parts], axis=0)
    codes, distinct = pd.factorize(y)
    found = pd.Categorical.from_codes(
        codes, categories=pd.Index([str(value) for value in distinct.tolist()], dtype=object)
    )
    return _column(" + ".join(part.name for part in parts), pd.Series(found), context)


def _refused_counts(rows: pd.DataFrame, column: Column, context: CheckContext) -> Iterator[pd.DataFrame]:
    failed = column.failed
    for number in np.unique(failed[failed > 0]):
        check = CATALOGUE[number - 1]
        bad = failed == number
        yield described(rows[bad], check.reason, advice(check, context), column.name, column.found[bad])
