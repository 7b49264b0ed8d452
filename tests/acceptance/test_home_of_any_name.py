"""A home whose path has every sign that an address gives a meaning to: all that is written lands inside it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest

from publication.key_tables import default_keys_url
from publication.store import Store, default_url
from service.__main__ import main as headroom_service
from service.auth.key_store import KeyStore, read_only
from tests.contract.service.client import Clock, serve
from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.servers import ROOT
from tests.unit.cli.commands import headroom
from training.settings import settings
from training.tracking.client import connect

NAMES = {
    "a question mark": "what?mode=ro",
    "a fragment": "ward#1",
    "percent signs": "100%20%3F%",
    "at and colon": "u:p@host:1",
    "spaces and plus": " a + b ",
    "letters of other languages": "Krankenhäuser-病院",
    "brackets and a star": "[1]*{2}",
    "quotes": 'it\'s "so" $HOME & ;',
}
EVERY_SIGN = "".join(NAMES.values())
DATABASES = {"publications.db", "keys.db", "mlflow.db"}
FOLDERS = {"champions", "findings", "history", "locks", "mlartifacts", "proposals", "states"}

pytestmark = MLFLOW_WARNINGS


@pytest.fixture(autouse=True)
def nothing_lands_where_the_tests_run() -> Iterator[None]:
    before = sorted(ROOT.iterdir())
    yield
    assert sorted(ROOT.iterdir()) == before


@pytest.fixture
def tracking_left_as_it_was() -> Iterator[None]:
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)
    mlflow.set_registry_uri(before)


def outside(home: Path, folder: Path) -> set[str]:
    """Paths below the folder that are neither of the home nor lead to it."""
    inside = {home, *home.rglob("*"), *home.parents}
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path not in inside}


def databases(home: Path) -> set[str]:
    return {path.name for path in home.iterdir() if path.suffix == ".db"}


def make_store(home: Path) -> None:
    store = Store(settings(home, {}).store_url)
    store.prepare()
    store.close()


def make_keys(home: Path) -> None:
    assert headroom_service(["--home", str(home), "keys", "create", "board"], environ={}) == 0
    store = KeyStore(read_only(default_keys_url(default_url(home), home)))
    assert [key.name for key in store.read().keys] == ["board"]
    store.close()


MADE: dict[str, Callable[[Path], None]] = {"publications.db": make_store, "keys.db": make_keys}


@pytest.mark.parametrize("database", MADE)
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_database_of_ours_lands_in_its_home(tmp_path: Path, name: str, database: str) -> None:
    home = tmp_path / name / "home"
    home.mkdir(parents=True)
    MADE[database](home)
    assert databases(home) == {database}
    assert outside(home, tmp_path) == set()


@pytest.mark.usefixtures("tracking_left_as_it_was")
def test_everything_lands_in_its_home_from_the_first_command_to_the_served_page(tmp_path: Path) -> None:
    home, system = tmp_path / EVERY_SIGN / "home", tmp_path / "system"
    headroom("simulate", "--out", system, "--days", 90, "--trusts", 1, "--sites", 1)
    where = ("--system", system / "system.toml")
    for command, *options in (
        ("ingest",),
        ("train", "--candidates", "SeasonalNaive"),
        ("promote", "--force", "--reason", "the first"),
        ("daily",),
        ("migrate",),
    ):
        ended = headroom(command, *where, *options, HEADROOM_HOME=str(home))
        assert ended.exit_code == 0, ended
    make_keys(home)
    with (
        closing(Store(read_only(default_url(home)))) as store,
        serve(store, Clock(datetime.now(UTC))) as client,
    ):
        assert client.get("/v1/system").status_code == 200
        assert client.get("/readyz").json()["publication"]["system"] == "northshire"
    assert databases(home) == DATABASES
    assert {path.name for path in home.iterdir() if path.is_dir()} == FOLDERS
    assert list((home / "mlartifacts").rglob("MLmodel"))
    assert outside(home, tmp_path) == {str(path.relative_to(tmp_path)) for path in (system, *system.rglob("*"))}


@pytest.mark.usefixtures("tracking_left_as_it_was")
def test_mlflow_makes_no_folder_that_is_named_as_the_address_is_written(tmp_path: Path) -> None:
    home = tmp_path / "50%25?" / "home"
    home.mkdir(parents=True)
    found = settings(home, {})
    connect(found.tracking_uri, found.artifacts, "north")
    assert databases(home) == {"mlflow.db"}
    assert outside(home, tmp_path) == set()
