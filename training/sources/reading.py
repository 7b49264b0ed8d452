"""Files of a source, and the reader of each: Parquet here, and tables of one column a place as rows."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import union_categoricals

from publication.console import printable
from training.errors import HistoryError
from training.files import named, reason
from training.sources.contents import Content, contents_of, logger, state_of, usable
from training.sources.delimited import read_delimited
from training.sources.extract import Extract, categorical
from training.sources.files_query import query_files
from training.sources.headers import check_header, check_rows, columns_of, format_of, named_columns
from training.sources.workbooks import read_workbook
from training.system.model import Source
from training.system.schema import ALL_COLUMNS

PLACE_COLUMN, COUNT_COLUMN = "place", "count"
"""Names of the columns that replace those of places; a file may have columns of these names."""


def with_place_column(extract: Extract) -> Extract:
    """Return the extract with one row for each row and column of a place; as it is where there are no such columns.

    The rows of a line follow each other in the order of the columns.
    Raises HistoryError where `*` leaves no column.
    """
    source = extract.source
    if not source.place_columns:
        return extract
    others = [column for column in named_columns(source) if column not in source.place_columns]
    places = _places(extract, others)
    n_rows, n_places = len(extract.rows), len(places)
    at = np.repeat(np.arange(n_rows), n_places)
    others_by_row = {column: extract.rows[column].array.take(at) for column in others}
    counts = union_categoricals([extract.rows[column].array for column in places])
    in_rows = np.arange(n_rows * n_places).reshape(n_places, n_rows).T.ravel()
    place, count = _unused(PLACE_COLUMN, others), _unused(COUNT_COLUMN, others)
    names = pd.Categorical.from_codes(np.tile(np.arange(n_places), n_rows), categories=pd.Index(places, dtype=object))
    rows = pd.DataFrame(
        {**others_by_row, place: names, count: counts.take(in_rows)},
        index=pd.Index(extract.rows.index.to_numpy()[at], copy=False),
        copy=False,
    )
    return replace(extract, source=_long(source, place, count), rows=rows)


def _places(extract: Extract, others: list[str]) -> list[str]:
    source = extract.source
    if source.place_columns != (ALL_COLUMNS,):
        return list(source.place_columns)
    places = [column for column in extract.rows.columns if column not in others]
    if not places:
        raise HistoryError(
            f"Reading {extract.file}: every column is named otherwise, so that place_columns = '*' of source "
            f"{source.name} leaves none. Name the columns of the places in system.toml."
        )
    repeated = next((name for name in places if extract.header.count(name) > 1), None)
    if repeated is not None:
        raise HistoryError(f"Reading {extract.file}: column {repeated!r} is there more than once. Rename all but one.")
    return places


def _unused(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _long(source: Source, place: str, count: str) -> Source:
    """The same source as if its files had one row a place."""
    if source.measure is not None:
        return replace(source, place=place, place_columns=(), value=count)
    return replace(source, place=place, place_columns=(), columns=dict.fromkeys(source.columns, (count,)))


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


WILDCARDS = "*?["
READERS: dict[str, Callable[[Content, Source], Extract]] = {
    ".parquet": read_parquet,
    ".xlsx": read_workbook,
    ".xlsm": read_workbook,
    ".xlsb": read_workbook,
    ".xls": read_workbook,
    ".ods": read_workbook,
}


def read_source(source: Source, folder: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Extract]:
    """Every file of the source once, pattern by pattern, by name; or what its query answers, as one.

    `folder` is what its paths are relative to, `environ` has the variables that its url names. Files that are no
    extracts or still being written are skipped. Raises HistoryError
    where a file is missing, cannot be read, has no rows, or lacks a column that the source names; and where the
    database is out of reach or does not understand the query.
    """
    if source.url is not None:
        from training.sources.queries import read_query  # SQLAlchemy takes a while to import

        yield with_place_column(read_query(source, folder, environ))
        return
    if source.query is not None:
        yield with_place_column(query_files(source, list(_files_of(source, folder))))
        return
    for extract in _files_of(source, folder):
        yield with_place_column(extract)


def _files_of(source: Source, folder: Path) -> Iterator[Extract]:
    with _readable(f"the files of source {source.name}"):
        found = [path for pattern in source.paths for path in _files(folder, named(pattern), source)]
    n_files = 0
    for path in dict.fromkeys(found):
        file = printable(path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path))
        with _readable(str(path)):
            before = state_of(path)
            extracts = [read_content(content, source) for content in contents_of(path, file)]
            if state_of(path) != before:
                logger.warning("Skipped %s: it is still being written. It is read by the next ingest.", path)
                continue
        n_files += 1
        yield from extracts
    if not n_files:
        raise HistoryError(f"Reading source {source.name}: every file of it is still being written. Try again later.")


def read_content(content: Content, source: Source) -> Extract:
    """Return one file with the columns that the source takes of it. Raises HistoryError where it cannot be read."""
    return READERS.get(content.suffix, read_delimited)(content, source)


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
    chosen = usable(files)
    if not chosen:
        raise HistoryError(
            f"Reading source {source.name}: of the files {folder / pattern} none can be read yet: {files[0].name} is "
            "still being written, or no extract. Try again when the extract is complete."
        )
    return chosen
