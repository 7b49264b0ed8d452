"""Workbooks: one sheet, its first row the header."""

import zipfile
import zlib
from pathlib import Path

import python_calamine

from training.errors import HistoryError
from training.history.sources.error_cells import error_cells
from training.history.sources.extract import Extract, check_header, check_rows, columns_of
from training.history.sources.texts import Columns, text_of
from training.system import Source

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
)
"""What a workbook that is none, or is broken, makes the two libraries raise."""


def read_workbook(path: Path, file: str, source: Source) -> Extract:
    """The sheet that the source names, or the first one. Dates become ISO text; rows without a text are no rows."""
    rows = _rows(path, source)
    header = tuple(text_of(cell).strip() for cell in rows[0]) if rows else ()
    check_header(str(path), header, source)
    wanted = columns_of(source)
    at = [header.index(name) for name in wanted]
    formats = [source.day_format if name == source.day else None for name in wanted]
    lines = [line for line, row in enumerate(rows[1:], start=2) if any(cell not in ("", None) for cell in row)]
    check_rows(str(path), len(lines))
    columns = Columns(wanted)
    columns.add(
        lines,
        [[text_of(rows[line - 1][i], form) for line in lines] for i, form in zip(at, formats, strict=True)],
    )
    return Extract(source, file, header, columns.rows())


def _rows(path: Path, source: Source) -> list[list[object]]:
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as workbook:
            number = _sheet_number(workbook, path, source)
            rows: list[list[object]] = list(
                map(list, workbook.get_sheet_by_index(number).to_python(skip_empty_area=False))
            )
        for row, column, text in error_cells(path, number):
            rows[row][column] = text
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise HistoryError(
            f"Reading {path}: it cannot be read as a workbook ({reason}). Save it again as .xlsx, without a password."
        ) from error
    return rows


def _sheet_number(workbook: python_calamine.CalamineWorkbook, path: Path, source: Source) -> int:
    if source.sheet is None:
        return 0
    if source.sheet not in workbook.sheet_names:
        raise HistoryError(
            f"Reading {path}: it has no sheet {source.sheet!r}. Found {', '.join(workbook.sheet_names)}. "
            f"Correct sources.{source.name}.sheet in system.toml."
        )
    return workbook.sheet_names.index(source.sheet)
