"""Files of a source, and the reader of each."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from publication.console import printable
from training.errors import HistoryError
from training.files import named, reason
from training.sources.delimited import read_delimited
from training.sources.extract import Extract, categorical, check_header, check_rows, columns_of
from training.sources.workbooks import read_workbook
from training.system.model import Source


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


WILDCARDS = "*?["
READERS: dict[str, Callable[[Path, str, Source], Extract]] = {
    ".parquet": read_parquet,
    ".xlsx": read_workbook,
    ".xlsm": read_workbook,
    ".xlsb": read_workbook,
    ".xls": read_workbook,
    ".ods": read_workbook,
}


def read_source(source: Source, folder: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Extract]:
    """Every file of the source once, pattern by pattern, by name; or what its database answers.

    `folder` is what its paths are relative to, `environ` has the variables that its url names. Raises HistoryError
    where a file is missing, cannot be read, has no rows, or lacks a column that the source names; and where the
    database is out of reach or does not understand the query.
    """
    if source.url is not None:
        from training.sources.queries import read_query  # SQLAlchemy takes a while to import

        yield read_query(source, folder, environ)
        return
    with _readable(f"the files of source {source.name}"):
        files = [path for pattern in source.paths for path in _files(folder, named(pattern), source)]
    for path in dict.fromkeys(files):
        file = printable(path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path))
        read = READERS.get(path.suffix.lower(), read_delimited)
        with _readable(str(path)):
            extract = read(path, file, source)
        yield extract


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HistoryError(f"Reading {what}: {reason(error)}. Make it readable and try again.") from error


def _files(folder: Path, pattern: str, source: Source) -> list[Path]:
    parts = Path(pattern).parts
    fixed = next((i for i, part in enumerate(parts) if any(sign in part for sign in WILDCARDS)), len(parts))
    base = folder.joinpath(*parts[:fixed])
    if fixed < len(parts) and base.is_dir():
        os.scandir(base).close()  # raises where it cannot be read: a glob would find nothing there
    found = sorted(base.glob("/".join(parts[fixed:]))) if fixed < len(parts) else [base]
    files = [path for path in found if path.is_file()]
    if not files:
        raise HistoryError(
            f"Reading source {source.name}: there is no file {folder / pattern}. "
            f"Send the extract again, or correct sources.{source.name}.path in system.toml."
        )
    return files
