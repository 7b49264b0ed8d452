"""A series that is counted on some weekdays only is read as it was issued, from every store."""

from dataclasses import replace

import pytest

from publication.document import digest
from publication.store import Store
from tests.builders import build_publication, build_system, counted_at_weekends, lower

CLINIC = "RXK2/attendances"


@pytest.mark.parametrize("with_drivers", [False, True])
def test_it_is_read_as_it_was_issued(store: Store, with_drivers: bool) -> None:
    issued = store.issue(counted_at_weekends(build_publication(with_drivers=with_drivers), "RXK2"))
    read = store.latest()
    assert read == issued
    assert digest(read) == digest(issued)
    clinic = read.series_by_id[CLINIC]
    assert clinic.counted_on == (5, 6)
    assert [day.lead for day in clinic.days] == [1, 7, 8, 14, 15, 21, 22, 28]
    assert {day.ds.weekday() for day in clinic.days} == {5, 6}


def test_a_horizon_without_any_of_its_days_is_no_damage(store: Store) -> None:
    complete = build_publication(system=build_system(horizon_days=4))
    parts = [of.unique_id for of in complete.series if of.key.place == "RXK2" and of.key.measure == "attendances"]
    weekends = counted_at_weekends(complete, "RXK2")
    saturdays = tuple(replace(of, counted_on=(5,), days=()) if of.unique_id in parts else of for of in weekends.series)
    without_sunday = {of.key.stream: of.days[0].mean for of in complete.series if of.unique_id in parts}
    issued = replace(
        weekends,
        series=tuple(
            replace(of, days=(lower(of.days[0], without_sunday[of.key.stream]), *of.days[1:]))
            if of.key.measure == "attendances" and of.key.place in ("RXK", "northshire")
            else of
            for of in saturdays
        ),
    )
    store.issue(issued)
    assert len(store.latest().series_by_id[CLINIC].days) == 0


def test_weekdays_are_part_of_the_content() -> None:
    complete = counted_at_weekends(build_publication(), "RXK2")
    other = tuple(replace(of, counted_on=(4, 5, 6)) if of.counted_on else of for of in complete.series)
    assert digest(replace(complete, series=other)) != digest(complete)
