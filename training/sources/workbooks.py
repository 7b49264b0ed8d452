"""Workbooks: one sheet, its first row the header."""

import zipfile
import zlib
from collections.abc import Sequence
from xml.parsers import expat

import python_calamine

from training.errors import HistoryError
from training.sources.contents import Content
from training.sources.extract import IN_MERGED_CELLS, Columns, Extract, text_of
from training.sources.headers import (
    SEARCHED_ROWS,
    check_header,
    check_rows,
    columns_of,
    format_of,
    header_of,
    is_count,
)
from training.sources.unread_cells import unread_cells
from training.system.model import Source

UNREADABLE = (
    python_calamine.CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,  # zipfile's: a password, or a compression it does not know
    ValueError,
    expat.ExpatError,
)
"""Errors that the two libraries raise for a broken workbook, or a file that is none."""


Rows = list[list[object]]
Ranges = Sequence[tuple[tuple[int, int], tuple[int, int]]]
"""The first and the last cell of each range of merged cells, as row and column from 0."""


def read_workbook(content: Content, source: Source) -> Extract:
    """The sheet that the source names, or the first one. Dates become ISO text; rows without a text are no rows."""
    rows, merged = _rows(content, source)
    header_rows = source.header_rows or (1,)
    below = header_rows[-1]
    named = [[text_of(cell) for cell in rows[row - 1]] for row in header_rows if row <= len(rows)]
    header = header_of(named if len(named) == len(header_rows) else [], source)
    shown = [[text_of(cell) for cell in row] for row in rows[below : below + SEARCHED_ROWS]]
    check_header(content.name, header, source, shown)
    wanted = columns_of(source, header)
    at = [header.index(name) for name in wanted]
    lines = [
        line for line, row in enumerate(rows[below:], start=below + 1) if any(cell not in ("", None) for cell in row)
    ]
    check_rows(content.name, len(lines))
    counts = {header.index(name) for name in wanted if is_count(source, name)}
    _spread_merged(rows, merged, below, at, counts)
    columns = Columns(wanted)
    formats = [format_of(source, name) for name in wanted]
    columns.add(
        lines,
        [[text_of(rows[line - 1][i], form) for line in lines] for i, form in zip(at, formats, strict=True)],
    )
    return Extract(source, content.file, header, columns.rows())


def read_sheets(content: Content) -> dict[str, list[list[str]]]:
    """Return the texts of all cells of each sheet. Raises HistoryError where it is no workbook."""
    try:
        with (
            content.seekable() as binary,
            python_calamine.CalamineWorkbook.from_filelike(binary) as workbook,
        ):
            sheets = {
                name: workbook.get_sheet_by_index(number).to_python(skip_empty_area=False)
                for number, name in enumerate(workbook.sheet_names)
            }
    except UNREADABLE as error:
        raise _no_workbook(content, error) from error
    return {name: [[text_of(cell) for cell in row] for row in rows] for name, rows in sheets.items()}


def _no_workbook(content: Content, error: Exception) -> HistoryError:
    reason = str(error).partition("\n")[0].rstrip(".")
    return HistoryError(
        f"Reading {content.name}: it cannot be read as a workbook ({reason}). Save it again as .xlsx, without a "
        "password."
    )


def _rows(content: Content, source: Source) -> tuple[Rows, Ranges]:
    """Every cell of the sheet, as wide as its widest row, and the ranges of merged cells (of .xlsx, .xlsm and .xls)."""
    try:
        with (
            content.seekable() as binary,  # calamine itself opens no file whose name is not UTF-8
            python_calamine.CalamineWorkbook.from_filelike(binary) as workbook,
        ):
            number = _sheet_number(workbook, content, source)
            sheet = workbook.get_sheet_by_index(number)
            rows: Rows = list(map(list, sheet.to_python(skip_empty_area=False)))
            merged = sheet.merged_cell_ranges or []
            binary.seek(0)
            for row, column, text in unread_cells(binary, number):
                _write(rows, row, column, text)
    except UNREADABLE as error:
        raise _no_workbook(content, error) from error
    return rows, merged


def _write(rows: Rows, row: int, column: int, text: str) -> None:
    """Put a text into a cell, which may lie below or to the right of all that calamine gives."""
    width = max(len(rows[0]) if rows else 0, column + 1)
    while len(rows) <= row:
        rows.append([])
    if len(rows[row]) <= column or len(rows[0]) < width:
        for cells in rows:
            cells.extend([""] * (width - len(cells)))
    rows[row][column] = text


def _spread_merged(rows: Rows, merged: Ranges, below: int, wanted: Sequence[int], counts: set[int]) -> None:
    """Give every merged cell below the header what the range shows.

    A place, a day or another label holds for every row of its range. A count does not: of which of its rows it is,
    or whether it is their total, nobody can tell, so each cell of such a range says that it is merged.
    """
    for (top, left), (bottom, right) in merged:
        text = text_of(rows[top][left]).strip() if top < len(rows) and left < len(rows[top]) else ""
        inside = [
            (row, column)
            for row in range(max(top, below), min(bottom, len(rows) - 1) + 1)
            for column in wanted
            if left <= column <= right
        ]
        if not text or inside == [(top, left)]:
            continue
        for row, column in inside:
            rows[row][column] = f"{text} {IN_MERGED_CELLS}" if column in counts else rows[top][left]


def _sheet_number(workbook: python_calamine.CalamineWorkbook, content: Content, source: Source) -> int:
    if source.sheet is None:
        return 0
    if source.sheet not in workbook.sheet_names:
        raise HistoryError(
            f"Reading {content.name}: it has no sheet {source.sheet!r}. Found {', '.join(workbook.sheet_names)}. "
            f"Correct sources.{source.name}.sheet in system.toml."
        )
    return workbook.sheet_names.index(source.sheet)
