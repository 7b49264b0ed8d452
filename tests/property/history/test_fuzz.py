"""For any bytes of an extract, each number of the history stands in it, and every row of it is accounted for."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publication.model import Place, System
from tests.property.dirty_files import GOOD, changes_of, mutated
from training.errors import HistoryError
from training.history.screening import ScreenedFile, screen
from training.sources.extract import Extract
from training.sources.reading import read_source
from training.system.model import BUILT_IN, Source

TODAY = datetime(2026, 3, 1, tzinfo=UTC).date()
SYSTEM = System(
    name="north",
    timezone="Europe/London",
    census_hour=8,
    horizon_days=28,
    thresholds=(0.9,),
    quantiles=(0.5,),
    measures=BUILT_IN,
    places=(
        Place("north", None, "north", "system"),
        Place("A", "north", "A", "site"),
        Place("B", "north", "B", "site"),
    ),
)
COLUMNS = {"occupancy": ("occupied",), "beds": ("open",)}


def source(pattern: str) -> Source:
    return Source("daily", (pattern,), "code", "date", COLUMNS, ignore_places=frozenset({"ALL"}))


def read(content: bytes, name: str = "x.csv") -> tuple[Extract, ScreenedFile] | None:
    """Return the screened file; None where all of it is rejected."""
    with TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(content)
        try:
            (extract,) = read_source(source(name), Path(folder))
        except HistoryError:
            return None
        return extract, screen(extract, SYSTEM, TODAY)


def rows_of(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows and their lines, by the csv module alone; the header first."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    first = text.replace("\r", "\n").partition("\n")[0]
    wanted = {"code", "date", "occupied", "open"}
    sign = max(",;\t", key=lambda sign: len(wanted & {name.strip(' "') for name in first.split(sign)}))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    line = 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


def check(content: bytes) -> None:
    found = read(content)
    if found is None:
        return
    _, screened = found
    (_, header), *rows = rows_of(content)
    names = [name.strip() for name in header]
    cells_at = {line: cells for line, cells in rows if any(cells)}
    for value in screened.values.astype({"column": str, "day": str, "place": str}).to_dict("records"):
        cells = dict(zip(names, cells_at[value["line"]], strict=True))
        assert float(cells[value["column"]]) == value["y"]
        assert (cells["code"].strip(), cells["date"].strip()[:10]) == (value["place"], str(value["ds"])[:10])
    assert screened.rows == len(cells_at)
    assert accounted_for(screened, cells_at, names)


def accounted_for(screened: ScreenedFile, cells_at: dict[int, list[str]], names: list[str]) -> bool:
    """Every row is ignored, or rejected entirely, or each of its counts is a value, blank or rejected."""
    rejected = screened.quarantined.astype({"measure": str})
    entirely = set(rejected.loc[rejected["measure"].eq(""), "line"])
    counts = Counter(screened.values["line"]) + Counter(rejected.loc[rejected["measure"].ne(""), "line"])
    ignored = 0
    for line, cells in cells_at.items():
        if line in entirely:
            continue
        row = dict(zip(names, cells, strict=True))
        if row["code"].strip() == "ALL":
            ignored += 1
            continue
        blank = sum(not row[column].strip() for (column,) in COLUMNS.values())
        if counts[line] + blank != len(COLUMNS):
            return False
    return ignored == screened.ignored


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(changes=changes_of(GOOD))
@example(changes=[])
@example(changes=[("insert", 0, b"\xff", 1)])
@example(changes=[("swap", 0, b";", 20)])
def test_a_spoiled_extract_never_gives_another_number(changes: list[tuple[str, int, bytes, int]]) -> None:
    check(mutated(GOOD, changes))


@settings(max_examples=60)
@given(content=st.binary(max_size=300), with_header=st.booleans())
def test_any_bytes_at_all_are_read_or_rejected(content: bytes, with_header: bool) -> None:
    check(b"code,date,occupied,open\n" + content if with_header else content)


@pytest.mark.parametrize("suffix", ["parquet", "xlsx", "xls", "ods"])
@settings(max_examples=30)
@given(content=st.binary(max_size=300))
def test_any_bytes_under_another_name_are_rejected(suffix: str, content: bytes) -> None:
    assert read(content, f"x.{suffix}") is None


@pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.floats(0, 1), piece=st.binary(min_size=1, max_size=4), cut=st.booleans())
@example(at=0.025, piece=b"\x04\x03", cut=False)  # in Parquet: the number of a text that is not there
def test_a_spoiled_binary_file_is_read_or_rejected(suffix: str, at: float, piece: bytes, cut: bool) -> None:
    table = pd.DataFrame({"code": ["A", "B"], "date": ["2026-01-01"] * 2, "occupied": [3, 4], "open": [5.5, None]})
    buffer = io.BytesIO()
    (table.to_parquet if suffix == "parquet" else table.to_excel)(buffer, index=False)
    content = buffer.getvalue()
    place = int(at * len(content))
    read(content[:place] if cut else content[:place] + piece + content[place + len(piece) :], f"x.{suffix}")
