"""An unreadable text is named for what it looks like, with the key that reads it."""

from pathlib import Path

import pytest

from tests.unit.history.small import HEADER, Hospital, read_quarantine
from training.errors import HistoryError
from training.history.hints import hint


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("31/12/2025", "day", 'day first: write day_format = "%d/%m/%Y"'),
        ("12/31/2025", "day", 'month first: write day_format = "%m/%d/%Y"'),
        ("03.02.26", "day", 'write day_format = "%d.%m.%y", or "%m.%d.%y" if the month comes first'),
        ("2026/02/03", "day", 'write day_format = "%Y/%m/%d"'),
        ("20260203", "day", 'write day_format = "%Y%m%d"'),
        ("2026-2-3", "day", 'write day_format = "%Y-%m-%d"'),
        ("3-Feb-2026", "day", 'write day_format = "%d-%b-%Y"'),
        ("3 February 2026", "day", 'write day_format = "%d %B %Y"'),
        ("46056", "day", 'a day of Excel (45000 is 2023-03-15): write day_format = "excel"'),
        ("2026-02-03T08:00", "day", 'write time = "COLUMN" in place of day, and aggregate = "sum" or "census"'),
        ("31/12/2025 08:00", "day", 'write time = "COLUMN", aggregate and day_format = "%d/%m/%Y"'),
        ("31/12/2025 08:00", "time", 'write day_format = "%d/%m/%Y"'),
        ("yesterday", "day", None),
        ("2026/02/30", "day", None),
        ("20260230", "day", None),
        ("1,234", "found", 'it looks like 1234: write thousands = ","; or, if it means 1.234, decimal = ","'),
        ("1.234,5", "found", 'it looks like 1234.5: write thousands = "." and decimal = ","'),
        ("1.234.567", "found", 'it looks like 1234567: write thousands = "." and decimal = ","'),
        ("1 234", "found", 'it looks like 1234: write thousands = " "'),
        ("12,5", "found", 'it looks like 12.5: write decimal = ","'),
        ("<5", "found", 'a small count that is hidden: write suppressed = { "<5" = 2.5 }'),
        ("\u22647", "found", 'write suppressed = { "\u22647" = 3.5 }'),
        ("n/a", "found", 'it looks like a word for no value: write missing = ["n/a"]'),
        ("-", "found", 'write missing = ["-"]'),
        ("77.7%", "found", "it is a share in percent and no count"),
        ("twelve", "found", None),
        ("rxa01", "place", "it is another spelling of RXA01: write both alike"),
        ("RXB", "place", None),
    ],
)
def test_what_a_text_looks_like(text: str, field: str, says: str | None) -> None:
    found = hint(text, field, lambda: ["RXA01"])
    assert found is None if says is None else says in str(found)


def test_a_file_of_days_that_cannot_be_read_says_how_to_read_it(tmp_path: Path) -> None:
    with pytest.raises(HistoryError) as error:
        Hospital(tmp_path).send(HEADER + "A,31/12/2025,1,1\n").ingest()
    assert "extract.csv line 2, column date: found '31/12/2025': unreadable day" in str(error.value)
    assert 'write day_format = "%d/%m/%Y"' in str(error.value)


def test_each_count_in_the_quarantine_has_its_own_advice(tmp_path: Path) -> None:
    lines = ["A,2026-01-01,<5,1", "A,2026-01-02,many,1", "B,2026-01-01,1,1"]
    found = read_quarantine(Hospital(tmp_path).send(HEADER + "\n".join(lines)).ingest().quarantine)
    reasons = {row["found"]: row["reason"] for row in found}
    assert "suppressed" in reasons["<5"]
    assert "write a plain number" in reasons["many"]


@pytest.mark.parametrize("sent", ["  M\u00fcnster ", "Mu\u0308nster", "M\u00fcnster\u200b", "M\u00fcnster\u00a0"])
def test_spellings_of_a_place_are_one_place(tmp_path: Path, sent: str) -> None:
    source = """
[[places]]
place = "M\u00fcnster"
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measures = { occupancy = "occupied" }
"""
    hospital = Hospital(tmp_path, source).send(HEADER + f"{sent},2026-01-01,3,1\n")
    hospital.ingest()
    assert hospital.known() == {("M\u00fcnster/occupancy", "2026-01-01"): 3.0}
