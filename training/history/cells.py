"""Wide and long files in one shape: the fields of every row, and the columns that count something."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from training.history.categoricals import constant
from training.sources import Extract
from training.system import Source

ROW_FIELDS = ("place", "day", "measure", "stream", "known_at")


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


def fields(extract: Extract) -> pd.DataFrame:
    """The fields of each row that its source has, with its source, file and line; numbered from 0."""
    columns = {field: column_of(extract.source, field) for field in ROW_FIELDS}
    found = {field: extract.rows[column].array for field, column in columns.items() if column is not None}
    n_rows = len(extract.rows)
    where = {"source": constant(extract.source.name, n_rows), "file": constant(extract.file, n_rows)}
    return pd.DataFrame({**where, "line": extract.rows.index.to_numpy(), **found}, copy=False)


def counted(source: Source) -> Iterator[MeasureColumns]:
    """What each row counts, in the order of the source's measures."""
    if source.value is not None:
        yield MeasureColumns(None, (source.value,))
        return
    for measure, columns in source.columns.items():
        yield MeasureColumns(measure, columns)
