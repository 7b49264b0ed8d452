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
from service.page.measures import MeasureTable, measure_table
from service.page.morning import TODAY, AidRow, Reading, Row, Square, aid_rows, pressure_on, read, rows, square_legend
from service.publications.earlier import EarlierFreeBeds, free_beds_on
from service.publications.served import ServedPublication
from service.queries.page_parameters import PageChoice
from service.queries.pressure import Aid, PlacePressure
from service.queries.scenario import Scenario
from service.queries.selection import EVERYTHING
from service.queries.system_pressure import PressureSelection

FIRST_ROWS = 20
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
    measures: MeasureTable
    n_measures: int
    doubts: Doubts | None
    over: str | None
    changes: tuple[str, ...]
    places: tuple[Place, ...]
    all_address: str
    plain_address: str


def system_page(served: ServedPublication, now: datetime, before: EarlierFreeBeds, choice: PageChoice) -> SystemView:
    """Return the system page at the instant `now`: changes are since `before`, or by the scenario if there is one."""
    publication, days_over = served.publication, served.days_over(now)
    ranking = served.ranking(PressureSelection(EVERYTHING, choice.what_if), days_over)
    if choice.what_if != Scenario():
        free = free_beds_on(publication.system, publication.headroom, days_over)
        before = EarlierFreeBeds("against the forecast", free)
    return system_view(read(served, now, before), ranking.places, ranking.aid, choice)


def system_view(
    reading: Reading, pressures: Sequence[PlacePressure], aids: Sequence[Aid], view: PageChoice
) -> SystemView:
    """Return the system page, its places by the pressure of the first day shown.

    `pressures` and `aids` are those of the scenario that the view has.
    """
    publication, system = reading.publication, reading.publication.system
    is_over = reading.first >= system.horizon_days
    ranked = [] if is_over else sorted(pressures, key=lambda of: pressure_on(of, reading.first), reverse=True)
    kinds = _kinds(publication, view)
    shown = [of for of in ranked if _is_shown(publication, of.place, view)]
    found = rows(reading, shown if view.every else shown[:FIRST_ROWS])
    measures = measure_table(publication, reading.scale, reading.first_day)
    listed = tuple(row for row in measures.rows if view.find is None or view.find.casefold() in row.text)
    return SystemView(
        view=view,
        labels=(reading.label(reading.first_day), wording.day(reading.first_day)),
        words=_words(reading),
        counted_at=f"{system.census_hour:02d}:00",
        threshold=wording.rate(reading.threshold),
        percent=reading.scale.headline.percent if reading.scale.headline else None,
        cards=cards(reading, ranked),
        kinds=kinds,
        rows=found,
        n_rows=len(shown),
        legend=square_legend(),
        aid=aid_rows(publication, aids),
        measures=MeasureTable(measures.columns, listed if view.every else listed[:FIRST_ROWS]),
        n_measures=len(listed),
        doubts=doubts(publication),
        over=f"Every day of this publication is over. The last was {wording.day(reading.first_day)}."
        if is_over
        else None,
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


def _kinds(publication: Publication, view: PageChoice) -> tuple[KindOfPlace, ...]:
    chosen, there = chosen_kind(publication, view), kinds_of(publication)
    choices = {**there, ALL_KINDS: sum(there.values())}
    return tuple(KindOfPlace(kind, n, page_address(view, kind=kind), kind == chosen) for kind, n in choices.items())


def _is_shown(publication: Publication, place: str, view: PageChoice) -> bool:
    of, kind = publication.system.place_by_id[place], chosen_kind(publication, view)
    is_named = view.find is None or view.find.casefold() in f"{of.name} {of.id} {of.kind}".casefold()
    return is_named and kind in (ALL_KINDS, of.kind)


def _sentences(publication: Publication, what_if: Scenario) -> list[str]:
    """Return the scenario in words."""
    names = publication.system.place_by_id
    return [
        *(f"{names[place].name}: {amount:+g} beds" for place, amount in what_if.beds),
        *(f"{names[place].name}: {amount:+g} discharges a day" for place, amount in what_if.discharges),
    ]
