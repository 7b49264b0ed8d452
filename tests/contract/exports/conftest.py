"""Flat tables, and readers of what was exported that are not the library that wrote it."""

from pathlib import Path

import pytest

from tests.contract.exports.stores import issued_tables
from tests.contract.store.databases import new_postgresql_database
from training.exports.tables import FlatTables


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> FlatTables:
    return issued_tables(tmp_path_factory.mktemp("store"))


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """The URL of an empty PostgreSQL database."""
    return new_postgresql_database(postgresql_url)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of a system file."""
    return tmp_path
