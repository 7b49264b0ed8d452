"""Reporting delays and the age of the newest values, against numbers worked out by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tests.unit.report.reading import Page, numbers
from tests.unit.report.small import evidence_of, steady, system, version
from training.charts import page
from training.report.delays import BINS, newest_ages, reporting_delays, shares


@pytest.mark.parametrize(
    ("delay_days", "words"),
    [
        (-0.7, "before its end"),
        (0.0, "at its end"),
        (0.01, "within a day"),
        (1.0, "within a day"),
        (1.4, "within 2 days"),
        (7.0, "within a week"),
        (28.0, "within 4 weeks"),
        (28.1, "later"),
    ],
)
def test_each_delay_has_its_words(delay_days: float, words: str) -> None:
    (found,) = np.flatnonzero(shares(np.array([delay_days])))
    assert BINS[found][1] == words


def test_delays_are_of_first_values_by_measure() -> None:
    rows = [version("A/attendances", i, 100 + i, after_days=1.5) for i in range(3)]
    rows += [version("A/attendances", 3, 100, after_days=10), version("A/attendances", 0, 5, after_days=20)]
    rows += [version("A/beds", i, 50 + i, after_days=-0.5) for i in range(2)]
    read = Page(page("", reporting_delays(evidence_of(rows, system("A")))))
    drawn = read.pictures["first-known"]
    assert dict(zip(drawn.trace("attendances")["x"], numbers(drawn.trace("attendances")["y"]), strict=True)) == {
        **{words: 0 for _, words in BINS},
        "within 2 days": 0.75,
        "within 2 weeks": 0.25,
    }
    assert numbers(drawn.trace("beds")["y"])[0] == 1.0
    assert "attendances 4 1.5 7.5 10 beds 2 \N{MINUS SIGN}0.5" in read.text


def test_the_clock_change_makes_no_delay() -> None:
    rows = [version("A/beds", i, 50.0 + i % 2) for i in range(80, 90)]  # 2025-03-30 has 23 hours
    found = evidence_of(rows, system("A"), as_of=datetime(2025, 6, 1, tzinfo=UTC))
    assert found.vintages.delay_days.tolist() == [0.0] * 10


def test_values_known_at_the_end_of_their_day_have_no_picture_but_a_sentence() -> None:
    read = Page(page("", reporting_delays(evidence_of(steady("A/beds", range(5)), system("A")))))
    assert read.pictures == {}
    assert "no known_at column" in read.text
    assert "there are no delays to draw" in read.text


def test_the_newest_value_is_as_old_as_its_day() -> None:
    rows = [*steady("A/beds", range(10)), *steady("B/beds", range(8))]
    as_of = datetime(2025, 1, 16, 6, tzinfo=UTC)  # the day after the tenth
    assert newest_ages(evidence_of(rows, system("A", "B"), as_of=as_of)).tolist() == [1, 3]


def test_late_and_silent_series_are_named() -> None:
    rows = [*steady("A/beds", range(40)), *steady("B/beds", range(37)), *steady("C/beds", range(5))]
    text = Page(page("", reporting_delays(evidence_of(rows, system("A", "B", "C", names={"B": "St Mary"}))))).text
    assert "1 of 3 series have a value for the newest day, Fri 14 Feb 2025, which is 15 days before" in text
    assert "1 late and 1 silent" in text
    assert "B/beds St Mary late Tue 11 Feb 2025 18 C/beds C silent Fri 10 Jan 2025 50" in text


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (datetime(2025, 1, 8, 9, tzinfo=UTC), "which is the day of this report"),
        (datetime(2025, 1, 9, 9, tzinfo=UTC), "which is 1 day before the day of this report"),
        (datetime(2025, 1, 7, 9, tzinfo=UTC), "which is 1 day after the day of this report"),
    ],
)
def test_the_age_is_said_in_words(as_of: datetime, words: str) -> None:
    read = Page(page("", reporting_delays(evidence_of(steady("A/beds", range(3)), system("A"), as_of=as_of))))
    assert words in read.text
