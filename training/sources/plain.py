"""Plain CSV: every line is a row and every separator ends a cell, quoted or not. Such files are read in blocks."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

BLOCK_BYTES = 1 << 25
NEWLINE, RETURN, QUOTE = b"\n", b"\r", b'"'
UTF_8, UTF_8_WITH_MARK, LATIN_1 = "utf-8", "utf-8-sig", "latin-1"
TEXTS = pa.dictionary(pa.int32(), pa.string())


class NeedsFullParserError(Exception):
    """The quotes of a file mean something."""


@dataclass(frozen=True)
class Survey:
    """What one look at all of a file's bytes tells: `is_plain` where only line feeds end lines, and none is endless."""

    encoding: str
    has_nul: bool
    is_plain: bool


@dataclass(frozen=True)
class Block:
    """Whole lines of a file, in UTF-8, each ended. `first_line` is the number of the first."""

    content: bytes
    first_line: int


@dataclass(frozen=True)
class Tokenised:
    """The rows of a block: their lines, their encoded columns, and the cells of those of another width, by line."""

    lines: NDArray[np.int64]
    columns: list[list[pa.DictionaryArray]]
    misshapen: dict[int, list[str]] = field(default_factory=dict)


def sniff(path: Path) -> Survey:
    """The encoding of a file, and whether it may be read in blocks."""
    is_utf_8, has_nul, is_plain, has_mark = True, False, True, False
    for number, block in enumerate(_pieces(path)):
        has_mark = has_mark or (number == 0 and block.startswith(codecs.BOM_UTF8))
        has_nul = has_nul or b"\0" in block
        is_utf_8 = is_utf_8 and _is_utf_8(block)
        is_plain = is_plain and block.count(RETURN) == block.count(b"\r\n")
        is_plain = is_plain and _longest_line(block) < csv.field_size_limit()
    marked = UTF_8_WITH_MARK if has_mark else UTF_8
    return Survey(marked if is_utf_8 else LATIN_1, has_nul, is_plain)


def blocks(path: Path, encoding: str) -> Iterator[Block]:
    """The lines of a file below its header."""
    line = 1
    for number, piece in enumerate(_pieces(path)):
        content = piece.decode(encoding).encode() if encoding == LATIN_1 else piece
        n_lines = content.count(NEWLINE)
        if number == 0:
            content = content[content.find(NEWLINE) + 1 :]
            line, n_lines = line + 1, n_lines - 1
        if content:
            yield Block(content, line)
        line += n_lines


def tokenised(block: Block, separator: str, width: int, at: Sequence[int]) -> Tokenised:
    """The cells at the positions `at` of each row of `width` cells. Rows without a text are no rows.

    Raises NotPlainError where a quote is anywhere but around a cell, or around a separator, a quote or a line's end.
    """
    bare = _unquoted(block.content, separator)
    content = np.frombuffer(bare, np.uint8)
    ends = np.flatnonzero(content == ord(NEWLINE))
    odd = _odd_lines(content, ends, ord(separator), width)
    lines = np.arange(block.first_line, block.first_line + len(ends))
    if not len(odd):
        return Tokenised(lines, _columns(bare, separator, width, at))
    starts = np.concatenate([[0], ends[:-1] + 1])
    misshapen = {}
    for i in odd:
        cells = bare[starts[i] : ends[i]].decode().removesuffix("\r").split(separator)
        if any(cells):
            misshapen[block.first_line + int(i)] = cells
    bounds = zip([0, *(ends[odd] + 1)], [*starts[odd], len(content)], strict=True)
    regular = b"".join(bare[start:end] for start, end in bounds)
    return Tokenised(np.delete(lines, odd), _columns(regular, separator, width, at), misshapen)


def _unquoted(content: bytes, separator: str) -> bytes:
    """The lines without their quotes, where these only stand around cells that would be the same without them."""
    if QUOTE not in content:
        return content
    signs = np.frombuffer(NEWLINE + content, np.uint8)
    quotes = np.flatnonzero(signs == ord(QUOTE))
    opening, closing = quotes[0::2], quotes[1::2]
    is_end = (signs == ord(separator)) | (signs == ord(NEWLINE))
    ends = np.flatnonzero(is_end)
    around = is_end[opening - 1].all() and (is_end[closing + 1] | (signs[closing + 1] == ord(RETURN))).all()
    if len(quotes) % 2 or not around or (np.searchsorted(ends, opening) != np.searchsorted(ends, closing)).any():
        raise NeedsFullParserError
    return content.replace(QUOTE, b"")


def _odd_lines(content: NDArray[np.uint8], ends: NDArray[np.intp], separator: int, width: int) -> NDArray[np.intp]:
    """The positions of lines with more or fewer cells than `width`, or with nothing but separators."""
    starts = np.concatenate([[0], ends[:-1] + 1])
    signs = np.flatnonzero(content == separator)
    n_signs = np.diff(np.searchsorted(signs, ends), prepend=0)
    lengths = ends - starts - ((content[ends - 1] == ord(RETURN)) & (ends > starts))
    return np.flatnonzero((n_signs != width - 1) | (lengths == n_signs))


def _columns(content: bytes, separator: str, width: int, at: Sequence[int]) -> list[list[pa.DictionaryArray]]:
    if not content:
        return [[] for _ in at]
    names = [str(i) for i in range(width)]
    wanted = [names[i] for i in at]
    table = pa.csv.read_csv(
        pa.BufferReader(content),
        read_options=pa.csv.ReadOptions(column_names=names),
        parse_options=pa.csv.ParseOptions(delimiter=separator, quote_char=False, escape_char=False),
        convert_options=pa.csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, TEXTS),
            strings_can_be_null=False,
            null_values=[],
            check_utf8=False,
        ),
    )
    return [table.column(name).chunks for name in wanted]


def _pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file, cut at the ends of lines; the last line is ended too."""
    rest = b""
    with path.open("rb") as content:
        while read := content.read(BLOCK_BYTES):
            piece = rest + read
            cut = piece.rfind(NEWLINE) + 1
            rest = piece[cut:]
            if cut:
                yield piece[:cut]
    if rest:
        yield rest + NEWLINE


def _is_utf_8(block: bytes) -> bool:
    try:
        return block.isascii() or bool(block.decode())
    except UnicodeDecodeError:
        return False


def _longest_line(block: bytes) -> int:
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord(NEWLINE))
    return int(np.diff(ends, prepend=-1).max(initial=0))
