"""The table [exports] of a system file: the targets it names, and what its author reads where it is wrong."""

from pathlib import Path

import pytest

from tests.planted import POSTGRESQL_PASSWORD
from tests.unit.system.small import FILES, write
from training.errors import SystemFileError
from training.system.exports import DatabaseExport, ExportTarget, FolderExport, WorkbookExport
from training.system.reading import read_system

URL = "postgresql://bi:${BI_PASSWORD}@db.example/warehouse"


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("", ()),
        ('[exports]\nfolder = "bi"', (FolderExport("bi", "parquet"),)),
        ('[exports]\nfolder = "bi"\nformat = "csv"', (FolderExport("bi", "csv"),)),
        (
            f'[exports]\nfolder = "bi"\nworkbook = "h.xlsx"\nurl = "{URL}"\nschema = "bi"',
            (FolderExport("bi", "parquet"), WorkbookExport("h.xlsx"), DatabaseExport(URL, "bi")),
        ),
        ('[exports]\nurl = "${BI_URL}"\nschema = "bi"', (DatabaseExport("${BI_URL}", "bi"),)),
        (
            '[[exports]]\nfolder = "bi"\n[[exports]]\nfolder = "csv"\nformat = "csv"',
            (FolderExport("bi", "parquet"), FolderExport("csv", "csv")),
        ),
    ],
)
def test_targets_are_read_in_their_order(tmp_path: Path, text: str, targets: tuple[ExportTarget, ...]) -> None:
    assert read_system(write(tmp_path, system=f"{FILES['system.toml']}\n{text}\n")).exports == targets


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("", ["it says nowhere to write", "folder, workbook, or url with schema"]),
        ('foldr = "bi"', ["foldr is not a known key", "Did you mean folder?"]),
        ('url = "${U}"\nschma = "bi"', ["schma is not a known key", "Did you mean schema?"]),
        ('folder = ""', ["folder: found ''", "it is empty"]),
        ('folder = "bi"\nformat = "xml"', ["format: found 'xml'", "'parquet' or 'csv'"]),
        ('workbook = "h.xlsx"\nformat = "csv"', ["format is that of the files of a folder"]),
        ('workbook = "h.xls"', ["workbook: found 'h.xls'", "ends with .xlsx"]),
        ('url = "${BI_URL}"', ["a database needs both url and schema"]),
        ('folder = "bi"\nschema = "bi"', ["a database needs both url and schema"]),
        ('url = "${BI_URL}"\nschema = 3', ["schema: found 3", "give text in quotes"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, fragments: list[str]) -> None:
    said = sentence(tmp_path, f"[exports]\n{text}")
    assert "exports" in said
    assert [fragment for fragment in fragments if fragment not in said] == []


@pytest.mark.parametrize("user", ["bi", "", "b%40i"])
def test_a_password_in_the_file_is_an_error_that_does_not_show_it(tmp_path: Path, user: str) -> None:
    url = f"postgresql://{user}:{POSTGRESQL_PASSWORD}@db.example/bi"
    said = sentence(tmp_path, f'[exports]\nurl = "{url}"\nschema = "bi"')
    assert "exports.0.url: found ***: it has a password, and secrets are never in files" in said
    assert "${PASSWORD}" in said


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ('folder = "bi"', 'folder = "bi"\nformat = "csv"', "bi"),
        ('workbook = "h.xlsx"', 'folder = "f"\nworkbook = "h.xlsx"', "h.xlsx"),
        ('url = "${U}"\nschema = "s"', 'url = "${U}"\nschema = "s"', "the schema s"),
    ],
)
def test_two_exports_to_one_place_are_an_error(tmp_path: Path, first: str, second: str, named: str) -> None:
    said = sentence(tmp_path, f"[[exports]]\n{first}\n[[exports]]\n{second}")
    assert f"2 exports write to {named}, and each would replace the other" in said


def sentence(folder: Path, exports: str) -> str:
    with pytest.raises(SystemFileError) as raised:
        read_system(write(folder, system=f"{FILES['system.toml']}\n{exports}\n"))
    assert POSTGRESQL_PASSWORD not in str(raised.value)
    return str(raised.value)
