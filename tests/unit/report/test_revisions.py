"""Revisions: how values moved, against numbers worked out by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tests.unit.report.reading import Page, numbers
from tests.unit.report.small import evidence_of, steady, system, version
from training.charts import page
from training.report.delays import course, revisions

TWICE = [version("A/discharges", 0, 100), version("A/discharges", 0, 110, 1.5), version("A/discharges", 0, 120, 4)]
ONCE = [version("A/discharges", 1, 200), version("A/discharges", 1, 180, 2)]
NEVER = [version("A/discharges", 2, 50), version("A/discharges", 2, 50, 3)]
FROM_ZERO = [version("A/discharges", 3, 0), version("A/discharges", 3, 10, 1)]
ROWS = TWICE + ONCE + NEVER


def test_the_course_is_the_median_and_the_middle_of_relative_changes_by_age() -> None:
    evidence = evidence_of(ROWS + FROM_ZERO, system("A"))
    found = course(evidence.vintages, evidence.of_measure("discharges"))
    assert found.ages.tolist() == [0, 1, 2, 3, 4]
    assert found.n.tolist() == [2] * 5  # of the one that was zero first there is no relative change
    assert found.median == pytest.approx([0, 0, 0, 0, 0.05])
    assert found.low == pytest.approx([0, 0, -0.08, -0.08, -0.07])
    assert found.high == pytest.approx([0, 0, 0.08, 0.08, 0.17])


def test_values_that_are_not_that_old_yet_do_not_count_at_that_age() -> None:
    three_days_after_the_second = datetime(2025, 1, 11, tzinfo=UTC)
    rows = [*TWICE, *ONCE]
    evidence = evidence_of(rows, system("A"), as_of=three_days_after_the_second)
    found = course(evidence.vintages, evidence.of_measure("discharges"))
    assert dict(zip(found.ages.tolist(), found.n.tolist(), strict=True)) == {0: 2, 1: 2, 2: 2, 3: 2, 4: 1}
    assert found.median[-1] == pytest.approx(0.2)


def test_a_value_first_known_late_does_not_count_before() -> None:
    late = [version("A/discharges", 4, 100, 5), version("A/discharges", 4, 150, 9)]
    evidence = evidence_of(late, system("A"))
    found = course(evidence.vintages, evidence.of_measure("discharges"))
    assert (found.ages.tolist(), found.median.tolist()) == ([5, 6, 7, 10], [0, 0, 0, 0.5])


def test_vintages_count_by_when_they_became_known_whatever_their_order() -> None:
    forwards, backwards = evidence_of(ROWS, system("A")).vintages, evidence_of(ROWS[::-1], system("A")).vintages
    for found in (forwards, backwards):
        assert found.first.tolist() == [100, 200, 50]
        assert found.newest.tolist() == [120, 180, 50]
        assert found.is_revised.tolist() == [True, True, False]


def test_the_table_says_which_measures_revise_most() -> None:
    admissions = [*steady("A/admissions", range(9)), version("A/admissions", 0, 90, 6)]
    read = Page(page("", revisions(evidence_of(ROWS + admissions + steady("A/beds", range(3)), system("A")))))
    assert "3 values (20 %) had more than one value over time. Discharges are revised most: 67 %" in read.text
    assert "discharges 3 2 67 % +5.0 % 50 % 4 days admissions 9 1 11 % \N{MINUS SIGN}10.0 % 0 % 6 days" in read.text
    assert "beds 3 0 0 %" in read.text


def test_the_picture_has_a_line_for_each_measure_that_was_revised() -> None:
    rows = [*ROWS, *steady("A/admissions", range(9)), version("A/admissions", 0, 90, 6)]
    read = Page(page("", revisions(evidence_of(rows, system("A")))))
    drawn = read.pictures["revisions-by-age"]
    medians = [numbers(trace["y"]).tolist() for trace in drawn.data if trace.get("name") == "median"]
    assert [np.round(line[-1], 6) for line in medians] == [0.05, -0.1]
    assert [title["text"] for title in drawn.layout["annotations"]] == ["discharges", "admissions"]
    assert "middle 80 %" in read.captions["revisions-by-age"]


def test_where_nothing_was_ever_revised_a_sentence_says_so() -> None:
    read = Page(page("", revisions(evidence_of(steady("A/beds", range(5)) + NEVER, system("A")))))
    assert (read.pictures, read.text.strip().endswith("each is as it first became known.")) == ({}, True)


def test_revisions_from_zero_alone_have_a_table_and_no_picture() -> None:
    read = Page(page("", revisions(evidence_of(FROM_ZERO, system("A")))))
    assert read.pictures == {}
    assert "discharges 1 1 100 % 100 % 1 day" in read.text
