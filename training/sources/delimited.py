"""CSV: read by Arrow in blocks of lines where each line is a row, otherwise row by row."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from training.errors import HistoryError
from training.frames import BoolArray, IntArray
from training.sources.extract import Columns, Extract, check_header, check_rows, columns_of
from training.system.model import Source

if TYPE_CHECKING:
    from _csv import Reader


BLOCK_BYTES = 1 << 23
NEWLINE, RETURN, QUOTE = b"\n", b"\r", b'"'
UTF_8, UTF_8_WITH_MARK, LATIN_1 = "utf-8", "utf-8-sig", "latin-1"
ENCODED_TEXTS = pa.dictionary(pa.int32(), pa.string())


class NeedsFullParserError(Exception):
    """Rows of the file cannot be numbered by its lines, or its quotes are not those that Arrow understands."""


@dataclass(frozen=True)
class Sniffed:
    """Encoding of a file, and whether it may be read in blocks: line feeds end its lines, and no line is very long."""

    encoding: str
    has_nul: bool
    has_short_lines: bool


@dataclass(frozen=True)
class Block:
    """Complete lines of a file, in UTF-8, `n_lines` of them. `first_line` is the number of the first."""

    content: bytes
    first_line: int
    n_lines: int


@dataclass(frozen=True)
class ParsedBlock:
    """Rows of a block: their lines, their columns, and the text of the rows of another width, by line."""

    lines: IntArray
    columns: list[list[pa.DictionaryArray]]
    malformed: dict[int, list[str]]


def sniff(path: Path) -> Sniffed:
    """Return the encoding of a file, and whether it may be read in blocks."""
    is_utf_8, has_nul, has_short_lines, has_mark = True, False, True, False
    for number, block in enumerate(_pieces(path)):
        has_mark = has_mark or (number == 0 and block.startswith(codecs.BOM_UTF8))
        has_nul = has_nul or b"\0" in block
        is_utf_8 = is_utf_8 and _is_utf_8(block)
        has_short_lines = has_short_lines and block.count(RETURN) == block.count(b"\r\n") and _has_short_lines(block)
    marked = UTF_8_WITH_MARK if has_mark else UTF_8
    return Sniffed(marked if is_utf_8 else LATIN_1, has_nul, has_short_lines)


def read_blocks(path: Path, encoding: str, block_bytes: int) -> Iterator[Block]:
    """Yield the lines of a file below its header, in blocks of about this size."""
    line = 1
    for number, piece in enumerate(_pieces(path, block_bytes)):
        content = piece.decode(encoding).encode() if encoding == LATIN_1 else piece
        n_lines = content.count(NEWLINE)
        if number == 0:
            content = content[content.find(NEWLINE) + 1 :]
            line, n_lines = line + 1, n_lines - 1
        if content:
            yield Block(content, line, n_lines)
        line += n_lines


def parse_block(block: Block, separator: str, width: int, at: Sequence[int]) -> ParsedBlock:
    """Return the cells at the positions `at` of each row of `width` cells. Rows without a text are no rows.

    Raises NeedsFullParserError where a quoted cell spans lines, and where a quote neither opens nor closes a cell.
    """
    if not _quotes_enclose_cells(block.content, separator) or block.content.startswith(codecs.BOM_UTF8):
        raise NeedsFullParserError
    table, invalid = _tokenise(block.content, separator, width, at)
    if len(table) + len(invalid) != block.n_lines:
        raise NeedsFullParserError
    is_row = ~_is_blank(table)
    if not is_row.all():  # in the columns at hand: the others may have texts
        is_row = ~_is_blank(_tokenise(block.content, separator, width, range(width))[0])
        table = table.filter(pa.array(is_row))
    lines = np.arange(block.first_line, block.first_line + block.n_lines)
    lines = np.delete(lines, [row.number - 1 for row in invalid])
    cells = {row.number: next(csv.reader([row.text], delimiter=separator), []) for row in invalid}
    malformed = {block.first_line + number - 1: row for number, row in cells.items() if any(row)}
    return ParsedBlock(lines[is_row], [column.chunks for column in table.columns], malformed)


def _tokenise(
    content: bytes, separator: str, width: int, at: Sequence[int]
) -> tuple[pa.Table, list[pa.csv.InvalidRow]]:
    """Return the columns at these positions, and the rows whose width is another. A blank line is a row of blanks."""
    invalid: list[pa.csv.InvalidRow] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        invalid.append(row)
        return "skip"

    names = [str(i) for i in range(width)]
    wanted = [names[i] for i in at]
    table = pa.csv.read_csv(
        pa.BufferReader(content),
        # In one piece and one thread: rows are then numbered, and a line feed inside a cell is seen as such.
        read_options=pa.csv.ReadOptions(column_names=names, use_threads=False, block_size=len(content) + 1),
        parse_options=pa.csv.ParseOptions(delimiter=separator, ignore_empty_lines=False, invalid_row_handler=skip),
        convert_options=pa.csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, ENCODED_TEXTS),
            strings_can_be_null=False,
            null_values=[],
            check_utf8=False,
        ),
    )
    return table, invalid


def _quotes_enclose_cells(content: bytes, separator: str) -> bool:
    """Return whether every odd quote opens a cell and every even one closes it; or two of them stand for one inside.

    Arrow reads `"ab"c` as abc, and a cell without its closing quote up to the end: both are errors.
    """
    if QUOTE not in content:
        return True
    characters = np.frombuffer(NEWLINE + content, np.uint8)
    quotes = np.flatnonzero(characters == ord(QUOTE))
    if len(quotes) % 2:
        return False
    before, after = np.zeros(256, bool), np.zeros(256, bool)
    before[[ord(separator), *NEWLINE, *QUOTE]] = True
    after[[ord(separator), *NEWLINE, *QUOTE, *RETURN]] = True
    return bool(before[characters[quotes[0::2] - 1]].all() and after[characters[quotes[1::2] + 1]].all())


def _is_blank(table: pa.Table) -> BoolArray:
    """Return which rows have no text in any column."""
    is_blank = np.ones(len(table), bool)
    for column in table.columns:
        chunks = [chunk.indices.to_numpy() == pa.compute.index(chunk.dictionary, "").as_py() for chunk in column.chunks]
        is_blank &= np.concatenate(chunks or [np.zeros(0, bool)])
    return is_blank


def _pieces(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of a file, cut at the ends of lines; the last line is ended too."""
    with path.open("rb") as content:
        while piece := content.read(block_bytes):
            if not piece.endswith(NEWLINE):
                piece += content.readline() or NEWLINE
            yield piece if piece.endswith(NEWLINE) else piece + NEWLINE


def _is_utf_8(block: bytes) -> bool:
    try:
        return block.isascii() or bool(block.decode())
    except UnicodeDecodeError:
        return False


def _has_short_lines(block: bytes) -> bool:
    """Return whether no line is longer than the csv module allows a cell to be."""
    half = csv.field_size_limit() // 2
    return all(block.find(NEWLINE, start, start + half) >= 0 for start in range(0, len(block) - half + 1, half))


SEPARATORS = (",", ";", "\t")
SHOWN_SEPARATOR = ","
CHUNK_ROWS = 10_000


@dataclass(frozen=True)
class Layout:
    """The layout of a delimited file. `at` are the positions of the columns that its source names."""

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
    """Return the separator with which the first line names the most wanted columns."""
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
