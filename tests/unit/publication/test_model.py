from dataclasses import replace
from datetime import timedelta

import pytest

from publication.model import Actual
from tests.unit.publication.tiny import CUTOFF, publication, series, system


@pytest.mark.parametrize(
    ("place", "children", "ancestors", "under"),
    [
        ("northshire", ("RXA",), [], ["northshire", "RXA", "RXA01", "RXA02"]),
        ("RXA", ("RXA01", "RXA02"), ["northshire"], ["RXA", "RXA01", "RXA02"]),
        ("RXA02", (), ["RXA", "northshire"], ["RXA02"]),
    ],
)
def test_the_tree_is_walked_both_ways(
    place: str, children: tuple[str, ...], ancestors: list[str], under: list[str]
) -> None:
    tree = system()
    assert tree.children(place) == children
    assert list(tree.ancestors(place)) == ancestors
    assert list(tree.under(place)) == under


def test_the_last_actual_is_the_newest_day_with_a_value() -> None:
    one = series("RXA01/occupancy", (1.0, 2.0))
    assert one.last_actual == Actual(CUTOFF.replace(day=20), 51.0)
    assert replace(one, recent=()).last_actual is None
    assert replace(one, recent=(Actual(CUTOFF, 0.0),)).last_actual == Actual(CUTOFF, 0.0)


def test_series_are_found_by_unique_id() -> None:
    p = publication()
    assert p.series_by_id["RXA01/attendances/adult"].key.stream == "adult"
    assert list(p.series_by_id) == [s.unique_id for s in p.series]


@pytest.mark.parametrize(
    ("what", "days_ago", "counted_on", "late"),
    [
        ("on the cutoff", 0, (), False),
        ("the day before", 1, (), True),
        ("a clinic of the weekend, on a Saturday: none since Sunday", 6, (6,), False),
        ("a clinic of Fridays and Sundays: Friday has passed", 6, (4, 6), True),
    ],
)
def test_a_series_is_late_where_a_day_it_is_counted_on_has_passed(
    what: str, days_ago: int, counted_on: tuple[int, ...], late: bool
) -> None:
    assert CUTOFF.weekday() == 5
    one = series("RXA01/occupancy", (1.0, 2.0))
    newest = Actual(CUTOFF - timedelta(days=days_ago), 7.0)
    assert replace(one, recent=(newest,), counted_on=counted_on).is_late(CUTOFF) is late, what
