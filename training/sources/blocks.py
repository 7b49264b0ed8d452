"""Blocks of lines, each line a row, read by Arrow: rows are numbered by their lines, quotes are those of RFC 4180."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from training.frames import BoolArray, IntArray

NEWLINE, RETURN, QUOTE = b"\n", b"\r", b'"'
ENCODED_TEXTS = pa.dictionary(pa.int32(), pa.string())


class NeedsFullParserError(Exception):
    """Rows of the file cannot be numbered by its lines, or its quotes are not those that Arrow understands."""


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


def blocks_below(pieces: Iterable[bytes], header_lines: int) -> Iterator[Block]:
    """Yield pieces of complete lines as blocks, without the first `header_lines` lines."""
    line = 1
    for piece in pieces:
        content, n_lines = piece, piece.count(NEWLINE)
        while line <= header_lines and n_lines:
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
