"""Parquet: columns of any type, each distinct value made text once."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from training.errors import HistoryError
from training.sources.extract import Extract, categorical, check_header, check_rows, columns_of
from training.system import Source


def read_parquet(path: Path, file: str, source: Source) -> Extract:
    """The columns that the source names. A line is the number of a row, from 1."""
    try:
        with path.open("rb") as content:  # Arrow itself opens no file whose name is not UTF-8
            return _read(content, path, file, source)
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        raise HistoryError(
            f"Reading {path}: it cannot be read as Parquet ({_first_line(error)}). Send the extract again."
        ) from error


def _read(opened: BinaryIO, path: Path, file: str, source: Source) -> Extract:
    with pq.ParquetFile(opened) as content:
        header = tuple(content.schema_arrow.names)
        check_header(str(path), header, source)
        check_rows(str(path), content.metadata.num_rows)
        texts = [name for name in columns_of(source) if _is_text(content.schema_arrow.field(name).type)]
    with pq.ParquetFile(opened, read_dictionary=texts) as content:
        columns = {
            name: categorical(_encoded(content, name), source.day_format if name == source.day else None)
            for name in columns_of(source)
        }
    lines = np.arange(1, len(columns[source.place]) + 1)
    return Extract(source, file, header, pd.DataFrame(columns, index=pd.Index(lines, copy=False), copy=False))


def _encoded(content: pq.ParquetFile, name: str) -> list[pa.DictionaryArray]:
    column = content.read(columns=[name]).column(name)
    if pa.types.is_nested(column.type):
        raise pa.ArrowInvalid(f"column {name!r} holds {column.type}, not single values")
    column.validate(full=True)  # a damaged file may point beyond its own texts
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    chunks: list[pa.DictionaryArray] = column.chunks
    return chunks


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
