"""Publications with several breaches of the invariants, or with one that must not stop the other rules."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from publication.errors import MalformedPublicationError
from publication.invariants import MAX_PRINTED_BREACHES, check
from publication.model import Publication
from tests.unit.publication.broken_findings import frozen
from tests.unit.publication.test_invariants import with_drivers, with_headroom
from tests.unit.publication.tiny import publication, series, with_series

ONE_DRIVEN_DAY = ((10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),)
SEVERAL_BREACHES: dict[str, tuple[Callable[[Publication], Publication], str]] = {
    "drivers of one day, of two series": (
        lambda p: with_drivers(with_drivers(p, "RXA02/attendances", ONE_DRIVEN_DAY), "RXA01/occupancy", ONE_DRIVEN_DAY),
        (
            "2 breach(es) of its invariants: drivers_add_up: RXA02/attendances has drivers of 1 days, not 2; "
            "drivers_add_up: RXA01/occupancy has drivers of 1 days, not 2. Nothing was written."
        ),
    ),
    "a finding on no series before one on an unknown place": (
        lambda p: replace(p, findings=(frozen(1, 2, "nonsense"), frozen(1, 2, "RZZ/occupancy"))),
        "; findings_are_of_the_system: a finding is on RZZ/occupancy, of a place that the system does not have",
    ),
    "a parent's day twice": (
        lambda p: with_series(p, "RXA/attendances", replace(p.series[1], days=(p.series[1].days[0],) * 2)),
        "horizon_is_complete: RXA/attendances does not have each lead from 1 to 2 once",
    ),
    "headroom of no day": (
        lambda p: with_headroom(p, beds=(), beds_freed=(), occupancy=(), headroom=()),
        "1 breach(es) of its invariants: headroom_is_complete: headroom of RXA01 does not have each of 2 days. ",
    ),
}


@pytest.mark.parametrize(("broken", "part"), SEVERAL_BREACHES.values(), ids=SEVERAL_BREACHES.keys())
def test_a_breach_hides_no_other(broken: Callable[[Publication], Publication], part: str) -> None:
    with pytest.raises(MalformedPublicationError) as raised:
        check(broken(publication()))
    assert part in str(raised.value)


def test_only_the_first_breaches_are_shown_and_all_are_counted() -> None:
    p = publication()
    many = replace(p, series=tuple(series(f"RXA/parking/{i}", (1.0, 2.0)) for i in range(20)))
    with pytest.raises(MalformedPublicationError) as raised:
        check(many)
    assert "20 breach(es)" in str(raised.value)
    assert str(raised.value).count("is of a measure") == MAX_PRINTED_BREACHES
