"""A source that cannot be read: each ends in one sentence that says which, what was found and what to do."""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.contract.sources.conftest import Extracts
from tests.planted import HORSE, OPEN_SESAME, POSTGRESQL_PASSWORD
from training.errors import HistoryError, SystemFileError

BEDS = 'measures = { beds = "n" }\n'
QUERY = 'query = "select 1"\n'


def sentence(extracts: Extracts, source: str) -> str:
    with pytest.raises(HistoryError) as raised:
        extracts.ingest(source, BEDS)
    text = str(raised.value)
    assert "\n" not in text
    assert POSTGRESQL_PASSWORD not in text
    assert raised.value.exit_code == 3
    assert not list(extracts.folder.glob("history/*.parquet"))
    return text


def workbook(folder: Path, *rows: list[object]) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "x.xlsx")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 9, b"code,date,n\nA,2026-01-01,1\n", b"PK\x03\x04" * 9])
@pytest.mark.parametrize(
    ("suffix", "what"), [("parquet", "as Parquet"), ("xlsx", "as a workbook"), ("XLS", "as a work")]
)
def test_a_file_that_is_not_what_its_name_says(extracts: Extracts, content: bytes, suffix: str, what: str) -> None:
    (extracts.folder / f"x.{suffix}").write_bytes(content)
    said = sentence(extracts, f'path = "x.{suffix}"\n')
    assert f"x.{suffix}: it cannot be read {what}" in said


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "it is empty"),
        ([["code", "date"], ["A", 1]], "no column 'n'"),
        ([["code", "date", "n"]], "a header but no rows"),
        ([["code", "date", "n"], [None, "", None]], "a header but no rows"),
        ([["code", "n", "date", "n"], ["A", 1, 2, 3]], "column 'n' is there 2 times"),
    ],
)
def test_a_workbook_without_the_table(extracts: Extracts, rows: list[list[object]], says: str) -> None:
    workbook(extracts.folder, *rows)
    assert says in sentence(extracts, 'path = "x.xlsx"\n')


def test_a_sheet_that_is_not_there(extracts: Extracts) -> None:
    workbook(extracts.folder, ["code", "date", "n"])
    said = sentence(extracts, 'path = "x.xlsx"\nsheet = "July"\n')
    assert "no sheet 'July'. Found Sheet. Correct sources.daily.sheet" in said


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"code": ["A"], "date": ["2026-01-01"]}, "no column 'n', which sources.daily names. Found code, date"),
        ({"code": ["A"], "date": ["2026-01-01"], "n": [[1]]}, "column 'n' holds list"),
        ({"code": [], "date": [], "n": []}, "no rows"),
    ],
)
def test_a_parquet_file_without_the_table(extracts: Extracts, columns: dict[str, list[object]], says: str) -> None:
    pa.parquet.write_table(pa.table(columns), extracts.folder / "x.parquet")
    assert says in sentence(extracts, 'path = "x.parquet"\n')


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("${HOSPITAL_DB}", ["environment variable HOSPITAL_DB, which is not set", "sources.daily.url"]),
        ("postgresql://u:PASSWORD@h:x/d", ["sources.daily.url is not the address of a database"]),
        ("postgresql://u:p@PASSWORD@h/d", ["sources.daily.url: it has an `@` where none can", "write `@` as `%40`"]),
        ("postgresql://u:p@PASSWORD/x@h/d", ["sources.daily.url: it has an `@` where none can"]),
        ("nonsense PASSWORD", ["sources.daily.url is not the address of a database"]),
        (
            "postgresql://u:PASSWORD@127.0.0.1:1/d",
            ["from postgresql://***@127.0.0.1:1/d", "Connection refused", "source daily"],
        ),
        ("oracle://u:PASSWORD@h/d", ["Install the driver"]),
        ("unheard://u:PASSWORD@h/d", ["Install the driver"]),
        ("sqlite:///absent.db", ["there is no file", "absent.db"]),
    ],
)
def test_a_database_out_of_reach(extracts: Extracts, url: str, says: list[str]) -> None:
    said = sentence(extracts, f'url = "{url.replace("PASSWORD", POSTGRESQL_PASSWORD)}"\n{QUERY}')
    for fragment in says:
        assert fragment in said


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("selec 1", "syntax error"),
        ("select * from absent", 'relation "absent" does not exist'),
        ("select 1 as code", "no column 'date', which sources.daily names. Found code."),
        ("select 1 as code, 2 as date, 3 as n where false", "no rows"),
        ("select 1/(n-1) as code, n as date, n from generate_series(0, 9) as n", "division by zero"),
        ("create table t (n int)", "source daily"),
    ],
)
def test_a_query_that_postgresql_does_not_answer(
    extracts: Extracts, new_database: Callable[[], str], query: str, says: str
) -> None:
    said = sentence(extracts, f'url = "{new_database()}"\nquery = "{query}"\n')
    assert says in said


def test_a_wrong_password_is_not_shown(extracts: Extracts, new_database: Callable[[], str]) -> None:
    url = new_database().replace(POSTGRESQL_PASSWORD, OPEN_SESAME)
    said = sentence(extracts, f'url = "{url}"\n{QUERY}')
    assert "password authentication failed" in said
    assert OPEN_SESAME not in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:${SECRET}@127.0.0.1:1/d",
        "postgresql://u@127.0.0.1:1/d?sslmode=disable&password=${SECRET}",
        "${ADDRESS}",
        "sqlite://u:${SECRET}@x/y",
    ],
)
@pytest.mark.parametrize("sign", ["", "@", "&x=", "/", "%"])
def test_a_secret_from_the_environment_is_shown_in_no_form(
    extracts: Extracts, url: str, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", f"corr{sign}{HORSE}")
    monkeypatch.setenv("ADDRESS", f"postgresql://u:corr{sign}{HORSE}@127.0.0.1:1/d")
    assert HORSE not in sentence(extracts, f'url = "{url}"\n{QUERY}')


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('path = "postgresql://u:SECRET@h/d"\n', "it is an address, not a file; write it as url, with a query"),
        ('url = ["postgresql://u:SECRET@h/d"]\nquery = "select 1"\n', "sources.daily.url: found ***; give text"),
        ('url = "sqlite://"\nquery = ["postgresql://u:x@SECRET@h/d"]\n', "found ['postgresql://***@h/d']"),
        ('path = "x.csv"\nulr = "postgresql://u:SECRET@h/d"\n', "sources.daily.ulr is not a known key"),
    ],
)
def test_an_address_at_the_wrong_key_of_the_system_file_shows_no_password(
    extracts: Extracts, source: str, says: str
) -> None:
    with pytest.raises(SystemFileError) as raised:
        extracts.ingest(source.replace("SECRET", HORSE), BEDS)
    assert says in str(raised.value)
    assert HORSE not in str(raised.value)


def test_a_password_from_the_environment_may_have_any_sign(
    extracts: Extracts, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSPITAL_PASSWORD", "p@ss/w:rd%20${x}")
    url = new_database().replace(POSTGRESQL_PASSWORD, "${HOSPITAL_PASSWORD}")
    said = sentence(extracts, f'url = "{url}"\n{QUERY}')
    assert "password authentication failed" in said
    monkeypatch.setenv("HOSPITAL_PASSWORD", POSTGRESQL_PASSWORD)
    assert "no column 'code'" in sentence(extracts, f'url = "{url}"\n{QUERY}')
