"""What is read is as it was issued, or it is told what is not."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from publication.damage import integrity_errors
from publication.model import Headroom, Place, Publication, SeriesForecast, System
from publication.packed import PackedRows, packed
from publication.store import Store, default_url
from publication.vocabulary import SeriesKey
from tests.builders import build_publication

NAN = float("nan")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """As a store gives it."""
    store = Store(default_url(tmp_path_factory.mktemp("store")))
    store.prepare()
    store.issue(build_publication(with_drivers=True, with_headroom=True, recent_days=2))
    yield store.latest()
    store.close()


def of_system(**changed: object) -> Callable[[Publication], Publication]:
    return lambda whole: replace(whole, system=replace(whole.system, **changed))  # type: ignore[arg-type]


def of_places(change: Callable[[Place], Place | None]) -> Callable[[Publication], Publication]:
    def changed(whole: Publication) -> Publication:
        places = tuple(kept for place in whole.system.places if (kept := change(place)) is not None)
        return replace(whole, system=replace(whole.system, places=places))

    return changed


def below(child: str, parent: str | None) -> Callable[[Publication], Publication]:
    return of_places(lambda place: replace(place, parent=parent) if place.id == child else place)


def of_first_series(change: Callable[[SeriesForecast], SeriesForecast]) -> Callable[[Publication], Publication]:
    return lambda whole: replace(whole, series=(change(whole.series[0]), *whole.series[1:]))


def of_first_headroom(change: Callable[[Headroom], Headroom]) -> Callable[[Publication], Publication]:
    return lambda whole: replace(whole, headroom=(change(whole.headroom[0]), *whole.headroom[1:]))


def of_first_days(change: Callable[[tuple[float, ...]], tuple[float, ...]]) -> Callable[[Publication], Publication]:
    def changed(series: SeriesForecast) -> SeriesForecast:
        assert isinstance(series.days, PackedRows)
        width = series.days.width
        numbers = change(series.days.numbers(None, range(width)))
        days = series.days
        return replace(series, days=PackedRows(numbers, width, lambda index, _: days[index]))

    return of_first_series(changed)


DAMAGES: dict[str, tuple[Callable[[Publication], Publication], str]] = {
    "series are gone": (lambda whole: replace(whole, series=whole.series[:-2]), "47 series are there, not 49"),
    "no measures": (of_system(measures=()), "no measures"),
    "a level is a word": (of_system(quantiles=("half",)), "no number"),
    "a threshold is none": (of_system(thresholds=(None,)), "no number"),
    "no places": (of_system(places=()), "does not begin at northshire"),
    "a place is gone": (of_places(lambda place: None if place.id == "RXH" else place), "are not below northshire"),
    "a place twice": (lambda whole: of_system(places=whole.system.places * 2)(whole), "a place twice"),
    "another parent that is none": (below("RXH", "RXQ"), "RXH and 2 more places are not below northshire"),
    "two roots": (below("RXK", None), "are not below northshire"),
    "its own parent": (below("RXH", "RXH"), "are not below northshire"),
    "a circle": (below("RXH", "RXH1"), "are not below northshire"),
    "the root is in a circle": (below("northshire", "RXH1"), "does not begin at northshire"),
    "a foreign place": (
        of_first_series(lambda series: replace(series, key=SeriesKey("RXQ", "beds"))),
        "no place or measure of RXQ/beds",
    ),
    "a foreign measure": (
        of_first_series(lambda series: replace(series, key=SeriesKey("RXH", "cots"))),
        "no place or measure of RXH/cots",
    ),
    "a count below none": (of_first_days(lambda numbers: (-5.0, *numbers[1:])), "negative or not a number"),
    "a count that is none": (of_first_days(lambda numbers: (*numbers[:-1], NAN)), "negative or not a number"),
    "an endless count": (of_first_days(lambda numbers: (*numbers[:-1], float("inf"))), "negative or not a number"),
    "a driver that is none": (
        of_first_series(lambda series: replace(series, drivers=packed([(NAN,) * 7, *series.drivers[1:]]))),
        "a day of the drivers",
    ),
    "a day without drivers": (
        of_first_series(lambda series: replace(series, drivers=packed(series.drivers[:-1]))),
        "a day of the drivers of northshire/attendances is missing",
    ),
    "a driver is gone": (
        of_first_series(lambda series: replace(series, drivers=packed([row[:-1] for row in series.drivers]))),
        "or one of its 7 numbers",
    ),
    "headroom of a foreign place": (of_first_headroom(lambda of: replace(of, place="RXQ")), "headroom is told of RXQ"),
    "a day without headroom": (
        of_first_headroom(lambda of: replace(of, headroom=packed(of.headroom[1:]))),
        "headroom of northshire",
    ),
    "a level of occupancy is gone": (
        of_first_headroom(lambda of: replace(of, occupancy=packed([row[1:] for row in of.occupancy]))),
        "headroom of northshire",
    ),
    "beds are words": (
        of_first_headroom(lambda of: replace(of, beds=("many",) * 28)),  # type: ignore[arg-type]  # as JSON may be
        "headroom of northshire",
    ),
    "relief is no number": (of_first_headroom(lambda of: replace(of, relief=(NAN,) * 28)), "headroom of northshire"),
    "a peak of a word": (
        of_first_headroom(lambda of: replace(of, peaks=(replace(of.peaks[0], quantiles=("high",) * 9),))),  # type: ignore[arg-type]
        "headroom of northshire",
    ),
    "a narrow peak": (
        of_first_headroom(lambda of: replace(of, peaks=(replace(of.peaks[0], quantiles=(1.0,)),))),
        "headroom of northshire",
    ),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_damaged_is_told(sound: Publication, damage: Callable[[Publication], Publication], told: str) -> None:
    assert told in " ".join(integrity_errors(damage(sound), len(sound.series)))


def test_nothing_is_told_of_what_was_issued(sound: Publication) -> None:
    assert list(integrity_errors(sound, len(sound.series))) == []


def test_the_tree_may_be_a_single_place(sound: Publication) -> None:
    alone: System = replace(sound.system, places=sound.system.places[:1])
    kept = tuple(series for series in sound.series if series.key.place == "northshire")
    whole = replace(sound, system=alone, series=kept, headroom=sound.headroom[:1])
    assert list(integrity_errors(whole, len(kept))) == []
