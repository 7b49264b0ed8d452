"""Which files of a folder are extracts, and how their bytes and texts are found."""

import gzip
import zipfile
from pathlib import Path

import pytest

from tests.unit.history.small import HEADER, Hospital
from training.errors import HistoryError
from training.sources.contents import Content, is_being_written, is_clutter
from training.sources.text import sniff

ROW = "A,2026-01-01,3,1\n"


@pytest.mark.parametrize(
    ("name", "clutter"),
    [
        ("~$beds.xlsx", True),
        ("._beds.xlsx", True),
        (".~lock.beds.csv#", True),
        (".DS_Store", True),
        ("Thumbs.db", True),
        ("desktop.ini", True),
        ("beds.xlsx", False),
        ("beds~1.csv", False),
        ("_beds.csv", False),
    ],
)
def test_what_programs_leave_next_to_files_is_clutter(name: str, clutter: bool) -> None:
    assert is_clutter(name) is clutter


@pytest.mark.parametrize("name", ["~$x.csv", "._x.csv", "x.csv.part.csv.tmp", "x.csv.filepart"])
def test_clutter_is_skipped_with_a_line_in_the_log(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    source = '[sources.daily]\npath = "*.*[!l]"\nplace = "code"\nday = "date"\nmeasures = { occupancy = "occupied" }\n'
    hospital = Hospital(tmp_path, source).send(HEADER + ROW).send(b"\x00\x05\x16", name)
    assert hospital.ingest().new == 1
    (line,) = [record.getMessage() for record in caplog.records if name in record.getMessage()]
    assert line.startswith("Skipped")


def test_a_file_that_is_open_for_writing_is_read_when_it_is_complete(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hospital = Hospital(tmp_path).send(HEADER + ROW)
    with (tmp_path / "next.csv").open("w", encoding="utf-8") as unfinished:
        unfinished.write(HEADER + "A,2026-01-02,4,")
        unfinished.flush()
        assert is_being_written(tmp_path / "next.csv")
        assert hospital.ingest().new == 2
        assert "still being written" in caplog.text
        unfinished.write("1\n")
    assert not is_being_written(tmp_path / "next.csv")
    assert hospital.ingest().new == 2


def test_the_only_file_being_written_ends_with_a_sentence(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path)
    with (tmp_path / "extract.csv").open("w", encoding="utf-8"), pytest.raises(HistoryError) as error:
        hospital.ingest()
    assert "none can be read yet" in str(error.value)
    assert "Try again when the extract is complete" in str(error.value)


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"\x1f\x8b\x08\x00broken", "it cannot be unpacked"),
        (gzip.compress(b"x" * 1000, mtime=0)[:20], "it cannot be unpacked"),
        (b"PK\x03\x04broken", "code"),
        (b"\x28\xb5\x2f\xfd1234", "compressed by Zstandard. Compress it by gzip"),
        (b"\x00\x01\x02\x03binary", "it is not text (byte 0x00 in it)"),
    ],
)
def test_a_file_that_cannot_be_unpacked_is_named(tmp_path: Path, content: bytes, fragment: str) -> None:
    with pytest.raises(HistoryError) as error:
        Hospital(tmp_path).send(content).ingest()
    assert "extract.csv" in str(error.value)
    assert fragment in str(error.value)


def test_every_file_of_a_zip_is_read_and_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "extract.csv", "w") as packed:
        packed.writestr("b.csv", HEADER + ROW)
        packed.writestr("a/c.csv", HEADER + ROW.replace("01-01", "01-02"))
    files = Hospital(tmp_path).ingest().files
    assert [file.file for file in files] == ["extract.csv/a/c.csv", "extract.csv/b.csv"]


def test_an_empty_zip_and_one_with_a_password_are_rejected_in_words(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "extract.csv", "w") as packed:
        packed.mkdir("a")
    with pytest.raises(HistoryError, match="there is no file in it"):
        Hospital(tmp_path).ingest()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("place\n\u20ac".encode(), "utf-8"),
        ("place\n\u20ac".encode("utf-8-sig"), "utf-8-sig"),
        ("place\n\u20ac \u2013 \u201cA\u201d".encode("cp1252"), "cp1252"),
        (b"place\n\x81", "latin-1"),  # nothing in Windows-1252
        ("place\n\u20ac".encode("utf-16"), "utf-16"),
        ("place,day\nA,1\n".encode("utf-16-le"), "utf-16-le"),
        ("place,day\nA,1\n".encode("utf-16-be"), "utf-16-be"),
        ("place".encode("utf-32"), "utf-32"),
        (b"", "utf-8"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, content: bytes, encoding: str) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    assert sniff(Content(file, "x.csv")).encoding == encoding


def test_the_signs_of_windows_are_read_as_they_are_meant(tmp_path: Path) -> None:
    place = "St. Mary\u2019s \u2013 \u201cEast\u201d \u20ac"
    source = """
[[places]]
place = "St. Mary\u2019s \u2013 \u201cEast\u201d \u20ac"
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measures = { occupancy = "occupied" }
"""
    hospital = Hospital(tmp_path, source).send((HEADER + f"{place},2026-01-01,3,1\n").encode("cp1252"))
    hospital.ingest()
    assert hospital.known() == {(f"{place}/occupancy", "2026-01-01"): 3.0}


def test_text_that_is_not_of_the_declared_encoding_names_the_key(tmp_path: Path) -> None:
    source = """
[sources.daily]
path = "*.csv"
encoding = "utf-16"
place = "code"
day = "date"
measures = { occupancy = "occupied" }
"""
    with pytest.raises(HistoryError, match=r"not text in utf-16.*Correct encoding in system.toml"):
        Hospital(tmp_path, source).send(HEADER + ROW).ingest()
