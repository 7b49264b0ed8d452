"""A query over files: DuckDB's SQL over the rows of all files of a source, as the table `extract`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.types import union_categoricals

from training.errors import HistoryError
from training.sources.extract import NO_ROWS_APART, Columns, Extract, text_of
from training.sources.headers import check_header, check_rows, columns_of, format_of
from training.sources.numbers import plain_number
from training.system.model import Notation, Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

TABLE, FILE = "extract", "filename"
ANSWER_ROWS = 50_000
MOST_SHOWN = 30
INTEGER_FORM = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
DECIMAL_FORM = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?")
DAY_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?")


@dataclass(frozen=True)
class ColumnType:
    """A type of column, and how a text becomes a value of it. Only texts that say nothing more than the value do."""

    kind: pa.DataType
    form: re.Pattern[str]
    read: Callable[[str], object]


COLUMN_TYPES = (
    ColumnType(pa.int64(), INTEGER_FORM, int),
    ColumnType(pa.float64(), DECIMAL_FORM, float),
    ColumnType(pa.date32(), DAY_FORM, date.fromisoformat),
    ColumnType(pa.timestamp("us"), INSTANT_FORM, datetime.fromisoformat),
)


TYPE_NAMES = {
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
}


def query_files(source: Source, extracts: Sequence[Extract]) -> Extract:
    """Return the answer to the source's query. A line is the number of a row of it, from 1.

    The table `extract` has the rows of all files, with their columns by name and `filename`. A column is BIGINT,
    DOUBLE, DATE or TIMESTAMP where all of its texts are: one with leading zeros is VARCHAR. Blanks and the words of
    `missing` are NULL. Nothing but the table can be read.
    Raises HistoryError where the query cannot be answered.
    """
    import duckdb

    shown = f"query of {source.name}"
    table = _table(source, extracts)
    config: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "python_enable_replacements": "false",
    }
    try:
        with duckdb.connect(config=config) as connection:
            connection.register(TABLE, table)
            answer = connection.sql(source.query or "")
            if answer is None:
                raise HistoryError(f"Answering the {shown}: it is no SELECT. Write one in system.toml.")
            return _read(answer, source, shown, _malformed(extracts))
    except duckdb.Error as error:
        columns = ", ".join(f"{field.name} ({_name(field.type)})" for field in islice(table.schema, MOST_SHOWN))
        raise HistoryError(
            f"Answering the {shown}: {str(error).partition(chr(10))[0]} The table extract has the columns {columns}. "
            f"Correct sources.{source.name}.query in system.toml."
        ) from error


def _read(answer: "DuckDBPyRelation", source: Source, shown: str, malformed: pd.Series) -> Extract:
    header = tuple(answer.columns)
    asked = _as_answered(source)
    check_header(shown, header, asked)
    wanted = columns_of(asked, header)
    columns, n_rows = Columns(wanted), 0
    at = [(header.index(name), format_of(source, name)) for name in wanted]
    for block in answer.to_arrow_reader(ANSWER_ROWS):
        lines = range(n_rows + 1, n_rows + len(block) + 1)
        cells = [(block.column(i).to_pylist(), form) for i, form in at]
        columns.add(lines, [[_text(value, form, source.notation) for value in values] for values, form in cells])
        n_rows += len(block)
    check_rows(shown, n_rows + len(malformed))
    return Extract(asked, shown, header, columns.rows(), malformed)


def _as_answered(source: Source) -> Source:
    """The source as one whose rows are the answer: with the columns that it names, and without a query."""
    return replace(source, query=None, header_rows=None)


def _text(value: object, day_format: str | None, notation: Notation) -> str:
    """A typed value as the text that its source would write."""
    text = text_of(value, day_format)
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return text.replace(".", notation.decimal) if is_number else text


def _table(source: Source, extracts: Sequence[Extract]) -> pa.Table:
    names = list(dict.fromkeys(name for extract in extracts for name in extract.rows.columns))
    columns = {name: _typed(_stacked(name, extracts), source.notation) for name in names}
    if FILE not in columns:
        files = [pd.Categorical(np.repeat(extract.file, len(extract.rows))) for extract in extracts]
        columns[FILE] = _typed(union_categoricals(files), source.notation)
    return pa.table(columns)


def _stacked(name: str, extracts: Sequence[Extract]) -> pd.Categorical:
    """A column of all files, blank where a file does not have it."""
    parts = [
        extract.rows[name].array if name in extract.rows else pd.Categorical([""]).repeat(len(extract.rows))
        for extract in extracts
    ]
    return union_categoricals(parts)


def _typed(column: pd.Categorical, notation: Notation) -> pa.Array:
    texts = [str(text) for text in column.categories]
    is_null = [text == "" or text in notation.missing for text in texts]
    used = np.bincount(column.codes, minlength=len(texts)) > 0
    meant = [plain_number(text, notation) or text for text in texts]
    given = [text for text, null, is_used in zip(meant, is_null, used, strict=True) if is_used and not null]
    kind = next((kind for kind in COLUMN_TYPES if given and all(kind.form.fullmatch(text) for text in given)), None)
    if kind is None:
        values = pa.array([None if null else text for text, null in zip(texts, is_null, strict=True)], pa.string())
    else:
        values = _values(kind, meant, is_null)
    return values.take(pa.array(column.codes.astype(np.int32)))


def _values(kind: ColumnType, texts: Sequence[str], is_null: Sequence[bool]) -> pa.Array:
    read = [
        None if null or not kind.form.fullmatch(text) else kind.read(text)
        for text, null in zip(texts, is_null, strict=True)
    ]
    return pa.array(read, kind.kind)


def _malformed(extracts: Sequence[Extract]) -> pd.Series:
    """The rows of all files that are not as wide as their header, each with its file."""
    parts = [extract.file + ": " + extract.malformed for extract in extracts if len(extract.malformed)]
    return pd.concat(parts) if parts else NO_ROWS_APART


def _name(kind: pa.DataType) -> str:
    return TYPE_NAMES.get(kind, "VARCHAR")
