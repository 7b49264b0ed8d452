"""Totals of weeks become counts of days: they add up to the total, none is known too soon, and no two weeks overlap."""

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.history.small import NOW, Hospital, read_quarantine
from training.errors import HistoryError, SystemFileError
from training.history.review import review
from training.history.weekly_totals import shares

SOURCE = """
[sources.sitrep]
path = "week*.csv"
place = "code"
day = "date"
measures = { attendances = "arrivals", beds = "open" }
every = "week"
"""
DAILY = """
[sources.daily]
path = "day*.csv"
place = "code"
day = "date"
measures = { attendances = "arrivals" }
"""
HEADER = "code,date,arrivals,open\n"
SUNDAY = date(2025, 1, 12)
OUT_OF_STEP, UNFINISHED = "week out of step", "unfinished week"


def week(number: int) -> date:
    return SUNDAY + timedelta(days=7 * number)


def lines(*rows: tuple[date, object], beds: object = "") -> str:
    return HEADER + "".join(f"A,{day},{total},{beds}\n" for day, total in rows)


def attendances(hospital: Hospital, instant: datetime | None = None) -> dict[str, float]:
    return {day: y for (series, day), y in hospital.known(instant).items() if series == "A/attendances"}


def test_a_total_is_divided_over_the_seven_days_that_end_on_its_day(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines((SUNDAY, 690)), "week1.csv")
    assert hospital.ingest().new == 7
    assert attendances(hospital) == {
        "2025-01-06": 98.0, "2025-01-07": 99.0, "2025-01-08": 98.0, "2025-01-09": 99.0,
        "2025-01-10": 98.0, "2025-01-11": 99.0, "2025-01-12": 99.0,
    }  # fmt: skip


def test_it_may_stand_on_the_first_of_its_days(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE + 'week_day = "first"\n').send(lines((SUNDAY, 14)), "week1.csv")
    hospital.ingest()
    assert attendances(hospital) == {f"2025-01-{day}": 2.0 for day in range(12, 19)}


def test_what_is_published_is_a_hundred_a_day_not_seven_hundred(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines(*((week(i), 690 + i) for i in range(60))), "week1.csv")
    assert hospital.ingest().new == 420
    found = attendances(hospital)
    assert len(found) == 420
    assert sum(found.values()) == sum(690 + i for i in range(60))
    assert set(found.values()) <= set(range(98, 108))


@given(st.floats(0, 1e9) | st.integers(0, 10**9).map(float))
def test_shares_add_up_exactly_and_are_even(total: float) -> None:
    of_week = shares(np.array([total]))[0]
    assert math.fsum(of_week) == pytest.approx(total, rel=1e-15, abs=0)
    assert np.ptp(of_week) <= (1 if total.is_integer() else 1e-6)
    assert of_week.min() >= 0
    if total.is_integer():
        assert of_week.sum() == total
        assert (of_week % 1 == 0).all()


def test_beds_stay_on_their_day(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines((SUNDAY, ""), beds=40), "week1.csv")
    assert hospital.ingest().new == 1
    assert hospital.known() == {("A/beds", "2025-01-12"): 40.0}


def test_no_day_of_a_week_is_known_before_the_week_is_over(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines((SUNDAY, 700)), "week1.csv")
    hospital.ingest()
    end = datetime(2025, 1, 13, tzinfo=UTC)
    assert attendances(hospital, end - timedelta(microseconds=1)) == {}
    assert len(attendances(hospital, end)) == 7


def test_a_revised_total_is_known_from_its_ingest(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines((SUNDAY, 700)), "week1.csv")
    hospital.ingest()
    later = NOW + timedelta(days=7)
    summary = hospital.send(lines((SUNDAY, 707)), "week1.csv").ingest(later)
    assert (summary.new, summary.revised) == (0, 7)
    assert set(attendances(hospital, later - timedelta(seconds=1)).values()) == {100.0}
    assert set(attendances(hospital, later).values()) == {101.0}


def test_weeks_that_are_missing_stay_gaps(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines((week(0), 7), (week(2), 14)), "week1.csv")
    assert hospital.ingest().quarantined == {}
    assert attendances(hospital).keys() == {
        f"{day:%Y-%m-%d}"
        for day in [*pd.date_range("2025-01-06", "2025-01-12"), *pd.date_range("2025-01-20", "2025-01-26")]
    }


def test_a_week_that_overlaps_the_others_is_quarantined(tmp_path: Path) -> None:
    rows = [(week(0), 7), (week(1), 7), (week(1) + timedelta(days=2), 99), (week(2), 7)]
    hospital = Hospital(tmp_path, SOURCE).send(lines(*rows), "week1.csv")
    summary = hospital.ingest()
    assert summary.quarantined == {OUT_OF_STEP: 1}
    (row,) = read_quarantine(summary.quarantine)
    assert (row["line"], row["day"], row["found"]) == ("4", "2025-01-21", "99")
    assert row["reason"] == (
        f"{OUT_OF_STEP}: its days, 2025-01-15 to 2025-01-21, overlap others: the weeks of this series end on Sunday; "
        "correct the day, or week_day in system.toml"
    )
    assert set(attendances(hospital).values()) == {1.0}


def test_a_file_a_week_is_compared_with_the_weeks_in_the_archive(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE.replace("week*", "week"))
    hospital.send(lines((week(0), 7)), "week.csv").ingest()
    hospital.send(lines((week(1), 14)), "week.csv").ingest()
    with pytest.raises(HistoryError, match="week out of step 1"):
        hospital.send(lines((week(2) + timedelta(days=1), 21)), "week.csv").ingest()
    assert hospital.send(lines((week(2), 21)), "week.csv").ingest().new == 7
    assert sum(attendances(hospital).values()) == 42


def test_a_series_that_was_archived_before_it_was_declared_takes_its_step_from_its_weeks(tmp_path: Path) -> None:
    undeclared = SOURCE.replace('every = "week"\n', "")
    rows = lines(*((week(i), 700) for i in range(3)))
    Hospital(tmp_path, undeclared).send(rows, "week1.csv").ingest()
    hospital = Hospital(tmp_path, SOURCE)
    summary = hospital.ingest(NOW + timedelta(days=1))
    assert (summary.new, summary.revised, summary.quarantined) == (18, 3, {})
    assert set(attendances(hospital).values()) == {100.0}


def test_a_week_that_is_not_over_is_quarantined(tmp_path: Path) -> None:
    monday = date(2026, 2, 23)
    hospital = Hospital(tmp_path, SOURCE + 'week_day = "first"\n')
    hospital.send(lines((monday - timedelta(days=7), 7), (monday, 7), (monday + timedelta(days=3), 7)), "week1.csv")
    assert hospital.ingest(datetime(2026, 2, 28, 6, tzinfo=UTC)).quarantined == {UNFINISHED: 2}
    assert hospital.ingest(datetime(2026, 3, 1, 23, tzinfo=UTC)).quarantined == {UNFINISHED: 1}
    assert len(attendances(hospital)) == 14


def test_two_totals_of_one_week_are_one_duplicate(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines((SUNDAY, 700), (SUNDAY, 707)), "week1.csv")
    assert hospital.ingest().quarantined == {"duplicate": 1}
    assert set(attendances(hospital).values()) == {100.0}


def test_days_that_another_source_counts_stay_as_they_are(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, DAILY + SOURCE)
    hospital.send("code,date,arrivals\nA,2025-01-08,5\nA,2025-01-09,6\n", "day1.csv")
    hospital.send(lines((SUNDAY, 70)), "week1.csv")
    assert hospital.ingest().quarantined == {"duplicate": 2}
    assert attendances(hospital) == {
        "2025-01-06": 10.0, "2025-01-07": 10.0, "2025-01-08": 5.0, "2025-01-09": 6.0,
        "2025-01-10": 10.0, "2025-01-11": 10.0, "2025-01-12": 10.0,
    }  # fmt: skip


def test_totals_of_months_are_no_totals_of_weeks(tmp_path: Path) -> None:
    months = lines(*((date(2025, month, 1), 3000) for month in range(1, 7)))
    with pytest.raises(HistoryError, match=r"one value every month, but its source declares every = \"week\""):
        Hospital(tmp_path, SOURCE).send(months, "week1.csv").ingest()


def test_divided_totals_are_noted(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines((week(0), 693), (week(1), 704), beds=40), "week1.csv")
    hospital.ingest()
    findings = review(hospital.system_file, hospital.archive).findings
    (noted,) = findings[findings["check"].eq("weekly totals")].to_dict("records")
    assert (noted["severity"], noted["unique_id"], noted["days"]) == ("noted", "A/attendances", 14)
    assert (noted["first"], noted["last"]) == (pd.Timestamp("2025-01-06"), pd.Timestamp("2025-01-19"))
    assert noted["note"] == "weekly totals spread over their days"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (SOURCE.replace('"week"\n', '"month"\n'), "every"),
        (SOURCE + 'week_day = "sunday"\n', "week_day"),
        (SOURCE.replace('every = "week"', 'week_day = "first"'), "declare every = 'week' as well"),
        (SOURCE.replace('"week"\n', '"day"\n') + 'week_day = "first"\n', "declare every = 'week' as well"),
    ],
)
def test_what_cannot_be_declared_is_rejected(tmp_path: Path, source: str, says: str) -> None:
    with pytest.raises(SystemFileError, match=says):
        _ = Hospital(tmp_path, source).system_file
