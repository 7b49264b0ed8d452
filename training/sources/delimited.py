"""CSV: which encoding and separator a file has, and the reader that takes any file, however it is quoted."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from training.errors import HistoryError
from training.sources.arrow_csv import BLOCK_BYTES, NeedsFullParserError, parse_block, read_blocks, sniff
from training.sources.extract import Extract, check_header, check_rows, columns_of
from training.sources.texts import Columns
from training.system import Source

if TYPE_CHECKING:
    from _csv import Reader

SEPARATORS = (",", ";", "\t")
SHOWN_SEPARATOR = ","
CHUNK_ROWS = 10_000


@dataclass(frozen=True)
class Layout:
    """How a file is written. `at` are the positions of the columns that its source names."""

    encoding: str
    separator: str
    header: tuple[str, ...]
    header_lines: int
    at: tuple[int, ...]


def read_delimited(path: Path, file: str, source: Source) -> Extract:
    """Return the columns that the source names, separated by commas, semicolons or tabs, in UTF-8 or else Latin-1.

    A line is where a row starts, 1 the header's. Blank lines, and rows in which every cell is blank, are no rows.
    """
    found = sniff(path)
    if found.has_nul:
        raise HistoryError(f"Reading {path}: it is not text (byte 0x00 in it). Save it as CSV.")
    if found.has_short_lines:
        with suppress(NeedsFullParserError):
            return read_with_arrow(path, file, source, found.encoding)
    return read_row_by_row(path, file, source, found.encoding)


def read_with_arrow(path: Path, file: str, source: Source, encoding: str, block_bytes: int = BLOCK_BYTES) -> Extract:
    """Read a file whose lines are its rows, block by block. Raises NeedsFullParserError where they are not."""
    layout = _layout(path, source, encoding)
    if layout.header_lines > 1:
        raise NeedsFullParserError
    columns = Columns(columns_of(source))
    malformed: dict[int, str] = {}
    for block in read_blocks(path, encoding, block_bytes):
        rows = parse_block(block, layout.separator, len(layout.header), layout.at)
        columns.add_encoded(rows.lines, rows.columns)
        malformed |= {line: SHOWN_SEPARATOR.join(cells) for line, cells in rows.malformed.items()}
    return _extract(path, file, source, layout, columns, malformed)


def read_row_by_row(path: Path, file: str, source: Source, encoding: str) -> Extract:
    """Read any file, row by row."""
    layout = _layout(path, source, encoding)
    columns = Columns(columns_of(source))
    malformed: dict[int, str] = {}
    with path.open(encoding=encoding, newline="") as text:
        reader = csv.reader(text, delimiter=layout.separator, strict=True)
        with _sentences(path, reader):
            next(reader)
            for lines, rows in _chunks(reader, layout, malformed):
                columns.add(lines, [[row[i] for row in rows] for i in layout.at])
    return _extract(path, file, source, layout, columns, malformed)


def _layout(path: Path, source: Source, encoding: str) -> Layout:
    with path.open(encoding=encoding, newline="") as text:
        separator = _separator(text.readline(), source)
        text.seek(0)
        reader = csv.reader(text, delimiter=separator, strict=True)
        with _sentences(path, reader):
            header = tuple(name.strip() for name in next(reader, []))
    check_header(str(path), header, source)
    return Layout(
        encoding, separator, header, reader.line_num, tuple(header.index(name) for name in columns_of(source))
    )


def _separator(header: str, source: Source) -> str:
    """What separates the columns: that with which the first line names the most of those wanted."""
    wanted = set(columns_of(source))
    return max(SEPARATORS, key=lambda sign: len(wanted & {name.strip(' "\r\n') for name in header.split(sign)}))


def _chunks(reader: "Reader", layout: Layout, malformed: dict[int, str]) -> Iterator[tuple[list[int], list[list[str]]]]:
    """Rows of the header's width, their lines first; those of another go to `malformed`."""
    lines: list[int] = []
    rows: list[list[str]] = []
    line = layout.header_lines + 1
    for cells in reader:
        if any(cells):  # spreadsheets end their files with rows of commas
            if len(cells) == len(layout.header):
                lines.append(line)
                rows.append(cells)
            else:
                malformed[line] = SHOWN_SEPARATOR.join(cells)
        line = reader.line_num + 1  # a quoted cell may span lines
        if len(rows) == CHUNK_ROWS:
            yield lines, rows
            lines, rows = [], []
    if rows:
        yield lines, rows


@contextmanager
def _sentences(path: Path, reader: "Reader") -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise HistoryError(
            f"Reading {path}, near line {reader.line_num}: {error}. Correct the quotes there."
        ) from error


def _extract(
    path: Path, file: str, source: Source, layout: Layout, columns: Columns, malformed: dict[int, str]
) -> Extract:
    rows = columns.rows()
    check_rows(str(path), len(rows) + len(malformed))
    index = pd.Index(list(malformed), dtype="int64")
    apart = pd.Series(list(malformed.values()), index=index, dtype=object)
    return Extract(source, file, layout.header, rows, apart)
