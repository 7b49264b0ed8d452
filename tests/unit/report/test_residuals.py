"""Balance residuals, against numbers worked out by hand."""

import numpy as np

from tests.unit.report.reading import Page, numbers
from tests.unit.report.small import Vintage, evidence_of, steady, system, version
from training.charts import page
from training.report.flagged import residuals

OCCUPANCY = (100, 105, 105, 107)
ADMISSIONS = (22, 22, 22, 22)  # the same each day: whatever share falls before the census
DISCHARGES = (20, 20, 20, 20)  # residuals: 5 - 22 + 20 = 3, 0 - 22 + 20 = -2, 2 - 22 + 20 = 0


def place(name: str, occupancy: tuple[int, ...] = OCCUPANCY) -> list[Vintage]:
    counted = {"occupancy": occupancy, "admissions": ADMISSIONS, "discharges": DISCHARGES}
    return [version(f"{name}/{measure}", i, y) for measure, ys in counted.items() for i, y in enumerate(ys)]


def test_each_place_has_its_residuals_as_a_line_and_in_numbers() -> None:
    read = Page(page("", residuals(evidence_of(place("A"), system("A", names={"A": "Ash"})))))
    (line,) = read.pictures["residuals"].data
    np.testing.assert_array_equal(numbers(line["y"]), [np.nan, 3, -2, 0])
    assert "A Ash 3 +0.3 2.1 +3.0 Tue 7 Jan 2025" in read.text
    assert "Each place, day by day." in read.captions["residuals"]


def test_the_place_furthest_off_comes_first() -> None:
    rows = place("A") + place("B", (100, 150, 105, 107))
    read = Page(page("", residuals(evidence_of(rows, system("A", "B")))))
    assert [title["text"] for title in read.pictures["residuals"].layout["annotations"]] == ["B", "A"]
    assert "B B 3 +0.3 38.8 +48.0 Tue 7 Jan 2025" in read.text  # of 48, -47 and 0


def test_more_places_than_can_be_drawn_are_in_the_table() -> None:
    names = [f"P{i:02}" for i in range(12)]
    read = Page(page("", residuals(evidence_of([row for name in names for row in place(name)], system(*names)))))
    assert len(read.pictures["residuals"].data) == 8
    assert "The 8 places furthest off, of 12" in read.captions["residuals"]
    assert all(f"{name} {name} 3 +0.3" in read.text for name in names)


def test_where_no_place_counts_all_three_a_sentence_says_so() -> None:
    read = Page(page("", residuals(evidence_of(steady("A/occupancy", range(9)), system("A")))))
    assert read.pictures == {}
    assert "No place counts occupancy, admissions and discharges, all three" in read.text
