"""Flat tables as files of a folder: a new folder for each export, and a link that names the newest."""

import csv
import re
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from training.exports.tables import FlatTable, FlatTables
from training.files import UNFINISHED, replace_link, write_atomically

CURRENT = "current"
"""The link that readers open: it names the folder of the newest export."""
EXPORT_FOLDER = re.compile(rf"\d{{4}}-\d\d-\d\d\.\d+-[0-9a-f]{{8}}(?:\.\d+{re.escape(UNFINISHED)})?")
CSV_ROWS_AT_ONCE = 10_000


def write_folder(tables: FlatTables, folder: Path, file_format: str) -> None:
    """Write the tables as `current/NAME.parquet` or `.csv`. Raises OSError, and `current` is then as it was.

    What a reader has open stays there until the export after the next.
    """
    current = folder / CURRENT
    if current.exists() and not current.is_symlink():
        raise OSError(f"{current} is not a link that an export made; move it away")
    before = current.readlink().name if current.is_symlink() else ""
    version = folder / f"{tables.label}-{secrets.token_hex(4)}"
    with write_atomically(version) as unfinished:
        unfinished.mkdir()
        for table in tables.tables:
            _write(table, unfinished / f"{table.name}.{file_format}", file_format)
    replace_link(current, version)
    for other in folder.iterdir():
        if EXPORT_FOLDER.fullmatch(other.name) and other.name not in (version.name, before):
            shutil.rmtree(other, ignore_errors=True)


def _write(table: FlatTable, file: Path, file_format: str) -> None:
    if file_format == "parquet":
        with file.open("wb") as opened:  # opened by Python: a path need not be UTF-8
            pq.write_table(table.data, opened, compression="zstd")
        return
    with file.open("w", encoding="utf-8", newline="") as opened_text:
        write_csv(table.data, opened_text)


def write_csv(data: pa.Table, file: TextIO) -> None:
    """Write a header and the rows, as the service writes CSV: numbers as they are, an empty cell for no value."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(data.column_names)
    for rows in data.to_batches(max_chunksize=CSV_ROWS_AT_ONCE):
        writer.writerows(zip(*(_texts(column) for column in rows.columns), strict=True))


def _texts(column: pa.Array) -> Iterator[object]:
    return (_text(value) for value in column.to_pylist())


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value
