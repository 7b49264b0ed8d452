"""A workbook: replaced in one step, with real dates, a header that stays, and no formulas."""

import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from publication.flat_columns import ColumnKind, FlatColumn
from tests.contract.exports.readers import export, read_sheet
from tests.contract.exports.stores import ODD_NAMES
from training.errors import ExportError
from training.exports.tables import FlatTable, FlatTables
from training.system.exports import WorkbookExport

BOOK = WorkbookExport("headroom.xlsx")


def test_dates_are_dates_and_headers_stay(tables: FlatTables, place: Path) -> None:
    export(tables, place, BOOK)
    book = openpyxl.load_workbook(place / "headroom.xlsx")
    assert book.sheetnames == ["publication", "places", "forecasts", "pressure", "actuals", "scores", "control"]
    forecasts = book["forecasts"]
    assert forecasts.freeze_panes == "A2"
    assert forecasts.auto_filter.ref == f"A1:T{forecasts.max_row}"
    day = forecasts["G2"]
    assert (day.value, day.is_date) == (datetime(2026, 11, 22), True)
    assert forecasts["T2"].value is False
    assert book["publication"]["D2"].value == datetime(2026, 11, 22, 5, 2, 11)


def test_no_name_becomes_a_formula_or_an_error(tables: FlatTables, place: Path) -> None:
    export(tables, place, BOOK)
    with zipfile.ZipFile(place / "headroom.xlsx") as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/")]
    assert len(sheets) == 7
    assert not any(b"<f>" in sheet or b"<f " in sheet or b't="e"' in sheet for sheet in sheets)
    assert {row[3] for row in read_sheet(place / "headroom.xlsx", "places")} == set(ODD_NAMES.values())


def test_a_sign_that_xml_cannot_hold_is_replaced(tables: FlatTables, place: Path) -> None:
    table = FlatTable("places", (FlatColumn("name", ColumnKind.TEXT),), pa.table({"name": ["a\x07b"]}))
    export(FlatTables(tables.summary, (table,)), place, BOOK)
    assert read_sheet(place / "headroom.xlsx", "places") == [("a\N{REPLACEMENT CHARACTER}b",)]


def test_a_table_with_more_rows_than_a_sheet_is_a_sentence_and_the_file_stays(tables: FlatTables, place: Path) -> None:
    export(tables, place, BOOK)
    before = (place / "headroom.xlsx").read_bytes()
    rows = pa.table({"lead": pa.array(range(1_048_576))})
    long = FlatTables(tables.summary, (FlatTable("forecasts", (FlatColumn("lead", ColumnKind.COUNT),), rows),))
    with pytest.raises(ExportError, match="the table forecasts has 1048576 rows, and a sheet holds 1048575; export to"):
        export(long, place, BOOK)
    assert (place / "headroom.xlsx").read_bytes() == before
