"""Parquet: typed columns as the texts that say the same."""

from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from training.errors import HistoryError
from training.sources.contents import Content
from training.sources.extract import Extract, categorical
from training.sources.headers import check_header, check_rows, columns_of, format_of
from training.system.model import Source


def read_parquet(content: Content, source: Source) -> Extract:
    """The columns that the source names. A line is the number of a row, from 1."""
    try:
        with content.seekable() as binary:  # Arrow itself opens no file whose name is not UTF-8
            return _read(binary, content, source)
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        raise HistoryError(
            f"Reading {content.name}: it cannot be read as Parquet ({_first_line(error)}). Send the extract again."
        ) from error


def _read(opened: BinaryIO, content: Content, source: Source) -> Extract:
    with pq.ParquetFile(opened) as file:
        header = tuple(file.schema_arrow.names)
        check_header(content.name, header, source)
        check_rows(content.name, file.metadata.num_rows)
        wanted, n_rows = columns_of(source, header), file.metadata.num_rows
        texts = [name for name in wanted if _is_text(file.schema_arrow.field(name).type)]
    opened.seek(0)
    with pq.ParquetFile(opened, read_dictionary=texts) as file:
        columns = {name: categorical(_encoded(file, name), format_of(source, name)) for name in wanted}
    lines = np.arange(1, n_rows + 1)
    return Extract(source, content.file, header, pd.DataFrame(columns, index=pd.Index(lines, copy=False), copy=False))


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
