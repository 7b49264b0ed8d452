"""Every target has the values that the service gives, and the same ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import build_publication
from tests.contract.exports.readers import (
    DUCKDB_TYPES,
    ask_duckdb,
    columns_of,
    export,
    in_excel,
    read_csv,
    read_database,
    read_parquet,
    read_sheet,
)
from tests.contract.exports.stores import HORIZON_DAYS, ODD_NAMES, RECENT_DAYS, issued_tables, new_store, tables_of
from tests.contract.service.client import Client, Clock, serve
from training.exports.tables import FlatTables
from training.system.exports import DatabaseExport, FolderExport, WorkbookExport

TABLES = ("publication", "places", "forecasts", "pressure", "actuals", "scores", "control")
N_SERIES = 7 * (5 + 2)  # places; measures, and the streams of one
N_ROWS = {
    "publication": 1,
    "places": 7,
    "forecasts": N_SERIES * HORIZON_DAYS,
    "pressure": 7 * HORIZON_DAYS,
    "actuals": N_SERIES * RECENT_DAYS,
    "scores": 7 * 2 * 2 * 2,  # places, measures, bands of leads, and 4 and 13 weeks
    "control": 2 * 8,  # measures and checks
}


def test_parquet_csv_and_postgresql_have_the_same_rows(tables: FlatTables, place: Path, database_url: str) -> None:
    targets = (FolderExport("p", "parquet"), FolderExport("c", "csv"), DatabaseExport("${BI_URL}", "bi"))
    export(tables, place, *targets, BI_URL=database_url)
    for name, columns in columns_of(tables).items():
        rows = read_csv(place / "c", name, columns)
        assert len(rows) == N_ROWS[name]
        assert read_parquet(place / "p", name) == rows
        assert read_database(database_url, "bi", name) == rows
    assert tuple(columns_of(tables)) == TABLES


def test_a_workbook_has_the_rows_of_the_csv(tables: FlatTables, place: Path) -> None:
    export(tables, place, WorkbookExport("headroom.xlsx"), FolderExport("c", "csv"))
    for name, columns in columns_of(tables).items():
        rows = read_csv(place / "c", name, columns)
        assert read_sheet(place / "headroom.xlsx", name) == [tuple(map(in_excel, row)) for row in rows]


def test_names_are_text_everywhere(tables: FlatTables, place: Path, database_url: str) -> None:
    export(tables, place, WorkbookExport("w.xlsx"), FolderExport("c", "csv"))
    export(tables, place, DatabaseExport("${BI_URL}", "bi"), BI_URL=database_url)
    found = {
        "workbook": read_sheet(place / "w.xlsx", "places"),
        "csv": read_csv(place / "c", "places", columns_of(tables)["places"]),
        "database": read_database(database_url, "bi", "places"),
    }
    for rows in found.values():
        assert {row[1]: row[3] for row in rows} == ODD_NAMES


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The service over a store with the same publication and live scores."""
    folder = tmp_path_factory.mktemp("served")
    issued_tables(folder)
    with serve(new_store(folder), Clock()) as running:
        running.get_until("/readyz", lambda ready: ready.status_code == 200)
        yield running


SCORES = "/v1/scores?by=series,measure,leads,regime&format=csv"


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("forecasts", ["/v1/forecasts?format=csv"]),
        ("scores", [f"{SCORES}&weeks=4", f"{SCORES}&weeks=13"]),
        ("control", ["/v1/control?format=csv"]),
    ],
)
def test_a_csv_is_that_of_the_service_with_the_system_first(
    tables: FlatTables, place: Path, client: Client, name: str, addresses: list[str]
) -> None:
    export(tables, place, FolderExport("c", "csv"))
    exported = (place / "c" / "current" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    n_columns = len(exported[0].split(",")) - 1  # the service's scores have columns of other slices after them
    answers = [client.get(address).text.splitlines() for address in addresses]
    heads = {",".join(answer[0].split(",")[:n_columns]) for answer in answers}
    served = [line for answer in answers for line in answer[1:]]
    assert {exported[0]} == {f"system,{head}" for head in heads}
    assert len(served) > 1
    shortened = [",".join(line.split(",")[:n_columns]) if name == "scores" else line for line in served]
    assert sorted(exported[1:]) == sorted(f"northshire,{line}" for line in shortened)


def test_pressure_is_that_of_the_service(tables: FlatTables, place: Path, client: Client) -> None:
    export(tables, place, FolderExport("p", "parquet"))
    file = place / "p" / "current" / "pressure.parquet"
    names = [name for (name,) in ask_duckdb(f"SELECT column_name FROM (DESCRIBE SELECT * FROM '{file}')")]
    exported = [dict(zip(names, row, strict=True)) for row in ask_duckdb(f"SELECT * FROM '{file}'")]
    served = {
        (found["place"], day["ds"]): day
        for found in client.get("/v1/pressure").json()["places"]
        for day in found["days"]
    }
    assert len(exported) == len(served) == N_ROWS["pressure"]
    for row in exported:
        day = served[row["place"], str(row["ds"])]
        assert (row["lead"], row["beds"]) == (day["lead"], day["beds"])
        assert row["name"] == ODD_NAMES[str(row["place"])]
        assert row["level"] == day["level"]
        for group in ("occupancy", "headroom", "net_flow"):
            assert {f"{group}_q{level}": value for level, value in day[group].items()}.items() <= row.items()
        for group in ("over", "short"):
            assert {f"{group}_{name}": value for name, value in day[group].items()}.items() <= row.items()


def test_actuals_and_places_are_those_of_the_service(tables: FlatTables, place: Path, client: Client) -> None:
    export(tables, place, FolderExport("p", "parquet"))
    exported = f"SELECT ds, y, \"check\" FROM '{place}/p/current/actuals.parquet' WHERE unique_id = 'RXH1/occupancy'"
    recent = client.get("/v1/forecasts/RXH1/occupancy").json()["forecasts"][0]["recent"]
    served = [(day["ds"], day["y"], day.get("check")) for day in recent]
    assert [(str(ds), y, check) for ds, y, check in ask_duckdb(exported)] == served
    assert [check for _, _, check in served] == ["frozen"] * (RECENT_DAYS - 1) + [None]
    places = ask_duckdb(f"SELECT place, parent, name, kind FROM '{place}/p/current/places.parquet'")
    assert places == [tuple(found.values()) for found in client.get("/v1/system").json()["system"]["places"]]
    depths = ask_duckdb(f"SELECT depth, count(*) FROM '{place}/p/current/places.parquet' GROUP BY 1 ORDER BY 1")
    assert depths == [(0, 1), (1, 2), (2, 4)]


def test_a_system_without_scores_headroom_or_actuals_has_empty_tables(place: Path, database_url: str) -> None:
    store = new_store(place)
    store.issue(build_publication(recent_days=0))
    bare = tables_of(store)
    export(bare, place, FolderExport("p", "parquet"), FolderExport("c", "csv"), WorkbookExport("w.xlsx"))
    export(bare, place, DatabaseExport("${BI_URL}", "bi"), BI_URL=database_url)
    for name in ("pressure", "actuals", "scores", "control"):
        columns = columns_of(bare)[name]
        assert read_parquet(place / "p", name) == read_csv(place / "c", name, columns) == []
        assert read_sheet(place / "w.xlsx", name) == read_database(database_url, "bi", name) == []
        types = ask_duckdb(f"SELECT column_type FROM (DESCRIBE SELECT * FROM '{place}/p/current/{name}.parquet')")
        assert [kind for (kind,) in types] == [DUCKDB_TYPES[column.kind] for column in columns]
