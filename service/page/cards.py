"""The four cards of the morning: the worst place, the system tomorrow, what is known ahead, and recent errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from publication.model import Place, Publication
from service.page import wording
from service.page.ahead import known_ahead
from service.page.morning import SHORT_OF_ONE, Reading
from service.page.wording import Figure
from service.queries.pressure import PlacePressure


@dataclass(frozen=True, slots=True)
class WorstPlace:
    """The place under most pressure on the first day shown, as in the table, and its chance of no bed."""

    place: Place
    short: str
    free: Figure


@dataclass(frozen=True, slots=True)
class SystemDay:
    """The root of the tree on the day after the first one shown; `over` has a threshold and its chance."""

    label: str
    free: Figure
    over: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cards:
    """The cards at the head of the page; None where the data for one is not there."""

    worst: WorstPlace | None
    system: SystemDay | None
    ahead: tuple[str, ...]


def cards(reading: Reading, ranked: Sequence[PlacePressure]) -> Cards:
    """Return the cards of a publication, whose places are ranked by pressure."""
    return Cards(_worst(reading, ranked), _system(reading, ranked), known_ahead(reading.publication, reading.first))


def bottom_places(publication: Publication) -> set[str]:
    """Return the places with published headroom that have none below them."""
    above = {place for of in publication.headroom for place in publication.system.ancestors(of.place)}
    return {of.place for of in publication.headroom} - above


def _worst(reading: Reading, ranked: Sequence[PlacePressure]) -> WorstPlace | None:
    bottom = bottom_places(reading.publication)
    found = next((of for of in ranked if of.place in bottom), None)
    if found is None:
        return None
    day = found.days[reading.first]
    return WorstPlace(
        place=reading.publication.system.place_by_id[found.place],
        short=wording.chance(day.short[SHORT_OF_ONE]),
        free=reading.scale.figure(day.headroom, wording.integer),
    )


def _system(reading: Reading, ranked: Sequence[PlacePressure]) -> SystemDay | None:
    system = reading.publication.system
    root = next((of for of in ranked if of.place == system.name), None)
    if root is None:
        return None
    position = min(reading.first + 1, len(root.days) - 1)
    day = root.days[position]
    return SystemDay(
        label=reading.label(reading.first_day + timedelta(days=position - reading.first)),
        free=reading.scale.figure(day.headroom, wording.integer),
        over=tuple(
            (wording.rate(threshold), wording.chance(chance))
            for threshold, chance in zip(system.thresholds, day.over, strict=True)
        ),
    )
