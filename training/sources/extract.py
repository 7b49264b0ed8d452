"""The common form of every source: a table of texts, each distinct text stored once, with the line of each row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from training.system.model import Source

NO_ROWS_APART = pd.Series([], index=pd.Index([], dtype="int64"), dtype=object)


@dataclass(frozen=True)
class Extract:
    """One file of a source, or the answer to its query.

    `rows` has the columns that the source names: categoricals of texts without blanks around them, a blank for what is
    missing; indexed by line (1 is a file's header; of Parquet and of a query the first row). `malformed` has the text
    of the rows, by line, whose number of cells is not that of the header.
    """

    source: Source
    file: str
    header: tuple[str, ...]
    rows: pd.DataFrame
    malformed: pd.Series = field(default_factory=lambda: NO_ROWS_APART)


EXACT_INTEGER_FLOATS = 2.0**53  # beyond it a float no longer stands for one integer alone
FORMULA_SIGN = "="  # begins the text of a cell whose formula was never calculated
IN_MERGED_CELLS = "(in merged cells)"  # ends the text of a count that several cells share


class Columns:
    """Gathers the columns of a table, chunk by chunk, for as little memory as their distinct texts need."""

    def __init__(self, names: Sequence[str]) -> None:
        self._chunks: dict[str, list[pa.DictionaryArray]] = {name: [] for name in names}
        self._lines: list[np.ndarray] = []

    def add(self, lines: Sequence[int] | np.ndarray, columns: Iterable[Sequence[str]]) -> None:
        """Rows with their lines; one sequence of texts for each column."""
        encoded = [pa.array(texts, pa.string()).dictionary_encode() for texts in columns]
        self.add_encoded(lines, [[column] for column in encoded])

    def add_encoded(self, lines: Sequence[int] | np.ndarray, columns: Iterable[Iterable[pa.DictionaryArray]]) -> None:
        """The same of columns that are dictionary-encoded already, in any number of chunks."""
        self._lines.append(np.asarray(lines, dtype=np.int64))
        for chunks, column in zip(self._chunks.values(), columns, strict=True):
            chunks.extend(column)

    def rows(self) -> pd.DataFrame:
        """One categorical for each column, indexed by line. What was gathered is given away."""
        lines = np.concatenate(self._lines) if self._lines else np.array([], np.int64)
        columns = {name: categorical(self._chunks.pop(name)) for name in list(self._chunks)}
        return pd.DataFrame(columns, index=pd.Index(lines, copy=False), copy=False)


def categorical(chunks: list[pa.DictionaryArray], day_format: str | None = None) -> pd.Categorical:
    """The texts of the encoded values, stripped; a null is blank. `day_format`: see `text_of`."""
    if not chunks:
        return pd.Categorical([], categories=pd.Index([], dtype=object))
    if len(chunks) > 1:
        chunks = pa.chunked_array(chunks).unify_dictionaries().chunks
    values = [text_of(value, day_format).strip() for value in chunks[0].dictionary.to_pylist()]
    codes, texts = pd.factorize(np.array([*values, ""], dtype=object))  # the last is for nulls
    codes = codes.astype(np.min_scalar_type(-len(texts)))
    found = np.concatenate([codes[chunk.indices.fill_null(len(values)).to_numpy()] for chunk in chunks])
    return pd.Categorical.from_codes(found, categories=pd.Index(texts, dtype=object))


def text_of(value: object, day_format: str | None = None) -> str:
    """A typed value as text that says exactly the same: numbers as they are, integer floats as integers, ISO days.

    A day that the source holds as a date, not as text, is written in `day_format`, in which it will be read.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < EXACT_INTEGER_FLOATS else repr(value)
        case Decimal() if value.is_finite():
            return _shortest(value)
        case datetime():
            is_midnight = value.time() == time.min and value.tzinfo is None
            return value.strftime(day_format) if day_format and is_midnight else value.isoformat()
        case date():
            return value.strftime(day_format) if day_format else value.isoformat()
        case bytes():
            return value.decode(errors="replace")
    return str(value)


def _shortest(value: Decimal) -> str:
    """The number without the zeros at the end of its decimals."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
