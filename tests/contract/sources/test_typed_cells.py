"""The history has what a cell of a workbook, a Parquet file or a database says, or the cell is rejected."""

import csv
import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.contract.sources.conftest import Extracts
from training.errors import HistoryError

BEDS = 'measures = { beds = "n" }\n'
LONDON, BERLIN = ZoneInfo("Europe/London"), ZoneInfo("Europe/Berlin")
DAY = dt.date(2026, 1, 2)
FIRST = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def rejected(extracts: Extracts) -> list[tuple[str, str, str]]:
    """Line, text and reason of each row of the newest quarantine."""
    with max((extracts.folder / "quarantine").iterdir()).open(encoding="utf-8", newline="") as lines:
        return [(row["line"], row["found"], row["reason"].split(":")[0]) for row in csv.DictReader(lines)]


def parquet(extracts: Extracts, **columns: pa.Array) -> str:
    pa.parquet.write_table(pa.table(columns), extracts.folder / "x.parquet")
    return 'path = "x.parquet"\n'


def workbook(extracts: Extracts, *rows: list[object]) -> str:
    book = openpyxl.Workbook()
    for row in [["code", "date", "n"], *rows]:
        book.active.append(row)
    book.save(extracts.folder / "x.xlsx")
    return 'path = "x.xlsx"\n'


@pytest.mark.parametrize(
    ("cell", "y"),
    [(3, 3.0), (3.0, 3.0), (0.1, 0.1), (1e15, 1e15), (2**53, 2.0**53), (1e-7, 1e-7), ("7", 7.0), (" 7 ", 7.0)],
)
def test_a_number_of_a_workbook_is_the_number_of_the_history(extracts: Extracts, cell: object, y: float) -> None:
    extracts.ingest(workbook(extracts, ["A", DAY, cell]), BEDS)
    assert list(extracts.known().values()) == [y]


@pytest.mark.parametrize(
    ("cell", "found", "reason"),
    [
        ("#N/A", "#N/A", "unreadable count"),
        ("#DIV/0!", "#DIV/0!", "unreadable count"),
        (True, "True", "unreadable count"),
        (DAY, "2026-01-02", "unreadable count"),
        ("12 beds", "12 beds", "unreadable count"),
        (-99, "-99", "sentinel"),
        (-99.5, "-99.5", "negative count"),
    ],
)
def test_a_cell_of_a_workbook_that_is_no_count_is_rejected(
    extracts: Extracts, cell: object, found: str, reason: str
) -> None:
    extracts.ingest(workbook(extracts, ["A", DAY, 1], [], ["B", DAY, cell]), BEDS)
    assert rejected(extracts) == [("4", found, reason)]
    assert extracts.known() == {("A/beds", "2026-01-02"): 1.0}


@pytest.mark.parametrize(
    ("column", "ys"),
    [
        (pa.array([1, None], pa.int8()), [1.0]),
        (pa.array([2**63, 0], pa.uint64()), [2.0**63, 0.0]),
        (pa.array([0.1, 1e300], pa.float64()), [0.1, 1e300]),
        (pa.array(["1", "2.50"], pa.large_string()), [1.0, 2.5]),
        (pa.array(["1", "1"]).dictionary_encode(), [1.0, 1.0]),
        (pa.array([b"1", b"2"]), [1.0, 2.0]),
    ],
)
def test_a_number_of_any_arrow_type_is_the_number_of_the_history(
    extracts: Extracts, column: pa.Array, ys: list[float]
) -> None:
    extracts.ingest(parquet(extracts, code=pa.array(["A", "B"]), date=pa.array([DAY, DAY]), n=column), BEDS)
    assert list(extracts.known().values()) == ys


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (pa.array([1.0, float("nan")], from_pandas=False), "nan"),
        (pa.array(["1", "x"]), "x"),
        (pa.array([b"1", b"\xff"]), "\ufffd"),
    ],
)
def test_a_value_of_parquet_that_is_no_count_is_rejected(extracts: Extracts, column: pa.Array, found: str) -> None:
    extracts.ingest(parquet(extracts, code=pa.array(["A", "B"]), date=pa.array([DAY, DAY]), n=column), BEDS)
    assert rejected(extracts) == [("2", found, "unreadable count")]


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (dt.datetime(2026, 3, 29, tzinfo=LONDON), "2026-03-29"),
        (dt.datetime(2026, 3, 30, tzinfo=LONDON), "2026-03-30"),  # 23 hours later
        (dt.datetime(2025, 10, 26, tzinfo=LONDON), "2025-10-26"),
        (dt.datetime(2025, 10, 27, tzinfo=LONDON), "2025-10-27"),  # 25 hours later
        (dt.datetime(2025, 7, 1, 1, tzinfo=BERLIN), "2025-07-01"),
        (dt.datetime(2025, 6, 30, 23, tzinfo=dt.UTC), "2025-07-01"),
        (dt.datetime(2025, 7, 1, 0, tzinfo=dt.UTC), None),
        (dt.datetime(2025, 7, 1, 0, tzinfo=BERLIN), None),
    ],
)
def test_an_instant_is_the_hospital_day_that_begins_there(
    extracts: Extracts, instant: dt.datetime, day: str | None
) -> None:
    days = pa.array([at.astimezone(dt.UTC) for at in (instant, FIRST)], pa.timestamp("us", tz=str(instant.tzinfo)))
    extracts.ingest(parquet(extracts, code=pa.array(["A", "B"]), date=days, n=pa.array([1, 2])), BEDS)
    assert set(extracts.known()) - {("B/beds", "2024-01-01")} == ({("A/beds", day)} if day else set())
    assert day or [(line, reason) for line, _, reason in rejected(extracts)] == [("1", "unreadable day")]


@pytest.mark.parametrize(
    ("day_format", "text", "day"),
    [
        ("%d/%m/%Y", "03/02/2026", "2026-02-03"),
        ("%d/%m/%Y", "3/2/2026", "2026-02-03"),
        ("%m/%d/%Y", "03/02/2026", "2026-03-02"),
        ("%d.%m.%y", "03.02.26", "2026-02-03"),
        ("%Y%m%d", "20260203", "2026-02-03"),
        ("%d/%m/%Y %H:%M", "03/02/2026 00:00", "2026-02-03"),
        ("%d/%m/%Y", "2026-02-03", None),
        ("%d/%m/%Y", "02/13/2026", None),
        ("%d/%m/%Y", "03/02/26", None),
        ("%d/%m/%Y", "\u0660\u0663/02/2026", None),
        ("%d/%m/%Y %H:%M", "03/02/2026 08:00", None),
        ("%Y-%d-%m", "2026-02-03", "2026-03-02"),
    ],
)
def test_a_declared_day_format_is_strict(extracts: Extracts, day_format: str, text: str, day: str | None) -> None:
    (extracts.folder / "x.csv").write_text(f"code,date,n\nA,{text},1\nB,never,1\n", encoding="utf-8")
    source = f'path = "x.csv"\nday_format = "{day_format}"\n'
    if day is None:
        with pytest.raises(HistoryError, match="unreadable day 2"):
            extracts.ingest(source, BEDS)
    else:
        extracts.ingest(source, BEDS)
        assert set(extracts.known()) == {("A/beds", day)}


def test_the_advice_about_a_day_is_in_the_declared_format(extracts: Extracts) -> None:
    (extracts.folder / "x.csv").write_text("code,date,n\nA,01/02/2026,1\nB,2026-02-03,1\n", encoding="utf-8")
    (quarantine,) = {extracts.ingest('path = "x.csv"\nday_format = "%d/%m/%Y"\n', BEDS).quarantine}
    assert quarantine is not None
    assert "unreadable day: write it like 03/02/2026" in Path(quarantine).read_text(encoding="utf-8")
