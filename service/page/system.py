"""The system page: cards, the table of the morning worst first, mutual aid, and every measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from publication.model import Place, Publication
from service.page import wording
from service.page.cards import Cards, bottom_places, cards
from service.page.doubts import Doubts, doubts
from service.page.measures import MeasureTable, measure_table, measured_places
from service.page.morning import (
    TODAY,
    AidRow,
    Reading,
    Row,
    Square,
    aid_rows,
    all_over,
    pressure_on,
    read,
    rows,
    square_legend,
)
from service.publications.earlier import EarlierFreeBeds, free_beds_on
from service.publications.served import ServedPublication
from service.queries.page_parameters import PageChoice
from service.queries.pressure import Aid, PlacePressure
from service.queries.scenario import Scenario
from service.queries.selection import EVERYTHING
from service.queries.system_pressure import PressureSelection

FIRST_ROWS = 20
MOST_FALLBACKS_NAMED = 6
ALL_KINDS = "all"


@dataclass(frozen=True, slots=True)
class KindOfPlace:
    """A kind of place to choose, with its number of places and address."""

    name: str
    n: int
    address: str
    is_chosen: bool


class DayWords(NamedTuple):
    """The first day shown and the day after in the middle of a sentence: `day`, or `on` in front of it, and `next`."""

    day: str
    on: str
    next: str


@dataclass(frozen=True, slots=True)
class SystemView:
    """The system page. `rows` are the first of `n_rows`; nothing is ranked where every day is over."""

    view: PageChoice
    labels: tuple[str, str]
    words: DayWords
    counted_at: str
    threshold: str
    percent: int | None
    cards: Cards
    kinds: tuple[KindOfPlace, ...]
    rows: tuple[Row, ...]
    n_rows: int
    legend: tuple[Square, ...]
    aid: tuple[AidRow, ...]
    n_aid: int
    measures: MeasureTable
    n_measures: int
    doubts: Doubts | None
    over: str | None
    since: str
    fallbacks: str | None
    scenario: Mapping[str, str]
    changes: tuple[str, ...]
    places: tuple[Place, ...]
    all_address: str
    plain_address: str

    @property
    def has_flows(self) -> bool:
        """Return whether a row has a flow of the day: many systems count beds alone."""
        return any(of for row in self.rows for of in (row.flow.arriving, row.flow.leaving, row.flow.net))


def system_page(served: ServedPublication, now: datetime, before: EarlierFreeBeds, choice: PageChoice) -> SystemView:
    """Return the system page at the instant `now`: changes are since `before`, or by the scenario if there is one."""
    publication, days_over = served.publication, served.days_over(now)
    ranking = served.ranking(PressureSelection(EVERYTHING, choice.what_if), days_over)
    if choice.what_if != Scenario():
        free = free_beds_on(publication.system, publication.headroom, days_over)
        before = EarlierFreeBeds("against the forecast", free, "Change by the scenario")
    return system_view(read(served, now, before), ranking.places, ranking.aid, choice)


def system_view(
    reading: Reading, pressures: Sequence[PlacePressure], aids: Sequence[Aid], view: PageChoice
) -> SystemView:
    """Return the system page, its places by the pressure of the first day shown.

    `pressures` and `aids` are those of the scenario that the view has.
    """
    publication, system = reading.publication, reading.publication.system
    is_over = all_over(reading) is not None
    ranked = [] if is_over else sorted(pressures, key=lambda of: pressure_on(of, reading.first), reverse=True)
    kind, limit = chosen_kind(publication, view), None if view.every else FIRST_ROWS
    shown = [of for of in ranked if _is_shown(system.place_by_id[of.place], kind, view.find)]
    found = rows(reading, shown[:limit])
    named = [place for place in measured_places(publication) if _is_shown(place, ALL_KINDS, view.find)]
    return SystemView(
        view=view,
        labels=_labels(reading),
        words=_words(reading),
        counted_at=f"{system.census_hour:02d}:00",
        threshold=wording.rate(reading.threshold),
        percent=reading.scale.headline.percent if reading.scale.headline else None,
        cards=cards(reading, ranked),
        kinds=_kinds(publication, view, kind),
        rows=found,
        n_rows=len(shown),
        legend=square_legend(),
        aid=aid_rows(publication, aids[:limit]),
        n_aid=len(aids),
        measures=measure_table(publication, reading.scale, reading.first_day, named[:limit]),
        n_measures=len(named),
        doubts=doubts(publication),
        over=all_over(reading),
        since=reading.compared_label,
        fallbacks=_fallbacks(publication),
        scenario={
            "beds": changes_text(view.what_if.beds),
            "discharges": changes_text(view.what_if.discharges, "/day"),
            "kind": view.kind or "",
        },
        changes=tuple(_sentences(publication, view.what_if)),
        places=tuple(row.place for row in found),
        all_address=page_address(view, all=not view.every),
        plain_address=page_address(view, beds=None, discharges=None),
    )


def page_address(view: PageChoice, **changed: object) -> str:
    """Return the address of the page with some choices changed; what is not chosen is left out."""
    scenario = {"beds": changes_text(view.what_if.beds), "discharges": changes_text(view.what_if.discharges, "/day")}
    chosen = {"kind": view.kind, "find": view.find, "all": view.every, **scenario, **changed}
    given = {name: "1" if value is True else str(value) for name, value in chosen.items() if value}
    return f"?{urlencode(given, safe=':,+/')}" if given else "?"


def _labels(reading: Reading) -> tuple[str, str]:
    """Return the title of the page: the first day shown in words, and its date; today where every day is over."""
    day = reading.today if all_over(reading) else reading.first_day
    return reading.label(day), wording.day(day)


def _words(reading: Reading) -> DayWords:
    day = wording.day(reading.first_day)
    is_today = reading.label(reading.first_day) == TODAY
    return DayWords("today", "today", "tomorrow") if is_today else DayWords(day, f"on {day}", "the day after")


def changes_text(amounts: Sequence[tuple[str, float]], unit: str = "") -> str:
    """Return changes as the parameters have them: `RXH:+12,RXK:-4`."""
    return ",".join(f"{place}:{amount:+g}{unit}" for place, amount in amounts)


def chosen_kind(publication: Publication, view: PageChoice) -> str:
    """Return the kind that is shown: the chosen one, or that of most places at the bottom of the tree."""
    if view.kind is not None:
        return view.kind
    bottom = [publication.system.place_by_id[place].kind for place in sorted(bottom_places(publication))]
    return max(dict.fromkeys(bottom), key=bottom.count, default=ALL_KINDS)


def kinds_of(publication: Publication) -> Mapping[str, int]:
    """Return the kinds of the places with published headroom, from the root down, and how many there are of each."""
    kinds = [publication.system.place_by_id[of.place].kind for of in publication.headroom]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _kinds(publication: Publication, view: PageChoice, chosen: str) -> tuple[KindOfPlace, ...]:
    there = kinds_of(publication)
    choices = {**there, ALL_KINDS: sum(there.values())}
    return tuple(KindOfPlace(kind, n, page_address(view, kind=kind), kind == chosen) for kind, n in choices.items())


def _is_shown(place: Place, kind: str, find: str | None) -> bool:
    is_named = find is None or find.casefold() in f"{place.name} {place.id} {place.kind}".casefold()
    return is_named and kind in (ALL_KINDS, place.kind)


def _fallbacks(publication: Publication) -> str | None:
    """Return how many series are fallbacks, in words; None where none is."""
    places = list(dict.fromkeys(series.key.place for series in publication.series if series.fallback))
    if not places:
        return None
    named = [publication.system.place_by_id[place].name for place in places[:MOST_FALLBACKS_NAMED]]
    more = f" and {len(places) - MOST_FALLBACKS_NAMED} more places" if len(places) > MOST_FALLBACKS_NAMED else ""
    return f"{', '.join(named)}{more}"


def _sentences(publication: Publication, what_if: Scenario) -> list[str]:
    """Return the scenario in words."""
    names = publication.system.place_by_id
    return [
        *(f"{names[place].name}: {amount:+g} beds" for place, amount in what_if.beds),
        *(f"{names[place].name}: {amount:+g} discharges a day" for place, amount in what_if.discharges),
    ]
