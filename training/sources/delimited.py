"""CSV: read by Arrow in blocks of lines where each line is a row, otherwise row by row."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import pandas as pd

from training.errors import HistoryError
from training.sources.blocks import NeedsFullParserError, blocks_below, parse_block
from training.sources.contents import Content
from training.sources.extract import Columns, Extract
from training.sources.headers import (
    SEARCHED_ROWS,
    check_header,
    check_rows,
    columns_of,
    header_of,
    named_columns,
    takes_all,
)
from training.sources.text import BLOCK_BYTES, opened, pieces, sniff
from training.system.model import Source

if TYPE_CHECKING:
    from _csv import Reader

SEPARATORS = (",", ";", "\t", "|")
SHOWN_SEPARATOR = ","
CHUNK_ROWS = 10_000
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*')
"""The first line of a file that Excel is to open: `sep=;`."""


@dataclass(frozen=True)
class Layout:
    """The layout of a delimited file. `names` are the columns that its source takes, `at` their positions."""

    encoding: str
    separator: str
    header: tuple[str, ...]
    header_lines: int
    is_plain: bool
    names: tuple[str, ...]
    at: tuple[int, ...]


def read_delimited(content: Content, source: Source) -> Extract:
    """Return the columns that the source takes, separated by commas, semicolons, tabs or bars, in any encoding.

    A line is where a row starts, 1 the file's first. Blank lines, and rows in which every cell is blank, are no rows.
    """
    found = sniff(content, source.encoding)
    if found.has_short_lines:
        with suppress(NeedsFullParserError):
            return read_with_arrow(content, source, found.encoding)
    return read_row_by_row(content, source, found.encoding)


def read_with_arrow(content: Content, source: Source, encoding: str, block_bytes: int = BLOCK_BYTES) -> Extract:
    """Read a file whose lines are its rows, block by block. Raises NeedsFullParserError where they are not."""
    layout = _layout(content, source, encoding)
    if not layout.is_plain:
        raise NeedsFullParserError
    columns = Columns(layout.names)
    malformed: dict[int, str] = {}
    for block in blocks_below(pieces(content, encoding, block_bytes), layout.header_lines):
        rows = parse_block(block, layout.separator, len(layout.header), layout.at)
        columns.add_encoded(rows.lines, rows.columns)
        malformed |= {line: SHOWN_SEPARATOR.join(cells) for line, cells in rows.malformed.items()}
    return _extract(content, source, layout, columns, malformed)


def read_row_by_row(content: Content, source: Source, encoding: str) -> Extract:
    """Read any file, row by row."""
    layout = _layout(content, source, encoding)
    columns = Columns(layout.names)
    malformed: dict[int, str] = {}
    with opened(content, encoding) as text:
        reader = csv.reader(text, delimiter=layout.separator, strict=True)
        with _sentences(content, reader):
            while reader.line_num < layout.header_lines:
                next(reader)
            for lines, rows in _chunks(reader, layout, malformed):
                columns.add(lines, [[row[i] for row in rows] for i in layout.at])
    return _extract(content, source, layout, columns, malformed)


def _layout(content: Content, source: Source, encoding: str) -> Layout:
    with opened(content, encoding) as text:
        first = text.readline()
    declared = SEPARATOR_LINE.fullmatch(first)
    header_rows = source.header_rows or ((2,) if declared else (1,))
    separator = declared.group(1) if declared else _separator(_line(content, encoding, header_rows[-1]), source)
    with opened(content, encoding) as text:
        reader = csv.reader(text, delimiter=separator, strict=True)
        with _sentences(content, reader):
            rows, is_plain = _header_rows(reader, header_rows)
            header_lines = reader.line_num
            header = header_of(rows, source)
            check_header(content.name, header, source, _first_rows(content, encoding, separator, header_rows[-1]))
    names = tuple(columns_of(source, header))
    return Layout(encoding, separator, header, header_lines, is_plain, names, tuple(map(header.index, names)))


def _header_rows(reader: "Reader", wanted: Sequence[int]) -> tuple[list[list[str]], bool]:
    """The rows of the header, and whether each row up to it is one line: rows below can then be numbered by lines."""
    found: list[list[str]] = []
    is_plain = True
    while len(found) < len(wanted):
        line = reader.line_num + 1
        row = next(reader, None)
        if row is None:
            break
        is_plain = is_plain and reader.line_num == line
        if line >= wanted[len(found)]:
            found.append(row)
    return found if len(found) == len(wanted) else [[]], is_plain


def _first_rows(content: Content, encoding: str, separator: str, below: int) -> list[list[str]]:
    """Rows in which another header may be, each line for itself: none where one cannot be read."""
    with opened(content, encoding) as text, suppress(csv.Error):
        lines = islice(text, below, below + SEARCHED_ROWS)
        return [next(csv.reader([line], delimiter=separator), []) for line in lines]
    return []


def _line(content: Content, encoding: str, number: int) -> str:
    with opened(content, encoding) as text:
        return next(islice(text, number - 1, number), "")


def _separator(header: str, source: Source) -> str:
    """Return the separator with which the header names the most wanted columns; for a query the most of all."""
    wanted = set(named_columns(source))

    def found(sign: str) -> tuple[int, int]:
        names = {name.strip(' "\r\n') for name in header.split(sign)}
        n_wanted = 0 if source.query is not None else len(wanted & names)
        return n_wanted, len(names) if takes_all(source) else 0

    return max(SEPARATORS, key=found)


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
def _sentences(content: Content, reader: "Reader") -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        raise HistoryError(
            f"Reading {content.name}, near line {reader.line_num}: {error}. Correct the quotes there."
        ) from error


def _extract(content: Content, source: Source, layout: Layout, columns: Columns, malformed: dict[int, str]) -> Extract:
    rows = columns.rows()
    check_rows(content.name, len(rows) + len(malformed))
    index = pd.Index(list(malformed), dtype="int64")
    apart = pd.Series(list(malformed.values()), index=index, dtype=object)
    return Extract(source, content.file, layout.header, rows, apart)
