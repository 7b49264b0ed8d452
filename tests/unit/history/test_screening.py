"""Every kind of bad row and cell: where it stands in the quarantine and why; the rest of the file is accepted."""

from pathlib import Path

import pytest

from tests.unit.history.small import HEADER, LONG, LONG_HEADER, WIDE, Hospital, read_quarantine

GOOD = "B,2026-01-01,10,5\n"
ACCEPTED = {("B/occupancy", "2026-01-01"): 10.0, ("B/beds", "2026-01-01"): 15.0}
LONG_GOOD = "B,2026-01-01,beds,,10,2026-01-02\n"
LONG_ACCEPTED = {("B/beds", "2026-01-01"): 10.0}


@pytest.mark.parametrize(
    ("row", "records"),
    [
        ("X,2026-01-02,1,1", [("code", "", "X", "unknown place: list it")]),
        (",2026-01-02,1,1", [("code", "", "", "unknown place")]),
        ("X,someday,-1,x", [("code", "", "X", "unknown place")]),
        ("A,02/01/2026,1,1", [("date", "", "02/01/2026", "unreadable day: it looks like a day: write day_format")]),
        ("A,2026-02-30,1,1", [("date", "", "2026-02-30", "unreadable day")]),
        ("A,,1,1", [("date", "", "", "unreadable day")]),
        ("A,2026-01-02T13:00,1,1", [("date", "", "2026-01-02T13:00", "unreadable day")]),
        ("A,9999-01-01,1,1", [("date", "", "9999-01-01", "unreadable day")]),
        ("A,2026-01-02", [("", "", "A,2026-01-02", "wrong number of cells: the header has 4")]),
        ("A,2026-01-02,1,234,5", [("", "", "A,2026-01-02,1,234,5", "wrong number of cells")]),
        ("A,2026-03-02,1,1", [("date", "", "2026-03-02", "future day: it cannot have been counted yet; planned beds")]),
        ("A,2026-01-02T00:00+01:00,1,1", [("date", "", "2026-01-02T00:00+01:00", "unreadable day")]),
        ("A,2026-01-02,,-2", [("free", "beds", "-2", "negative count: a count is 0 or more")]),
        ("A,2026-01-02,,-0.5", [("free", "beds", "-0.5", "negative count")]),
        ("A,2026-01-02,,-1", [("free", "beds", "-1", "sentinel: it stands for a count that is not known")]),
        ("A,2026-01-02,,-9", [("free", "beds", "-9", "sentinel")]),
        ("A,2026-01-02,,-99.0", [("free", "beds", "-99.0", "sentinel")]),
        ("A,2026-01-02,,-999", [("free", "beds", "-999", "sentinel")]),
        ("A,2026-01-02,,-9999", [("free", "beds", "-9999", "sentinel")]),
        ("A,2026-01-02,,-99999", [("free", "beds", "-99999", "negative count")]),
        ("A,2026-01-02,,n/a", [("free", "beds", "n/a", "unreadable count: it looks like a word for no value")]),
        ("A,2026-01-02,,nan", [("free", "beds", "nan", "unreadable count")]),
        ("A,2026-01-02,,0x1A", [("free", "beds", "0x1A", "unreadable count")]),
        ("A,2026-01-02,,1_000", [("free", "beds", "1_000", "unreadable count")]),
        ('A,2026-01-02,,"1,000"', [("free", "beds", "1,000", "unreadable count")]),
        ("A,2026-01-02,,\u0661", [("free", "beds", "\u0661", "unreadable count")]),
        ("A,2026-01-02,,True", [("free", "beds", "True", "unreadable count")]),
        ("A,2026-01-02,,inf", [("free", "beds", "inf", "not finite")]),
        ("A,2026-01-02,,-Infinity", [("free", "beds", "-Infinity", "not finite")]),
        ("A,2026-01-02,,1e999", [("free", "beds", "1e999", "not finite")]),
        (
            "A,2026-01-02,-7,1",
            [("occupied", "occupancy", "-7", "negative count"), ("occupied", "beds", "-7", "negative count")],
        ),
        ("A,2026-01-02,1e308,1e308", [("occupied + free", "beds", "inf", "not finite")]),
        (
            "B,2026-01-01,10,5",
            [
                ("occupied", "occupancy", "10", "repeated row: the first is in extract.csv line 2"),
                ("occupied + free", "beds", "15.0", "repeated row: the first is in extract.csv line 2"),
            ],
        ),
        (
            "B,2026-01-01,11,5",
            [
                ("occupied", "occupancy", "11", "duplicate: the first is in extract.csv line 2"),
                ("occupied + free", "beds", "16.0", "duplicate: the first is in extract.csv line 2"),
            ],
        ),
    ],
)
def test_a_bad_row_of_a_wide_file_is_quarantined_and_the_others_are_accepted(
    tmp_path: Path, row: str, records: list[tuple[str, str, str, str]]
) -> None:
    hospital = Hospital(tmp_path).send(HEADER + GOOD + row + "\n")
    summary = hospital.ingest()
    found = read_quarantine(summary.quarantine)
    assert [(r["file"], r["line"]) for r in found] == [("extract.csv", "3")] * len(records)
    for record, (column, measure, text, reason) in zip(found, records, strict=True):
        assert (record["column"], record["measure"], record["found"]) == (column, measure, text)
        assert record["reason"].startswith(reason)
    assert sum(summary.quarantined.values()) == len(records)
    assert {key: y for key, y in hospital.known().items() if key in ACCEPTED} == ACCEPTED


@pytest.mark.parametrize(
    ("row", "record"),
    [
        ("A,2026-01-01,bedds,,1,2026-01-02", ("what", "bedds", "bedds", "unknown measure: use a built-in")),
        ("A,2026-01-01,,,1,2026-01-02", ("what", "", "", "unknown measure")),
        ("A,2026-01-01,beds,a/b,1,2026-01-02", ("age", "beds", "a/b", "unreadable stream: take the '/'")),
        ("A,2026-01-01,beds,,1,yesterday", ("published", "beds", "yesterday", "unreadable known_at")),
        ("A,2026-01-01,beds,,1,", ("published", "beds", "", "unreadable known_at")),
        ("A,2026-01-01,beds,,1,0001-01-01", ("published", "beds", "0001-01-01", "unreadable known_at")),
        ("A,2026-01-01,beds,,-1,2026-01-02", ("n", "beds", "-1", "sentinel")),
        (
            "B,2026-01-01,beds,,10,2026-01-02T00:00",
            ("n", "beds", "10", "repeated row: the first is in extract.csv line 2"),
        ),
        (
            "B,2026-01-01,beds,,10.5,2026-01-02T00:00",
            ("n", "beds", "10.5", "duplicate: the first is in extract.csv line 2"),
        ),
    ],
)
def test_a_bad_row_of_a_long_file_is_quarantined_and_the_others_are_accepted(
    tmp_path: Path, row: str, record: tuple[str, str, str, str]
) -> None:
    hospital = Hospital(tmp_path, LONG).send(LONG_HEADER + LONG_GOOD + row + "\n")
    (found,) = read_quarantine(hospital.ingest().quarantine)
    column, measure, text, reason = record
    assert (found["line"], found["column"], found["measure"], found["found"]) == ("3", column, measure, text)
    assert found["reason"].startswith(reason)
    assert hospital.known() == LONG_ACCEPTED


def test_a_quarantined_row_says_which_place_and_day_it_is_of(tmp_path: Path) -> None:
    (found,) = read_quarantine(Hospital(tmp_path).send(HEADER + GOOD + "A,2026-01-02,,x\n").ingest().quarantine)
    assert list(found) == ["file", "line", "column", "place", "day", "measure", "found", "reason"]
    assert (found["place"], found["day"]) == ("A", "2026-01-02")


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("A,2026-01-02,3,4", {("A/occupancy", "2026-01-02"): 3.0, ("A/beds", "2026-01-02"): 7.0}),
        (" A , 2026-01-02 , 3 , 4 ", {("A/occupancy", "2026-01-02"): 3.0, ("A/beds", "2026-01-02"): 7.0}),
        ("A,2026-01-02 00:00:00,3,4", {("A/occupancy", "2026-01-02"): 3.0, ("A/beds", "2026-01-02"): 7.0}),
        ("A,2026-01-02T00:00Z,3,4", {("A/occupancy", "2026-01-02"): 3.0, ("A/beds", "2026-01-02"): 7.0}),
        ("A,2026-01-01 22:00:00-02:00,3,4", {("A/occupancy", "2026-01-02"): 3.0, ("A/beds", "2026-01-02"): 7.0}),
        ("A,2025-06-30T23:00:00.000Z,3,", {("A/occupancy", "2025-07-01"): 3.0}),
        ("A,2026-03-01,3,", {("A/occupancy", "2026-03-01"): 3.0}),
        ("A,2026-01-02T00:00,3,4", {("A/occupancy", "2026-01-02"): 3.0, ("A/beds", "2026-01-02"): 7.0}),
        ("A,2026-01-02,2.5,.5", {("A/occupancy", "2026-01-02"): 2.5, ("A/beds", "2026-01-02"): 3.0}),
        ("A,2026-01-02,0,1e2", {("A/occupancy", "2026-01-02"): 0.0, ("A/beds", "2026-01-02"): 100.0}),
        ("A,2026-01-02,3,", {("A/occupancy", "2026-01-02"): 3.0}),
        ("A,2026-01-02,,4", {}),
        ("A,2026-01-02,3,x", {("A/occupancy", "2026-01-02"): 3.0}),
        ("A,2026-01-02,,", {}),
        ("north,2026-01-02,3,", {("north/occupancy", "2026-01-02"): 3.0}),
        ("ALL,2026-01-02,3,4", {}),
        ("ALL,never,-3,x", {}),
    ],
)
def test_valid_cells_are_accepted_one_by_one(tmp_path: Path, row: str, values: dict[tuple[str, str], float]) -> None:
    hospital = Hospital(tmp_path).send(f"{HEADER}{GOOD}{row}\n")
    hospital.ingest()
    assert hospital.known() == ACCEPTED | values


@pytest.mark.parametrize(
    ("row", "ignored", "empty"),
    [("A,2026-01-02,,", 0, 2), ("A,2026-01-02,3,", 0, 1), ("ALL,2026-01-02,1,1", 1, 0), ("A,2026-01-02,1,1", 0, 0)],
)
def test_blank_cells_and_ignored_rows_are_counted_and_are_no_errors(
    tmp_path: Path, row: str, ignored: int, empty: int
) -> None:
    summary = Hospital(tmp_path).send(HEADER + GOOD + row + "\n").ingest()
    assert (summary.ignored, summary.empty, summary.quarantined, summary.quarantine) == (ignored, empty, {}, None)


def test_rows_of_an_ignored_place_are_ignored_even_when_it_is_the_root(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, source=WIDE.replace("ALL", "north")).send(HEADER + GOOD + "north,2026-01-01,99,99\n")
    assert hospital.ingest().ignored == 1
    assert hospital.known() == ACCEPTED


def test_streams_make_their_own_series(tmp_path: Path) -> None:
    body = "A,2026-01-01,attendances,paediatric,3,2026-01-02\nA,2026-01-01,attendances,,8,2026-01-02\n"
    hospital = Hospital(tmp_path, LONG).send(LONG_HEADER + body)
    hospital.ingest()
    assert hospital.known() == {
        ("A/attendances", "2026-01-01"): 8.0,
        ("A/attendances/paediatric", "2026-01-01"): 3.0,
    }


def test_a_day_belongs_to_the_first_source_that_has_it(tmp_path: Path) -> None:
    two = WIDE.replace("*.csv", "a.csv") + LONG.replace("daily", "second").replace("*.csv", "b.csv")
    hospital = Hospital(tmp_path, two).send(HEADER + "A,2026-01-01,3,4\n", "a.csv")
    hospital.send(LONG_HEADER + "A,2026-01-01,beds,,9,2026-01-02\nA,2026-01-02,beds,,9,2026-01-03\n", "b.csv")
    (found,) = read_quarantine(hospital.ingest().quarantine)
    assert (found["file"], found["line"], found["reason"][:48]) == (
        "b.csv",
        "2",
        "duplicate: the first is in a.csv line 2: keep on",
    )
    assert hospital.known()["A/beds", "2026-01-02"] == 9.0
    assert hospital.ingest().revised == 0
