"""`headroom export`: the newest publication again, and a sentence where it cannot be written."""

from pathlib import Path

import pytest

from tests.contract.exports.readers import ask_duckdb
from tests.contract.exports.stores import issue, new_store
from tests.places import as_anyone, closed
from tests.planted import POSTGRESQL_PASSWORD
from tests.unit.cli.commands import headroom, process
from tests.unit.cli.test_bad_input import assert_rejected
from tests.unit.cli.test_closed_places import skipping

FOLDER = '[exports]\nfolder = "bi"\nformat = "csv"\n'
DATABASE = '[exports]\nurl = "postgresql://bi:${{BI_PASSWORD}}@127.0.0.1:{port}/bi"\nschema = "bi"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two revisions of one cutoff."""
    store = new_store(tmp_path)
    issue(store)
    issue(store, scale=2.0)
    store.close()
    return tmp_path


def add(system: Path, text: str) -> tuple[object, ...]:
    """Write the text to the end of the system file. Returns the options that name it."""
    system.write_text(f"{system.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")
    return ("--system", system)


def test_the_newest_publication_is_written_where_the_system_file_says(system: Path, home: Path) -> None:
    where = (*add(system, f'{FOLDER}workbook = "bi.xlsx"\n'), "--home", home)
    for _ in range(2):
        ended = headroom("export", *where)
        assert ended.exit_code == 0, ended.err
        assert ended.out.count("Exported northshire for cutoff 2026-11-21 to the ") == 2
        rows = ask_duckdb(f"SELECT cutoff, revision FROM '{system.parent}/bi/current/publication.csv'")
        assert [(str(cutoff), revision) for cutoff, revision in rows] == [("2026-11-21", 2)]
    assert (system.parent / "bi.xlsx").exists()


def test_a_system_file_without_exports_is_a_sentence(system: Path, home: Path) -> None:
    ended = headroom("export", "--system", system, "--home", home)
    assert_rejected(ended, 2, ("UsageError", "has no [exports]", "folder = 'bi'"))


def test_nothing_is_exported_before_something_is_published(system: Path, tmp_path: Path) -> None:
    ended = headroom("export", *add(system, FOLDER), "--home", tmp_path / "new")
    assert_rejected(ended, 4, ("NothingPublishedError", "nothing is published yet", "headroom daily"))
    assert not (system.parent / "bi").exists()


def test_a_folder_that_may_not_be_written_is_a_sentence(system: Path, home: Path) -> None:
    where = (*add(system, FOLDER), "--home", home)
    (system.parent / "bi").mkdir()
    with skipping(), closed(system.parent / "bi", mode=0o555):
        ended = process("export", *where, prefix=as_anyone())
    assert_rejected(ended, 6, ("ExportError", "bi/current: Permission denied", "Then run `headroom export`."))


def test_a_database_that_is_away_is_a_sentence_without_the_password(system: Path, home: Path, free_port: int) -> None:
    where = (*add(system, DATABASE.format(port=free_port)), "--home", home)
    ended = headroom("export", *where, BI_PASSWORD=POSTGRESQL_PASSWORD)
    assert_rejected(ended, 6, ("ExportError", "the schema bi of postgresql://***@127.0.0.1", "is issued"))


def test_a_variable_that_is_not_set_is_named(system: Path, home: Path) -> None:
    ended = headroom("export", *add(system, DATABASE.format(port=1)), "--home", home)
    assert_rejected(ended, 6, ("ExportError", "exports.url needs the environment variable BI_PASSWORD"))
