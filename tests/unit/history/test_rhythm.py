"""Totals of weeks and months are not taken for counts of days; whatever is counted on days is not taken for totals."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.history.small import NOW, Hospital
from training.errors import HistoryError
from training.history.reporting import rhythm_of
from training.history.review import review

SOURCE = """
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measures = { attendances = "arrivals", beds = "open" }
"""
DECLARED = SOURCE + 'every = "day"\n'
HEADER = "code,date,arrivals,open\n"
MONDAY = date(2024, 1, 1)
MONTHS = [date(2024 + month // 12, month % 12 + 1, 1) for month in range(12)]


def every(days: int, n: int) -> list[date]:
    return [MONDAY + timedelta(days=days * i) for i in range(n)]


def only(weekdays: set[int], n_days: int = 56) -> list[date]:
    return [day for day in every(1, n_days) if day.weekday() in weekdays]


def without(days: list[date], *missing: int) -> list[date]:
    return [day for i, day in enumerate(days) if i not in missing]


def numbers(days: list[date]) -> np.ndarray:
    return np.array(days, "datetime64[D]").astype(np.int64)


@pytest.mark.parametrize(
    ("days", "rhythm"),
    [
        (every(7, 4), "week"),
        (every(7, 60), "week"),
        (without(every(7, 9), 3, 5), "week"),
        (without(every(7, 9), 3, 4), "week"),
        ([*every(7, 4), MONDAY + timedelta(days=27)], "week"),
        ([*every(1, 40), *(day + timedelta(days=40) for day in every(7, 7))], "week"),
        (every(14, 4), "two weeks"),
        (MONTHS, "month"),
        (MONTHS[:4], "month"),
        (without(MONTHS, 4), "month"),
        (every(28, 5), "month"),
        (every(91, 4), "quarter"),
    ],
)
def test_values_that_stand_regularly_apart(days: list[date], rhythm: str) -> None:
    found = rhythm_of(numbers(days))
    assert found is not None
    assert found.every == rhythm


@pytest.mark.parametrize(
    "days",
    [
        every(7, 3),
        MONTHS[:3],
        every(1, 60),
        without(every(1, 60), *range(40, 52)),
        only({0, 1, 2, 3, 4}),
        only({5, 6}),
        only({0, 3}),
        [*every(7, 20), MONDAY + timedelta(days=134)],
        [day + timedelta(days=365 * winter) for winter in range(4) for day in every(1, 90)],
        [MONDAY + timedelta(days=d) for d in (0, 9, 15, 31, 42, 60)],
        every(5, 20),
        every(11, 20),
    ],
    ids=[
        "three weeks", "three months", "daily", "daily with a gap", "working days", "weekends", "two days a week",
        "weeks that became days", "winters", "at random", "every five days", "every eleven days",
    ],
)  # fmt: skip
def test_values_that_are_counted_on_days_have_no_rhythm(days: list[date]) -> None:
    assert rhythm_of(numbers(days)) is None


def lines(days: list[date], arrivals: object = 690, beds: object = "") -> str:
    return HEADER + "".join(f"A,{day},{arrivals},{beds}\n" for day in days)


def archived(hospital: Hospital) -> int:
    return 0 if hospital.archive.is_empty else len(hospital.known())


def test_weekly_totals_are_rejected_in_plain_words(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines(every(7, 60)))
    with pytest.raises(HistoryError) as raised:
        hospital.ingest()
    found, unchanged, totals, days = str(raised.value).split(". ")
    assert found == (
        "Ingesting extract.csv: A/attendances has one value every week "
        "(2025-01-27, 2025-02-03, 2025-02-10, 2025-02-17 are the newest), and would be taken for counts of single days"
    )
    assert unchanged == "Nothing was changed"
    assert totals == (
        'Send daily counts; declare every = "week" under [sources.daily] in system.toml if they are totals of weeks'
    )
    assert days.startswith('Declare every = "day" if each value is the count of that day alone, as of a clinic that')
    assert raised.value.exit_code == 3
    assert archived(hospital) == 0


def test_monthly_totals_are_rejected_and_cannot_be_declared(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"one value every month .* of longer times cannot be forecast as days\."):
        Hospital(tmp_path, SOURCE).send(lines(MONTHS)).ingest()


def test_a_file_a_week_is_rejected_once_there_are_four_values(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE.replace("*.csv", "week.csv"))
    for day in every(7, 3):
        hospital.send(lines([day]), "week.csv").ingest()
    with pytest.raises(HistoryError, match="A/attendances has one value every week"):
        hospital.send(lines([MONDAY + timedelta(days=21)]), "week.csv").ingest()
    assert archived(hospital) == 3


def test_one_weekly_series_among_daily_ones_is_named_with_how_many_others(tmp_path: Path) -> None:
    daily = lines(every(1, 30)).removeprefix(HEADER).replace("A,", "B,")
    with pytest.raises(HistoryError, match=r"A/attendances has one value every week .*newest\), and would"):
        Hospital(tmp_path, SOURCE).send(lines(every(7, 5)) + daily).ingest()
    both = lines(every(7, 5)).removeprefix(HEADER).replace("A,", "B,")
    with pytest.raises(HistoryError, match="newest\\), and 1 other series are like it, and would"):
        Hospital(tmp_path, SOURCE).send(lines(every(7, 5)) + both).ingest()


def test_a_daily_series_goes_on_by_a_file_a_day_after_a_gap(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines(every(1, 20)))
    hospital.ingest()
    for days_later in (27, 34, 41):
        assert hospital.send(lines([MONDAY + timedelta(days=days_later)])).ingest().new == 1


@pytest.mark.parametrize("days", [only({0, 1, 2, 3, 4}), only({5, 6}), without(every(1, 60), *range(10, 40))])
def test_what_is_counted_on_days_is_accepted(tmp_path: Path, days: list[date]) -> None:
    assert Hospital(tmp_path, SOURCE).send(lines(days)).ingest().new == len(days)


def test_a_clinic_that_opens_on_one_weekday_is_declared(tmp_path: Path) -> None:
    assert Hospital(tmp_path, DECLARED).send(lines(every(7, 20))).ingest().new == 20


@pytest.mark.parametrize(("days", "rhythm"), [(every(7, 20), "week"), (MONTHS, "month")])
def test_beds_that_are_counted_rarely_are_noted_not_rejected(tmp_path: Path, days: list[date], rhythm: str) -> None:
    hospital = Hospital(tmp_path, SOURCE).send(lines(days, "", 40), "beds.csv").send(lines(every(1, 420)), "daily.csv")
    hospital.ingest()
    findings = review(hospital.system_file, hospital.archive).findings
    noted = findings[findings["check"].eq("rhythm")]
    assert noted[["severity", "unique_id", "note"]].to_numpy().tolist() == [
        ["noted", "A/beds", f"one value every {rhythm}"]
    ]
    assert noted["last"].tolist() == [pd.Timestamp(days[-1])]
    assert days[-1] < NOW.date()
