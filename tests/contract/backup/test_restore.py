"""`headroom restore`: everything comes back, into whichever home and store, or nothing changes."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import product
from pathlib import Path

import filelock
import pytest

from publication.store import Store
from tests import servers
from tests.builders import CUTOFF
from tests.contract.backup.homes import Home, content, empty_home, files, filled_home, key_rows, locations, rows
from tests.contract.store.databases import KINDS
from tests.contract.store.earlier import make_earlier
from tests.contract.store.witness import ask, tell
from tests.unit.cli.commands import headroom
from tests.unit.cli.forks import start
from tests.unit.publication.tiny import publication

NewStore = Callable[[str], str | None]


@pytest.mark.parametrize(("before", "after"), list(product(KINDS, KINDS)))
def test_everything_comes_back_between_any_two_stores(
    before: str, after: str, template: Path, tmp_path: Path, new_store: NewStore
) -> None:
    home = filled_home(tmp_path / "home", template, new_store(before))
    saved = dict(content(home))
    made = home.backup(tmp_path / "backups")
    other = empty_home(tmp_path / "another folder", home.system, new_store(after))
    other.run("restore", made)
    assert dict(content(other)) == saved
    assert other.keys() == home.keys()
    assert not list(other.folder.glob("replaced-*"))
    assert not list(other.folder.glob("*.unfinished"))
    other.issue(3)  # its row has a number that no other has
    with closing(Store(other.store_url)) as store:
        assert [summary.cutoff for summary in store.summaries()] == [CUTOFF + timedelta(days=n) for n in (3, 2, 1, 0)]
    other.add_key("later")


def test_files_of_mlflow_are_named_where_they_are_now(home: Home, tmp_path: Path) -> None:
    made = home.backup(tmp_path / "backups")
    other = empty_home(tmp_path / "a home#2", home.system)
    other.run("restore", made)
    now, before = (folder / "mlartifacts" for folder in (other.folder, home.folder))
    expected = [now.as_uri(), f"{now.as_uri()}/abc", f"{before.as_uri()}-2/abc", None]
    assert set(map(tuple, locations(other.folder).values())) == {tuple(expected)}


def test_a_home_with_content_is_left_alone_unless_it_is_to_be_replaced(home: Home, tmp_path: Path) -> None:
    made = home.backup(tmp_path / "backups")
    home.issue(3)
    home.add_key("later")
    before, tree = dict(content(home)), files(home.folder)
    ended = home.run("restore", made, allowed=2)
    assert "already have history, publications, keys, champions, MLflow's database. Give another --home" in ended.err
    assert without_locks(files(home.folder)) == without_locks(tree)
    home.run("restore", made, "--replace")
    assert dict(content(home)) != before
    (aside,) = home.folder.glob("replaced-*")
    assert rows(f"sqlite:///{aside / 'publications.db'}") == before["store"]
    assert rows(f"sqlite:///{aside / 'keys.db'}") == {"keys": before["keys"]}
    assert files(aside / "mlartifacts") == before["artifacts"]


def without_locks(of: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in of.items() if "lock" not in name}


@pytest.mark.parametrize("kind", KINDS)
def test_a_replaced_store_is_copied_aside(kind: str, template: Path, tmp_path: Path, new_store: NewStore) -> None:
    home = filled_home(tmp_path / "home", template, new_store(kind))
    saved = dict(content(home))
    made = home.backup(tmp_path / "backups")
    home.issue(3)
    newer = rows(home.store_url)
    (home.history / "000002-20261122T000000000000Z.parquet").write_bytes(b"a later batch")
    home.run("restore", made, "--replace")
    assert dict(content(home)) == saved
    (aside,) = home.folder.glob("replaced-*")
    assert rows(f"sqlite:///{aside / 'publications.db'}") == newer
    assert [file.name for file in (aside / "history" / "northshire").iterdir()] == [
        "000002-20261122T000000000000Z.parquet"
    ], "batches that are the same stay"
    assert aside.stat().st_mode & 0o777 == 0o700


def test_rights_on_the_tables_of_postgresql_stay(template: Path, tmp_path: Path, new_store: NewStore) -> None:
    home = filled_home(tmp_path / "home", template, new_store("postgresql"))
    made = home.backup(tmp_path / "backups")
    tell(home.store_url, "GRANT SELECT ON publications TO PUBLIC")
    home.run("restore", made, "--replace")
    [(rights,)] = ask(home.store_url, "SELECT has_table_privilege('pg_monitor', 'publications', 'SELECT')")
    assert rights is True


def test_a_damaged_database_is_put_aside_as_it_is(home: Home, tmp_path: Path) -> None:
    saved = dict(content(home))
    made = home.backup(tmp_path / "backups")
    for name in ("publications.db", "keys.db", "mlflow.db"):
        (home.folder / name).write_bytes(b"no database" * 999)
    (home.folder / "mlflow.db-wal").write_bytes(b"of the damaged one")
    home.run("restore", made, "--replace")
    assert dict(content(home)) == saved
    (aside,) = home.folder.glob("replaced-*")
    for name in ("publications.db", "keys.db", "mlflow.db"):
        assert (aside / name).read_bytes() == b"no database" * 999
    assert (aside / "mlflow.db-wal").read_bytes() == b"of the damaged one"
    assert not (home.folder / "mlflow.db-wal").exists()


def flip(file: Path) -> None:
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "other content": flip,
    "absent": Path.unlink,
    "0 bytes, not": lambda file: os.truncate(file, 0),
}


@pytest.mark.parametrize("found", DAMAGE)
def test_each_damaged_file_is_named_and_nothing_is_touched(home: Home, tmp_path: Path, found: str) -> None:
    made = home.backup(tmp_path / "backups")
    (batch,) = (made / "history" / "northshire").iterdir()
    for file in (batch, made / "keys.db"):
        DAMAGE[found](file)
    before = files(home.folder)
    ended = home.run("restore", made, "--replace", allowed=3)
    assert "so nothing was changed. Damaged: " in ended.err
    assert f"history/northshire/{batch.name} ({found}" in ended.err
    assert f"keys.db ({found}" in ended.err
    assert "mlflow.db" not in ended.err
    assert files(home.folder) == before


@pytest.mark.parametrize("path", ["../outside", "/outside"])
def test_a_manifest_that_leads_out_of_the_backup_is_damaged(home: Home, tmp_path: Path, path: str) -> None:
    made = home.backup(tmp_path / "backups")
    (made.parent / "outside").write_text("")
    change_manifest(made, files=[{"path": path, "size": 0, "sha256": ""}])
    assert f"Damaged: {path} (outside the backup)" in home.run("restore", made, "--replace", allowed=3).err


def change_manifest(made: Path, **changes: object) -> None:
    file = made / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize("text", ["", "{}", "[1]", "\0"])
def test_a_damaged_manifest_is_named(home: Home, tmp_path: Path, text: str) -> None:
    made = home.backup(tmp_path / "backups")
    (made / "manifest.json").write_text(text)
    assert "Damaged: manifest.json" in home.run("restore", made, "--replace", allowed=3).err


@pytest.mark.parametrize(
    ("changes", "exit_code", "sentence"),
    [
        ({"tables": "9999"}, 6, "its tables are of version 9999, of Headroom 0.1.0; this release reads version"),
        ({"format": 2}, 2, "in a newer format. Install that release"),
        ({"system": "southshire"}, 2, "is a backup of southshire, and "),
    ],
)
def test_what_is_not_for_this_release_or_system_is_rejected(
    home: Home, tmp_path: Path, changes: dict[str, object], exit_code: int, sentence: str
) -> None:
    made = home.backup(tmp_path / "backups")
    change_manifest(made, **changes)
    before = files(home.folder)
    assert sentence in home.run("restore", made, "--replace", allowed=exit_code).err
    assert files(home.folder) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_of_a_newer_release_is_left_alone(
    kind: str, template: Path, tmp_path: Path, new_store: NewStore
) -> None:
    home = filled_home(tmp_path / "home", template, new_store(kind))
    made = home.backup(tmp_path / "backups")
    tell(home.store_url, "UPDATE alembic_version SET version_num = '9999'")
    before = dict(content(home))
    assert "made by a newer release: install that" in home.run("restore", made, "--replace", allowed=6).err
    assert dict(content(home)) == before


def test_a_folder_that_is_no_backup_is_rejected(home: Home, tmp_path: Path) -> None:
    assert "has no manifest.json, so it is no complete backup" in home.run("restore", tmp_path, allowed=2).err


@pytest.mark.parametrize("step", ["0003", "0007", "0009"])
@pytest.mark.parametrize(("before", "after"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_tables_of_an_earlier_release_are_migrated(
    template: Path, tmp_path: Path, new_store: NewStore, before: str, after: str, step: str
) -> None:
    home = empty_home(tmp_path / "home", template / "system" / "system.toml", new_store(before))
    home.folder.mkdir()
    make_earlier(home.store_url, step, publication())
    made = home.backup(tmp_path / "backups")
    assert json.loads((made / "manifest.json").read_text())["tables"] == step
    other = empty_home(tmp_path / "other", home.system, new_store(after))
    other.run("restore", made)
    home.run("migrate")
    assert rows(other.store_url) == rows(home.store_url)
    with closing(Store(other.store_url)) as store:
        assert store.latest().series == publication().series


def test_keys_stay_where_the_backup_has_none(home: Home, tmp_path: Path, template: Path) -> None:
    bare = filled_home(tmp_path / "bare", template)
    (bare.folder / "keys.db").unlink()
    made, before = bare.backup(tmp_path / "backups"), key_rows(home)
    home.run("restore", made, "--replace")
    assert key_rows(home) == before


@pytest.mark.parametrize("lock", ["locks/northshire.publishing.lock", "history/northshire/.lock"])
def test_it_waits_for_a_job_that_runs(home: Home, tmp_path: Path, lock: str) -> None:
    made = home.backup(tmp_path / "backups")
    other = empty_home(tmp_path / "other", home.system)
    with filelock.FileLock(touched(other.folder / lock)):
        process = start("restore", made, "--system", other.system, "--home", other.folder)
        process.join(4)
        assert process.is_alive()
        assert not (other.folder / "publications.db").exists()
    process.join()
    assert process.exitcode == 0
    assert dict(content(other)) == dict(content(home))


def touched(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def test_no_job_uses_a_home_that_is_restored_in_part_and_the_same_restore_ends_it(home: Home, tmp_path: Path) -> None:
    made = home.backup(tmp_path / "backups")
    other = filled_home(tmp_path / "other", tmp_path_template(home))
    (other.folder / "restore.unfinished").write_text(str(made))
    (other.folder / "restoring.unfinished").mkdir()
    for command in ("daily", "history", "backup"):
        assert "a restore of it has not ended" in other.run(command, allowed=6).err
    another = home.backup(tmp_path / "more")
    other.run("restore", another, allowed=2)
    other.run("restore", made)
    assert dict(content(other)) == dict(content(home))
    other.run("history")


def test_neither_migration_nor_service_uses_a_home_that_is_restored_in_part(home: Home) -> None:
    (home.folder / "restore.unfinished").write_text("/backup/northshire")
    migrated = headroom("migrate", "--home", home.folder, HEADROOM_STORE_URL=home.store_url)
    assert (migrated.exit_code, "a restore of it has not ended" in migrated.err) == (6, True)
    for command in ((), ("keys", "create", "board"), ("briefing",)):
        ended = servers.run_service(home.folder, *command, HEADROOM_STORE_URL=home.store_url)
        assert (ended.returncode, "a restore of it has not ended" in ended.stderr) == (6, True)
    (home.folder / "restore.unfinished").unlink()
    assert servers.run_service(home.folder, "keys", "list", HEADROOM_STORE_URL=home.store_url).returncode == 0


PARTS = ("history/northshire", "mlartifacts", "mlflow.db", "champions/northshire", "publications.db", "keys.db")


@pytest.mark.parametrize("absent", range(len(PARTS)))
def test_a_restore_that_was_stopped_between_two_parts_is_ended(home: Home, tmp_path: Path, absent: int) -> None:
    made = home.backup(tmp_path / "backups")
    other = empty_home(tmp_path / "other", home.system)
    other.run("restore", made)
    for part in PARTS[absent:]:
        path = other.folder / part
        path.unlink() if path.is_file() else shutil.rmtree(path)
    (other.folder / "restore.unfinished").write_text(str(made))
    other.run("restore", made)
    assert dict(content(other)) == dict(content(home))
    assert locations(other.folder)["runs.artifact_uri"][0] == (other.folder / "mlartifacts").as_uri()
    assert not (other.folder / "restore.unfinished").exists()


def tmp_path_template(home: Home) -> Path:
    """The folder of which the system of the home is a part."""
    return home.system.parent.parent
