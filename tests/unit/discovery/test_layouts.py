"""Where the table of a file is, how its numbers and days are written, and what is asked."""

import gzip
import io
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from tests.unit.discovery.extracts import DAYS, SITES, arrivals, daily, occupied, of_text, written
from training.discovery.discover import discover
from training.discovery.looking import Options
from training.errors import HistoryError

DAILY = daily(["date", "site", "arrivals"], lambda site, day: [day, site, arrivals(site, day)])
EXPECTED = {"place": "site", "day": "date", "measures": {"attendances": "arrivals"}}


def zipped(text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("extract.csv", text)
    return content.getvalue()


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("plain.csv", DAILY.encode()),
        ("packed.csv.gz", gzip.compress(DAILY.encode())),
        ("packed.zip", zipped(DAILY)),
        ("semicolons.csv", DAILY.replace(",", ";").encode()),
        ("tabs.tsv", DAILY.replace(",", "\t").encode()),
        ("bars.txt", DAILY.replace(",", "|").encode()),
        ("wide.csv", DAILY.encode("utf-16")),
        ("returns.csv", DAILY.replace("\n", "\r\n").encode()),
    ],
)
def test_a_file_of_any_dialect_gives_the_same_source(tmp_path: Path, file: str, content: bytes) -> None:
    assert written(tmp_path, {file: content}).source() == EXPECTED


@pytest.mark.parametrize(
    ("above", "row"),
    [("sep=,\n", 2), ("Daily report\nSource: a board\n\n", 4), ("Daily report,,\n,,\n", 3), ('"A, title",,\n', 2)],
)
def test_the_header_is_the_row_from_which_columns_are_consistent(tmp_path: Path, above: str, row: int) -> None:
    assert of_text(tmp_path, above + DAILY).source() == {"header_row": row, **EXPECTED}


def test_notes_below_the_table_are_not_read(tmp_path: Path) -> None:
    assert of_text(tmp_path, DAILY + ",,\nNotes:,,\n1. Provisional,,\n").source() == EXPECTED


def test_many_notes_below_a_short_table_do_not_stop_the_ingest(tmp_path: Path) -> None:
    short = "".join(DAILY.splitlines(keepends=True)[:31])
    source = of_text(tmp_path, short + "Notes:,,\n1. Provisional,,\n2. By site,,\n").source()
    assert source == {**EXPECTED, "max_rejected_share": 0.14}  # 3 of 33 rows, and 0.05 to spare


def test_the_sheet_that_has_days_is_read(tmp_path: Path) -> None:
    rows: list[list[object]] = [[day, site, arrivals(site, day)] for day in DAYS for site in SITES]
    book = workbook(Notes=[["About"], ["A note"]], Data=[["A title"], [], ["date", "site", "arrivals"], *rows])
    assert written(tmp_path, {"book.xlsx": book}).source() == {"sheet": "Data", "header_row": 3, **EXPECTED}


def test_sheets_of_the_same_columns_are_of_a_place_each(tmp_path: Path) -> None:
    sheets: dict[str, Sequence[Sequence[object]]] = {
        name: [["date", "arrivals"], *([day, arrivals(name, day)] for day in DAYS)] for name in SITES
    }
    found = written(tmp_path, {"book.xlsx": workbook(**sheets)})
    assert list(found.places) == list(SITES)
    assert [source.sheet for source in found.system_file.sources] == [None, "RX2", "RX3"]


@pytest.mark.parametrize(
    ("written_as", "day_format"),
    [
        ("%d/%m/%Y", "%d/%m/%Y"),
        ("%m/%d/%Y", "%m/%d/%Y"),
        ("%d.%m.%Y", "%d.%m.%Y"),
        ("%d-%m-%y", "%d-%m-%y"),
        ("%Y/%m/%d", "%Y/%m/%d"),
        ("%Y%m%d", "%Y%m%d"),
        ("%d-%b-%Y", "%d-%b-%Y"),
        ("%d%b%Y", "%d%b%Y"),
        ("%B %d, %Y", "%B %d, %Y"),
        ("%A %d %B %Y", "%A %d %B %Y"),
        ("%m/%d/%Y 12:00:00 AM", "%m/%d/%Y 12:00:00 AM"),
        ("%Y-%m-%d 23:59", "%Y-%m-%d 23:59"),
    ],
)
def test_days_in_any_form_are_read_by_their_format(tmp_path: Path, written_as: str, day_format: str) -> None:
    row = ("site", "day", "admissions")
    text = daily(row, lambda site, day: [site, f'"{day.strftime(written_as)}"', arrivals(site, day)])
    assert of_text(tmp_path, text).source()["day_format"] == day_format


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([f"{n:02d}/02/2024" for n in range(1, 13)], "%d/%m/%Y"),
        ([f"02/{n:02d}/2024" for n in range(1, 13)], "%m/%d/%Y"),
    ],
)
def test_days_that_follow_each_other_settle_which_number_is_the_month(
    tmp_path: Path, days: list[str], expected: str
) -> None:
    text = "date,site,arrivals\n" + "".join(f"{day},{site},{n}\n" for n, day in enumerate(days) for site in SITES)
    assert of_text(tmp_path, text).source()["day_format"] == expected


@pytest.mark.parametrize(
    "days",
    [
        ["03/04/2024"],
        ["01/02/2024", "02/03/2024", "03/04/2024"],
        [f"01/{n:02d}/2024" for n in range(1, 13)],  # the first days of a year, or of its months
    ],
)
def test_days_that_can_be_read_in_two_ways_are_asked_for(tmp_path: Path, days: list[str]) -> None:
    text = "date,site,arrivals\n" + "".join(f"{day},{site},{n}\n" for n, day in enumerate(days) for site in SITES)
    with pytest.raises(HistoryError, match=r"--day-format %[dm]/%[dm]/%Y \(.*\) or --day-format %[dm]/%[dm]/%Y \("):
        of_text(tmp_path, text)
    assert of_text(tmp_path, text, Options("%m/%d/%Y")).source()["day_format"] == "%m/%d/%Y" or len(days) == 12


def test_days_as_workbooks_count_them_are_read_by_a_query(tmp_path: Path) -> None:
    text = daily(["Date", "site", "arrivals"], lambda s, d: [(d - date(1899, 12, 30)).days, s, arrivals(s, d)])
    query = str(of_text(tmp_path, text).source()["query"])
    assert "DATE '1899-12-30' + CAST(CAST(\"Date\" AS DOUBLE) AS INTEGER)" in query


def test_a_year_a_month_and_a_day_in_columns_of_their_own(tmp_path: Path) -> None:
    text = daily(["año", "mes", "dia", "site", "arrivals"], lambda s, d: [d.year, d.month, d.day, s, arrivals(s, d)])
    source = of_text(tmp_path, text).source()
    assert "make_date(" in str(source["query"])
    assert source["day"] == "day"


@pytest.mark.parametrize(
    ("days", "named"),
    [
        ([f"2024-{month:02d}-01" for month in range(1, 13)], "one of months"),
        (["2024-01-31", "2024-02-29", "2024-03-31"], "one of months"),
        (["Jan 2024", "Feb 2024"], "no column of days"),
        (["2024-01", "2024-02"], "no column of days"),
        ([str(DAYS[0] + timedelta(weeks=n)) for n in range(9)], "one day a week"),
    ],
)
def test_what_has_no_days_is_rejected(tmp_path: Path, days: list[str], named: str) -> None:
    text = "period,site,arrivals\n" + "".join(f"{day},{site},{n}\n" for n, day in enumerate(days) for site in SITES)
    with pytest.raises(HistoryError, match=f"{named}.*counts a day are needed"):
        of_text(tmp_path, text)


def test_weeks_are_read_where_the_name_says_on_which_day_they_stand(tmp_path: Path) -> None:
    days = [DAYS[0] + timedelta(weeks=n) for n in range(9)]
    text = "week_ending,site,arrivals\n" + "".join(f"{day},{s},{arrivals(s, day)}\n" for day in days for s in SITES)
    source = of_text(tmp_path, text).source()
    assert (source["every"], source["week_day"]) == ("week", "last")


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (lambda n: f"{1000 + n:,}".replace(",", "."), {"decimal": ",", "thousands": "."}),  # 998, 999, 1.000 ...
        (lambda n: f'"{1000 + n:,}"', {"thousands": ","}),
        (lambda n: f"{1000 + n:,}".replace(",", " "), {"thousands": " "}),
        (lambda n: f"{1000 + n:,}".replace(",", "'"), {"thousands": "'"}),
        (lambda n: 7 if n > 5 else "<5", {"suppressed": {"<5": 2.5}}),
        (lambda n: 7 if n > 5 else "1-4", {"suppressed": {"1-4": 2.5}}),
        (lambda n: 7 + n if n > 5 else "n/a", {"missing": ["n/a"]}),
        (lambda n: 7 + n if n > 5 else "geen opgave", {"missing": ["geen opgave"]}),
        (lambda n: 70 + n if n > 5 else "66*", {}),  # a mark of a footnote; the number is not lost, its row is rejected
    ],
)
def test_numbers_are_read_as_they_are_written(tmp_path: Path, count: object, expected: dict[str, object]) -> None:
    assert callable(count)
    rows = [(day, site, count(37 * n % 180 - 50)) for n, (day, site) in enumerate((d, s) for d in DAYS for s in SITES)]
    text = "date;site;admissions\n" + "".join(f"{day};{site};{cell}\n" for day, site, cell in rows)
    source = of_text(tmp_path, text).source()
    kinds = ("decimal", "thousands", "suppressed", "missing")
    assert {key: value for key, value in source.items() if key in kinds} == expected


def test_numbers_that_can_be_read_in_two_ways_are_asked_for(tmp_path: Path) -> None:
    text = "date;site;beds\n" + "".join(
        f"{day};{s};{1 + n % 3}.25{n % 10}\n" for n, day in enumerate(DAYS) for s in SITES
    )
    with pytest.raises(HistoryError, match=r"may mean \d{4} or \d\.\d{3}.*--decimal"):
        of_text(tmp_path, text)
    assert of_text(tmp_path, text, Options(decimal=",")).source()["thousands"] == "."


@pytest.mark.parametrize(
    ("header", "count", "sign"),
    [
        ("arrivals", lambda n: f'"{1000 + n:,}"', ","),
        ("Aufnahmen", lambda n: f"{1000 + n:,}".replace(",", "."), "."),
        ("sorties", lambda n: f'"{9000 + n:,}"', ","),
    ],
)
def test_persons_have_no_fractions(tmp_path: Path, header: str, count: object, sign: str) -> None:
    assert callable(count)
    text = f"date;site;{header}\n" + "".join(f"{day};{s};{count(n)}\n" for n, day in enumerate(DAYS) for s in SITES)
    assert of_text(tmp_path, text).source()["thousands"] == sign


def test_a_mean_number_of_persons_may_have_fractions(tmp_path: Path) -> None:
    text = "date;site;mean arrivals\n" + "".join(
        f"{day};{s};1.25{n % 9 + 1}\n" for n, day in enumerate(DAYS) for s in SITES
    )
    with pytest.raises(HistoryError, match="may mean"):
        of_text(tmp_path, text)


def test_a_measure_of_which_no_cell_is_a_number_is_named(tmp_path: Path) -> None:
    header = ["date", "site", "arrivals", "Occupied beds", "ward"]
    text = daily(header, lambda s, d: [d, s, arrivals(s, d), f"{occupied(s, d)}*", "A"])
    assert of_text(tmp_path, text).measures == {"attendances": "arrivals"}
    found = discover([tmp_path / "extract.csv"], tmp_path, Options())
    [unread] = [assumption for assumption in found.assumptions if assumption.what == "not read"]
    reason, _, examples = unread.because.partition(": ")
    assert (unread.found, reason) == ("Occupied beds", "its cells are no numbers")
    assert len(examples.split(", ")) == 3
    assert all(example in text for example in examples.split(", "))
    assert "#   Occupied beds: its cells are no numbers" in found.draft.toml


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (
            ["date", "site", "arrivals"],
            lambda s, d: [d if s == "RX1" else "", s, arrivals(s, d)],
            "120 of 180 rows have counts and no day",
        ),
        (
            ["site", "date", "arrivals"],
            lambda s, d: [s if d == DAYS[0] else "", d, arrivals(s, d)],
            "177 of 180 rows have counts and no value in site",
        ),
    ],
)
def test_merged_cells_are_rejected(tmp_path: Path, header: list[str], row: object, message: str) -> None:
    assert callable(row)
    with pytest.raises(HistoryError, match=f"{message}.*write it into each row"):
        of_text(tmp_path, daily(header, row))


def test_rates_and_durations_are_left_out(tmp_path: Path) -> None:
    header = ["date", "site", "arrivals", "Occupancy %", "occupancy_rate", "mean_wait_min", "share"]
    text = daily(header, lambda s, d: [d, s, arrivals(s, d), "93%", 0.93, 41.5, occupied(s, d) / 1000])
    assert of_text(tmp_path, text).measures == {"attendances": "arrivals"}
