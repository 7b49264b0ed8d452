"""The same daily counts, written as every kind of source holds them."""

import datetime as dt
import gzip
import sqlite3
import zipfile
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
ROWS: list[tuple[str, dt.date, int, float | None]] = [
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


def text(encoding: str = "utf-8", separator: str = ",", above: str = "") -> bytes:
    """The counts as CSV, below other lines."""
    lines = [COLUMNS, *(tuple("" if cell is None else str(cell) for cell in row) for row in ROWS)]
    return (above + "".join(separator.join(line) + "\n" for line in lines)).encode(encoding)


def gzipped(folder: Path) -> str:
    (folder / "extract.csv.gz").write_bytes(gzip.compress(text()))
    return FILE.format("csv.gz")


def zipped(folder: Path) -> str:
    """A zip with what a Mac adds to it."""
    with zipfile.ZipFile(folder / "extract.zip", "w") as packed:
        packed.writestr("july/extract.csv", text())
        packed.writestr("__MACOSX/july/._extract.csv", b"\x00\x05\x16\x07")
        packed.writestr("july/.DS_Store", b"\x00")
    return FILE.format("zip")


def zipped_workbook(folder: Path) -> str:
    workbook(folder)
    with zipfile.ZipFile(folder / "extract.zip", "w") as packed:
        packed.write(folder / "extract.xlsx", "extract.xlsx")
    (folder / "extract.xlsx").unlink()
    return FILE.format("zip")


def for_excel(folder: Path) -> str:
    (folder / "extract.csv").write_bytes(text(separator=";", above="sep=;\n"))
    return FILE.format("csv")


def below_titles(folder: Path) -> str:
    (folder / "extract.csv").write_bytes(text(above="Beds of the north\n\n,,,,,\nMade on,2026-03-30\n"))
    return FILE.format("csv") + "header_row = 5\n"


def workbook_below_titles(folder: Path) -> str:
    book = openpyxl.Workbook()
    for row in [("Beds of the north",), (), COLUMNS, *ROWS]:
        book.active.append(row)
    book.save(folder / "extract.xlsx")
    return FILE.format("xlsx") + "header_row = 3\n"


def as_in_germany(folder: Path) -> str:
    """Days first, decimal commas, words for no value."""
    rows = [["code", "date", "occupied", "free"]]
    rows += [
        [str(code), f"{day:%d.%m.%Y}", f"{occupied},0", "k. A." if free is None else str(free).replace(".", ",")]
        for code, day, occupied, free in ROWS
    ]
    (folder / "extract.csv").write_text("\n".join(";".join(row) for row in rows), encoding="cp1252")
    return FILE.format("csv") + 'day_format = "%d.%m.%Y"\ndecimal = ","\nthousands = "."\nmissing = ["k. A."]\n'


def days_of_excel(folder: Path) -> str:
    rows = [COLUMNS, *((row[0], (row[1] - dt.date(1899, 12, 30)).days, *row[2:]) for row in ROWS)]
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    (folder / "extract.csv").write_text("\n".join(lines), encoding="utf-8")
    return FILE.format("csv") + 'day_format = "excel"\n'


def query_over_files(folder: Path) -> str:
    """One file a place; the query makes the columns."""
    for number, row in enumerate(ROWS):
        lines = ["Ort;Tag;belegt;frei", ";".join("" if cell is None else str(cell) for cell in row)]
        (folder / f"part{number}.csv").write_text("\n".join(lines), encoding="utf-8")
    query = "SELECT Ort AS code, Tag AS date, belegt AS occupied, frei AS free FROM extract"
    return f'path = "part*.csv"\nquery = "{query}"\n'


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
