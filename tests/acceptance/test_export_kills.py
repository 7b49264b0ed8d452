"""Exports killed at random moments: a reader finds all tables of the old publication, or all of the new one.

`make drills` runs it.
"""

import multiprocessing
import random
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import openpyxl
import psycopg
import pytest

from tests.contract.exports.readers import ask_duckdb
from tests.contract.exports.stores import issued_tables
from tests.contract.store.databases import new_postgresql_database
from training.exports.run import write_exports
from training.exports.tables import FlatTables
from training.system.exports import DatabaseExport, ExportTarget, FolderExport, WorkbookExport

pytestmark = pytest.mark.drill

FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(["tests.contract.exports.stores", "training.exports.run", "psycopg"])
KILLS = 30
MOST_TRIES = 200
START_SECONDS = 60.0
SEED = 27
TABLES = ("publication", "forecasts", "pressure", "actuals")
MEASURED = {"publication": "revision", "forecasts": "mean", "pressure": "beds", "actuals": "y"}
"""A column of each table whose sum differs between the two publications."""

Sums = dict[str, float]


def write(tables: FlatTables, target: ExportTarget, folder: Path, url: str) -> None:
    write_exports(tables, [target], folder, {"BI_URL": url}, lambda _: None)


def sums_of_folder(folder: Path, _url: str) -> Sums:
    files = {name: f"{folder}/bi/current/{name}.parquet" for name in TABLES}
    return {name: one(ask_duckdb(f"SELECT sum({MEASURED[name]}) FROM '{file}'")) for name, file in files.items()}


def sums_of_workbook(folder: Path, _url: str) -> Sums:
    book = openpyxl.load_workbook(folder / "bi.xlsx", read_only=True)
    found = {}
    for name in TABLES:
        header, *rows = book[name].iter_rows(values_only=True)
        column = header.index(MEASURED[name])
        found[name] = round(sum(float(str(row[column])) for row in rows if row[column] is not None), 3)
    book.close()
    return found


def sums_of_schema(_folder: Path, url: str) -> Sums:
    with psycopg.connect(url) as connection:
        queries = {name: f"SELECT sum({MEASURED[name]}) FROM bi.{name}" for name in TABLES}
        return {name: one(connection.execute(query.encode()).fetchall()) for name, query in queries.items()}


def one(rows: list[tuple[object, ...]]) -> float:
    [(total,)] = rows
    return round(float(str(total)), 3)


TARGETS: dict[str, tuple[ExportTarget, Callable[[Path, str], Sums]]] = {
    "folder": (FolderExport("bi", "parquet"), sums_of_folder),
    "workbook": (WorkbookExport("bi.xlsx"), sums_of_workbook),
    "database": (DatabaseExport("${BI_URL}", "bi"), sums_of_schema),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_whenever_an_export_is_killed_the_old_tables_or_the_new_ones_are_there(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = new_postgresql_database(request.getfixturevalue("postgresql_url")) if kind == "database" else ""
    target, sums = TARGETS[kind]
    both = [issued_tables(tmp_path, scale=scale) for scale in (1.0, 1.5)]  # revisions 1 and 2
    expected = []
    for tables in both:
        write(tables, target, tmp_path, url)
        expected.append(sums(tmp_path, url))
    assert all(expected[0][name] != expected[1][name] for name in TABLES)

    chance, seconds = random.Random(SEED), Export(both[1], target, tmp_path, url).seconds()
    n_killed = n_tries = 0
    while n_killed < KILLS:
        export = Export(both[n_tries % 2], target, tmp_path, url)
        n_killed += export.is_killed(chance.uniform(0.0, seconds))
        n_tries += 1
        assert sums(tmp_path, url) in expected, f"after try {n_tries}"
        assert n_tries < MOST_TRIES

    write(both[0], target, tmp_path, url)
    assert sums(tmp_path, url) == expected[0]
    assert list(tmp_path.glob("bi/*.unfinished")) == []


class Export:
    """An export in a process of its own, that has begun to write."""

    def __init__(self, tables: FlatTables, target: ExportTarget, folder: Path, url: str) -> None:
        began = FORKSERVER.Event()
        self._process = FORKSERVER.Process(target=write_after, args=(began, tables, target, folder, url))
        self._process.start()
        assert began.wait(START_SECONDS)

    def seconds(self) -> float:
        """Return the seconds that it writes for."""
        began = time.monotonic()
        self._process.join()
        assert self._process.exitcode == 0
        return time.monotonic() - began

    def is_killed(self, after_seconds: float) -> bool:
        """Return whether it was still at work when it was killed."""
        self._process.join(after_seconds)
        was_alive = self._process.is_alive()
        self._process.kill()
        self._process.join()
        return was_alive


def write_after(began: Event, tables: FlatTables, target: ExportTarget, folder: Path, url: str) -> None:
    began.set()
    write(tables, target, folder, url)
