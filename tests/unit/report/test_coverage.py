"""The coverage calendar: what each day of each series is."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from tests.unit.report.reading import Page, numbers
from tests.unit.report.small import day, evidence_of, steady, system, version
from training.charts import page
from training.report.coverage import SERIES_DRAWN, by_day, by_week, coverage
from training.report.evidence import DayState, missing_days, series_to_draw, states
from training.system.model import Event, EventKind, SystemContext

NO_VALUE, VALUE, REVISED, SUSPECT, LEFT_OUT = DayState


def test_each_day_is_in_one_state() -> None:
    rows = [row for row in steady("A/attendances", range(40)) if row[1] != day(3)]
    rows.append(version("A/attendances", 5, 120.0, after_days=2))
    rows = [row for row in rows if row[1] != day(38)] + [version("A/attendances", 38, 0.0)]
    fault = Event(day(9).date(), day(10).date(), "A", None, EventKind.DATA_FAULT, "")
    strike = Event(day(20).date(), day(21).date(), None, None, EventKind.STRIKE, "")
    found = states(evidence_of(rows, system("A"), context=SystemContext(events=(fault, strike))))
    odd = {3: NO_VALUE, 5: REVISED, 9: LEFT_OUT, 10: LEFT_OUT, 38: SUSPECT}
    assert found[:, 0].tolist() == [odd.get(i, VALUE) for i in range(40)]


def test_a_value_sent_again_unchanged_is_not_revised() -> None:
    rows = [*steady("A/beds", range(3)), version("A/beds", 1, 104.0), version("A/beds", 1, 104.0, after_days=3)]
    assert states(evidence_of(rows, system("A")))[:, 0].tolist() == [VALUE] * 3


def test_a_suspect_day_that_an_event_leaves_out_is_shown_as_left_out_and_one_without_a_value_as_that() -> None:
    rows = [row for row in steady("A/attendances", range(40)) if row[1] not in (day(36), day(37))]
    rows.append(version("A/attendances", 36, 0.0))
    out = Event(day(36).date(), day(37).date(), "A", "attendances", EventKind.EXCLUDE, "")
    found = states(evidence_of(rows, system("A"), context=SystemContext(events=(out,))))
    assert found[36:38, 0].tolist() == [LEFT_OUT, NO_VALUE]


def test_days_before_the_first_value_are_not_missing_and_days_after_the_last_are() -> None:
    rows = [*steady("A/beds", range(10)), *steady("B/beds", range(4, 8))]
    assert missing_days(states(evidence_of(rows, system("A", "B")))).tolist() == [0, 2]


def test_series_stand_in_the_order_of_the_tree_and_the_measures() -> None:
    ids = ["A/beds", "A/attendances", "B/occupancy", "north/beds"]
    evidence = evidence_of([row for i in ids for row in steady(i, range(3))], system("B", "A"))
    drawn = [evidence.unique_ids[i] for i in series_to_draw(evidence, states(evidence), 10)]
    assert drawn == ["north/beds", "B/occupancy", "A/attendances", "A/beds"]


def test_where_there_are_too_many_those_with_most_gaps_come_first_and_the_rest_is_counted() -> None:
    places = [f"P{i:03}" for i in range(SERIES_DRAWN + 5)]
    rows = [row for place in places for row in steady(f"{place}/beds", range(9))]
    gappy = {("P064/beds", day(4)), ("P064/beds", day(5)), ("P030/beds", day(2))}
    evidence = evidence_of([row for row in rows if row[:2] not in gappy], system(*places))
    read = Page(page("", coverage(evidence)))
    labels = read.pictures["calendar-recent"].layout["yaxis"]["ticktext"]
    assert (len(labels), labels[:3]) == (SERIES_DRAWN, ["P064/beds", "P030/beds", "P000/beds"])
    assert "5 more are not drawn" in read.text


def test_the_picture_by_day_has_a_row_for_each_series_and_a_mark_for_each_run() -> None:
    found = np.array([[1, 0], [2, 3], [1, 3], [1, 3], [4, 1]], dtype=np.int8)
    days = pd.date_range("2025-01-06", periods=5)
    figure = by_day(found, np.arange(10.0).reshape(5, 2), days, ["A/beds", "B/<i>beds"])
    read = Page(page("", [figure.to_html(full_html=False, include_plotlyjs=False, div_id="x")])).pictures["x"]
    assert numbers(read.trace("day")["z"]).tolist() == found.T.tolist()
    assert (read.trace("day")["x0"], read.trace("day")["dx"]) == ("2025-01-06", 86_400_000)
    assert read.trace("day")["text"][1] == ["no value", "3, suspect", "5, suspect", "7, suspect", "9"]
    assert read.layout["yaxis"]["ticktext"] == ["A/beds", "B/&lt;i&gt;beds"]
    assert (read.trace("suspect")["x"], numbers(read.trace("suspect")["y"]).tolist()) == (["2025-01-08"], [1.0])
    assert (read.trace("left out by an event")["x"]) == ["2025-01-10"]
    assert read.names == ["day", "no value", "value", "revised value", "suspect", "left out by an event"]


@pytest.mark.parametrize("n_days", [1, 2, 3, 4, 5, 8, 13])
def test_every_run_of_suspect_values_has_one_mark_inside(n_days: int) -> None:
    found = np.ones((20, 1), np.int8)
    found[3 : 3 + n_days] = DayState.SUSPECT
    figure = by_day(found, np.ones((20, 1)), pd.date_range("2025-01-01", periods=20), ["A/beds"])
    (marks,) = [trace.x for trace in figure.data if trace.name == "suspect"]
    assert len(marks) == 1
    assert 3 <= date.fromisoformat(marks[0]).day - 1 < 3 + n_days


def test_the_picture_by_week_has_the_share_of_days_with_a_value() -> None:
    found = np.ones((16, 1), np.int8)  # Friday to Saturday: weeks of 3, 7 and 6 days
    found[0], found[4], found[11:14] = DayState.NO_VALUE, DayState.SUSPECT, DayState.NO_VALUE
    figure = by_week(found, pd.date_range("2025-01-03", periods=16), ["A/beds"])
    read = Page(page("", [figure.to_html(full_html=False, include_plotlyjs=False, div_id="x")])).pictures["x"]
    assert numbers(read.trace("week")["z"]) == pytest.approx(np.array([[2 / 3, 1, 3 / 6]]), abs=0.001)
    assert numbers(read.trace("week")["customdata"]).tolist() == [[[0, 0], [1, 0], [0, 0]]]
    assert read.trace("suspect")["x"] == ["2025-01-09"]
    assert numbers(read.trace("weeks: suspect")["z"])[0].tolist() == pytest.approx([np.nan, 1, np.nan], nan_ok=True)
    assert (read.trace("week")["x0"], read.trace("weeks: suspect")["x0"]) == ("2025-01-02", "2025-01-02")


@pytest.mark.parametrize(
    ("n_days", "pictures"),
    [(1, ["calendar-recent"]), (182, ["calendar-recent"]), (183, ["calendar", "calendar-recent"])],
)
def test_a_long_history_has_a_picture_of_the_newest_weeks_too(n_days: int, pictures: list[str]) -> None:
    read = Page(page("", coverage(evidence_of(steady("A/beds", range(n_days)), system("A")))))
    assert list(read.pictures) == pictures
    assert read.captions.keys() == set(pictures)


def test_the_numbers_say_the_same_as_the_picture() -> None:
    rows = [*steady("A/beds", [0, 1, 4]), version("A/beds", 1, 150.0, after_days=1)]
    text = Page(page("", coverage(evidence_of(rows, system("A"))))).text
    assert "A/beds A 3 1 0 0 2 6 Jan 2025 10 Jan 2025" in text
