"""The tables of files: all rows of a small one, of a large one its begin and pieces from all over it."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO

from training.discovery.headers import Grid, find_header
from training.discovery.tables import FileTable, TableLocation, as_table, stacked
from training.errors import HistoryError
from training.sources.contents import Content
from training.sources.delimited import SEPARATOR_LINE, SEPARATORS
from training.sources.reading import READERS, read_content
from training.sources.text import opened, sniff
from training.sources.workbooks import read_sheets

WORKBOOK_SUFFIXES = frozenset(READERS) - {".parquet"}
FIRST_LINES = 200
FIRST_CHARACTERS = 1 << 20
LARGE_BYTES = 96 << 20
HEAD_BYTES, PIECE_BYTES, N_EXCERPTS = 12 << 20, 1 << 20, 16
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Excerpt(Content):
    """A part of a large text file: its begin and pieces of lines from all over it, under the same name."""

    excerpt: bytes = b""

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Yield the bytes of the excerpt."""
        yield io.BytesIO(self.excerpt)


def read_tables(content: Content) -> list[FileTable]:
    """Return the table of a file, or of each sheet of a workbook that has one; without any an empty list.

    Raises HistoryError where the file cannot be read.
    """
    if content.suffix == ".parquet":
        return [_read(content, TableLocation())]
    if content.suffix in WORKBOOK_SUFFIXES:
        locations = [
            _location(grid, sheet, number == 0) for number, (sheet, grid) in enumerate(read_sheets(content).items())
        ]
        return [_read(content, location) for location in locations if location is not None]
    part, is_sample = _excerpt_of(content)
    found = _location(_first_rows(part))
    return [] if found is None else [replace(_read(part, found, is_sample), contents=(content,))]


def read_words(content: Content) -> list[FileTable]:
    """Return the table of a text file without numbers, with its header in the first row; of any other an empty list."""
    if content.suffix in READERS or _n_bytes(content) >= LARGE_BYTES:
        return []
    with suppress(HistoryError):
        return [_read(content, TableLocation())]
    return []


def read_columns(table: FileTable, columns: Sequence[str]) -> FileTable:
    """Return some columns of all rows of a table's files; the table itself if it has all rows."""
    if not table.is_sample:
        return table
    parts = []
    for content in table.contents:
        extract = read_content(content, table.location.source(content, columns))
        parts.append(as_table(content, table.location, extract, False))
    return stacked(parts)


def _read(content: Content, location: TableLocation, is_sample: bool = False) -> FileTable:
    return as_table(content, location, read_content(content, location.source(content)), is_sample)


def _location(grid: Grid, sheet: str | None = None, is_first: bool = True) -> TableLocation | None:
    header = find_header(grid)
    if header is None:
        return None
    return TableLocation(tuple(row + 1 for row in header.rows), sheet, is_first)


def _first_rows(content: Content) -> list[list[str]]:
    """The first lines as cells, by the separator that cuts most of them into equally many."""
    encoding = sniff(content).encoding
    with opened(content, encoding) as text:
        lines = list(islice(iter(lambda: text.readline(FIRST_CHARACTERS), ""), FIRST_LINES))
    declared = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if declared is not None:
        return [[], *_cells(lines[1:], declared.group(1))]
    return max((_cells(lines, sign) for sign in SEPARATORS), key=_consistency, default=[])


def _cells(lines: Sequence[str], separator: str) -> list[list[str]]:
    """The cells of lines, one list a physical line: rows that span lines are numbered by their last."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        reader = csv.reader(lines, delimiter=separator)
        for row in reader:
            rows.extend([[]] * (reader.line_num - len(rows) - 1))
            rows.append(row)
    return rows


def _consistency(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    widths = [len(row) for row in rows if any(cell.strip() for cell in row)]
    if not widths:
        return 0.0, 0
    common = max(set(widths), key=lambda width: (widths.count(width), width))
    share = widths.count(common) / len(widths)
    return (round(share, 1) if common > 1 else 0.0), common


def _excerpt_of(content: Content) -> tuple[Content, bool]:
    """The content itself if it is small, else an excerpt of it."""
    pieces: list[bytes] = []
    n_bytes = _n_bytes(content)
    if n_bytes < LARGE_BYTES:
        return content, False
    starts = [HEAD_BYTES + (n_bytes - HEAD_BYTES) * k // (N_EXCERPTS + 1) for k in range(1, N_EXCERPTS + 1)]
    with content.open() as binary:
        pieces.append(binary.read(HEAD_BYTES) + binary.readline())
        position = sum(map(len, pieces))
        for start in starts:
            position += _skip(binary, start - position)
            position += len(binary.readline())
            piece = binary.read(PIECE_BYTES) + binary.readline()
            position += len(piece)
            pieces.append(piece)
    return Excerpt(content.path, content.file, content.member, b"".join(pieces)), True


def _n_bytes(content: Content) -> int:
    if content.member is None and content.path.stat().st_size >= LARGE_BYTES:
        with content.open() as binary:
            if binary.seekable() and isinstance(binary, io.BufferedReader):
                return content.path.stat().st_size
    with content.open() as binary:
        return sum(len(piece) for piece in iter(lambda: binary.read(READ_BYTES), b""))


def _skip(binary: BinaryIO, n_bytes: int) -> int:
    if n_bytes <= 0:
        return 0
    if isinstance(binary, io.BufferedReader):
        binary.seek(n_bytes, io.SEEK_CUR)
        return n_bytes
    left = n_bytes
    while left > 0:
        piece = binary.read(min(left, READ_BYTES))
        if not piece:
            break
        left -= len(piece)
    return n_bytes - left
