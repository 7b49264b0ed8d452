"""Scenarios: the published distributions, shifted by more or fewer beds and discharges."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from publication.model import Headroom, Peak, Publication
from service.errors import MAX_PRINTED_VALUES, InvalidParameter, invalid, one_of, unknown

Amounts = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Changes by place: open beds, and discharges a day, from today on. Negative ones take away."""

    beds: Amounts = ()
    discharges: Amounts = ()

    def check(self, publication: Publication) -> None:
        """Raise UnknownValueError for places without published pressure, InvalidParameterError for one named twice."""
        there = list(publication.headroom_by_place)
        missing = dict.fromkeys(
            (parameter, place)
            for parameter, amounts in (("beds", self.beds), ("discharges", self.discharges))
            for place, _ in amounts
            if place not in publication.headroom_by_place
        )
        if missing:  # what resembles each is looked for, which takes a while: not for thousands
            shown = islice(missing, MAX_PRINTED_VALUES)
            raise unknown(
                *(
                    InvalidParameter(of, place, one_of(there, place) or "no pressure is published")
                    for of, place in shown
                )
            )
        twice = tuple(
            InvalidParameter(parameter, place, "each place once")
            for parameter, amounts in (("beds", self.beds), ("discharges", self.discharges))
            for (place, _), (before, _) in pairwise(amounts)
            if place == before
        )
        if twice:
            raise invalid(*twice)


def apply_scenario(
    publication: Publication, what_if: Scenario, days_over: int = 0, touched: Collection[str] | None = None
) -> tuple[Headroom, ...]:
    """Return the headroom of every place under the scenario. A change at a place is one of all places above it, too.

    The first `days_over` days are over: they stay as they are. `touched`: the places that it changes, where known.
    Beds shift headroom exactly. Of further discharges, those patients are taken off who would have left by then anyway:
    the rest is `beds_freed`. A peak is moved by their number on its day, net flow by what that number grows by on the
    day. docs/explanation/method.md gives the error.
    """
    return tuple(
        _changed(headroom, publication, what_if, days_over)
        if touched is None or headroom.place in touched
        else headroom
        for headroom in publication.headroom
    )


def beds_freed_on(of: Headroom, day: int, days_over: int) -> float:
    """Return the beds freed by the day at this position, for each further discharge a day since the first to come."""
    return of.beds_freed[day - days_over] if day >= days_over else 0.0


def _changed(headroom: Headroom, publication: Publication, what_if: Scenario, days_over: int) -> Headroom:
    added, discharged = (
        [
            (amount, publication.headroom_by_place[p])
            for p, amount in amounts
            if _is_within(publication, p, headroom.place)
        ]
        for amounts in (what_if.beds, what_if.discharges)
    )
    if not added and not discharged:
        return headroom
    # No place loses more beds than it has, nor sends more patients home than may be in them: nor do those above it.
    days = range(len(headroom.beds))
    freed = [
        sum(min(amount * beds_freed_on(of, i, days_over), of.occupancy[i][-1]) for amount, of in discharged)
        for i in days
    ]
    wanted = [sum(max(amount, -of.beds[i]) for amount, of in added) if i >= days_over else 0.0 for i in days]
    beds = [max(was + m, 0.0) for was, m in zip(headroom.beds, wanted, strict=True)]
    more = [is_now - was for is_now, was in zip(beds, headroom.beds, strict=True)]
    return replace(
        headroom,
        beds=tuple(beds),
        occupancy=tuple(tuple(_fewer(row, free)) for row, free in zip(headroom.occupancy, freed, strict=True)),
        headroom=tuple(
            tuple(value + m + min(free, max(was - value, 0.0)) for value in row)  # nobody leaves an empty bed
            for row, m, free, was in zip(headroom.headroom, more, freed, headroom.beds, strict=True)
        ),
        peaks=tuple(_moved(peak, freed) for peak in headroom.peaks),
        net_flow=tuple(
            tuple(value - (now - before) for value in row)
            for row, before, now in zip(headroom.net_flow, (0.0, *freed), freed, strict=False)
        ),
    )


def _is_within(publication: Publication, place: str, above: str) -> bool:
    return place == above or above in publication.system.ancestors(place)


def _fewer(counts: Sequence[float], freed: float) -> Iterator[float]:
    return (max(count - freed, 0.0) for count in counts)


def _moved(peak: Peak, freed: list[float]) -> Peak:
    """Return the peak less the beds freed until its lead, interpolated linearly between days."""
    day = min(int(peak.lead), len(freed) - 1)  # the position of the day after it
    share = peak.lead - int(peak.lead)
    then = freed[day - 1] + share * (freed[day] - freed[day - 1])
    return replace(peak, quantiles=tuple(_fewer(peak.quantiles, then)))
