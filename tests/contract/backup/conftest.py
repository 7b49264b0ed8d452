"""A small history, ingested once, and homes over every kind of store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.backup.homes import Home, filled_home
from tests.contract.store.databases import new_postgresql_database
from tests.unit.cli.commands import headroom


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated system, and a home that has its history."""
    folder = tmp_path_factory.mktemp("template")
    system = folder / "system" / "system.toml"
    for command in (
        ("simulate", "--out", system.parent, "--seed", 5, "--days", 60, "--trusts", 1, "--sites", 1),
        ("ingest", "--system", system, "--home", folder / "home"),
    ):
        ended = headroom(*command)
        assert ended.exit_code == 0, ended.err
    return folder


@pytest.fixture
def new_store(request: pytest.FixtureRequest) -> Callable[[str], str | None]:
    """Returns the address of an empty store of a kind; None for the file of a home."""

    def new(kind: str) -> str | None:
        return None if kind == "sqlite" else new_postgresql_database(request.getfixturevalue("postgresql_url"))

    return new


@pytest.fixture
def home(tmp_path: Path, template: Path) -> Home:
    """A home with everything, its store a SQLite file."""
    return filled_home(tmp_path / "home", template)
