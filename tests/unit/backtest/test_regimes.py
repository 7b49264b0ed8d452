"""Regimes: the periods between declared breaks."""

from datetime import date

import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_system
from training.backtest.slices import level_breaks, regimes
from training.system.model import Event, EventKind, OpeningPeriod, SystemContext

SYSTEM = build_system()  # sites A and B in trust T1, C and D in T2


def event(kind: str, first: int, last: int, place: str | None = "A", measure: str | None = None) -> Event:
    """Days of March 2024."""
    return Event(date(2024, 3, first), date(2024, 3, last), place, measure, EventKind(kind), "")


def declared(*events: Event, **opening_periods: OpeningPeriod) -> SystemContext:
    return SystemContext("", events, (), opening_periods)


@pytest.mark.parametrize(
    ("context", "unique_id", "days"),
    [
        (declared(), "A/attendances", []),
        (declared(event("closure", 5, 9)), "A/attendances", [5, 10]),  # it opens again on the day after the last
        (declared(event("bed_change", 5, 9)), "A/occupancy", [5, 10]),
        (declared(event("closure", 5, 9), event("bed_change", 10, 12)), "A/occupancy", [5, 10, 13]),
        (declared(event("bed_change", 5, 9, measure="beds")), "A/occupancy", []),
        (declared(event("closure", 5, 9)), "B/attendances", []),
        (declared(event("closure", 5, 9, "T1")), "B/attendances", [5, 10]),  # of the place above
        (declared(event("closure", 5, 9, None)), "north/attendances", [5, 10]),  # of the system
        (declared(event("closure", 5, 9)), "T1/attendances", []),  # what it does to the sum is not declared
        (declared(event("strike", 5, 9)), "A/attendances", []),
        (declared(event("divert", 5, 9)), "A/attendances", []),
        (declared(event("data_fault", 5, 9)), "A/attendances", []),
        (declared(event("exclude", 5, 9)), "A/attendances", []),
        (declared(A=OpeningPeriod(date(2024, 3, 7), None, ("B",))), "A/attendances", [7]),  # it took over from B
        (declared(A=OpeningPeriod(date(2024, 3, 7))), "A/attendances", []),  # it opened: there was nothing before
    ],
)
def test_what_breaks_a_level(context: SystemContext, unique_id: str, days: list[int]) -> None:
    assert level_breaks(unique_id, SYSTEM, context) == [date(2024, 3, day) for day in days]


def rows(first: str, last: str, *unique_ids: str) -> pd.DataFrame:
    days = pd.date_range(first, last)
    return pd.DataFrame([(i, day) for i in unique_ids for day in days], columns=["unique_id", "ds"])


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2024-03-03", "2024-03-06", ["to 2024-03-04", "to 2024-03-04", "from 2024-03-05", "from 2024-03-05"]),
        ("2024-03-09", "2024-03-11", ["to 2024-03-09", "from 2024-03-10", "from 2024-03-10"]),
        ("2024-03-05", "2024-03-06", ["stable", "stable"]),  # a break on the first day breaks nothing that is scored
        ("2024-03-10", "2024-03-11", ["stable", "stable"]),
        ("2024-03-01", "2024-03-02", ["stable", "stable"]),
    ],
)
def test_each_day_is_in_the_period_between_the_breaks_around_it(first: str, last: str, expected: list[str]) -> None:
    found = regimes(rows(first, last, "A/attendances"), SYSTEM, declared(event("closure", 5, 9)))
    assert found.tolist() == expected


def test_each_series_has_its_own_regimes() -> None:
    frame = rows("2024-03-01", "2024-03-31", "B/attendances", "A/attendances").sample(frac=1, random_state=1)
    found = regimes(frame, SYSTEM, declared(event("closure", 5, 9)))
    by_series = found.groupby([frame["unique_id"], found]).size().to_dict()
    assert by_series == {
        ("A/attendances", "to 2024-03-04"): 4,
        ("A/attendances", "2024-03-05 to 2024-03-09"): 5,
        ("A/attendances", "from 2024-03-10"): 22,
        ("B/attendances", "stable"): 31,
    }


def test_no_rows_have_no_regimes() -> None:
    assert regimes(rows("2024-03-01", "2024-03-02"), SYSTEM, declared(event("closure", 5, 9))).empty
