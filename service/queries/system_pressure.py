"""Pressure of a complete publication: computed once, and again for the places that a scenario changes."""

from collections.abc import Iterable
from dataclasses import dataclass

from publication.model import Headroom, Publication
from publication.pressure import AID_TARGET, DISCHARGE_TARGET, Target
from service.queries.pressure import Aid, Capacity, PlacePressure, Question, by_rank, mutual_aid, place_pressure
from service.queries.scenario import Scenario, apply_scenario
from service.queries.selection import Selection


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of the discharges needed and of mutual aid."""

    discharges: Target = DISCHARGE_TARGET
    aid: Target = AID_TARGET


AS_PUBLISHED, DEFAULT_TARGETS = Scenario(), Targets()


@dataclass(frozen=True, slots=True)
class PressureSelection:
    """The places and days, the scenario, and the targets; `limit` of the series is a number of places, worst first."""

    series: Selection
    what_if: Scenario = AS_PUBLISHED
    targets: Targets = DEFAULT_TARGETS

    def check(self, publication: Publication) -> None:
        """Raise UnknownValueError for places that the publication does not have, with those that it has."""
        self.series.check(publication)
        self.what_if.check(publication)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The places, worst first, and mutual aid in the order of its receivers."""

    places: tuple[PlacePressure, ...]
    aid: tuple[Aid, ...]

    def selected(self, publication: Publication, selection: Selection) -> "Ranking":
        """Return the selected places, and the aid for them from places below the same one."""
        places, within = selection.place_ids(publication.system), selection.scope(publication.system)
        shown = [place for place in self.places if place.place in places][: selection.limit]
        receivers = {place.place for place in shown}
        return Ranking(
            tuple(shown), tuple(aid for aid in self.aid if aid.receiver in receivers and aid.donor in within)
        )


class SystemPressure:
    """The pressure of every place on some days of a publication, of which the first `days_over` are over."""

    def __init__(self, publication: Publication, days_over: int, shown: range, targets: Targets) -> None:
        self._publication = publication
        self._days_over = days_over
        self._targets = targets
        self._question = Question(publication.system, days_over, shown, targets.discharges)
        places = [self._place(of) for of in publication.headroom]
        self._places = {place.place: place for place in places}
        self._capacity = Capacity(publication, publication.headroom, targets.aid)
        self._published = self._ranked(places, self._aid(places, self._capacity))

    def ranking(self, what_if: Scenario) -> Ranking:
        """Return the ranking under a scenario: what it does not touch is as published."""
        touched = self._touched(what_if)
        if not touched:
            return self._published
        changed = {
            of.place: of
            for of in apply_scenario(self._publication, what_if, self._days_over, touched)
            if of.place in touched
        }
        places = self._places | {place: self._place(of) for place, of in changed.items()}
        system = self._publication.system
        groups = {system.place_by_id[place].parent for place in touched}
        members = [place for place in places.values() if system.place_by_id[place.place].parent in groups]
        aid = [aid for aid in self._published.aid if system.place_by_id[aid.receiver].parent not in groups]
        return self._ranked(places.values(), [*aid, *self._aid(members, self._capacity.changed(changed))])

    def _place(self, of: Headroom) -> PlacePressure:
        return place_pressure(self._publication, of, self._question)

    def _touched(self, what_if: Scenario) -> set[str]:
        """Return the places whose headroom the scenario changes: those that it names, and all above them."""
        ancestors = self._publication.system.ancestors
        named = {place for amounts in (what_if.beds, what_if.discharges) for place, _ in amounts}
        touched = named.union(*(set(ancestors(place)) for place in named))
        return touched & self._publication.headroom_by_place.keys()

    def _aid(self, places: Iterable[PlacePressure], capacity: Capacity) -> tuple[Aid, ...]:
        """Return the aid among places: siblings give to siblings alone, so each group stands for itself."""
        ranked = sorted(places, key=by_rank, reverse=True)
        return mutual_aid(self._publication, ranked, (), self._targets.aid, capacity)

    def _ranked(self, places: Iterable[PlacePressure], aid: Iterable[Aid]) -> Ranking:
        ranked = tuple(sorted(places, key=by_rank, reverse=True))
        position = {place.place: n for n, place in enumerate(ranked)}
        return Ranking(ranked, tuple(sorted(aid, key=lambda of: position[of.receiver])))
