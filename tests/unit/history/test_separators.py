"""A number such as 1.107 is archived where it is clear what it means, and quarantined where it is not."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.history.small import LONG, LONG_HEADER, NOW, Hospital, read_quarantine
from training.errors import HistoryError
from training.sources.extract import text_of

REASON = "decimals or thousands"
SOURCE = """
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measures = { attendances = "arrivals", beds = ["open", "extra"], occupancy = "occupied" }
"""
HEADER = "code,date,arrivals,open,extra,occupied\n"


def flow(folder: Path, *texts: str) -> Hospital:
    """Attendances of A on one day after the other."""
    return Hospital(folder, SOURCE).send(HEADER + "".join(f"A,2026-01-{i:02},{n},,,\n" for i, n in enumerate(texts, 1)))


def attendances(hospital: Hospital) -> list[float]:
    return [y for (series, _), y in hospital.known().items() if series == "A/attendances"]


def test_german_thousands_are_never_archived_a_thousandth_as_large(tmp_path: Path) -> None:
    hospital = flow(tmp_path, "998", "1.107", "1.203", "987", "1.100", "12.345")
    summary = hospital.ingest()
    assert summary.quarantined == {REASON: 4}
    assert attendances(hospital) == [998.0, 987.0]
    first = read_quarantine(summary.quarantine)[0]
    assert (first["line"], first["column"], first["measure"], first["found"]) == (
        "3",
        "arrivals",
        "attendances",
        "1.107",
    )
    assert first["reason"] == f"{REASON}: it may mean 1.107 or 1107: write 1107 without a separator, or 1.1070"


def test_a_first_file_of_nothing_else_is_rejected_entirely(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"not one of 1 rows could be accepted \(decimals or thousands 1\)"):
        flow(tmp_path, "1.107").ingest()


@pytest.mark.parametrize(
    ("texts", "archived"),
    [
        (["1.107", "0.5"], [1.107, 0.5]),
        (["1.107", "12.25"], [1.107, 12.25]),
        (["1.107", "0.107"], [1.107, 0.107]),
        (["1.107", "1107.000"], [1.107, 1107.0]),
        (["1.107", "1.1070"], [1.107, 1.107]),
        (["1.107", "412.458"], [1.107, 412.458]),
        (["107.000", "98.000", "101.000"], [107.0, 98.0, 101.0]),
        (["412.458", "398.125"], [412.458, 398.125]),
        (["1.1070", "998"], [1.107, 998.0]),
        (["1107", "998"], [1107.0, 998.0]),
    ],
)
def test_where_decimals_are_real_they_are_read_as_such(tmp_path: Path, texts: list[str], archived: list[float]) -> None:
    hospital = flow(tmp_path, *texts)
    assert hospital.ingest().quarantined == {}
    assert attendances(hospital) == archived


@pytest.mark.parametrize(
    ("texts", "n_rejected"),
    [(["107.000", "98.000"], 2), (["107.000", "98.000", "101.000", "7"], 3), (["199.999", "+1.107", "8"], 2)],
)
def test_too_little_to_tell_is_a_doubt(tmp_path: Path, texts: list[str], n_rejected: int) -> None:
    hospital = flow(tmp_path, *texts, "9")
    assert hospital.ingest().quarantined == {REASON: n_rejected}


@pytest.mark.parametrize("text", ["1,107", "1.107.250", "1 107", "1'107"])
def test_other_ways_of_writing_thousands_are_rejected_as_well(tmp_path: Path, text: str) -> None:
    hospital = flow(tmp_path, f'"{text}"', "998")
    assert hospital.ingest().quarantined == {"unreadable count": 1}
    assert attendances(hospital) == [998.0]


@pytest.mark.parametrize(("archived", "is_rejected"), [(1100, True), (40, True), (30, False), (1, False), (0, True)])
def test_a_file_of_one_day_is_compared_with_the_level_of_its_series(
    tmp_path: Path, archived: int, is_rejected: bool
) -> None:
    hospital = flow(tmp_path, *[str(archived)] * 5)
    hospital.ingest()
    tomorrow = hospital.send(HEADER + "A,2026-01-06,1.107,,,\nB,2026-01-06,5,,,\n").ingest(NOW + timedelta(days=1))
    assert tomorrow.quarantined == ({REASON: 1} if is_rejected else {})


def test_a_column_shows_its_decimals_in_any_file_of_its_source(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE)
    hospital.send(HEADER + "A,2026-01-01,1.107,,,\n", "1.csv").send(HEADER + "A,2026-01-02,1.5,,,\n", "2.csv")
    assert hospital.ingest().quarantined == {}
    assert attendances(hospital) == [1.107, 1.5]


def test_each_column_is_read_by_itself(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(HEADER + "A,2026-01-01,1.107,,,0.5\n")
    assert hospital.ingest().quarantined == {REASON: 1}
    assert hospital.known() == {("A/occupancy", "2026-01-01"): 0.5}


def test_beds_that_are_added_up_are_ambiguous_by_their_parts(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(HEADER + "A,2026-01-01,,1.107,1.203,900\nB,2026-01-01,,1107,3,900\n")
    summary = hospital.ingest()
    assert summary.quarantined == {REASON: 1}
    assert read_quarantine(summary.quarantine)[0]["column"] == "open + extra"
    assert ("A/beds", "2026-01-01") not in hospital.known()
    assert hospital.known()["B/beds", "2026-01-01"] == 1110.0


def test_each_measure_of_a_long_file_is_read_by_itself(tmp_path: Path) -> None:
    rows = ["A,2026-01-01,attendances,,1.107,2026-01-02", "A,2026-01-01,occupancy,,1.5,2026-01-02"]
    hospital = Hospital(tmp_path, LONG).send(LONG_HEADER + "\n".join(rows) + "\n")
    assert hospital.ingest().quarantined == {REASON: 1}
    assert hospital.known() == {("A/occupancy", "2026-01-01"): 1.5}


@pytest.mark.parametrize(
    ("number", "text"), [("412.500", "412.5"), ("18.000", "18"), ("100", "100"), ("0.00", "0"), ("1E+3", "1000")]
)
def test_a_decimal_of_a_database_is_written_without_the_zeros_of_its_column(number: str, text: str) -> None:
    assert text_of(Decimal(number)) == text
