"""Full disks, of a home and of backups: one exit code, nothing half written, and nothing changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import servers
from tests.contract.backup.homes import Home, content, empty_home, files
from tests.places import PlaceAbsentError, full


@contextmanager
def full_disk(content_of: Path, folder: Path) -> Iterator[Path]:
    """A copy of a folder on a full disk; skips where none can be mounted."""
    try:
        with full(content_of, folder) as disk:
            yield disk
    except PlaceAbsentError as absent:
        pytest.skip(str(absent))


def make_room(disk: Path) -> None:
    (disk / "filling").unlink()


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_a_backup_to_a_full_disk_leaves_nothing_there(home: Home, tmp_path: Path, empty: Path) -> None:
    before = dict(content(home))
    with full_disk(empty, tmp_path / "disk") as disk:
        ended = home.run("backup", "--out", disk, allowed=7)
        assert ended.err.startswith("DiskFullError: Writing the backup ")
        assert [path.name for path in disk.iterdir()] == ["filling"]
        make_room(disk)
        home.backup(disk)
    assert dict(content(home)) == before


def test_a_restore_to_a_full_disk_changes_nothing_and_goes_on_with_room(
    home: Home, tmp_path: Path, empty: Path
) -> None:
    made = home.backup(tmp_path / "backups")
    with full_disk(empty, tmp_path / "disk") as disk:
        other = empty_home(disk, home.system)
        assert other.run("restore", made, allowed=7).err.startswith("DiskFullError: ")
        assert {name for name in files(disk) if "lock" not in name} == {"filling"}
        make_room(disk)
        other.run("restore", made)
        assert dict(content(other)) == dict(content(home))


def test_a_first_key_on_a_full_disk_leaves_no_file_and_shuts_nobody_out(home: Home, tmp_path: Path) -> None:
    (home.folder / "keys.db").unlink()
    with servers.service(home.folder) as before:
        assert httpx.get(f"{before.url}/v1/system").status_code == 200
    with full_disk(home.folder, tmp_path / "disk") as disk:
        ended = servers.run_service(disk, "keys", "create", "board")
        assert ended.returncode == 7
        assert "Keys are as they were. Make room on that disk" in ended.stderr
        assert not list(disk.glob("keys.db*"))
        assert "board" not in servers.run_service(disk, "keys", "list").stdout
        make_room(disk)
        with servers.service(disk) as service:
            assert httpx.get(f"{service.url}/v1/system").status_code == 200
        key = servers.make_key(disk, "board")
        with servers.service(disk) as service:
            assert httpx.get(f"{service.url}/v1/system").status_code == 401
            assert httpx.get(f"{service.url}/v1/system", auth=("board", key)).status_code == 200


def test_a_further_key_on_a_full_disk_leaves_the_others_as_they_were(home: Home, tmp_path: Path) -> None:
    key = servers.make_key(home.folder, "first")
    with full_disk(home.folder, tmp_path / "disk") as disk:
        assert servers.run_service(disk, "keys", "create", "second").returncode == 7
        make_room(disk)
        assert "second" not in servers.run_service(disk, "keys", "list").stdout
        with servers.service(disk) as service:
            assert httpx.get(f"{service.url}/v1/system", auth=("first", key)).status_code == 200


def test_a_briefing_on_a_full_disk_has_the_exit_code_and_leaves_no_part(
    home: Home, tmp_path: Path, empty: Path
) -> None:
    with full_disk(empty, tmp_path / "disk") as disk:
        out = disk / "briefing.html"
        ended = servers.run_service(home.folder, "briefing", "--out", str(out))
        assert ended.returncode == 7
        assert f"Writing the briefing to {out}: No space left on device. Make room on its disk" in ended.stderr
        assert [path.name for path in disk.iterdir()] == ["filling"]
        make_room(disk)
        assert servers.run_service(home.folder, "briefing", "--out", str(out)).returncode == 0
        assert out.stat().st_size > 0


EXPORTS = '\n[exports]\nfolder = "{folder}"\n'


def test_an_export_to_a_full_disk_has_the_exit_code_and_the_publication_is_issued(
    home: Home, tmp_path: Path, empty: Path
) -> None:
    toml = tmp_path / "system" / "system.toml"
    toml.parent.mkdir()
    for file in home.system.parent.glob("*.csv"):
        (toml.parent / file.name).write_text(file.read_text())
    with full_disk(empty, tmp_path / "disk") as disk:
        toml.write_text(home.system.read_text() + EXPORTS.format(folder=disk / "bi"))
        exporting = Home(home.folder, toml, home.store_url)
        ended = exporting.run("export", allowed=7)
        assert ended.err.splitlines()[-1].startswith("DiskFullError: Exporting northshire to the folder ")
        assert "is issued. Then run `headroom export`." in ended.err
        make_room(disk)
        exporting.run("export")


def test_an_ingest_on_a_full_disk_has_the_exit_code(home: Home, tmp_path: Path, empty: Path) -> None:
    with full_disk(empty, tmp_path / "disk") as disk:
        fresh = empty_home(disk, home.system)
        assert fresh.run("ingest", allowed=7).err.splitlines()[-1].startswith("DiskFullError: ")
        make_room(disk)
        fresh.run("ingest")
