"""MLflow's database after its files have moved: it names them by their addresses."""

import sqlite3
from contextlib import closing
from pathlib import Path

LOCATION_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""The columns by which MLflow finds files. The record of a run on its data (`datasets`) stays."""


def relocate(database: Path, before: str, after: str) -> None:
    """Have the database name the artifacts below the address `after` that it names below `before`."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in LOCATION_COLUMNS:
            if column in {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608  names are ours
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (after, len(before) + 1, before, len(before) + 1, f"{before}/"),
                )
