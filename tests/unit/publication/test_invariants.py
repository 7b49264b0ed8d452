"""Each named rule, as a table: what is broken, and the sentence that says so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from publication.errors import MalformedPublicationError
from publication.invariants import RULES, check
from publication.model import Actual, Headroom, Note, Peak, Publication, SeriesForecast
from publication.pressure import headroom_levels
from publication.vocabulary import Kind, NoteKind
from tests.unit.publication.broken_findings import BROKEN_FINDINGS, frozen
from tests.unit.publication.tiny import publication, series, system, with_day, with_series

FINITE = "values_are_finite_and_not_negative"
WITHIN = "means_are_within_their_intervals"
INCOMPLETE = "horizon_is_complete: RXA02/attendances"
WEEKDAYS = "weekdays_are_of_flows: RXA02/attendances is counted on weekdays"


def _with_actual(p: Publication, unique_id: str, actual: Actual) -> Publication:
    return with_series(p, unique_id, replace(p.series_by_id[unique_id], recent=(actual,)))


def _of(p: Publication, unique_id: str, **changes: object) -> SeriesForecast:
    return replace(p.series_by_id[unique_id], **changes)  # type: ignore[arg-type]  # a table of changes to any field


def with_drivers(p: Publication, unique_id: str, drivers: tuple[tuple[float, ...], ...]) -> Publication:
    return with_series(p, unique_id, replace(p.series_by_id[unique_id], drivers=drivers))


def driven_days(p: Publication, unique_id: str, off: float = 0.0) -> tuple[tuple[float, ...], ...]:
    """Drivers that add up on every day, but on the last by so much too little."""
    means = [day.mean for day in p.series_by_id[unique_id].days]
    return tuple((mean - 3.0, 2.0, 0.0, 0.0, 0.0, 1.0, off if i else 0.0) for i, mean in enumerate(means))


def sunday_only(p: Publication, unique_id: str) -> SeriesForecast:
    """The series without its Monday."""
    return _of(p, unique_id, counted_on=(6,), days=p.series_by_id[unique_id].days[:1])


def occupancy_rate_first(p: Publication) -> Publication:
    """Occupancy as a rate, which does not add up, before all other series."""
    measures = tuple(replace(of, kind=Kind.RATE) if of.name == "occupancy" else of for of in p.system.measures)
    series = sorted(p.series, key=lambda of: of.key.measure != "occupancy")
    return replace(p, system=replace(p.system, measures=measures), series=tuple(series))


def with_headroom(p: Publication, **changes: object) -> Publication:
    """Two days of RXA01 with twenty beds, and a peak; `changes` to any field."""
    n_fine = len(headroom_levels(p.system))
    day = tuple(i / n_fine for i in range(n_fine))
    three = (12.0, 15.0, 18.0)
    good = Headroom("RXA01", (20.0, 20.0), (three, three), (day, day), (1.0, 1.9), (Peak(2, three, 1.5),))
    return replace(p, headroom=(replace(good, **changes),))  # type: ignore[arg-type]


def _first_day(p: Publication) -> tuple[float, ...]:
    """Headroom of the first day, as `with_headroom` has it."""
    return tuple(with_headroom(p).headroom[0].headroom[0])


BROKEN: dict[str, tuple[Callable[[Publication], Publication], str]] = {
    **BROKEN_FINDINGS,
    "series twice": (
        lambda p: replace(p, series=(*p.series, p.series[-1])),
        "series_are_distinct: RXA01/occupancy is published twice",
    ),
    "unknown place": (
        lambda p: replace(p, series=(*p.series, series("RZZ/occupancy", (1.0, 2.0)))),
        "series_are_distinct: RZZ/occupancy is of a place that the system does not have",
    ),
    "unknown measure": (
        lambda p: replace(p, series=(*p.series, series("RXA/parking", (1.0, 2.0)))),
        "series_are_distinct: RXA/parking is of a measure that the system does not have",
    ),
    "lead missing": (
        lambda p: with_series(p, "RXA01/occupancy", _of(p, "RXA01/occupancy", days=p.series[-1].days[:1])),
        "horizon_is_complete: RXA01/occupancy does not have each lead from 1 to 2 once",
    ),
    "no lead at all": (
        lambda p: with_series(p, "RXA01/occupancy", _of(p, "RXA01/occupancy", days=())),
        "horizon_is_complete: RXA01/occupancy does not have each lead from 1 to 2 once",
    ),
    "lead too many": (
        lambda p: with_series(p, "RXA01/occupancy", series("RXA01/occupancy", (1.0, 2.0, 3.0))),
        "horizon_is_complete: RXA01/occupancy does not have each lead from 1 to 2 once",
    ),
    "leads out of order": (
        lambda p: with_series(p, "RXA01/occupancy", _of(p, "RXA01/occupancy", days=p.series[-1].days[::-1])),
        "horizon_is_complete: RXA01/occupancy does not have each lead from 1 to 2 once",
    ),
    "wrong day": (
        lambda p: with_day(p, "RXA01/occupancy", 2, ds=date(2026, 11, 24)),
        "horizon_is_complete: RXA01/occupancy does not have each lead from 1 to 2 once",
    ),
    "mean below its interval": (
        lambda p: with_day(p, "RXA01/occupancy", 1, mean=8.9, quantiles=(10.0, 15.0, 20.0)),
        f"{WITHIN}: RXA01/occupancy on 2026-11-22 has a mean of 8.9, outside its quantiles 10.0 to 20.0",
    ),
    "mean above its interval": (
        lambda p: with_day(p, "RXA01/occupancy", 1, mean=31.1, quantiles=(10.0, 15.0, 20.0)),
        f"{WITHIN}: RXA01/occupancy on 2026-11-22 has a mean of 31.1, outside its quantiles 10.0 to 20.0",
    ),
    "negative mean": (
        lambda p: with_day(p, "RXA01/occupancy", 1, mean=-0.001),
        f"{FINITE}: RXA01/occupancy on 2026-11-22 has a value that is negative or not a number",
    ),
    "negative quantile": (
        lambda p: with_day(p, "RXA01/occupancy", 2, quantiles=(-1.0, 0.0, 2e5)),
        f"{FINITE}: RXA01/occupancy on 2026-11-23 has a value that is negative or not a number",
    ),
    "not a number": (
        lambda p: with_day(p, "RXA01/occupancy", 1, mean=float("nan")),
        f"{FINITE}: RXA01/occupancy on 2026-11-22 has a value that is negative or not a number",
    ),
    "infinite": (
        lambda p: with_day(p, "RXA01/occupancy", 1, quantiles=(0.0, 1.0, float("inf"))),
        f"{FINITE}: RXA01/occupancy on 2026-11-22 has a value that is negative or not a number",
    ),
    "quantile missing": (
        lambda p: with_day(p, "RXA01/occupancy", 1, quantiles=(1.0, 2.0)),
        "quantiles_increase: RXA01/occupancy on 2026-11-22 has 2 quantiles, not 3",
    ),
    "quantiles cross": (
        lambda p: with_day(p, "RXA01/occupancy", 1, quantiles=(1.0, 3.0, 2.0)),
        "quantiles_increase: RXA01/occupancy on 2026-11-22 has quantiles that cross",
    ),
    "actual not a number": (
        lambda p: _with_actual(p, "RXA01/occupancy", Actual(date(2026, 11, 21), float("nan"))),
        "actuals_are_finite: RXA01/occupancy has an actual on 2026-11-21 that is not a number",
    ),
    "root is not its trust": (
        lambda p: with_day(p, "northshire/attendances", 2, mean=66.5),
        "parents_add_up: northshire/attendances on 2026-11-23 is 66.5, its parts add up to 66.0",
    ),
    "trust is not its sites": (
        lambda p: with_day(p, "RXA02/attendances", 1, mean=20.5),
        "parents_add_up: RXA/attendances on 2026-11-22 is 60.0, its parts add up to 60.5",
    ),
    "sum is not its streams": (
        lambda p: with_day(p, "RXA01/attendances/adult", 1, mean=30.5),
        "parents_add_up: RXA01/attendances on 2026-11-22 is 40.0, its parts add up to 40.5",
    ),
    "root over an unpublished trust": (
        lambda p: with_day(with_series(p, "RXA/attendances", None), "RXA02/attendances", 1, mean=20.5),
        "parents_add_up: northshire/attendances on 2026-11-22 is 60.0, its parts add up to 60.5",
    ),
    "a day of a weekday that is never counted": (
        lambda p: with_series(p, "RXA02/attendances", _of(p, "RXA02/attendances", counted_on=(6,))),
        f"{INCOMPLETE} does not have each lead from 1 to 2 of the weekdays it is counted on once",
    ),
    "a stock that is not forecast on each day": (
        lambda p: with_series(p, "RXA01/occupancy", sunday_only(p, "RXA01/occupancy")),
        "weekdays_are_of_flows: RXA01/occupancy is a stock that lacks days: only a flow may",
    ),
    "weekdays out of order": (
        lambda p: with_series(p, "RXA02/attendances", _of(p, "RXA02/attendances", counted_on=(6, 0))),
        f"{WEEKDAYS} (6, 0), which are not some of 0 to 6 in order",
    ),
    "all seven weekdays": (
        lambda p: with_series(p, "RXA02/attendances", _of(p, "RXA02/attendances", counted_on=tuple(range(7)))),
        f"{WEEKDAYS} (0, 1, 2, 3, 4, 5, 6), which are not some of 0 to 6 in order",
    ),
    "root is not its trust, and leaves come first": (
        lambda p: replace(off := with_day(p, "northshire/attendances", 2, mean=66.5), series=off.series[::-1]),
        "parents_add_up: northshire/attendances on 2026-11-23 is 66.5, its parts add up to 66.0",
    ),
    "root is not its trust, after a rate": (
        lambda p: occupancy_rate_first(with_day(p, "northshire/attendances", 2, mean=66.5)),
        "parents_add_up: northshire/attendances on 2026-11-23 is 66.5, its parts add up to 66.0",
    ),
    "a part that is closed is still in its parent": (
        lambda p: with_series(p, "RXA02/attendances", sunday_only(p, "RXA02/attendances")),
        "parents_add_up: RXA/attendances on 2026-11-23 is 66.0, its parts add up to 44.0",
    ),
    "a parent lacks a day that its parts have": (
        lambda p: with_series(p, "northshire/attendances", sunday_only(p, "northshire/attendances")),
        "parents_add_up: northshire/attendances lacks days that its parts have: the first is lead 2",
    ),
    "drivers of one day only": (
        lambda p: with_drivers(p, "RXA01/occupancy", ((10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),)),
        "drivers_add_up: RXA01/occupancy has drivers of 1 days, not 2",
    ),
    "a driver missing": (
        lambda p: with_drivers(p, "RXA01/occupancy", ((1.0, 2.0), *driven_days(p, "RXA01/occupancy")[1:])),
        "drivers_add_up: RXA01/occupancy on 2026-11-22 has 2 drivers, not 7",
    ),
    "drivers do not add up": (
        lambda p: with_drivers(p, "RXA01/occupancy", driven_days(p, "RXA01/occupancy", off=0.5)),
        "drivers_add_up: RXA01/occupancy on 2026-11-23",
    ),
    "a driver that is not a number": (
        lambda p: with_drivers(p, "RXA01/occupancy", driven_days(p, "RXA01/occupancy", off=float("nan"))),
        "drivers_add_up: RXA01/occupancy on 2026-11-23",
    ),
    "headroom of an unknown place": (
        lambda p: with_headroom(p, place="RZZ"),
        "headroom_is_complete: headroom of RZZ is given twice, or is of a place that the system does not have",
    ),
    "headroom twice": (
        lambda p: replace(p, headroom=with_headroom(p).headroom * 2),
        "headroom_is_complete: headroom of RXA01 is given twice",
    ),
    "headroom of one day only": (
        lambda p: with_headroom(p, beds=(20.0,)),
        "headroom_is_complete: headroom of RXA01 does not have each of 2 days",
    ),
    "headroom that crosses": (
        lambda p: with_headroom(p, headroom=(with_headroom(p).headroom[0].headroom[0][::-1],) * 2),
        "headroom_is_complete: headroom of RXA01 has quantiles that cross",
    ),
    "a peak without a quantile": (
        lambda p: with_headroom(p, peaks=(Peak(2, (12.0, 15.0), 1.5),)),
        "headroom_is_complete: headroom of RXA01 has quantiles that cross, or not 3 of them",
    ),
    "beds that are not a number": (
        lambda p: with_headroom(p, beds=(20.0, float("nan"))),
        "headroom_is_complete: headroom of RXA01 has a value that is not a number",
    ),
    "freed beds below zero": (
        lambda p: with_headroom(p, beds_freed=(1.0, -0.1)),
        "headroom_is_complete: headroom of RXA01 has a value that is not a number, or beds or freed beds below 0",
    ),
    "headroom of one day of occupancy": (
        lambda p: with_headroom(p, occupancy=((12.0, 15.0, 18.0),)),
        "headroom_is_complete: headroom of RXA01 does not have each of 2 days",
    ),
    "headroom of one day of headroom": (
        lambda p: with_headroom(p, headroom=with_headroom(p).headroom[0].headroom[:1]),
        "headroom_is_complete: headroom of RXA01 does not have each of 2 days",
    ),
    "freed beds of three days": (
        lambda p: with_headroom(p, beds_freed=(1.0, 1.9, 2.7)),
        "headroom_is_complete: headroom of RXA01 does not have each of 2 days",
    ),
    "occupancy that crosses": (
        lambda p: with_headroom(p, occupancy=((12.0, 15.0, 18.0), (12.0, 18.0, 15.0))),
        "headroom_is_complete: headroom of RXA01 has quantiles that cross, or not 3 of them",
    ),
    "occupancy without a quantile": (
        lambda p: with_headroom(p, occupancy=((12.0, 15.0, 18.0), (12.0, 15.0))),
        "headroom_is_complete: headroom of RXA01 has quantiles that cross, or not 3 of them",
    ),
    "a peak that crosses": (
        lambda p: with_headroom(p, peaks=(Peak(2, (18.0, 15.0, 12.0), 1.5),)),
        "headroom_is_complete: headroom of RXA01 has quantiles that cross, or not 3 of them",
    ),
    "net flow of one day": (
        lambda p: with_headroom(p, net_flow=((-3.0, 0.0, 3.0),)),
        "headroom_is_complete: headroom of RXA01 does not have each of 2 days",
    ),
    "net flow that crosses": (
        lambda p: with_headroom(p, net_flow=((-3.0, 0.0, 3.0), (-3.0, 3.0, 0.0))),
        "headroom_is_complete: headroom of RXA01 has quantiles that cross, or not 3 of them",
    ),
    "net flow that is infinite": (
        lambda p: with_headroom(p, net_flow=((-3.0, 0.0, 3.0), (-float("inf"), 0.0, 3.0))),
        "headroom_is_complete: headroom of RXA01 has a value that is not a number",
    ),
    "occupancy that is infinite": (
        lambda p: with_headroom(p, occupancy=((12.0, 15.0, 18.0), (12.0, 15.0, float("inf")))),
        "headroom_is_complete: headroom of RXA01 has a value that is not a number",
    ),
    "headroom that is infinite": (
        lambda p: with_headroom(p, headroom=((-float("inf"), *_first_day(p)[1:]), _first_day(p))),
        "headroom_is_complete: headroom of RXA01 has a value that is not a number",
    ),
    "a peak that is infinite": (
        lambda p: with_headroom(p, peaks=(Peak(2, (12.0, 15.0, float("inf")), 1.5),)),
        "headroom_is_complete: headroom of RXA01 has a value that is not a number",
    ),
    "freed beds that are not a number": (
        lambda p: with_headroom(p, beds_freed=(1.0, float("nan"))),
        "headroom_is_complete: headroom of RXA01 has a value that is not a number",
    ),
    "beds below zero": (
        lambda p: with_headroom(p, beds=(20.0, -1.0)),
        "headroom_is_complete: headroom of RXA01 has a value that is not a number, or beds or freed beds below 0",
    ),
    "two reasons": (
        lambda p: replace(p, notes=(*p.notes, p.notes[-1])),
        "fallbacks_have_one_reason: 2 notes say why RXA01/attendances/paediatric is a fallback",
    ),
    "no series": (lambda p: replace(p, series=()), "the publication has no series"),
}


@pytest.mark.parametrize(("broken", "sentence"), BROKEN.values(), ids=BROKEN.keys())
def test_a_breach_is_named(broken: Callable[[Publication], Publication], sentence: str) -> None:
    with pytest.raises(MalformedPublicationError) as raised:
        check(broken(publication()))
    assert f": {sentence}" in str(raised.value)
    assert str(raised.value).startswith("Issuing the publication of northshire for 2026-11-21: 1 breach(es)")
    assert str(raised.value).endswith("Nothing was written.")


def test_every_rule_has_a_row_in_the_table() -> None:
    assert {sentence.split(":")[0] for _, sentence in BROKEN.values()} >= {rule.__name__ for rule in RULES}


GOOD: dict[str, Callable[[Publication], Publication]] = {
    "as built": lambda p: p,
    "headroom": with_headroom,
    "findings": lambda p: replace(
        p,
        findings=(
            frozen(4, 5),
            frozen(1, 2),
            frozen(2, 3, "RXA02/occupancy"),
        ),
    ),
    "a finding on a series that is not published": lambda p: replace(
        p, findings=(frozen(1, 2, "RXA01/occupancy/adult"),)
    ),
    "a finding on the cutoff": lambda p: replace(p, findings=(frozen(21, 21),)),
    "drivers that add up": lambda p: with_drivers(p, "RXA01/occupancy", driven_days(p, "RXA01/occupancy")),
    "leaves alone": lambda p: replace(p, series=tuple(s for s in p.series if s.key.place == "RXA02")),
    "trust left out": lambda p: with_series(p, "RXA/attendances", None),
    "sum left out, its streams present": lambda p: replace(
        p, series=tuple(s for s in p.series if s.key.stream is not None)
    ),
    "equal quantiles": lambda p: with_day(p, "RXA01/occupancy", 1, quantiles=(0.0, 0.0, 0.0)),
    "headroom of no beds, of which none can be freed": lambda p: with_headroom(
        p, beds=(0.0, 0.0), beds_freed=(0.0, 0.0)
    ),
    "headroom below zero": lambda p: with_headroom(p, headroom=(tuple(v - 5 for v in _first_day(p)),) * 2),
    "net flow below zero": lambda p: with_headroom(p, net_flow=((-9.0, -3.0, -1.0),) * 2),
    "headroom without a peak": lambda p: with_headroom(p, peaks=()),
    "two notes on fallbacks, and two on a series": lambda p: replace(
        p,
        notes=(
            Note(NoteKind.FALLBACK, "1 of 7 series is a fallback"),
            Note(NoteKind.FALLBACK, "2 of 7 series are fallbacks"),
            *(Note(kind, "late", series="RXA/attendances") for kind in (NoteKind.LATE, NoteKind.FALLBACK)),
        ),
    ),
    "zero": lambda p: with_day(p, "RXA01/occupancy", 1, mean=0.0),
    "parents off by less than the tolerance": lambda p: with_day(p, "northshire/attendances", 1, mean=60.0 + 9e-7),
    "a tree that is closed on one weekday": lambda p: replace(
        p,
        series=tuple(sunday_only(p, s.unique_id) if s.key.measure == "attendances" else s for s in p.series),
    ),
    "streams at the trust too": lambda p: replace(
        p,
        series=(
            *p.series,
            series("RXA/attendances/adult", (30.0, 33.0)),
            series("RXA/attendances/paediatric", (10.0, 11.0)),
        ),
    ),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD.keys())
def test_a_good_publication_passes(good: Callable[[Publication], Publication]) -> None:
    check(good(publication()))


def test_a_tree_of_one_place_needs_no_parts() -> None:
    lone = replace(publication(), system=system("RXH", parents={}), series=(series("RXH/occupancy", (1.0, 2.0)),))
    check(lone)


def test_a_series_that_is_closed_on_some_weekdays_adds_nothing_to_its_parents_then() -> None:
    complete = publication()
    closed = with_series(complete, "RXA02/attendances", sunday_only(complete, "RXA02/attendances"))
    for parent in ("RXA/attendances", "northshire/attendances"):
        closed = with_day(closed, parent, 2, mean=44.0, quantiles=(40.0, 44.0, 48.0))
    check(closed)


def test_a_series_may_have_no_day_of_a_short_horizon_at_all() -> None:
    complete = publication()
    saturdays = _of(complete, "RXA02/attendances", counted_on=(5,), days=())
    closed = with_series(complete, "RXA02/attendances", saturdays)
    for parent in ("RXA/attendances", "northshire/attendances"):
        for lead, mean in ((1, 40.0), (2, 44.0)):
            closed = with_day(closed, parent, lead, mean=mean, quantiles=(mean, mean, mean))
    check(closed)


def test_a_rate_of_a_parent_is_not_held_to_the_sum_of_its_parts() -> None:
    p = with_day(publication(), "northshire/attendances", 2, mean=62.0)
    with pytest.raises(MalformedPublicationError, match="parents_add_up"):
        check(p)
    measures = tuple(replace(of, kind=Kind.RATE, unit="percent") for of in p.system.measures)
    check(replace(p, system=replace(p.system, measures=measures)))
