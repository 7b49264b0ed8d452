"""Days made of rows: hours, snapshots and events, on days of 23, 24 and 25 hours."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.history.small import Hospital, read_quarantine

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
SOURCE = """
[sources.hours]
path = "*.csv"
place = "site"
time = "at"
aggregate = "{aggregate}"
measures = {{ {measure} = "{column}" }}
"""


def hospital(
    folder: Path, aggregate: str, more: str = "", *, zone: str = "Europe/London", measure: str = "attendances",
    column: str = "n",
) -> Hospital:  # fmt: skip
    found = Hospital(folder, SOURCE.format(aggregate=aggregate, measure=measure, column=column) + more)
    system = folder / "system.toml"
    system.write_text(system.read_text(encoding="utf-8").replace("Europe/London", zone), encoding="utf-8")
    return found


def rows(values: Iterable[tuple[str, str, object]]) -> str:
    return "site,at,n\n" + "".join(f"{site},{at},{n}\n" for site, at, n in values)


def hours_by_clock(day: str, n: int = 1, site: str = "A") -> list[tuple[str, str, object]]:
    """One row for each hour of a day by a clock of 24 hours."""
    return [(site, f"{day}T{hour:02d}:00", n) for hour in range(24)]


def hours_that_pass(day: date, zone: str, n: int = 1) -> list[tuple[str, str, object]]:
    """One row for each hour that passes on a local day, with its offset."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    passing = (start + timedelta(hours=hour) for hour in range(27))
    return [("A", at.astimezone(ZoneInfo(zone)).isoformat(), n) for at in passing
            if at.astimezone(ZoneInfo(zone)).date() == day]  # fmt: skip


def checks(hospital: Hospital) -> dict[tuple[str, str], str]:
    known = hospital.archive.as_of()
    if "check" not in known:
        return {}
    flagged = known[known["check"].notna()]
    return {(i, str(ds)[:10]): str(check) for i, ds, check in zip(flagged["unique_id"], flagged["ds"], flagged["check"],
                                                                 strict=True)}  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "n_hours"),
    [
        ("Europe/London", date(2026, 3, 29), 23),
        ("Europe/London", date(2026, 10, 25), 25),
        ("America/Montreal", date(2026, 3, 8), 23),
        ("America/Montreal", date(2026, 11, 1), 25),
        ("Australia/Sydney", date(2026, 10, 4), 23),
        ("Australia/Sydney", date(2026, 4, 5), 25),
        ("Europe/London", date(2026, 6, 1), 24),
    ],
)
def test_a_local_day_has_as_many_hours_as_pass(tmp_path: Path, zone: str, day: date, n_hours: int) -> None:
    days = [day + timedelta(days=n) for n in (-1, 0, 1)]
    sent = [row for each in days for row in hours_that_pass(each, zone)]
    made = hospital(tmp_path, "sum", zone=zone).send(rows(sent))
    made.ingest(NOW)
    assert [made.known()["A/attendances", str(each)] for each in days] == [24.0, float(n_hours), 24.0]
    assert checks(made) == {}


@pytest.mark.parametrize(
    ("absent", "value", "flagged"),
    [("2026-10-25T01:00:00+00:00", 24.0, True), ("2026-10-25T01:00:00+01:00", 24.0, True), ("none", 25.0, False)],
)
def test_either_of_two_equal_hours_is_missed(tmp_path: Path, absent: str, value: float, flagged: bool) -> None:
    days = [date(2026, 10, 25) + timedelta(days=n) for n in range(-3, 2)]
    sent = [row for day in days for row in hours_that_pass(day, "Europe/London") if row[1] != absent]
    made = hospital(tmp_path, "sum").send(rows(sent))
    made.ingest(NOW)
    assert made.known()["A/attendances", "2026-10-25"] == value
    assert checks(made) == ({("A/attendances", "2026-10-25"): "partial day"} if flagged else {})


def test_a_clock_shows_the_repeated_hour_once_or_twice_and_neither_is_partial(tmp_path: Path) -> None:
    twice = [("A", "2026-10-25T01:00", 1)]
    sent = [*hours_by_clock("2026-10-24"), *hours_by_clock("2026-10-25"), *twice, *hours_by_clock("2026-10-26")]
    made = hospital(tmp_path, "sum").send(rows(sent))
    made.ingest(NOW)
    assert made.known()["A/attendances", "2026-10-25"] == 25.0
    assert checks(made) == {}


def test_an_hour_that_lacks_makes_a_sum_partial_and_an_archived_day_stays(tmp_path: Path) -> None:
    complete = [row for day in (1, 2, 3) for row in hours_by_clock(f"2026-06-0{day}")]
    made = hospital(tmp_path, "sum").send(rows(row for row in complete if row[1] != "2026-06-02T05:00"))
    made.ingest(NOW)
    assert made.known()["A/attendances", "2026-06-02"] == 23.0
    assert checks(made) == {("A/attendances", "2026-06-02"): "partial day"}
    made.send(rows(complete)).ingest(NOW + timedelta(hours=1))
    assert made.known()["A/attendances", "2026-06-02"] == 24.0
    assert checks(made) == {}
    made.send(rows(row for row in complete if row[1] >= "2026-06-02T20:00"))
    summary = made.ingest(NOW + timedelta(hours=2))
    assert summary.quarantined == {"less complete": 1}
    assert made.known()["A/attendances", "2026-06-02"] == 24.0


def test_an_hour_sent_later_that_adds_nothing_still_ends_the_doubt(tmp_path: Path) -> None:
    complete = [(*row[:2], 0 if row[1].endswith("05:00") else 1) for day in (1, 2, 3)
                for row in hours_by_clock(f"2026-06-0{day}")]  # fmt: skip
    made = hospital(tmp_path, "sum").send(rows(row for row in complete if row[1] != "2026-06-02T05:00"))
    made.ingest(NOW)
    assert checks(made) == {("A/attendances", "2026-06-02"): "partial day"}
    assert made.send(rows(complete)).ingest(NOW + timedelta(hours=1)).revised == 1
    assert checks(made) == {}
    assert made.known()["A/attendances", "2026-06-02"] == 23.0


def test_hours_without_a_count_that_are_never_sent_are_no_fault(tmp_path: Path) -> None:
    """B sends only hours with patients; on the third day A has an outage, which concerns B too."""
    of_a = [row for day in (1, 2, 3, 4) for row in hours_by_clock(f"2026-06-0{day}")]
    of_b = [("B", f"2026-06-0{day}T{hour:02d}:00", 2) for day in (1, 2, 3, 4) for hour in (9, 10 + day)]
    made = hospital(tmp_path, "sum").send(rows([*(row for row in of_a if row[1] != "2026-06-03T04:00"), *of_b]))
    made.ingest(NOW)
    assert made.known()["B/attendances", "2026-06-01"] == 4.0
    assert checks(made) == {(f"{site}/attendances", "2026-06-03"): "partial day" for site in "AB"}


def test_a_blank_or_rejected_count_makes_a_sum_partial(tmp_path: Path) -> None:
    sent = [row for day in (1, 2, 3) for row in hours_by_clock(f"2026-06-0{day}")]
    spoilt = {"2026-06-01T03:00": "", "2026-06-02T03:00": "many"}
    made = hospital(tmp_path, "sum").send(rows((*row[:2], spoilt.get(row[1], row[2])) for row in sent))
    summary = made.ingest(NOW)
    assert summary.quarantined == {"unreadable count": 1}
    assert checks(made) == {("A/attendances", f"2026-06-0{day}"): "partial day" for day in (1, 2)}
    (found,) = read_quarantine(summary.quarantine)
    assert (found["file"], found["line"], found["column"], found["found"]) == ("extract.csv", "29", "n", "many")


def test_a_day_that_is_not_over_has_no_sum_yet(tmp_path: Path) -> None:
    sent = [row for day in (28, 29, 30) for row in hours_by_clock(f"2026-11-{day}")]
    made = hospital(tmp_path, "sum").send(rows([*sent, *hours_by_clock("2026-12-01")[:9]]))
    made.ingest(NOW)
    assert [day for _, day in made.known()] == ["2026-11-28", "2026-11-29", "2026-11-30"]


@pytest.mark.parametrize(
    ("snapshots", "census_within", "occupancy"),
    [
        ([("07:00", 10), ("08:00", 11), ("09:00", 12)], "", 11.0),
        ([("07:00", 10), ("09:00", 12)], "", 10.0),  # the earlier of two
        ([("06:30", 10), ("09:00", 12)], "", 12.0),
        ([("07:59", 10), ("08:02", 12)], "", 10.0),
        ([("04:59", 10)], "", None),  # more than three hours away
        ([("05:00", 10)], "", 10.0),
        ([("05:00", 10)], "census_within_hours = 2.5", None),
        ([("08:00", 10), ("08:00", 13)], "", 13.0),  # sent again
        ([("08:00", ""), ("09:00", 12)], "", 12.0),
    ],
)
def test_a_census_takes_the_nearest_snapshot(
    tmp_path: Path, snapshots: list[tuple[str, object]], census_within: str, occupancy: float | None
) -> None:
    always = [("B", "2026-06-01T08:00", 1)]
    sent = [("A", f"2026-06-01T{at}", n) for at, n in snapshots]
    made = hospital(tmp_path, "census", census_within, measure="occupancy").send(rows([*always, *sent]))
    made.ingest(NOW)
    assert made.known().get(("A/occupancy", "2026-06-01")) == occupancy


def test_a_census_at_midnight_belongs_to_the_day_that_begins(tmp_path: Path) -> None:
    made = hospital(tmp_path, "census", measure="occupancy")
    system = tmp_path / "system.toml"
    system.write_text(system.read_text(encoding="utf-8").replace("[system]", "[system]\ncensus_hour = 0"), "utf-8")
    made.send(rows([("A", "2026-06-01T23:50", 7), ("A", "2026-06-02T01:00", 8)])).ingest(NOW)
    assert made.known() == {("A/occupancy", "2026-06-02"): 7.0}


def test_the_census_of_today_is_there_once_its_hour_has_come(tmp_path: Path) -> None:
    made = hospital(tmp_path, "census", measure="occupancy")
    made.send(rows([("A", "2026-11-30T08:00", 7), ("A", "2026-12-01T07:00", 8)]))
    made.ingest(datetime(2026, 12, 1, 7, 30, tzinfo=UTC))
    assert made.known() == {("A/occupancy", "2026-11-30"): 7.0}
    made.ingest(datetime(2026, 12, 1, 8, 0, tzinfo=UTC))
    assert made.known()["A/occupancy", "2026-12-01"] == 8.0


@pytest.mark.parametrize(("aggregate", "value"), [("mean", 11.5), ("max", 23.0)])
def test_the_mean_and_the_maximum_of_snapshots(tmp_path: Path, aggregate: str, value: float) -> None:
    sent = [("A", f"2026-06-0{day}T{hour:02d}:00", hour) for day in (1, 2, 3) for hour in range(24)]
    without_seven = [row for row in sent if not (row[1] >= "2026-06-02T00:00" and row[1] < "2026-06-02T07:00")]
    made = hospital(tmp_path, aggregate, measure="occupancy").send(rows(without_seven))
    made.ingest(NOW)
    assert made.known()["A/occupancy", "2026-06-01"] == value
    assert checks(made) == {("A/occupancy", "2026-06-02"): "partial day"}  # 17 of 24 snapshots


def test_events_are_counted_and_a_quiet_day_is_zero(tmp_path: Path) -> None:
    sent = [("A", "2026-06-01T08:13", "x"), ("A", "2026-06-01T23:59", "y"), ("A", "2026-06-03T00:00", ""),
            ("B", "2026-06-02T12:00", "z")]  # fmt: skip
    made = hospital(tmp_path, "count", column="*").send(rows(sent))
    made.ingest(NOW)
    days = ("2026-06-01", "2026-06-02", "2026-06-03")
    assert made.known() == {
        **{("A/attendances", day): n for day, n in zip(days, (2.0, 0.0, 1.0), strict=True)},
        **{("B/attendances", day): n for day, n in zip(days, (0.0, 1.0, 0.0), strict=True)},
    }


def test_a_named_column_counts_its_cells(tmp_path: Path) -> None:
    sent = [("A", "2026-06-01T08:13", "x"), ("A", "2026-06-01T09:00", ""), ("A", "2026-06-01T10:00", "y")]
    made = hospital(tmp_path, "count").send(rows(sent))
    made.ingest(NOW)
    assert made.known() == {("A/attendances", "2026-06-01"): 2.0}


def test_overlapping_files_count_once(tmp_path: Path) -> None:
    """Each file has the last hours: cut within its first and its last one."""
    first = [("A", f"2026-06-01T{hour:02d}:{minute:02d}", 1) for hour in range(24) for minute in (0, 30)]
    second = [("A", "2026-06-01T22:30", 1), ("A", "2026-06-01T23:00", 5), ("A", "2026-06-01T23:30", 1),
              ("A", "2026-06-02T00:00", 2), ("A", "2026-06-02T01:00", 2)]  # fmt: skip
    made = hospital(tmp_path, "sum").send(rows(first), "a.csv").send(rows(second), "b.csv")
    made.ingest(NOW)
    assert made.known() == {("A/attendances", "2026-06-01"): 46.0 + 6.0, ("A/attendances", "2026-06-02"): 4.0}


def test_rows_of_days_are_added_up_too(tmp_path: Path) -> None:
    source = """
[sources.clinics]
path = "*.csv"
place = "site"
day = "at"
aggregate = "sum"
measures = { attendances = "n" }
"""
    made = Hospital(tmp_path, source).send(
        rows([("A", "2026-01-01", 3), ("A", "2026-01-01", 4), ("B", "2026-01-01", 1)])
    )
    made.ingest(NOW)
    assert made.known() == {("A/attendances", "2026-01-01"): 7.0, ("B/attendances", "2026-01-01"): 1.0}


@pytest.mark.parametrize("places", ['["A", "B"]', '"*"'])
def test_columns_of_places_with_their_time_in_four_columns(tmp_path: Path, places: str) -> None:
    source = f"""
[sources.calls]
path = "*.csv"
place_columns = {places}
time = ["year", "month", "day", "hour"]
aggregate = "sum"
measures = {{ attendances = "*" }}
ignore_places = ["total"]
"""
    lines = ["year,month,day,hour,A,B,total", "2026,6,1,0,1,2,3", "2026,6,1,23,4,,4", "2026,6,2,0,1,1,2"]
    made = Hospital(tmp_path, source).send("\n".join(lines))
    made.ingest(NOW)
    assert made.known() == {
        ("A/attendances", "2026-06-01"): 5.0, ("B/attendances", "2026-06-01"): 2.0,
        ("A/attendances", "2026-06-02"): 1.0, ("B/attendances", "2026-06-02"): 1.0,
    }  # fmt: skip


def test_a_stand_in_for_a_hidden_count_is_used_and_flagged(tmp_path: Path) -> None:
    source = """
[sources.daily]
path = "*.csv"
place = "site"
day = "at"
suppressed = { "<5" = 2.5, "*" = "missing" }
measures = { attendances = "n" }
"""
    made = Hospital(tmp_path, source).send(
        rows([("A", "2026-01-01", "<5"), ("A", "2026-01-02", "*"), ("B", "2026-01-01", 9)])
    )
    made.ingest(NOW)
    assert made.known() == {("A/attendances", "2026-01-01"): 2.5, ("B/attendances", "2026-01-01"): 9.0}
    assert checks(made) == {("A/attendances", "2026-01-01"): "suppressed"}


def test_one_stand_in_among_the_hours_flags_their_sum(tmp_path: Path) -> None:
    sent = [(*row[:2], "<5" if row[1].endswith("03:00") else row[2]) for row in hours_by_clock("2026-06-01", 10)]
    made = hospital(tmp_path, "sum", 'suppressed = { "<5" = 2 }').send(rows(sent))
    made.ingest(NOW)
    assert made.known() == {("A/attendances", "2026-06-01"): 232.0}
    assert checks(made) == {("A/attendances", "2026-06-01"): "suppressed"}


def test_an_hour_that_may_be_a_fraction_or_thousands_is_not_added_up(tmp_path: Path) -> None:
    sent = [(*row[:2], "1.107" if row[1].endswith("03:00") else row[2]) for row in hours_by_clock("2026-06-01", 10)]
    made = hospital(tmp_path, "sum").send(rows(sent))
    assert made.ingest(NOW).quarantined == {"decimals or thousands": 1}
    assert made.known() == {("A/attendances", "2026-06-01"): 230.0}
    assert checks(made) == {("A/attendances", "2026-06-01"): "partial day"}
