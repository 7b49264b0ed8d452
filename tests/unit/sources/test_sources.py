from pathlib import Path

import pytest

from tests.unit.history.small import HEADER, Hospital
from training.errors import HistoryError
from training.sources.extract import Extract
from training.sources.reading import read_source


def extracts(hospital: Hospital) -> list[Extract]:
    return list(read_source(hospital.system_file.sources[0], hospital.folder))


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b"", ["extract.csv: it is empty", "Send the extract again"]),
        (b"\xef\xbb\xbf", ["extract.csv: it is empty"]),
        (HEADER.encode(), ["extract.csv: it has a header but no rows"]),
        (HEADER.encode() + b"\n\n,,,\n", ["extract.csv: it has a header but no rows"]),
        (b"code,date,occupied\nA,2026-01-01,1\n", ["no column 'free'", "sources.daily", "Found code, date, occupied."]),
        (b"code,day,occupied,free\nA,2026-01-01,1,1\n", ["no column 'date'", "Found code, day", "system.toml"]),
        (b"code~date~occupied~free\nA~2026-01-01~1~1\n", ["no column 'code'", "Found code~date~occupied~free"]),
        (b"code;date;occupied\nA;2026-01-01;1\n", ["no column 'free'", "Found code, date, occupied."]),
        (b"code,date,free,occupied,free\nA,2026-01-01,1,1,1\n", ["column 'free' is there 2 times"]),
        (b"code,date,occupied,free\nA,2026-01-01,1,\x00\n", ["it is not text", "Save it as CSV"]),
        (HEADER.encode() + b'A,2026-01-01,1,1\n"A,2026-01-02,1,1\n', ["near line 3", "quotes"]),
    ],
)
def test_a_file_that_cannot_be_used_is_rejected_with_its_name_and_what_was_found(
    tmp_path: Path, content: bytes, fragments: list[str]
) -> None:
    with pytest.raises(HistoryError) as raised:
        extracts(Hospital(tmp_path).send(content))
    for fragment in fragments:
        assert fragment in str(raised.value)
    assert raised.value.exit_code == 3


@pytest.mark.parametrize("path", ["absent.csv", "absent/*.csv", "[ab].csv", "../absent/x.csv", "folder.csv"])
def test_a_path_that_leads_to_no_file_is_a_missing_file(tmp_path: Path, path: str) -> None:
    source = f'[sources.daily]\npath = "{path}"\nplace = "p"\nday = "d"\nmeasures = {{ beds = "b" }}\n'
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(HistoryError) as raised:
        extracts(Hospital(tmp_path, source))
    assert path in str(raised.value)
    assert "sources.daily.path" in str(raised.value)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("A,2026-01-01,1,1\nB,2026-01-01,1,1\n", [2, 3]),
        ("A,2026-01-01,1,1\r\nB,2026-01-01,1,1\r\n", [2, 3]),
        ("\nA,2026-01-01,1,1\n\n,,,\nB,2026-01-01,1,1", [3, 6]),
        ('"A\nsouth",2026-01-01,1,1\nB,2026-01-01,1,1\n', [2, 4]),
    ],
)
def test_every_row_keeps_the_line_on_which_it_starts(tmp_path: Path, body: str, lines: list[int]) -> None:
    assert list(extracts(Hospital(tmp_path).send(HEADER + body))[0].rows.index) == lines


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_separators_and_encodings_are_recognised(tmp_path: Path, separator: str, encoding: str, quote: str) -> None:
    lines = [["code", "date", "occupied", "free"], ["M\u00fcnster", "2026-01-01", "3", "1"]]
    text = "\r\n".join(separator.join(f"{quote}{cell}{quote}" for cell in line) for line in lines)
    (extract,) = extracts(Hospital(tmp_path).send(text.encode(encoding)))
    assert extract.header == ("code", "date", "occupied", "free")
    assert extract.rows.to_numpy().tolist() == [lines[1]]


def test_text_is_read_as_it_stands(tmp_path: Path) -> None:
    body = "NA,2026-01-01,007,1.50\nnull,nan,,TRUE\n"
    rows = extracts(Hospital(tmp_path).send("\ufeffcode,date, occupied ,free\n" + body))[0].rows
    assert rows.to_numpy().tolist() == [["NA", "2026-01-01", "007", "1.50"], ["null", "nan", "", "TRUE"]]


def test_rows_with_too_few_or_too_many_cells_are_quarantined(tmp_path: Path) -> None:
    read = extracts(Hospital(tmp_path).send(HEADER + "A,2026-01-01\nA,2026-01-02,1,1\nA,2026-01-03,1,1,1\n"))[0]
    assert list(read.rows.index) == [3]
    assert read.malformed.to_dict() == {2: "A,2026-01-01", 4: "A,2026-01-03,1,1,1"}


def test_a_glob_reads_its_files_by_name(tmp_path: Path) -> None:
    hospital = Hospital(
        tmp_path,
        '[sources.s]\npath = ["x/*/b*.csv", "a.csv", "*.csv"]\nplace = "p"\nday = "d"\nmeasures = { beds = "n" }\n',
    )
    for folder in ("x/2", "x/1"):
        (tmp_path / folder).mkdir(parents=True)
        hospital.send("p,d,n\nA,2026-01-01,1\n", f"{folder}/b.csv")
    hospital.send("p,d,n\nA,2026-01-01,1\n", "a.csv")
    assert [extract.file for extract in extracts(hospital)] == ["x/1/b.csv", "x/2/b.csv", "a.csv"]
