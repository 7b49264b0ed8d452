"""The text of a file: its encoding, found or declared, and its lines in UTF-8."""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from training.errors import HistoryError
from training.sources.blocks import NEWLINE, RETURN
from training.sources.contents import Content

BLOCK_BYTES = 1 << 23
UTF_8, UTF_8_WITH_MARK, UTF_16, UTF_32 = "utf-8", "utf-8-sig", "utf-16", "utf-32"
WINDOWS, LATIN_1 = "cp1252", "latin-1"
BYTE_ORDER_MARKS = {  # in this order: the mark of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF8: UTF_8_WITH_MARK,
    codecs.BOM_UTF32_LE: UTF_32,
    codecs.BOM_UTF32_BE: UTF_32,
    codecs.BOM_UTF16_LE: UTF_16,
    codecs.BOM_UTF16_BE: UTF_16,
}
UNDEFINED_IN_WINDOWS = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
NUL = b"\0"
MIN_NUL_SHARE = 0.3  # of every second byte: Latin text in UTF-16 has nearly all of them


@dataclass(frozen=True)
class Sniffed:
    """Encoding of a file, and whether it may be read in blocks: line feeds end its lines, and no line is very long."""

    encoding: str
    has_short_lines: bool


def sniff(content: Content, encoding: str | None = None) -> Sniffed:
    """Return the encoding of a file, which may be declared, and whether it may be read in blocks.

    Without a declaration it is that of its byte order mark; UTF-8 if all of it is; UTF-16 where every second byte is
    zero; else Windows-1252, which has all of the printable signs of Latin-1. Raises HistoryError where it is no text.
    """
    encoding = encoding or _encoding(content)
    has_short_lines = True
    for piece in pieces(content, encoding):
        if NUL in piece:
            raise HistoryError(f"Reading {content.name}: it is not text (byte 0x00 in it). Save it as CSV.")
        ends_in_line_feeds = piece.count(RETURN) == piece.count(b"\r\n")
        has_short_lines = has_short_lines and ends_in_line_feeds and _has_short_lines(piece)
    return Sniffed(encoding, has_short_lines)


def pieces(content: Content, encoding: str, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the content in UTF-8, cut at the ends of lines; the last line is ended too."""
    if encoding in (UTF_8, UTF_8_WITH_MARK):
        with content.open() as binary:
            while piece := binary.read(block_bytes):
                if not piece.endswith(NEWLINE):
                    piece += binary.readline() or NEWLINE
                yield piece if piece.endswith(NEWLINE) else piece + NEWLINE
        return
    with opened(content, encoding) as text:
        while characters := text.read(block_bytes):
            if not characters.endswith("\n"):
                characters += text.readline() or "\n"
            yield (characters if characters.endswith("\n") else characters + "\n").encode()


@contextmanager
def opened(content: Content, encoding: str) -> Iterator[TextIO]:
    """Yield the content as text, line ends as they are. Raises HistoryError where it is not of this encoding."""
    try:
        with content.open() as binary, io.TextIOWrapper(binary, encoding=encoding, newline="") as text:
            yield text
    except UnicodeError as error:
        raise HistoryError(
            f"Reading {content.name}: it is not text in {encoding} ({error}). Correct encoding in system.toml, or "
            "save the file as CSV in UTF-8."
        ) from error


def _encoding(content: Content) -> str:
    is_utf_8, n_bytes, nuls, is_undefined = True, 0, [0, 0], False
    with content.open() as binary:
        first = binary.read(len(codecs.BOM_UTF32_LE))
        mark = next((name for sign, name in BYTE_ORDER_MARKS.items() if first.startswith(sign)), None)
        if mark is not None and mark != UTF_8_WITH_MARK:
            return mark
        piece = first
        while piece:
            if not piece.endswith(NEWLINE):
                piece += binary.readline()
            is_utf_8 = is_utf_8 and _is_utf_8(piece)
            is_undefined = is_undefined or any(byte in piece for byte in UNDEFINED_IN_WINDOWS)
            for parity in (0, 1):
                nuls[parity] += piece[(parity - n_bytes) % 2 :: 2].count(NUL)
            n_bytes += len(piece)
            piece = binary.read(BLOCK_BYTES)
    if max(nuls) > MIN_NUL_SHARE * n_bytes / 2:
        return "utf-16-le" if nuls[1] > nuls[0] else "utf-16-be"
    if is_utf_8:
        return mark or UTF_8
    return LATIN_1 if is_undefined else WINDOWS


def _is_utf_8(piece: bytes) -> bool:
    try:
        return piece.isascii() or bool(piece.decode())
    except UnicodeDecodeError:
        return False


def _has_short_lines(piece: bytes) -> bool:
    """Return whether no line is longer than the csv module allows a cell to be."""
    half = csv.field_size_limit() // 2
    return all(piece.find(NEWLINE, start, start + half) >= 0 for start in range(0, len(piece) - half + 1, half))
