"""A small, valid system, which each test makes invalid in its own way."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publication.days import ONE_DAY, today
from tests.unit.cli.commands import headroom
from training.simulate.run import simulate

DAYS = 100


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a simulated system of one trust and two sites, its history ending yesterday."""
    folder = tmp_path_factory.mktemp("simulated") / "system"
    yesterday = today(datetime.now(UTC), "Europe/London") - ONE_DAY
    simulate(folder, seed=1, last_day=yesterday, days=DAYS, trusts=1, sites=2)
    return folder


@pytest.fixture
def system(simulated: Path, tmp_path: Path) -> Path:
    """The system.toml of a copy that the test may spoil."""
    return shutil.copytree(simulated, tmp_path / "system") / "system.toml"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="session")
def ingested(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has the history of the simulated system. Tests that use it leave it as it is."""
    home = tmp_path_factory.mktemp("ingested")
    headroom("ingest", "--system", simulated / "system.toml", "--home", home)
    return home


@pytest.fixture
def own_home(ingested: Path, tmp_path: Path) -> Path:
    """A copy of a home with a history, in a folder of its own, with locks."""
    home = shutil.copytree(ingested, tmp_path / "folder" / "home")
    (home / "locks").mkdir(exist_ok=True)
    return home
