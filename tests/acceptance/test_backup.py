"""A backup in the middle of a publish, restored elsewhere: the same champion, the same digest, the same keys."""

import json
import random
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests import servers
from tests.acceptance.surroundings.places import Place, published
from tests.contract.backup.homes import files, rows
from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.unit.cli.commands import Ended, headroom
from tests.unit.cli.forks import start

pytestmark = [pytest.mark.drill, *MLFLOW_WARNINGS]

TRIES = 10
SEED = 28


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A system with a champion, a publication and a key."""
    return published(tmp_path_factory.mktemp("published"))


def run(place: Place, command: str, *options: object) -> Ended:
    ended = headroom(command, *options, "--system", place.system_file, "--home", place.home)
    assert ended.exit_code == 0, ended.err
    return ended


def store_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    return rows(f"sqlite:///{folder / 'publications.db'}")


def champion_of(home: Path) -> tuple[object, ...]:
    with closing(sqlite3.connect(home / "mlflow.db")) as connection:
        found = connection.execute("SELECT name, version FROM registered_model_aliases WHERE alias = 'champion'")
        return tuple(found.fetchone())


def test_a_backup_during_a_publish_is_restored_elsewhere_and_goes_on(place: Place, tmp_path: Path) -> None:
    key = servers.make_key(place.home, "ward")
    publishing = start("publish", "--system", place.system_file, "--home", place.home)
    run(place, "backup", "--out", tmp_path / "backups")
    publishing.join()
    assert publishing.exitcode == 0
    (made,) = (tmp_path / "backups").iterdir()
    other = Place(place.system, tmp_path / "other", tmp_path / "out")
    hidden = place.home.rename(place.home.with_name("gone"))  # nothing is read where it was before
    try:
        run(other, "restore", made)
        with servers.service(other.home) as service:
            served = httpx.get(f"{service.url}/v1/publications", auth=("ward", key)).json()["publications"][0]
        newest = max(store_of(made)["publications"], key=lambda row: (str(row[2]), row[3]))
        assert served["digest"] in newest
        shutil.rmtree(other.home / "champions")  # so that the champion comes from MLflow's files
        out = run(other, "daily").out
        name, version = champion_of(made)
        assert f"champion version {version}." in out
        assert champion_of(other.home) == (name, version)
        run(other, "train", "--candidates", "SeasonalNaive")
    finally:
        hidden.rename(place.home)


def complete(folder: Path) -> bool:
    """Return whether every file of a backup is as its manifest has it."""
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = {file["path"]: file["sha256"] for file in manifest["files"]}
    return listed == {name: digest for name, digest in files(folder).items() if name != "manifest.json"}


def seconds_of(*arguments: object) -> float:
    began = time.monotonic()
    process = start(*arguments)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - began


def kill_after(seconds: float, *arguments: object) -> bool:
    """Return whether the command was still at work when it was killed."""
    process = start(*arguments)
    process.join(seconds)
    was_alive = process.is_alive()
    process.kill()
    process.join()
    return was_alive


def test_whenever_a_backup_is_killed_there_is_a_complete_one_or_none(place: Place, tmp_path: Path) -> None:
    chance, out, n_killed = random.Random(SEED), tmp_path / "backups", 0
    command = ("backup", "--system", place.system_file, "--home", place.home, "--out", out)
    unkilled, before = seconds_of(*command), store_of(place.home)
    for _ in range(TRIES):
        n_killed += kill_after(chance.uniform(0, unkilled), *command)
        assert all(complete(folder) for folder in out.iterdir() if not folder.name.endswith(".unfinished"))
    assert n_killed >= TRIES / 2
    assert store_of(place.home) == before
    run(place, "backup", "--out", out)
    assert all(complete(folder) for folder in out.iterdir())


def test_whenever_a_restore_is_killed_the_same_command_ends_it(place: Place, tmp_path: Path) -> None:
    chance, n_killed = random.Random(SEED), 0
    run(place, "backup", "--out", tmp_path / "backups")
    (made,) = (tmp_path / "backups").iterdir()
    unkilled = seconds_of("restore", made, "--system", place.system_file, "--home", tmp_path / "unkilled")
    for one in range(TRIES):
        home = tmp_path / f"home-{one}"
        command = ("restore", made, "--system", place.system_file, "--home", home)
        n_killed += kill_after(chance.uniform(0, unkilled), *command)
        again = headroom(*command)
        assert again.exit_code == 0 or "--replace" in again.err, again.err  # it had ended before it was killed
        assert not list(home.glob("*.unfinished"))
        assert store_of(home) == store_of(tmp_path / "unkilled")
        assert files(home / "mlartifacts") == files(made / "mlartifacts")
        assert champion_of(home) == champion_of(made)
    assert n_killed >= TRIES / 2
    other = Place(place.system, home, tmp_path / "out")
    run(other, "daily")
