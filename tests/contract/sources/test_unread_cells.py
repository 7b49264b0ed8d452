"""Anything in a cell of a workbook is a value of the history, or is rejected by name; only an empty one is blank."""

import csv
import datetime as dt
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.worksheet.formula import ArrayFormula

from tests.contract.sources.conftest import Extracts
from training.errors import HistoryError

BEDS = 'measures = { beds = "n" }\n'
PATH = 'path = "x.xlsx"\n'
DAY = dt.date(2026, 1, 2)
NEVER = "formula never calculated"
TO_BE_CALCULATED = '<calcPr fullCalcOnLoad="1"/>'
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def rejected(extracts: Extracts) -> list[tuple[str, str, str, str]]:
    """Line, column, text and reason of each row of the newest quarantine; none where there is none."""
    with max((extracts.folder / "quarantine").iterdir()).open(encoding="utf-8", newline="") as lines:
        return [
            (row["line"], row["column"], row["found"], row["reason"].split(":")[0]) for row in csv.DictReader(lines)
        ]


def workbook(folder: Path, *rows: Sequence[object], merged: str | None = None) -> None:
    """Below a header of code, date and n, as openpyxl writes it: without the value of any formula."""
    book = openpyxl.Workbook()
    for row in [["code", "date", "n"], *rows]:
        book.active.append(row)
    if merged is not None:
        book.active.merge_cells(merged)
    book.save(folder / "x.xlsx")


def workbook_of_xml(folder: Path, *cells: str, recalculates: bool = False) -> None:
    """Rows of places A, B, ... on one day, each with one of the `cells` in column C, as XML."""
    workbook(folder, *(["AB"[i % 2], DAY + dt.timedelta(days=i), f"CELL{i}"] for i in range(len(cells))))
    with zipfile.ZipFile(folder / "x.xlsx") as content:
        parts = {name: content.read(name).decode() for name in content.namelist()}
    for i, cell in enumerate(cells):
        sheet, at = parts["xl/worksheets/sheet1.xml"], f'<c r="C{i + 2}" t="inlineStr"><is><t>CELL{i}</t></is></c>'
        assert at in sheet
        parts["xl/worksheets/sheet1.xml"] = sheet.replace(at, cell.replace("C#", f"C{i + 2}"))
    book = parts["xl/workbook.xml"]
    parts["xl/workbook.xml"] = (
        book[: book.index("<calcPr")] + TO_BE_CALCULATED * recalculates + book[book.index("</workbook") :]
    )
    with zipfile.ZipFile(folder / "x.xlsx", "w") as content:
        for name, part in parts.items():
            content.writestr(name, part)


def test_formulas_that_were_never_calculated_are_rejected_and_the_other_values_archived(extracts: Extracts) -> None:
    days = [DAY + dt.timedelta(days=i) for i in range(60)]
    workbook(extracts.folder, *(["A", day, 20 + i if i % 4 == 0 else f"={20 + i}+0"] for i, day in enumerate(days)))
    summary = extracts.ingest(PATH, BEDS)
    assert (summary.new, summary.empty, summary.quarantined) == (15, 0, {NEVER: 45})
    assert rejected(extracts)[:2] == [("3", "n", "=21+0", NEVER), ("4", "n", "=22+0", NEVER)]
    assert summary.quarantine is not None
    assert "save it" in summary.quarantine.read_text(encoding="utf-8")


def test_an_ingest_of_nothing_but_such_formulas_is_rejected(extracts: Extracts) -> None:
    workbook(extracts.folder, ["A", DAY, "=1+1"], ["B", DAY, "=A2"])
    with pytest.raises(HistoryError, match=r"not one of 2 rows could be accepted \(formula never calculated 2\)"):
        extracts.ingest(PATH, BEDS)


def test_more_of_them_than_max_rejected_share_end_the_ingest(extracts: Extracts) -> None:
    workbook(extracts.folder, *(["A", DAY + dt.timedelta(days=i), 1 if i else "=1+1"] for i in range(10)))
    with pytest.raises(HistoryError, match=r"1 of 10 rows \(10.0%\) are rejected \(formula never calculated 1\)"):
        extracts.ingest("max_rejected_share = 0.05\n" + PATH, BEDS)


@pytest.mark.parametrize(
    ("row", "column", "found"),
    [
        (["=A1", DAY, 1], "code", "=A1"),
        (["B", "=B1", 1], "date", "=B1"),
        (["=A1", "=B1", "=C1"], "code", "=A1"),
    ],
)
def test_a_place_or_day_that_was_never_calculated_is_rejected_as_such(
    extracts: Extracts, row: list[object], column: str, found: str
) -> None:
    workbook(extracts.folder, ["A", DAY, 1], row)
    extracts.ingest(PATH, BEDS)
    assert rejected(extracts) == [("3", column, found, NEVER)]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ('<c r="C#"><f>1+1</f><v></v></c>', "=1+1"),
        ('<c r="C#"><f>1+1</f><v/></c>', "=1+1"),
        ('<c r="C#"><f>1+1</f></c>', "=1+1"),
        ('<c r="C#" t="n"><f>A1&amp;"x"</f></c>', '=A1&"x"'),
        ("<c><f>1+1</f></c>", "=1+1"),
        (f'<x:c xmlns:x="{NAMESPACE}" r="C#"><x:f>1+1</x:f></x:c>', "=1+1"),
        ('<c r="C#"><f/></c>', "="),
    ],
)
def test_a_formula_without_a_value_however_it_is_written(extracts: Extracts, cell: str, found: str) -> None:
    workbook_of_xml(extracts.folder, "<c r='C#'><v>4</v></c>", cell)
    extracts.ingest(PATH, BEDS)
    assert rejected(extracts) == [("3", "n", found, NEVER)]
    assert extracts.known() == {("A/beds", "2026-01-02"): 4.0}


def test_each_cell_of_a_shared_formula_is_rejected_with_its_text(extracts: Extracts) -> None:
    first, other = '<c r="C#"><f t="shared" ref="C2:C3" si="0">A2*2</f></c>', '<c r="C#"><f t="shared" si="0"/></c>'
    workbook_of_xml(extracts.folder, first, other, "<c r='C#'><v>4</v></c>")
    extracts.ingest(PATH, BEDS)
    assert rejected(extracts) == [("2", "n", "=A2*2", NEVER), ("3", "n", "=A2*2", NEVER)]


def test_the_empty_cells_that_an_array_formula_was_to_fill_are_rejected_too(extracts: Extracts) -> None:
    rows: list[list[object]] = [["A", DAY, None], ["A", DAY + dt.timedelta(1), None], ["B", DAY, 7]]
    rows[0][2] = ArrayFormula("C2:C4", "=A2:A4")
    workbook(extracts.folder, *rows)
    extracts.ingest(PATH, BEDS)
    assert rejected(extracts) == [("2", "n", "=A2:A4", NEVER), ("3", "n", "=A2:A4", NEVER)]
    assert extracts.known() == {("B/beds", "2026-01-02"): 7.0}


@pytest.mark.parametrize(
    ("cell", "recalculates", "y"),
    [
        ('<c r="C#"><f>1+1</f><v>2</v></c>', False, 2.0),
        ('<c r="C#"><f>1+1</f><v>2</v></c>', True, 2.0),
        ('<c r="C#"><f>1-1</f><v>0</v></c>', False, 0.0),
        ('<c r="C#"><v>0</v></c>', True, 0.0),
        ('<c r="C#" t="str"><f>"3"</f><v>3</v></c>', True, 3.0),
    ],
)
def test_a_value_that_is_saved_with_a_formula_is_the_value(
    extracts: Extracts, cell: str, recalculates: bool, y: float
) -> None:
    workbook_of_xml(extracts.folder, cell, recalculates=recalculates)
    extracts.ingest(PATH, BEDS)
    assert extracts.known() == {("A/beds", "2026-01-02"): y}


def test_a_zero_in_a_workbook_that_says_its_formulas_are_still_to_be_calculated_is_rejected(extracts: Extracts) -> None:
    workbook_of_xml(extracts.folder, '<c r="C#"><f>1+1</f><v>0</v></c>', "<c r='C#'><v>0</v></c>", recalculates=True)
    extracts.ingest(PATH, BEDS)
    assert rejected(extracts) == [("2", "n", "=1+1", NEVER)]
    assert extracts.known() == {("B/beds", "2026-01-03"): 0.0}


@pytest.mark.parametrize("cell", ['<c r="C#" t="str"><f>""</f><v></v></c>', '<c r="C#" s="1"/>', ""])
def test_an_empty_text_that_a_formula_gave_and_an_empty_cell_are_blanks(extracts: Extracts, cell: str) -> None:
    workbook_of_xml(extracts.folder, "<c r='C#'><v>4</v></c>", cell)
    summary = extracts.ingest(PATH, BEDS)
    assert (summary.new, summary.empty, summary.quarantined) == (1, 1, {})


def test_a_text_of_several_fonts_is_read(extracts: Extracts) -> None:
    workbook(extracts.folder, ["A", DAY, CellRichText("1", TextBlock(InlineFont(b=True), "2"))])
    extracts.ingest(PATH, BEDS)
    assert extracts.known() == {("A/beds", "2026-01-02"): 12.0}


@pytest.mark.parametrize("cell", [dt.time(1, 2), dt.timedelta(hours=30), dt.datetime(2026, 1, 1, 8), False])
def test_a_time_or_a_truth_in_a_column_of_counts_is_rejected(extracts: Extracts, cell: object) -> None:
    workbook(extracts.folder, ["A", DAY, 1], ["B", DAY, cell])
    extracts.ingest(PATH, BEDS)
    ((line, column, _, reason),) = rejected(extracts)
    assert (line, column, reason) == ("3", "n", "unreadable count")


def test_a_count_that_several_rows_share_is_rejected_in_each_of_them(extracts: Extracts) -> None:
    days = [DAY + dt.timedelta(days=i) for i in range(4)]
    rows: list[list[object]] = [["A", day, None] for day in days]
    rows[0][2], rows[3][2] = 30, 9
    workbook(extracts.folder, *rows, merged="C2:C4")
    summary = extracts.ingest(PATH, BEDS)
    assert [(line, found, reason) for line, _, found, reason in rejected(extracts)] == [
        (line, "30 (in merged cells)", "merged cells") for line in ("2", "3", "4")
    ]
    assert (summary.new, summary.empty) == (1, 0)
    assert extracts.known() == {("A/beds", "2026-01-05"): 9.0}


def test_a_place_or_day_that_several_rows_share_is_that_of_each_of_them(extracts: Extracts) -> None:
    workbook(extracts.folder, ["A", DAY, 1], [None, DAY + dt.timedelta(1), 2], ["B", DAY, 3], merged="A2:A3")
    extracts.ingest(PATH, BEDS)
    assert extracts.known() == {
        ("A/beds", "2026-01-02"): 1.0,
        ("A/beds", "2026-01-03"): 2.0,
        ("B/beds", "2026-01-02"): 3.0,
    }


@pytest.mark.parametrize(
    "merged",
    ["C2:D2", "C3:C4", "C9:C12"],
    ids=["with a column that no source names", "without anything in them", "below the table"],
)
def test_merged_cells_that_hide_no_count_change_nothing(extracts: Extracts, merged: str) -> None:
    workbook(extracts.folder, ["A", DAY, 1], ["A", DAY + dt.timedelta(1), None], ["B", DAY, None], merged=merged)
    summary = extracts.ingest(PATH, BEDS)
    assert (summary.new, summary.empty, summary.quarantined) == (1, 2, {})


def test_hidden_rows_count_as_others_do(extracts: Extracts) -> None:
    workbook(extracts.folder, ["A", DAY, 1], ["B", DAY, 2])
    book = openpyxl.load_workbook(extracts.folder / "x.xlsx")
    book.active.row_dimensions[3].hidden = True
    book.save(extracts.folder / "x.xlsx")
    extracts.ingest(PATH, BEDS)
    assert set(extracts.known().values()) == {1.0, 2.0}


def test_a_formula_in_the_last_row_and_column_of_a_sheet_is_seen(extracts: Extracts) -> None:
    book = openpyxl.Workbook()
    for row in [["date", "code", "n"], [DAY, "A", 1], [None, None, "=1+1"]]:
        book.active.append(row)
    book.save(extracts.folder / "x.xlsx")
    extracts.ingest(PATH, BEDS)
    assert [reason for *_, reason in rejected(extracts)] == ["unknown place"]


def test_a_formula_in_a_csv_file_was_never_calculated_either(extracts: Extracts) -> None:
    (extracts.folder / "x.csv").write_text('code,date,n\nA,2026-01-02,1\nB,2026-01-02,"=SUM(A1:A2)"\n')
    extracts.ingest('path = "x.csv"\n', BEDS)
    assert rejected(extracts) == [("3", "n", "=SUM(A1:A2)", NEVER)]
