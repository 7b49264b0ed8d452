"""Each cutoff has the places that were open then, and the actuals of a past tree go on after a merger: by hand."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_system, table_of, versions
from training.history.hierarchy import summing, takeover_days, with_successors
from training.history.point_in_time import PointInTimeHistory
from training.system.model import OpeningPeriod, SystemContext

NAN = float("nan")
SYSTEM = build_system({"T": "north", "A": "T", "B": "T", "M": "T", "N": "T", "C": "north"})
PERIODS = {
    "A": OpeningPeriod(last=date(2022, 1, 5)),
    "B": OpeningPeriod(last=date(2022, 1, 5)),
    "M": OpeningPeriod(date(2022, 1, 6), date(2022, 1, 8), succeeds=("A", "B")),
    "N": OpeningPeriod(date(2022, 1, 9), succeeds=("M",)),
}
TABLE = table_of(
    {
        "A/attendances": [3.0, 4.0, 5.0, *[NAN] * 5],
        "B/attendances": [30.0, 40.0, 50.0, *[NAN] * 5],
        "M/attendances": [*[NAN] * 3, 57.0, 58.0, 59.0, NAN, NAN],
        "N/attendances": [*[NAN] * 6, 61.0, 62.0],
        "C/attendances": [7.0, 7.0, 8.0, 9.0, 9.0, 8.0, 7.0, 8.0],
    }
)


def history(periods: Mapping[str, OpeningPeriod] = PERIODS) -> PointInTimeHistory:
    return PointInTimeHistory(versions(TABLE), SYSTEM, context=SystemContext(opening_periods=periods))


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(2022, 1, number)


@pytest.mark.parametrize(
    ("cutoff", "of_each"),
    [
        (4, {"A": [3, 4], "B": [30, 40], "C": [7, 7]}),
        (5, {"A": [3, 4, 5], "B": [30, 40, 50], "C": [7, 7, 8]}),  # the eve: the merger is yet to come
        (6, {"M": [33, 44, 55, 57], "C": [7, 7, 8, 9]}),
        (8, {"M": [33, 44, 55, 57, 58, 59], "C": [7, 7, 8, 9, 9, 8]}),
        (9, {"N": [33, 44, 55, 57, 58, 59, 61], "C": [7, 7, 8, 9, 9, 8, 7]}),
    ],
)
def test_each_cutoff_has_the_places_of_its_day(cutoff: int, of_each: Mapping[str, Sequence[float]]) -> None:
    known = history().with_places_at(day(cutoff)).as_of(day(cutoff))
    assert {str(name): column.to_list() for name, column in known.items()} == {
        f"{place}/attendances": values for place, values in of_each.items()
    }


def test_windows_before_a_cutoff_have_the_places_of_the_cutoff() -> None:
    """Forecasts after the merger are calibrated with the sums before it."""
    merged = history().with_places_at(day(7))
    assert merged.as_of(day(4))["M/attendances"].to_list() == [33.0, 44.0]
    assert "A/attendances" not in merged.as_of(day(4))


def test_cutoffs_between_two_mergers_share_one_history() -> None:
    newest = history()
    assert newest.with_places_at(day(9)) is newest.with_places_at(day(10)) is newest
    assert newest.with_places_at(day(6)) is newest.with_places_at(day(8)) is not newest
    assert newest.with_places_at(day(4)) is newest.with_places_at(day(5)) is not newest.with_places_at(day(6))
    assert newest.with_places_at(day(5)).with_places_at(day(4)) is newest.with_places_at(day(5))
    without_mergers = history({})
    assert without_mergers.with_places_at(day(4)) is without_mergers


def test_the_trees_from_a_cutoff_on_are_those_of_later_mergers_too() -> None:
    newest = history()
    of_day = {number: newest.with_places_at(day(number)) for number in (5, 6, 9)}
    assert newest.with_places_since(day(4)) == [of_day[5], of_day[6], of_day[9]]
    assert newest.with_places_since(day(6)) == [of_day[6], of_day[9]]
    assert newest.with_places_since(day(10)) == [newest]
    beyond = {**PERIODS, "N": OpeningPeriod(date(2022, 1, 11), succeeds=("M",))}
    assert len(history(beyond).with_places_since(day(6))) == 1  # the history ends before that day


def test_a_publication_after_the_opening_has_the_successor_without_a_count_of_it() -> None:
    """No extract was sent since the eve: the places that are forecast are open."""
    known = PointInTimeHistory(
        versions(TABLE.loc[: day(5)]), SYSTEM, day(7), SystemContext(opening_periods=PERIODS)
    ).with_places_at(day(7))
    assert list(known.as_of(day(7)).columns) == ["C/attendances", "M/attendances"]
    assert known.days_behind(day(7)) == {"C/attendances": 2, "M/attendances": 2}


def test_what_becomes_known_later_is_hidden_whatever_the_places() -> None:
    late = versions(TABLE)
    late.loc[late["unique_id"].eq("B/attendances") & late["ds"].eq(day(4)), "known_at"] += pd.Timedelta(days=2)
    known = PointInTimeHistory(late, SYSTEM, context=SystemContext(opening_periods=PERIODS))
    before = known.with_places_at(day(5)).as_of(day(5))["B/attendances"]
    np.testing.assert_array_equal(before, [30.0, NAN, 50.0])
    assert known.with_places_at(day(6)).as_of(day(6))["M/attendances"].to_list() == [33.0, 44.0, 55.0, 57.0]


def test_a_publication_made_again_before_a_merger_sees_late_values() -> None:
    late = versions(TABLE)
    late.loc[late["unique_id"].eq("B/attendances") & late["ds"].eq(day(5)), "known_at"] += pd.Timedelta(days=2)
    context = SystemContext(opening_periods=PERIODS)
    issued = PointInTimeHistory(late, SYSTEM, day(5), context).with_places_at(day(5))
    assert issued.as_of(day(5))["B/attendances"].to_list() == [30.0, 40.0, 50.0]


def test_the_days_of_mergers() -> None:
    assert takeover_days(PERIODS, date(2022, 1, 5), date(2022, 1, 9)) == [date(2022, 1, 6), date(2022, 1, 9)]
    assert takeover_days(PERIODS, date(2022, 1, 6), date(2022, 1, 8)) == []


A, B, C, M, N = (f"{place}/attendances" for place in "ABCMN")
T, NORTH = "T/attendances", "north/attendances"


def sums_on(number: int, bottom: Sequence[str], counted: Sequence[str] = (A, B, C, M, N)) -> dict[str, set[str]]:
    """Return the parts of each series on a day."""
    parts = with_successors(summing(SYSTEM, bottom), PERIODS, day(number).date(), counted)
    assert set(parts.to_numpy().ravel()) <= {0.0, 1.0}
    return {str(column): set(parts.index[parts[column] > 0]) for column in parts}


def test_a_successor_stands_for_its_predecessors_in_the_sums_that_have_all_of_them() -> None:
    assert sums_on(5, [A, B, C]) == {A: {A}, B: {B}, C: {C}, T: {A, B}, NORTH: {A, B, C}}
    assert sums_on(6, [A, B, C]) == {A: {A}, B: {B}, C: {C}, T: {M}, NORTH: {M, C}}
    it_reported_early = sums_on(6, [A, B, C, M])
    assert it_reported_early == {A: {A}, B: {B}, C: {C}, M: {M}, T: {M}, NORTH: {M, C}}


def test_a_successor_alone_goes_on_with_the_series_of_its_predecessor() -> None:
    assert sums_on(9, [M, C]) == {C: {C}, M: {N}, T: {N}, NORTH: {N, C}}
    assert sums_on(9, [A, B, C])[NORTH] == {N, C}  # a chain


def test_a_sum_that_lacks_a_predecessor_keeps_the_others_which_have_no_count() -> None:
    assert sums_on(6, [A, C]) == {A: {A}, C: {C}, T: {A}, NORTH: {A, C}}  # the count of M is B's work too
    assert sums_on(6, [A, C], [A, C, M])[NORTH] == {M, C}  # B never counted any
    assert sums_on(6, [M, C]) == {C: {C}, M: {M}, T: {M}, NORTH: {M, C}}  # of the tree of that day


def test_each_measure_and_stream_has_a_successor_of_its_own() -> None:
    bottom = ["A/attendances/adults", "B/attendances/adults", "A/occupancy", "B/occupancy"]
    found = sums_on(6, bottom)
    assert found["T/attendances/adults"] == {"M/attendances/adults"}
    assert found["T/attendances"] == {"M/attendances/adults"}
    assert found["T/occupancy"] == {"M/occupancy"}
