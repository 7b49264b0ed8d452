"""Tables of a schema: the rows of a system are replaced at once, and those of other systems stay."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.dialects import mssql
from sqlalchemy.schema import CreateTable

from tests.contract.exports.readers import export, read_database
from tests.contract.exports.stores import issue, issued_tables, new_store, tables_of
from tests.contract.store.databases import new_postgresql_database
from tests.contract.store.witness import ask, tell
from tests.planted import POSTGRESQL_PASSWORD
from training.errors import ExportError
from training.exports.database import sql_table
from training.exports.tables import FlatTables
from training.system.exports import DatabaseExport

TARGET = DatabaseExport("${BI_URL}", "bi")


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[DatabaseExport, str]:
    """Of each kind of database, an empty one: the target, and the address that its variable has."""
    if request.param == "sqlite":
        return DatabaseExport("${BI_URL}", "main"), f"sqlite:///{tmp_path / 'bi.db'}"
    return TARGET, new_postgresql_database(request.getfixturevalue("postgresql_url"))


def means(url: str, schema: str) -> dict[object, object]:
    rows = ask(url, f'SELECT "system", sum(mean) FROM "{schema}".forecasts GROUP BY 1 ORDER BY 1')
    return {system: round(float(str(total)), 3) for system, total in rows}


def test_an_export_replaces_the_rows_of_its_system_alone(place: Path, target: tuple[DatabaseExport, str]) -> None:
    database, url = target
    stores = {name: new_store(folder_in(place, name)) for name in ("north", "south")}
    for name, store in stores.items():
        issue(store, name)
        export(tables_of(store, name), place, database, BI_URL=url)
    before = means(url, database.schema)
    issue(stores["north"], "north", scale=2.0)
    export(tables_of(stores["north"], "north"), place, database, BI_URL=url)
    after = means(url, database.schema)
    assert after["south"] == before["south"]
    assert after["north"] == pytest.approx(2 * float(str(before["north"])), rel=1e-6)


def folder_in(place: Path, name: str) -> Path:
    (place / name).mkdir()
    return place / name


def test_a_second_export_of_the_same_publication_has_the_same_rows(
    tables: FlatTables, place: Path, target: tuple[DatabaseExport, str]
) -> None:
    database, url = target
    seen = []
    for _ in range(2):
        export(tables, place, database, BI_URL=url)
        seen.append([read_database(url, database.schema, table.name) for table in tables.tables])
    assert seen[0] == seen[1]


def test_quantiles_that_change_add_columns(place: Path, target: tuple[DatabaseExport, str]) -> None:
    database, url = target
    for name, quantiles in (("south", (0.1, 0.5, 0.9)), ("north", (0.25, 0.5, 0.75))):
        export(issued_tables(folder_in(place, name), name, quantiles=quantiles), place, database, BI_URL=url)
    query = (
        f'SELECT "system", count("q0.1"), count("q0.5"), count("q0.75") FROM "{database.schema}".forecasts GROUP BY 1'
    )
    n = 7 * 7 * 9
    assert sorted(ask(url, query)) == [("north", 0, n, n), ("south", n, n, 0)]


def test_a_reader_sees_the_old_rows_until_all_are_new(tables: FlatTables, place: Path, database_url: str) -> None:
    """An export that waits for a lock on its last table has replaced the others, and nobody sees that."""
    export(tables, place, TARGET, BI_URL=database_url)
    before = means(database_url, "bi")
    store = new_store(place)
    issue(store, scale=2.0)
    with psycopg.connect(database_url) as holder:
        holder.execute("LOCK TABLE bi.scores IN ACCESS EXCLUSIVE MODE")
        impatient = f"{database_url}?options=-c%20lock_timeout%3D500"
        with pytest.raises(ExportError, match="lock timeout"):
            export(tables_of(store), place, TARGET, BI_URL=impatient)
    assert means(database_url, "bi") == before
    [(scale,)] = ask(database_url, "SELECT count(DISTINCT cutoff) FROM bi.publication")
    assert scale == 1


def test_two_exports_at_once_never_leave_rows_twice(tables: FlatTables, place: Path, database_url: str) -> None:
    """The second waits at the row of the first, and ends in a sentence once that is there."""
    export(tables, place, TARGET, BI_URL=database_url)
    with ThreadPoolExecutor(1) as pool, psycopg.connect(database_url) as first:
        first.execute("DELETE FROM bi.publication")
        first.execute("INSERT INTO bi.publication (\"system\", revision) VALUES ('northshire', 2)")
        second = pool.submit(export, tables, place, TARGET, BI_URL=database_url)
        while not ask(database_url, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            assert not second.done()
        first.commit()
        with pytest.raises(ExportError, match="Another export has written the same tables"):
            second.result()
    assert ask(database_url, "SELECT revision FROM bi.publication") == [(2,)]


SENTENCES: Mapping[str, tuple[str, str]] = {
    "nothing listens": ("postgresql://bi:{secret}@127.0.0.1:1/bi", "connection failed|Connection refused"),
    "a wrong password": ("{wrong}", "password authentication failed"),
    "no address": ("not an address {secret}", "exports.url is not the address of a database"),
    "no driver": ("oracle+nothing://bi:{secret}@127.0.0.1/bi", "Install the driver of this database"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_a_database_that_cannot_be_written_is_a_sentence_without_its_secrets(
    case: str, tables: FlatTables, place: Path, postgresql_url: str
) -> None:
    text, says = SENTENCES[case]
    url = text.format(secret=POSTGRESQL_PASSWORD, wrong=postgresql_url.replace(POSTGRESQL_PASSWORD, "another"))
    with pytest.raises(ExportError, match=says) as raised:
        export(tables, place, TARGET, BI_URL=url)
    assert POSTGRESQL_PASSWORD not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 6


def test_a_variable_that_is_not_set_is_a_sentence(tables: FlatTables, place: Path) -> None:
    with pytest.raises(ExportError, match=r"exports.url needs the environment variable BI_URL, which is not set"):
        export(tables, place, TARGET)


def test_a_table_of_someone_else_is_left_as_it_is(
    tables: FlatTables, place: Path, target: tuple[DatabaseExport, str]
) -> None:
    database, url = target
    if database.schema == "bi":
        tell(url, "CREATE SCHEMA bi")
    tell(
        url,
        f"CREATE TABLE {database.schema}.scores (player text)",
        f"INSERT INTO {database.schema}.scores VALUES ('a')",
    )
    with pytest.raises(ExportError, match=r"the table scores of the schema .* is not of an export"):
        export(tables, place, database, BI_URL=url)
    assert ask(url, f"SELECT * FROM {database.schema}.scores") == [("a",)]


def test_the_tables_are_such_as_sql_server_can_make(tables: FlatTables) -> None:
    """No server of it is here: its dialect writes the statements."""
    forecasts = next(table for table in tables.tables if table.name == "forecasts")
    dialect = mssql.dialect()  # type: ignore[no-untyped-call]
    dialect.server_version_info = (16,)  # type: ignore[assignment]  # which a connection would say
    made = " ".join(str(CreateTable(sql_table(forecasts, "bi")).compile(dialect=dialect)).split())
    assert made.startswith("CREATE TABLE bi.forecasts ( system NVARCHAR(200) NOT NULL, unique_id NVARCHAR(max) NULL,")
    assert "[q0.025] DOUBLE PRECISION NULL" in made
    assert "ds DATE NULL" in made
    assert "fallback BIT NULL" in made
