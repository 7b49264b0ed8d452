"""Flat tables as an XLSX workbook: a sheet for each table, with real dates and no formulas."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from publication.flat_columns import ColumnKind
from training.exports.tables import FlatTable, FlatTables
from training.files import write_atomically

MOST_SHEET_ROWS = 1_048_575
"""Rows that a sheet holds below its header."""
READ_AS_OTHER = ("=", "#")
"""First signs of texts that openpyxl would write as a formula or an error."""
COLUMN_WIDTHS = {ColumnKind.TEXT: 24, ColumnKind.INSTANT: 20}
OTHER_WIDTH = 12
SHEET_ROWS_AT_ONCE = 10_000


def write_workbook(tables: FlatTables, file: Path) -> None:
    """Replace the workbook atomically. Raises OSError, and ValueError where a table has more rows than a sheet."""
    for table in tables.tables:
        if table.data.num_rows > MOST_SHEET_ROWS:
            raise ValueError(
                f"the table {table.name} has {table.data.num_rows} rows, and a sheet holds {MOST_SHEET_ROWS}; "
                "export to a folder or a database"
            )
    book = Workbook(write_only=True)
    for table in tables.tables:
        _add_sheet(book, table)
    with write_atomically(file) as unfinished, unfinished.open("wb") as opened:
        book.save(opened)


def _add_sheet(book: Workbook, table: FlatTable) -> None:
    sheet = book.create_sheet(table.name)
    sheet.freeze_panes = "A2"
    for i, column in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(i)].width = COLUMN_WIDTHS.get(column.kind, OTHER_WIDTH)
    sheet.append([_heading(sheet, column.name) for column in table.columns])
    for row in _rows(table):
        sheet.append([_cell(sheet, value) for value in row])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{table.data.num_rows + 1}"


def _rows(table: FlatTable) -> Iterator[tuple[object, ...]]:
    for rows in table.data.to_batches(max_chunksize=SHEET_ROWS_AT_ONCE):
        yield from zip(*(column.to_pylist() for column in rows.columns), strict=True)


def _heading(sheet: WriteOnlyWorksheet, name: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, name)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: WriteOnlyWorksheet, value: object) -> object:
    """Return the value as a cell holds it: an instant without its offset, which Excel does not have; text as text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
    if not text.startswith(READ_AS_OTHER):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell
