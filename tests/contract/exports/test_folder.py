"""A folder: `current` names all tables of one publication, before, during and after an export."""

from pathlib import Path

import pytest

from tests.contract.exports.readers import ask_duckdb, export
from tests.contract.exports.stores import issue, new_store, tables_of
from training.errors import ExportError
from training.exports.tables import FlatTables
from training.system.exports import FolderExport

CSV = FolderExport("bi", "csv")


def contents(place: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (place / "bi" / "current").iterdir()}


def test_a_second_export_of_the_same_publication_has_the_same_bytes(tables: FlatTables, place: Path) -> None:
    export(tables, place, CSV)
    first = contents(place)
    export(tables, place, CSV)
    assert contents(place) == first
    assert len(first) == 7


def test_a_reader_in_a_folder_can_read_it_to_the_end_after_the_next_export(tables: FlatTables, place: Path) -> None:
    export(tables, place, CSV)
    opened = (place / "bi" / "current").resolve()
    before = (opened / "forecasts.csv").read_bytes()
    store = new_store(place)
    issue(store, scale=2.0)
    export(tables_of(store), place, CSV)
    assert contents(place)["forecasts.csv"] != before
    assert (opened / "forecasts.csv").read_bytes() == before


def test_older_exports_and_what_a_killed_one_left_are_removed_and_nothing_else(tables: FlatTables, place: Path) -> None:
    left = place / "bi" / "2026-11-20.1-0123abcd.77.unfinished"
    mine = place / "bi" / "2026-11-20"
    for folder in (left, mine):
        folder.mkdir(parents=True)
        (folder / "forecasts.csv").write_text("half")
    for _ in range(3):
        export(tables, place, CSV)
    folders = [path for path in (place / "bi").iterdir() if path.is_dir() and not path.is_symlink()]
    assert not left.exists()
    assert (mine / "forecasts.csv").exists()
    assert len(folders) == 3  # of the user, the newest, and the one before it


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_the_link_is_relative_so_that_the_folder_can_be_moved(
    tables: FlatTables, place: Path, file_format: str
) -> None:
    export(tables, place, FolderExport("bi", file_format))
    (place / "bi").rename(place / "moved")
    assert ask_duckdb(f"SELECT count(*) FROM '{place}/moved/current/places.{file_format}'") == [(7,)]


def test_a_format_that_changes_leaves_no_file_of_the_old_one(tables: FlatTables, place: Path) -> None:
    export(tables, place, CSV)
    export(tables, place, FolderExport("bi", "parquet"))
    assert {name.rpartition(".")[2] for name in contents(place)} == {"parquet"}


def test_a_folder_that_is_current_is_not_overwritten(tables: FlatTables, place: Path) -> None:
    (place / "bi" / "current").mkdir(parents=True)
    with pytest.raises(ExportError, match="current is not a link that an export made; move it away") as raised:
        export(tables, place, CSV)
    assert "The publication for 2026-11-21, revision 1, is issued. Then run `headroom export`." in str(raised.value)


def test_a_target_that_fails_stops_no_other_one(tables: FlatTables, place: Path) -> None:
    (place / "file").write_text("no folder")
    with pytest.raises(ExportError, match=r"the folder .*/file/current: File exists"):
        export(tables, place, FolderExport("file", "csv"), CSV)
    assert len(contents(place)) == 7
