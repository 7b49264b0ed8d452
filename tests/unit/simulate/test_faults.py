"""Every fault of faults.csv stands at its line, and nothing else is wrong: against the clean twin's extracts."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.simulate.reading import LAST_DAY, MEASURES, write
from training.simulate.scenario import FaultKind

HEADER = ["code", "date", *MEASURES]
ALTERED: dict[str, Callable[[int, int, dict[str, str]], bool]] = {  # by fault: what is found where this is true
    "above_beds": lambda found, true, row: found == 2 * int(row["beds"]),
    "spike": lambda found, true, row: found == 5 * true,
    "dip": lambda found, true, row: found == true // 5,
    "zero_day": lambda found, true, row: found == 0 != true,
    "balance": lambda found, true, row: found == int(2 / 3 * true),
    "partial_day": lambda found, true, row: found < 0.5 * true,
    "frozen": lambda found, true, row: found != true,
    "revised": lambda found, true, row: found == int(0.9 * true),
    "sentinel_negative": lambda found, true, row: found in (-1, -9, -9999),
    "sentinel_positive": lambda found, true, row: found in (99, 999, 9999) and not 1 / 1.3 < found / true < 1.3,
    "conflicting": lambda found, true, row: 1 <= found - true <= 10,
}
CELLS = {*ALTERED, "text", "decimal_comma"}
TIMES = {  # rows of faults.csv, where their number does not depend on the counts
    "revised": 5, "spike": 2, "dip": 2, "above_beds": 2, "sentinel_negative": 3, "text": 3, "gap": 1,
    "decimal_comma": 2, "repeated": 2, "conflicting": 2, "unknown_place": 2, "future_day": 1, "balance": 14, "late": 1,
}  # fmt: skip


def lines(folder: Path) -> dict[tuple[str, int], dict[str, str]]:
    """Every line of the extracts, by file and line number."""
    found = {}
    for path in sorted(folder.glob("extract/*.csv")):
        with path.open(newline="") as file:
            reader = csv.reader(file)
            assert next(reader) == HEADER
            for cells in reader:
                found[str(path.relative_to(folder)), reader.line_num] = dict(zip(HEADER, cells, strict=True))
    return found


def faults(folder: Path) -> list[dict[str, str]]:
    with (folder / "faults.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, str]]:
    """The lines of the same system without faults, by place and day."""
    folder = write(tmp_path_factory.mktemp("clean"), seed=2, days=730)
    return {(line["code"], line["date"]): line for line in lines(folder).values()}


def days_of(fault: dict[str, str]) -> Iterator[str]:
    day = date.fromisoformat(fault["from"])
    while day <= date.fromisoformat(fault["to"]):
        yield day.isoformat()
        day += timedelta(days=1)


def test_every_fault_is_there_as_often_as_declared(dirty: Path) -> None:
    found = Counter(fault["fault"] for fault in faults(dirty))
    assert set(found) == set(FaultKind)
    assert {kind: found[kind] for kind in TIMES} == TIMES
    assert 7 <= found["frozen"] <= 9  # a day whose count is the frozen one by chance is right


def test_every_wrong_cell_stands_at_its_line(dirty: Path, clean: dict[tuple[str, str], dict[str, str]]) -> None:
    at = lines(dirty)
    wrong = [fault for fault in faults(dirty) if fault["measure"]]
    assert {fault["fault"] for fault in wrong} == CELLS
    for fault in wrong:
        line = at[fault["file"], int(fault["line"])]
        assert (line["code"], line["date"]) == (fault["place"], fault["from"]) == (fault["place"], fault["to"])
        assert line[fault["measure"]] == fault["found"]
        assert clean[fault["place"], fault["from"]][fault["measure"]] == fault["true"]
        if fault["fault"] in ALTERED:
            assert ALTERED[fault["fault"]](int(fault["found"]), int(fault["true"]), line), fault
    words = {fault["found"] for fault in wrong if fault["fault"] == "text"}
    assert words == {"n/a", "closed", "see note"}
    assert all(f["found"] == f"{f['true']},0" for f in wrong if f["fault"] == "decimal_comma")


def test_lines_that_are_missing_are_missing(dirty: Path, clean: dict[tuple[str, str], dict[str, str]]) -> None:
    there = {(line["code"], line["date"]) for line in lines(dirty).values()}
    gone = [fault for fault in faults(dirty) if not fault["line"]]
    missing = {(fault["place"], day) for fault in gone for day in days_of(fault)}
    assert {fault["fault"] for fault in gone} == {"gap", "late"}
    assert set(clean) - there == missing
    assert len(missing) == 4
    assert {day for fault in gone if fault["fault"] == "late" for day in days_of(fault)} == {LAST_DAY.isoformat()}


def test_lines_that_are_too_many_stand_at_their_line(dirty: Path, clean: dict[tuple[str, str], dict[str, str]]) -> None:
    at = lines(dirty)
    for fault in faults(dirty):
        line = at.get((fault["file"], int(fault["line"] or 0)))
        match fault["fault"]:
            case "repeated":
                assert line == clean[fault["place"], fault["from"]]
                assert at[fault["file"], int(fault["line"]) - 1] == line
            case "conflicting":
                assert at[fault["file"], int(fault["line"]) - 1] == clean[fault["place"], fault["from"]]
            case "unknown_place":
                assert line is not None
                assert line["code"] == fault["place"] == "RZZ99"
                assert (fault["place"], fault["from"]) not in clean
            case "future_day":
                assert line is not None
                assert line["date"] == fault["from"] == (LAST_DAY + timedelta(days=30)).isoformat()


def test_nothing_else_is_wrong(dirty: Path, clean: dict[tuple[str, str], dict[str, str]]) -> None:
    known = {(fault["file"], fault["line"]) for fault in faults(dirty) if fault["line"]}
    others = {where: line for where, line in lines(dirty).items() if (where[0], str(where[1])) not in known}
    assert len(others) > 2800
    assert all(line == clean[line["code"], line["date"]] for line in others.values())


def test_what_was_revised_is_sent_again_as_it_is(dirty: Path, clean: dict[tuple[str, str], dict[str, str]]) -> None:
    again = [line for (file, _), line in lines(dirty).items() if file == "extract/2026_revised.csv"]
    days = [(LAST_DAY - timedelta(days=back)).isoformat() for back in range(14, 0, -1)]
    assert [line["date"] for line in again] == days
    assert again == [clean[line["code"], line["date"]] for line in again]
    preliminary = {(fault["place"], fault["from"]) for fault in faults(dirty) if fault["fault"] == "revised"}
    assert preliminary <= {(line["code"], line["date"]) for line in again}


def test_a_frozen_value_is_that_of_the_day_before(dirty: Path, clean: dict[tuple[str, str], dict[str, str]]) -> None:
    stuck = sorted((fault for fault in faults(dirty) if fault["fault"] == "frozen"), key=lambda fault: fault["from"])
    eve = (date.fromisoformat(stuck[0]["from"]) - timedelta(days=1)).isoformat()
    assert {fault["found"] for fault in stuck} == {clean[stuck[0]["place"], eve]["occupancy"]}


OPTIONS: list[dict[str, object]] = [
    {"days": 240, "sites": 2, "trusts": 1},
    {"days": 240, "sites": 3, "trusts": 1, "merger": True},
    {"days": 300, "sites": 3, "trusts": 2, "wards": 3, "merger": True},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_two_faults_share_a_place_and_day(tmp_path: Path, seed: int, options: dict[str, object]) -> None:
    """Also in the shortest history of the fewest sites."""
    folder = write(tmp_path, seed, **options, faults=tuple(FaultKind))
    rows = [(fault["place"], day, fault["fault"]) for fault in faults(folder) for day in days_of(fault)]
    kinds = pd.DataFrame(rows, columns=["place", "day", "fault"]).groupby(["place", "day"])["fault"].nunique()
    assert kinds.max() == 1
    assert {fault["fault"] for fault in faults(folder)} == set(FaultKind)


def test_only_the_faults_asked_for_are_put_in(tmp_path: Path) -> None:
    folder = write(tmp_path, seed=2, days=240, faults=(FaultKind.GAP, FaultKind.SPIKE))
    assert Counter(fault["fault"] for fault in faults(folder)) == {"gap": 1, "spike": 2}
