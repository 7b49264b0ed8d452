"""Arrow and the csv module read the same rows of a file, and reject the same, wherever Arrow reads the file at all."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.property.dirty_files import GOOD, Change, changes_of, mutated
from training.errors import HistoryError
from training.sources.blocks import NeedsFullParserError
from training.sources.contents import Content
from training.sources.delimited import read_row_by_row, read_with_arrow
from training.sources.extract import Extract
from training.sources.text import sniff
from training.system.model import Source

HEADER = ("code", "date", "occupied", "note")
SOURCE = Source("daily", ("x.csv",), "code", "date", {"occupancy": ("occupied",)})
FEW_BYTES = 16  # so that a file of some lines has several blocks

# Few characters, so that many of the files have rows of the right shape.
plain_files = st.lists(
    st.lists(st.text(st.sampled_from(list("A1 .-\u00fc\x1c\x85\u2028")), max_size=3), min_size=0, max_size=6),
    max_size=8,
)
cells = st.text(st.sampled_from(list('A1 ,;"\n\ufeff')), max_size=4)
written_cells = st.one_of(
    cells.map(lambda cell: '"' + cell.replace('"', '""') + '"'),  # as a program writes it
    st.text(st.sampled_from("AB1 "), max_size=3),
    cells,  # as a person types it
)
quoted_files = st.lists(st.lists(written_cells, min_size=2, max_size=5), max_size=8)

Outcome = tuple[list[int], list[list[str]], dict[int, str]]


def outcome(read: Callable[[Path], Extract], content: bytes) -> Outcome | str:
    """Return the lines and cells of the rows and the text of malformed ones, or why the file is rejected."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(content)
        try:
            extract = read(path)
        except HistoryError as error:
            return str(error).replace(folder, "")
        malformed = dict(zip(extract.malformed.index.tolist(), extract.malformed.tolist(), strict=True))
        return extract.rows.index.tolist(), extract.rows.astype(object).to_numpy().tolist(), malformed


def content_of(path: Path) -> Content:
    return Content(path, "x.csv")


def row_by_row(path: Path) -> Extract:
    content = content_of(path)
    return read_row_by_row(content, SOURCE, sniff(content).encoding)


def check_that_readers_agree(content: bytes, block_bytes: int = FEW_BYTES) -> bool:
    """Return whether Arrow read the file, which is then what the other reader makes of it."""

    def with_arrow(path: Path) -> Extract:
        found = sniff(content_of(path))
        if not found.has_short_lines:
            raise NeedsFullParserError
        return read_with_arrow(content_of(path), SOURCE, found.encoding, block_bytes)

    try:
        by_arrow = outcome(with_arrow, content)
    except NeedsFullParserError:
        return False
    assert by_arrow == outcome(row_by_row, content)
    return True


def written(lines: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    return end.join(separator.join(line) for line in (HEADER, *lines))


@settings(max_examples=100)
@given(
    lines=plain_files,
    separator=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "latin-1"]),
    quote=st.sampled_from(["", '"']),
    last=st.booleans(),
)
def test_both_readers_agree_on_every_plain_file_and_arrow_reads_it(
    lines: list[list[str]], separator: str, end: str, encoding: str, quote: str, last: bool
) -> None:
    text = written([[f"{quote}{cell}{quote}" for cell in line] for line in lines], separator, end)
    assert check_that_readers_agree((text + end * last).encode(encoding, errors="replace"))


@settings(max_examples=150)
@given(lines=quoted_files, separator=st.sampled_from(",;"), end=st.sampled_from(["\n", "\r\n"]), last=st.booleans())
@example(lines=[['"ab"c', "1", "2", ""]], separator=",", end="\n", last=True)
@example(lines=[['"a,"b', 'c"'], ['x"', "1", "2", ""]], separator=",", end="\n", last=True)
@example(lines=[['"a', "1", "2", ""]], separator=",", end="\n", last=True)
@example(lines=[['"a\nb"', "1", "2", ""]], separator=",", end="\n", last=True)
@example(lines=[["\ufeffA", "1", "2", ""]], separator=",", end="\n", last=True)
@example(lines=[["", "", "", "a note"], ["", "", "", ""], ["", "", "", '""']], separator=",", end="\n", last=True)
def test_both_readers_agree_on_files_with_quotes_of_every_kind(
    lines: list[list[str]], separator: str, end: str, last: bool
) -> None:
    check_that_readers_agree((written(lines, separator, end) + end * last).encode())


@settings(max_examples=100)
@given(changes=changes_of(GOOD))
def test_both_readers_agree_on_a_spoiled_file(changes: list[Change]) -> None:
    check_that_readers_agree(mutated(GOOD, changes))


@settings(max_examples=100)
@given(lines=st.lists(st.lists(st.text(st.sampled_from('A1 ,"'), max_size=4), min_size=2, max_size=5), max_size=8))
def test_arrow_reads_whatever_a_program_wrote_with_quotes_where_they_are_needed(lines: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([HEADER, *lines])
    assert check_that_readers_agree(text.getvalue().encode())


@pytest.mark.parametrize(
    ("body", "rows", "malformed"),
    [
        ("A,1,2,\n\n,,,\nB,1,2,x\n", [(2, "A"), (5, "B")], {}),
        ('A,1\n"B, C",1,2,\n"D,1",2\n', [(3, "B, C")], {2: "A,1", 4: "D,1,2"}),
        (",,,x\n,,,\n", [(2, "")], {}),
        (",\n,,,,,\nA,1,2,\n", [(4, "A")], {}),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, FEW_BYTES, 1 << 20])
def test_arrow_numbers_rows_by_their_lines(
    body: str, rows: list[tuple[int, str]], malformed: dict[int, str], block_bytes: int
) -> None:
    content = (",".join(HEADER) + "\n" + body).encode()
    found = outcome(lambda path: read_with_arrow(content_of(path), SOURCE, "utf-8", block_bytes), content)
    assert not isinstance(found, str)
    lines, cells, apart = found
    assert list(zip(lines, (row[0] for row in cells), strict=True)) == rows
    assert apart == malformed


@pytest.mark.parametrize(
    "line", ['"ab"c,1,2,', '"a,1,2,', 'a"b,1,2,', '"a\nb",1,2,', "a\rb,1,2,", "a" * csv.field_size_limit() + ",1,2,"]
)
def test_what_arrow_cannot_number_is_left_to_the_csv_module(line: str) -> None:
    assert not check_that_readers_agree((",".join(HEADER) + "\n" + line + "\n").encode())
