"""The same counts from any kind of source give the same history."""

from collections.abc import Callable

import pytest

from tests.contract.sources.conftest import Extracts
from tests.contract.sources.kinds import (
    VALUES,
    Write,
    as_in_germany,
    below_titles,
    csv_by_arrow,
    days_of_excel,
    delimited,
    for_excel,
    gzipped,
    parquet,
    parquet_of_other_types,
    postgresql,
    query_over_files,
    sheet_of_a_workbook,
    sqlite,
    workbook,
    workbook_below_titles,
    zipped,
    zipped_workbook,
)

FILES: dict[str, Write] = {
    f"CSV {separator!r} {encoding} {quote!r}": delimited(separator, encoding, quote)
    for separator in ",;\t|"
    for encoding in ("utf-8", "utf-8-sig", "latin-1", "utf-16")
    for quote in ("", '"')
}
KINDS: dict[str, Write] = {
    **FILES,
    "CSV by Arrow": csv_by_arrow,
    "Parquet": parquet,
    "Parquet of other types": parquet_of_other_types,
    "workbook": workbook,
    "sheet of a workbook": sheet_of_a_workbook,
    "SQLite": sqlite,
    "gzip": gzipped,
    "zip": zipped,
    "workbook in a zip": zipped_workbook,
    "CSV for Excel": for_excel,
    "CSV below titles": below_titles,
    "workbook below titles": workbook_below_titles,
    "as in Germany": as_in_germany,
    "days of Excel": days_of_excel,
    "query over files": query_over_files,
}


def check(extracts: Extracts, source: str) -> None:
    first, again = extracts.ingest(source), extracts.ingest(source)
    assert (first.rows, first.new, first.empty, first.quarantined) == (3, 5, 1, {})
    assert (again.new, again.revised, again.unchanged) == (0, 0, 5)
    assert extracts.known() == VALUES


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_any_kind_gives_the_same_history(extracts: Extracts, kind: str) -> None:
    check(extracts, KINDS[kind](extracts.folder))


@pytest.mark.parametrize("kind", ["CSV ',' utf-8 ''", "Parquet", "sheet of a workbook"])
def test_a_file_whose_name_is_not_utf_8_is_read_and_shown_with_escapes(extracts: Extracts, kind: str) -> None:
    source = KINDS[kind](extracts.folder)
    (file,) = extracts.folder.glob("extract.*")
    file.rename(file.with_name(f"b\udce9{file.suffix}"))
    source = source.replace("extract.", "b*.")
    check(extracts, source)
    assert [found.file for found in extracts.ingest(source).files] == [f"b\\xe9{file.suffix}"]


@pytest.mark.parametrize("day", ["date", "timestamp", "timestamptz", "text"])
def test_postgresql_gives_the_same_history(extracts: Extracts, new_database: Callable[[], str], day: str) -> None:
    url = new_database() + "?options=-c%20timezone%3DEurope/London"
    check(extracts, postgresql(url, day)(extracts.folder))


def test_a_psycopg_partition_boundary_loses_no_row(extracts: Extracts, new_database: Callable[[], str]) -> None:
    query = "select 'A' as code, date '1900-01-01' + n as date, n as n from generate_series(0, 45000) as n order by n"
    two = f"select * from ({query}) as a union all select 'B', date, n from ({query}) as b"
    summary = extracts.ingest(f'url = "{new_database()}"\nquery = "{two}"\n', counts='measures = { beds = "n" }\n')
    assert (summary.rows, summary.new, summary.files[0].file) == (90_002, 90_002, "query of daily")
