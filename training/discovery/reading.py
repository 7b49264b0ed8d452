"""The tables of files: where their header is; all rows of a small one, of a large one its begin and pieces of it."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO

from training.discovery.tables import CellKind, FileTable, TableLocation, as_table, kind_of, stacked
from training.errors import HistoryError
from training.sources.contents import Content
from training.sources.delimited import SEPARATOR_LINE, SEPARATORS
from training.sources.reading import READERS, read_content
from training.sources.text import opened, sniff
from training.sources.workbooks import read_sheets

SEARCHED_HEADER_ROWS = 80
BELOW = 40
FILLED_SHARE = 0.3
"""A column has data where so many of the rows below the header are filled."""
NAMED_COLUMNS_SHARE = 0.7
FEWEST_NAMED = 2
"""Of columns with data, where one has no name."""
TYPED_SHARE = 0.8
UPPER_ROWS = 3
"""The upper row of a header is so near above the lower one: blank rows may lie between."""

Grid = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Header:
    """The rows of a header, from 0, and whether a second one lies above."""

    rows: tuple[int, ...]


def find_header(grid: Grid) -> Header | None:
    """Return where the header is: the first row from which the columns are consistent. None where there is none."""
    kinds = [[kind_of(cell) for cell in row] for row in grid[: SEARCHED_HEADER_ROWS + BELOW]]
    for number in range(min(SEARCHED_HEADER_ROWS, len(kinds) - 1)):
        if _is_header(grid[number], kinds[number], kinds[number + 1 : number + 1 + BELOW]):
            upper = _upper(grid, kinds, number)
            return Header((number,) if upper is None else (upper, number))
    return None


def _is_header(cells: Sequence[str], kinds: Sequence[CellKind], below: Sequence[Sequence[CellKind]]) -> bool:
    below = [row for row in below if any(kind is not CellKind.BLANK for kind in row)]
    if not below or not any(cell.strip() for cell in cells):
        return False
    width = max(len(kinds), *(len(row) for row in below))
    columns = [[row[i] if i < len(row) else CellKind.BLANK for row in below] for i in range(width)]
    filled = [[kind for kind in column if kind is not CellKind.BLANK] for column in columns]
    with_data = [i for i in range(width) if len(filled[i]) >= max(1, FILLED_SHARE * len(below))]
    if not with_data:
        return False
    named = [i for i in with_data if i < len(cells) and cells[i].strip()]
    typed = [i for i in with_data if _is_typed(filled[i])]
    has_names = len(named) >= NAMED_COLUMNS_SHARE * len(with_data) or FEWEST_NAMED <= len(named) == len(with_data) - 1
    if not typed or not has_names:
        return False
    is_name = [i for i in typed if i < len(kinds) and _names(kinds[i], filled[i])]
    if (
        len(is_name) < NAMED_COLUMNS_SHARE * len([i for i in typed if i < len(cells) and cells[i].strip()])
        or not is_name
    ):
        return False
    next_cells = [columns[i][0] for i in typed]
    agree = sum(kind in (CellKind.NUMBER, CellKind.DAY) for kind in next_cells)
    words = sum(kind is CellKind.WORD for kind in next_cells)
    return agree > words or (agree == words == 0)


def _is_typed(filled: Sequence[CellKind]) -> bool:
    typed = sum(kind in (CellKind.NUMBER, CellKind.DAY) for kind in filled)
    return typed >= TYPED_SHARE * len(filled)


def _names(kind: CellKind, filled: Sequence[CellKind]) -> bool:
    """Return whether a cell can be the name above such cells: a word, or a day above numbers."""
    if kind is CellKind.DAY:
        return sum(k is CellKind.DAY for k in filled) < len(filled) / 2
    return kind is CellKind.WORD


def _upper(grid: Grid, kinds: Sequence[Sequence[CellKind]], number: int) -> int | None:
    """Return the row above, if it distinguishes columns that have the same name in the header."""
    names = [cell.strip() for cell in grid[number]]
    repeated = [i for i, name in enumerate(names) if name and names.count(name) > 1]
    if not repeated:
        return None
    for above in range(number - 1, max(-1, number - 1 - UPPER_ROWS), -1):
        over = [grid[above][i].strip() if i < len(grid[above]) else "" for i in range(len(names))]
        if not any(over):
            continue
        filled = [i for i, cell in enumerate(over) if cell]
        first = names.index(names[repeated[0]])
        if len({over[i] for i in filled if i >= first}) > 1 or (len(filled) > 1 and filled[0] >= first):
            spread, last = [], ""
            for i, name in enumerate(names):
                last = over[i] or last
                spread.append((last, name))
            named = [pair for pair in spread if pair[1]]
            return above if len(set(named)) == len(named) else None
        return None
    return None


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
