"""`headroom backup`: what it writes, and what it leaves alone."""

import json
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from publication.store import Store
from tests.builders import CUTOFF
from tests.contract.backup.homes import Home, content, files, filled_home, rows
from tests.contract.store.witness import ask, overwrite, tell


def test_the_manifest_lists_every_file_with_its_size_and_hash(home: Home, tmp_path: Path) -> None:
    made = home.backup(tmp_path / "backups")
    manifest = json.loads((made / "manifest.json").read_text())
    listed = {file["path"]: file["sha256"] for file in manifest["files"]}
    assert listed == {name: digest for name, digest in files(made).items() if name != "manifest.json"}
    assert {file["path"]: file["size"] for file in manifest["files"]} == {
        name: (made / name).stat().st_size for name in listed
    }
    assert {name.split("/")[0] for name in listed} == {
        "champions", "history", "keys.db", "mlartifacts", "mlflow.db", "publications.db", "system",
    }  # fmt: skip
    assert (manifest["system"], manifest["tables"]) == (
        "northshire",
        ask(home.store_url, "SELECT * FROM alembic_version")[0][0],
    )
    assert not any("fetching" in name or ".lock" in name for name in listed)


def test_only_this_user_can_read_it_whatever_the_umask(home: Home, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = home.backup(tmp_path / "backups")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in made.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (made.parent, made, *made.rglob("*")) if path.is_dir()}
    assert (modes, folders) == ({0o600}, {0o700})


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_row_of_store_and_keys_is_in_it(
    kind: str, template: Path, tmp_path: Path, new_store: Callable[[str], str | None]
) -> None:
    home = filled_home(tmp_path / "home", template, new_store(kind))
    before = dict(content(home))
    made = home.backup(tmp_path / "backups")
    assert rows(f"sqlite:///{made / 'publications.db'}") == before["store"]
    assert rows(f"sqlite:///{made / 'keys.db'}") == {"keys": before["keys"]}
    assert dict(content(home)) == before, "the home is as it was"


def test_each_database_is_one_file_without_a_log_next_to_it(home: Home, tmp_path: Path) -> None:
    made = home.backup(tmp_path / "backups")
    for name in ("publications.db", "keys.db", "mlflow.db"):
        read_version, write_version = (made / name).read_bytes()[18:20]  # 2: with a write-ahead log
        assert (read_version, write_version) == (1, 1)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_publications_issued_meanwhile_are_in_it_completely_or_not(
    kind: str, template: Path, tmp_path: Path, new_store: Callable[[str], str | None]
) -> None:
    home = filled_home(tmp_path / "home", template, new_store(kind))
    acknowledged, is_over = [3], threading.Event()

    def issue_on_and_on() -> None:
        while not is_over.is_set():
            home.issue(acknowledged[0])
            acknowledged[0] += 1

    issuing = threading.Thread(target=issue_on_and_on)
    issuing.start()
    try:
        for _ in range(4):
            at_least = acknowledged[0]
            made = home.backup(tmp_path / "backups")
            with closing(Store(f"sqlite:///{made / 'publications.db'}")) as store:
                cutoffs = [summary.cutoff for summary in store.summaries()]
                assert cutoffs[::-1] == [CUTOFF + timedelta(days=n) for n in range(len(cutoffs))]
                assert len(cutoffs) >= at_least
                assert all(store.latest(cutoff=cutoff).cutoff == cutoff for cutoff in cutoffs)
    finally:
        is_over.set()
        issuing.join()
    assert acknowledged[0] > 4, "some were issued meanwhile"


def test_a_damaged_newest_publication_is_no_backup(home: Home, tmp_path: Path) -> None:
    overwrite(home.store_url, "publications", "document", b"damaged")
    ended = home.run("backup", "--out", tmp_path / "backups", allowed=4)
    assert "is damaged" in ended.err
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.parametrize(
    ("file", "advice"), [("publications.db", "headroom repair"), ("mlflow.db", "headroom restore")]
)
def test_a_damaged_file_is_no_backup(home: Home, tmp_path: Path, file: str, advice: str) -> None:
    (home.folder / file).write_bytes(b"no database" * 1000)
    ended = home.run("backup", "--out", tmp_path / "backups", allowed=6)
    assert ended.err.startswith(f"DamagedStoreError: Reading {home.folder / file}: it is damaged")
    assert advice in ended.err
    assert list((tmp_path / "backups").iterdir()) == []


def test_what_a_killed_backup_left_is_removed_and_others_are_not(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "backups"
    left, other = out / "northshire-2026-11-30T0502Z.17.unfinished", out / "southshire-2026-11-30T0502Z.17.unfinished"
    for folder in (left, other):
        folder.mkdir(parents=True)
    first, second = home.backup(out), home.backup(out)
    assert sorted(out.iterdir()) == sorted([first, second, other])


def test_by_default_it_is_in_the_home(home: Home) -> None:
    home.run("backup")
    assert len(list((home.folder / "backups").iterdir())) == 1


def test_a_file_where_the_folder_should_be_is_named(home: Home, tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("")
    assert f"--out {tmp_path / 'backups'}: " in home.run("backup", "--out", tmp_path / "backups", allowed=2).err


def test_a_server_of_mlflow_needs_a_backup_of_its_own(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.unit.cli.commands import headroom

    ended = headroom(
        "backup", "--system", home.system, "--home", home.folder, "--out", tmp_path / "backups",
        MLFLOW_TRACKING_URI="http://127.0.0.1:1",
    )  # fmt: skip
    assert ended.exit_code == 0, ended.err
    assert "MLflow is a server, which needs a backup of its own." in ended.out
    (made,) = (tmp_path / "backups").iterdir()
    assert {path.name for path in made.iterdir()} >= {"champions", "history"}
    assert not (made / "mlflow.db").exists()


def test_a_home_with_nothing_but_history_is_backed_up(home: Home, tmp_path: Path, template: Path) -> None:
    bare = Home(template / "home", home.system, f"sqlite:///{tmp_path / 'absent.db'}")
    made = bare.backup(tmp_path / "backups")
    assert {path.name for path in made.iterdir()} <= {"history", "system", "manifest.json", "publications.db"}
    assert not (tmp_path / "absent.db").exists()


def test_tables_of_an_earlier_release_are_backed_up_as_they_are(home: Home, tmp_path: Path) -> None:
    tell(home.store_url, "UPDATE alembic_version SET version_num = '0009'")
    made = home.backup(tmp_path / "backups")
    assert json.loads((made / "manifest.json").read_text())["tables"] == "0009"
    with closing(sqlite3.connect(made / "publications.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0009",)]
