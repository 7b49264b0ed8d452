"""Headers of one row or two, anywhere in a file."""

from pathlib import Path

import pytest

from tests.unit.history.small import Hospital
from training.errors import HistoryError
from training.sources.headers import header_of
from training.system.model import Source

WIDE = Source("daily", ("x.csv",), "code", "date", {"occupancy": ("occupied",)})
QUERY = Source("daily", ("x.csv",), "code", "date", {"occupancy": ("occupied",)}, query="SELECT")


@pytest.mark.parametrize(
    ("rows", "source", "header"),
    [
        ([[" code ", "date\t"]], WIDE, ("code", "date")),
        ([["", "2026-01-01", "", "2026-01-02"], ["code", "in", "out", "in"]], WIDE,
         ("code", "2026-01-01 / in", "2026-01-01 / out", "2026-01-02 / in")),
        ([["a"], ["code", "date"]], WIDE, ("a / code", "a / date")),
        ([["n", "", "n", "n"]], QUERY, ("n", "column2", "n_2", "n_3")),
        ([["n", "", "n", "n"]], WIDE, ("n", "", "n", "n")),
    ],
)  # fmt: skip
def test_names_of_columns(rows: list[list[str]], source: Source, header: tuple[str, ...]) -> None:
    assert header_of(rows, source) == header


def test_a_header_below_titles_is_named_by_its_row(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path).send("Beds,,,\nMade,2026-01-01,,\ncode,date,occupied,free\nA,2026-01-01,1,1\n")
    with pytest.raises(HistoryError) as error:
        hospital.ingest()
    assert "Row 3 has all of them: write header_row = 3 under [sources.daily]" in str(error.value)


def test_a_header_beyond_the_end_is_no_header(tmp_path: Path) -> None:
    source = '[sources.daily]\npath = "*.csv"\nheader_row = 9\nplace = "c"\nday = "d"\nmeasures = { beds = "b" }\n'
    with pytest.raises(HistoryError, match="it is empty"):
        Hospital(tmp_path, source).send("c,d,b\nA,2026-01-01,1\n").ingest()
