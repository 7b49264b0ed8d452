"""Readers of exported tables: DuckDB for files, calamine for workbooks, the database's own driver for tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import python_calamine

from publication.flat_columns import ColumnKind, FlatColumn
from tests.contract.store.witness import ask
from training.exports.run import write_exports
from training.exports.tables import FlatTables
from training.system.exports import ExportTarget

Rows = list[tuple[object, ...]]
DUCKDB_TYPES = {
    ColumnKind.TEXT: "VARCHAR",
    ColumnKind.DAY: "DATE",
    ColumnKind.INSTANT: "TIMESTAMP",
    ColumnKind.COUNT: "BIGINT",
    ColumnKind.NUMBER: "DOUBLE",
    ColumnKind.FLAG: "BOOLEAN",
}


def export(tables: FlatTables, folder: Path, *targets: ExportTarget, **environ: str) -> list[str]:
    """Write the tables to the targets. Returns what was reported."""
    said: list[str] = []
    write_exports(tables, targets, folder, environ, said.append)
    return said


def ask_duckdb(sql: str) -> Rows:
    """Rows of a query over files."""
    return duckdb.execute(sql).fetchall()


def read_parquet(folder: Path, table: str) -> Rows:
    return _sorted(ask_duckdb(f"SELECT * FROM read_parquet('{folder}/current/{table}.parquet')"))


def read_csv(folder: Path, table: str, columns: Sequence[FlatColumn]) -> Rows:
    types = {column.name: DUCKDB_TYPES[column.kind] for column in columns}
    file = f"{folder}/current/{table}.csv"
    query = f"SELECT * FROM read_csv('{file}', columns = {types}, header = true, auto_detect = false)"
    return _sorted(ask_duckdb(query))


def read_sheet(file: Path, table: str) -> Rows:
    """The rows below the header, an empty cell as no value."""
    rows = python_calamine.CalamineWorkbook.from_path(str(file)).get_sheet_by_name(table).to_python()[1:]
    return _sorted([tuple(None if value == "" else in_excel(value) for value in row) for row in rows])


def in_excel(value: object) -> object:
    """A number with twelve digits: the last of Excel's fifteen is rounded twice."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def read_database(url: str, schema: str, table: str) -> Rows:
    return _sorted(ask(url, f'SELECT * FROM "{schema}"."{table}"'))


def columns_of(tables: FlatTables) -> Mapping[str, Sequence[FlatColumn]]:
    return {table.name: table.columns for table in tables.tables}


def _sorted(rows: Rows) -> Rows:
    """In one order, with instants in UTC and without an offset, which not every reader gives."""
    plain = [tuple(map(_plain, row)) for row in rows]
    return sorted(plain, key=lambda row: [(value is not None, str(value)) for value in row])


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return value
