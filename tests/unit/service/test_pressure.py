"""The ranking of places and mutual aid, on headroom of which each bed is worth one percent, or so many, of chance."""

from dataclasses import replace

import pytest

from publication.levels import EscalationLevel
from publication.model import Headroom, Peak, Publication
from publication.pressure import AID_TARGET, FINE_LEVELS, Target
from service.queries.pressure import Capacity, mutual_aid, rank_by_pressure
from tests.unit.publication.tiny import publication, series, system

BEDS = 100.0
ALL_DAYS_OVER = 3
PEAKS = tuple(Peak(days, (90.0, 95.0, 99.0), 1.5) for days in (1, 3, 7))
Percents = dict[str, tuple[int, ...]]


def published(*places: str, drivers: tuple[tuple[float, ...], ...] | None = None) -> Publication:
    """Sites below one root; `drivers` of A's occupancy on each day, which has no series at all without."""
    occupancy = () if drivers is None else (replace(series("A/occupancy", (90.0,) * 3), drivers=drivers),)
    return replace(publication(), system=system(parents=dict.fromkeys(places, "northshire")), series=occupancy)


def headroom(place: str, percents: tuple[int, ...], per_bed: int = 1) -> Headroom:
    """Headroom with these chances, in percent by day, that more than 95 of the 100 beds are occupied.

    That is: that fewer than five are free, 4.5 on the scale of counts. With each patient taken in the chance grows by
    `per_bed`.
    """
    rows = tuple(tuple(4.5 + (100 * level - percent) / per_bed for level in FINE_LEVELS) for percent in percents)
    occupancy = tuple(tuple(BEDS - row[FINE_LEVELS.index(level)] for level in (0.9, 0.5, 0.1)) for row in rows)
    return Headroom(place, (BEDS,) * len(percents), occupancy, rows, (1.0, 1.9, 2.7), PEAKS)


def aid(chances: Percents, per_bed: int = 1, unpublished: str = "") -> list[tuple[str, str, int, int, int, int]]:
    """Donor, receiver, day, beds, and the chance in percent before and after; of every place, worst first."""
    made = published(*chances, *unpublished)
    there = [headroom(place, percents, per_bed) for place, percents in chances.items()]
    found = mutual_aid(made, rank_by_pressure(made, there, 0), there)
    assert all(isinstance(of.beds, int) for of in found)
    return [(a.donor, a.receiver, a.day, a.beds, round(100 * a.before), round(100 * a.after)) for a in found]


@pytest.mark.parametrize(
    ("chances", "expected"),
    [
        pytest.param({"A": (30,), "B": (5,)}, [("B", "A", 0, 10, 30, 20)], id="as few as make the receiver safe"),
        pytest.param({"A": (40,), "B": (8,)}, [("B", "A", 0, 12, 40, 28)], id="as many as leave the donor safe"),
        pytest.param({"A": (30,), "B": (20,)}, [], id="a donor that is just safe has nothing to give"),
        pytest.param({"A": (50,), "B": (30,)}, [], id="nor has one that is not safe"),
        pytest.param({"A": (20,), "B": (1,)}, [], id="a place that is just safe needs nothing"),
        pytest.param({"A": (22,), "B": (1,)}, [], id="two points less are not worth the transport"),
        pytest.param({"A": (30,), "B": (14,)}, [("B", "A", 0, 6, 30, 24)], id="six points are"),
        pytest.param(
            {"A": (40,), "B": (8,), "C": (2,), "D": (9,)},
            [("C", "A", 0, 18, 40, 22)],
            id="the sibling that lowers the chance most",
        ),
        pytest.param({"A": (30,), "B": (5,), "C": (5,)}, [("B", "A", 0, 10, 30, 20)], id="of two alike, the first"),
        pytest.param(
            {"A": (30,), "B": (2,), "C": (28,), "D": (27,)},
            [("B", "A", 0, 10, 30, 20), ("B", "C", 0, 8, 28, 20)],
            id="what was given to one is not given to another: of 18 beds 10 and 8, and none is left",
        ),
        pytest.param(
            {"A": (30,), "B": (4,), "C": (29,)},
            [("B", "A", 0, 10, 30, 20), ("B", "C", 0, 6, 29, 23)],
            id="the rest is: of 16 beds 10 and 6",
        ),
        pytest.param(
            {"A": (45,), "B": (5,), "C": (26,)},
            [("B", "A", 0, 15, 45, 30)],
            id="one that was given to gives nothing, and neither does one that has given all",
        ),
        pytest.param(
            {"A": (30, 0), "B": (5, 4), "C": (0, 29)},
            [("B", "A", 0, 10, 30, 20), ("A", "C", 1, 9, 29, 20)],
            id="each on its own worst day",
        ),
    ],
)
def test_mutual_aid(chances: Percents, expected: list[tuple[str, str, int, int, int, int]]) -> None:
    assert aid(chances) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param(65, 0, [("B", "A", 0, 1, 65, 45)], id="the donor can give one, and is just safe without it"),
        pytest.param(65, 2, [], id="it would not be safe without one"),
        pytest.param(65, 20, [], id="it is just safe with all"),
        pytest.param(35, 0, [("B", "A", 0, 1, 35, 15)], id="one is enough"),
        pytest.param(20, 0, [], id="none is needed"),
    ],
)
def test_where_each_bed_is_twenty_points(a: int, b: int, expected: list[tuple[str, str, int, int, int, int]]) -> None:
    assert aid({"A": (a,), "B": (b,)}, per_bed=20) == expected


def test_a_sibling_without_headroom_gives_nothing() -> None:
    assert aid({"A": (30,), "B": (5,)}, unpublished="CD") == [("B", "A", 0, 10, 30, 20)]
    assert aid({"A": (30,)}, unpublished="CD") == []


def test_a_place_that_is_just_safe_does_not_end_the_search() -> None:
    """A ranks first: each bed is twenty points, so passing 85 % is certain, but passing 95 % has the 20 % accepted."""
    there = [headroom("A", (20,), per_bed=20), headroom("B", (30,)), headroom("C", (5,))]
    made = published("A", "B", "C")
    ranked = rank_by_pressure(made, there, 0)
    assert [place.place for place in ranked] == ["A", "B", "C"]
    assert [(of.donor, of.receiver, of.beds) for of in mutual_aid(made, ranked, there)] == [("C", "B", 10)]


def test_a_place_without_siblings_does_not_end_the_search() -> None:
    parents = {"A": "northshire", "T": "northshire", "B": "T", "C": "T"}
    made = replace(published(), system=system(parents=parents))
    there = [headroom("A", (40,)), headroom("B", (30,)), headroom("C", (5,))]
    ranked = rank_by_pressure(made, there, 0)
    assert [(of.donor, of.receiver, of.beds) for of in mutual_aid(made, ranked, there)] == [("C", "B", 10)]


def test_capacity_with_other_headroom_at_a_place_is_found_anew_there() -> None:
    """From 5 % to the 20 % accepted are 15 patients; from 12 % they are 8."""
    made = published("A", "B")
    capacity = Capacity(made, [headroom("A", (5,)), headroom("B", (10,))], AID_TARGET)
    assert [capacity.room(place, 0) for place in "AB"] == [15, 10]
    changed = capacity.changed({"A": headroom("A", (12,))})
    assert [changed.room(place, 0) for place in "AB"] == [8, 10]
    assert [capacity.room(place, 0) for place in "AB"] == [15, 10]


def test_each_day_has_its_level_of_escalation() -> None:
    levels = (EscalationLevel("full", "over 0.95 >= 30 %", "red", ""),)
    made = published("A")
    made = replace(made, system=replace(made.system, levels=levels))
    (place,) = rank_by_pressure(made, [headroom("A", (5, 30, 10))], 0)
    assert place.level_names == (None, "full", None)


@pytest.mark.parametrize(
    ("shown", "beds", "worst"),
    [
        pytest.param(range(1, 9), 2, 2, id="the last two of three days"),
        pytest.param(range(1), 1, 0, id="the first day"),
        pytest.param(range(7, 9), 0, None, id="days beyond the horizon"),
    ],
)
def test_days_are_shown_as_far_as_there_are_any(shown: range, beds: int, worst: int | None) -> None:
    (place,) = rank_by_pressure(published("A"), [headroom("A", (50, 5, 30))], 0, shown)
    assert (len(place.days), place.worst) == (beds, worst)


def test_of_days_and_places_without_any_chance_those_with_least_headroom_rank_first() -> None:
    """No chance, and as much headroom as there are points below zero: the first of two such days is the worst."""
    there = [headroom("A", (-700, -600, -600)), headroom("B", (-900, -500, -800))]
    ranked = rank_by_pressure(published("A", "B"), there, 0)
    assert [(place.place, place.worst) for place in ranked] == [("B", 1), ("A", 1)]


def test_discharges_needed_are_those_of_the_target() -> None:
    """30 % that 95 beds are passed: 10 patients fewer make it 20 %, of whom one discharge by the first day is one."""
    (place,) = rank_by_pressure(published("A"), [headroom("A", (30,))], 0, target=Target(0.95, 0.8))
    assert place.discharges_needed == pytest.approx(10.0)


def test_places_are_ranked_by_their_worst_day_to_come() -> None:
    """The first day is over: B's worst chance of 90 % counts no more."""
    chances: Percents = {"A": (5, 30, 10), "B": (90, 20, 10), "C": (5, 10, 40)}
    there = [headroom(place, percents) for place, percents in chances.items()]
    ranked = rank_by_pressure(published("A", "B", "C"), there, 1)
    assert [(place.place, place.worst) for place in ranked] == [("C", 2), ("A", 1), ("B", 1)]
    all_days = rank_by_pressure(published("A", "B", "C"), there, 0)
    assert [(place.place, place.worst) for place in all_days] == [("B", 0), ("C", 2), ("A", 1)]


def test_a_peak_is_given_until_its_last_day_is_over() -> None:
    made, there = published("A"), [headroom("A", (5, 30, 10))]
    assert [
        [peak.days for peak in rank_by_pressure(made, there, days_over)[0].peaks] for days_over in (0, 1, 2, 3)
    ] == [[1, 3, 7], [3, 7], [3, 7], [7]]


def test_where_every_day_is_over_days_and_peaks_are_given_and_nothing_is_advised() -> None:
    made, there = published("A", "B"), [headroom("A", (5, 30, 10)), headroom("B", (5, 5, 5))]
    ranked = rank_by_pressure(made, there, ALL_DAYS_OVER)
    assert [place.place for place in ranked] == ["A", "B"]
    for place in ranked:
        assert (place.worst, place.driver, place.discharges_needed) == (None, None, None)
        assert [day.beds for day in place.days] == [BEDS] * 3
        assert [peak.days for peak in place.peaks] == [7]
    assert mutual_aid(made, ranked, there) == ()


@pytest.mark.parametrize(
    ("parts", "driver"),
    [
        pytest.param((80.0, 4.0, 6.0, 0.0, 0.0, 0.0, 0.0), "season", id="the cause that adds most"),
        pytest.param((90.0, -0.5, 0.0, 0.0, 0.0, 0.5, 0.0), "trend", id="half a bed is enough"),
        pytest.param((90.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), "level", id="none that adds or takes"),
        pytest.param((99.0, -4.0, -1.0, -4.0, 0.0, 0.0, 0.0), "level", id="none that adds"),
    ],
)
def test_the_driver_is_the_cause_that_adds_most_on_the_worst_day(parts: tuple[float, ...], driver: str) -> None:
    other = (0.0, 0.0, 0.0, 0.0, 90.0, 0.0, 0.0)
    made = published("A", drivers=(other, parts, other))
    assert rank_by_pressure(made, [headroom("A", (5, 30, 10))], 0)[0].driver == driver


@pytest.mark.parametrize("drivers", [pytest.param(None, id="no series"), pytest.param((), id="no drivers of it")])
def test_without_drivers_of_occupancy_none_is_named(drivers: tuple[tuple[float, ...], ...] | None) -> None:
    made = published("A", drivers=drivers)
    assert rank_by_pressure(made, [headroom("A", (5, 30, 10))], 0)[0].driver is None


def test_chances_of_a_day_are_read_off_its_headroom() -> None:
    """More than 95 beds with 30 %; so more than 85 and 92, ten and three fewer, with 40 and 33 %, and 100 with 25 %."""
    (place,) = rank_by_pressure(published("A"), [headroom("A", (30,))], 0)
    assert place.days[0].over == pytest.approx((0.40, 0.33, 0.30, 0.25))
    assert place.days[0].short == pytest.approx((0.25, 0.21, 0.16, 0.06))
    assert place.days[0].headroom == pytest.approx((-15.5, 24.5, 64.5))
