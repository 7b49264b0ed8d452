"""Reading sources: every cell as text, every row with its line, nothing interpreted yet."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from training.errors import HistoryError
from training.system import Source

if TYPE_CHECKING:
    from _csv import Reader

WILDCARDS = "*?["
SEPARATORS = (",", ";", "\t")
HEADER_LINE = 1


@dataclass(frozen=True)
class Extract:
    """One file of a source. `rows` has the columns of the file as text, indexed by line (1 is the header's).

    `misshapen` holds the rows, by line, whose number of cells is not that of the header.
    """

    source: Source
    file: str
    header: tuple[str, ...]
    rows: pd.DataFrame
    misshapen: dict[int, list[str]]


def read_source(source: Source, folder: Path) -> Iterator[Extract]:
    """Every file of the source once, pattern by pattern, by name; `folder` is what its paths are relative to.

    Raises HistoryError where a file is missing, cannot be read, has no rows, or lacks a column that the source names.
    """
    files = [path for pattern in source.paths for path in _files(folder, pattern, source)]
    for path in dict.fromkeys(files):
        yield _read(path, path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path), source)


def columns_of(source: Source) -> list[str]:
    """The columns that the source needs its files to have."""
    counts = [column for columns in source.columns.values() for column in columns]
    named = [source.place, source.day, source.measure, source.value, source.stream, source.known_at, *counts]
    return list(dict.fromkeys(column for column in named if column is not None))


def _files(folder: Path, pattern: str, source: Source) -> list[Path]:
    parts = Path(pattern).parts
    fixed = next((i for i, part in enumerate(parts) if any(sign in part for sign in WILDCARDS)), len(parts))
    base = folder.joinpath(*parts[:fixed])
    found = sorted(base.glob("/".join(parts[fixed:]))) if fixed < len(parts) else [base]
    files = [path for path in found if path.is_file()]
    if not files:
        raise HistoryError(
            f"Reading source {source.name}: there is no file {folder / pattern}. "
            f"Send the extract again, or correct sources.{source.name}.path in system.toml."
        )
    return files


def _read(path: Path, file: str, source: Source) -> Extract:
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text, source), strict=True)
    try:
        header = tuple(name.strip() for name in next(reader, []))
        _check_header(path, header, source)
        rows, misshapen = _sorted_by_shape(reader, len(header))
    except csv.Error as error:
        raise HistoryError(
            f"Reading {path}, near line {reader.line_num}: {error}. Correct the quotes there."
        ) from error
    if not rows and not misshapen:
        raise HistoryError(f"Reading {path}: it has a header but no rows. Send the extract again.")
    frame = pd.DataFrame(
        list(rows.values()), index=pd.Index(list(rows), dtype="int64"), columns=list(header), dtype=object
    )
    return Extract(source, file, header, frame[columns_of(source)], misshapen)


def _text(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark, or else in Latin-1."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HistoryError(f"Reading {path}: {error.strerror}. Make it readable and try again.") from error
    if b"\0" in content:
        raise HistoryError(f"Reading {path}: it is not text (byte 0x00 in it). Save it as CSV.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _separator(text: str, source: Source) -> str:
    """What separates the columns: that with which the first line names the most of those wanted."""
    header = text.partition("\n")[0]
    wanted = set(columns_of(source))
    return max(SEPARATORS, key=lambda sign: len(wanted & {name.strip(' "\r') for name in header.split(sign)}))


def _sorted_by_shape(reader: "Reader", width: int) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """Rows of `width` cells, and all others, by the line on which each starts. Blank lines are no rows."""
    rows: dict[int, list[str]] = {}
    misshapen: dict[int, list[str]] = {}
    line = HEADER_LINE + 1
    for cells in reader:
        if any(cells):  # spreadsheets end their files with rows of commas
            (rows if len(cells) == width else misshapen)[line] = cells
        line = reader.line_num + 1  # a quoted cell may span lines
    return rows, misshapen


def _check_header(path: Path, header: tuple[str, ...], source: Source) -> None:
    if not header:
        raise HistoryError(f"Reading {path}: it is empty. Send the extract again.")
    for column in columns_of(source):
        if header.count(column) == 1:
            continue
        if header.count(column) > 1:
            raise HistoryError(
                f"Reading {path}: column {column!r} is there {header.count(column)} times. Rename all but one."
            )
        raise HistoryError(
            f"Reading {path}: it has no column {column!r}, which sources.{source.name} names. "
            f"Found {', '.join(header)}. Correct the name in system.toml, or send the extract with that column."
        )
