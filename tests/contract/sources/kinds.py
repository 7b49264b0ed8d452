"""The same daily counts, written as every kind of source holds them."""

import datetime as dt
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import openpyxl
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

COLUMNS = ("code", "date", "occupied", "free")
Row = tuple[object, ...]
ROWS: list[Row] = [
    ("A", dt.date(2026, 1, 1), 3, 4.5),
    ("B", dt.date(2026, 1, 1), 5, None),
    ("M\u00fcnster", dt.date(2026, 3, 29), 0, 1.0),  # a day of 23 hours
]
VALUES = {
    ("A/occupancy", "2026-01-01"): 3.0,
    ("A/beds", "2026-01-01"): 7.5,
    ("B/occupancy", "2026-01-01"): 5.0,
    ("M\u00fcnster/occupancy", "2026-03-29"): 0.0,
    ("M\u00fcnster/beds", "2026-03-29"): 1.0,
}
FILE = 'path = "extract.{}"\n'
Write = Callable[[Path], str]


def delimited(separator: str, encoding: str, quote: str) -> Write:
    def write(folder: Path) -> str:
        lines = [COLUMNS, *(tuple("" if cell is None else str(cell) for cell in row) for row in ROWS)]
        text = "".join(separator.join(f"{quote}{cell}{quote}" for cell in line) + "\r\n" for line in lines)
        (folder / "extract.csv").write_bytes(text.encode(encoding))
        return FILE.format("csv")

    return write


def csv_by_arrow(folder: Path) -> str:
    pa.csv.write_csv(table(), folder / "extract.csv")
    return FILE.format("csv")


def parquet(folder: Path) -> str:
    pa.parquet.write_table(table(), folder / "extract.parquet", row_group_size=2)
    return FILE.format("parquet")


def parquet_of_other_types(folder: Path) -> str:
    """Categories, midnights, decimals."""
    columns = table().to_pydict()
    other = {
        "code": pa.array(columns["code"]).dictionary_encode(),
        "date": table()["date"].cast(pa.timestamp("ns")),
        "occupied": pa.array(map(Decimal, columns["occupied"]), pa.decimal128(12, 2)),
        "free": pa.array(columns["free"], pa.float32()),
    }
    pa.parquet.write_table(pa.table(other), folder / "extract.parquet")
    return FILE.format("parquet")


def workbook(folder: Path) -> str:
    book = openpyxl.Workbook()
    for row in [COLUMNS, *ROWS]:
        book.active.append(row)
    book.save(folder / "extract.xlsx")
    return FILE.format("xlsx")


def sheet_of_a_workbook(folder: Path) -> str:
    """Not the first sheet, and days as text in a format of their own together with days as dates."""
    book = openpyxl.Workbook()
    book.active.append(["nothing", "here"])
    sheet = book.create_sheet("Counts & beds")
    texts: list[Row] = [(row[0], f"{row[1]:%d/%m/%Y}", *row[2:]) for row in ROWS[:2]]
    for row in [COLUMNS, *texts, (), *ROWS[2:]]:
        sheet.append(row)
    book.save(folder / "extract.xlsx")
    return FILE.format("xlsx") + 'sheet = "Counts & beds"\nday_format = "%d/%m/%Y"\n'


def sqlite(folder: Path) -> str:
    with sqlite3.connect(folder / "counts.db") as connection:
        connection.execute("create table counts (code text, date text, occupied integer, free real)")
        rows = [(row[0], str(row[1]), *row[2:]) for row in ROWS]
        connection.executemany("insert into counts values (?, ?, ?, ?)", rows)
    connection.close()
    return 'url = "sqlite:///counts.db"\nquery = "select * from counts"\n'


def postgresql(url: str, day: str = "date") -> Write:
    def write(_folder: Path) -> str:
        with psycopg.connect(url) as connection:
            connection.execute(f"create table counts (code text, date {day}, occupied integer, free numeric(6, 2))")
            connection.cursor().executemany("insert into counts values (%s, %s, %s, %s)", ROWS)
        query = "select *, '100%:x' as other from counts where free is null or free::int >= 0"
        return f'url = "{url}"\nquery = "{query}"\n'

    return write


def table() -> pa.Table:
    return pa.table({name: [row[i] for row in ROWS] for i, name in enumerate(COLUMNS)})
