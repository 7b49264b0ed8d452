"""Mutual aid: beds of one place for patients of a sibling, where that lowers the worst chance of a full house."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from publication.model import Headroom, Publication
from publication.pressure import chance_over, headroom_levels
from service.queries.pressure.outlook import PlacePressure

FULL = 0.95  # the occupancy rate beyond which a place is taken to need help
SAFE = 0.2  # a place that passes it with no greater chance has headroom with high probability
WORTH_IT = 0.05  # of the chance taken away: less is not worth the transport


@dataclass(frozen=True, slots=True)
class Aid:
    """So many beds of `donor` for patients of `receiver`, on its worst day: its chance to pass `FULL` until then."""

    donor: str
    receiver: str
    day: int
    beds: int
    before: float
    after: float


Chance = Callable[[str, int, int], float]
"""Of a place, the position of a day, and patients taken in (or, negative, given away)."""


def mutual_aid(
    publication: Publication, ranked: Sequence[PlacePressure], headroom: Sequence[Headroom]
) -> tuple[Aid, ...]:
    """For the places under most pressure first, the sibling that lowers their chance most, staying safe itself.

    As few beds as make the receiver safe, or as many as the donor can give. What a place gives to one, it does not give
    to another on the same day, on which it gives nothing if it was given to; other days stand as they were published.
    """
    levels, by_place = headroom_levels(publication.system), {of.place: of for of in headroom}
    taken_in: dict[tuple[str, int], int] = {}

    @cache  # rows are made of packed numbers each time they are asked for
    def left(place: str, day: int) -> tuple[float, Sequence[float]]:
        return by_place[place].beds[day], by_place[place].headroom[day]

    def chance(place: str, day: int, patients: int) -> float:
        beds, headroom = left(place, day)
        return chance_over(levels, headroom, beds, FULL, patients + taken_in.get((place, day), 0))

    found = []
    for place in ranked:
        day = place.worst
        siblings = [s for s in _siblings(publication, place.place) if s in by_place and taken_in.get((s, day), 0) >= 0]
        offers = [aid for sibling in siblings if (aid := _offer(chance, sibling, place.place, day)) is not None]
        if offers:
            best = min(offers, key=lambda aid: (aid.after, aid.beds))
            for of, patients in ((best.donor, best.beds), (best.receiver, -best.beds)):
                taken_in[of, day] = taken_in.get((of, day), 0) + patients
            found.append(best)
    return tuple(found)


def _offer(chance: Chance, donor: str, receiver: str, day: int) -> Aid | None:
    before = chance(receiver, day, 0)
    if before <= SAFE:
        return None
    most = _largest_feasible(lambda beds: chance(donor, day, beds) <= SAFE)
    beds = min(most, _largest_feasible(lambda beds: chance(receiver, day, -beds) > SAFE) + 1)
    after = chance(receiver, day, -beds)
    return Aid(donor, receiver, day, beds, before, after) if beds > 0 and before - after >= WORTH_IT else None


def _largest_feasible(holds: Callable[[int], bool]) -> int:
    """The largest number that holds, where all smaller ones do; -1 if not even 0 does."""
    if not holds(0):
        return -1
    bound = 1
    while holds(bound):
        bound *= 2
    low = bound // 2
    while bound - low > 1:
        middle = (low + bound) // 2
        low, bound = (middle, bound) if holds(middle) else (low, middle)
    return low


def _siblings(publication: Publication, place: str) -> tuple[str, ...]:
    parent = publication.system.place_by_id[place].parent
    return () if parent is None else tuple(s for s in publication.system.children(parent) if s != place)
