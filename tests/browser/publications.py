"""Made-up publications for the pages: a hostile name and doubted days, a crowd of places, and a plausible morning."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from publication.control import ControlCheck
from publication.levels import EscalationLevel
from publication.live_scores import LiveScores, Losses
from publication.model import Actual, Headroom, Note, Place, Publication, SeriesForecast
from publication.vocabulary import BEDS, Check, NoteKind, SeriesKey, Treatment
from tests.builders import (
    CUTOFF,
    LEVEL_OF_MEASURE,
    PLACES,
    build_live_scores,
    build_publication,
    build_system,
    counted_at_weekends,
    finding,
)

DOUBTED = "RXH1/occupancy"
HOSTILE = "<script>document.title = 'taken'</script>"

Added = Callable[[str, int], float]
"""The beds that are added to a place, at a lead."""

HOSPITALS = (
    Place("northshire", None, "Northshire", "system"),
    Place("RXH", "northshire", "Harbour Trust", "trust"),
    Place("RXK", "northshire", "Kingsmoor Trust", "trust"),
    Place("RXH1", "RXH", "Harbour General", "site"),
    Place("RXH2", "RXH", "St Anne's & Quay", "site"),
    Place("RXH3", "RXH", "Lantern Street", "site"),
    Place("RXK1", "RXK", "Kingsmoor Royal", "site"),
    Place("RXK2", "RXK", "Moorside", "site"),
    Place("RXK3", "RXK", "Thornfield", "site"),
)
LEVELS = (
    EscalationLevel("Amber", "over 0.92 >= 0.5", "#c77700", "Ask each ward for two discharges before noon."),
    EscalationLevel("Red", "over 0.95 >= 0.5 or short 1 >= 0.2", "#8c1d04", "Open escalation beds."),
)
NOTES = (
    Note(NoteKind.HOLIDAY, "Friday 18 December: Founders' Day"),
    Note(NoteKind.EVENT, "Strike of ambulance crews 2026-11-26 (everywhere)"),
)
BEDS_MORE: Final = {"RXH1": 6.0, "RXH2": -18.0, "RXH3": 105.0, "RXK1": 12.0, "RXK2": 95.0, "RXK3": -4.0}
BEDS_MORE_YESTERDAY: Final = {**BEDS_MORE, "RXH1": 10.0, "RXH2": -20.0, "RXK1": 5.0}
OPENING: Final = ("RXH2", 9, 16.0)  # place, lead, beds


def doubted(made: Publication) -> Publication:
    """Occupancy of RXH1 was frozen for a week; a small count has a stand-in; two days have no value."""
    found = (
        finding(DOUBTED, Check.FROZEN, range(10, 17), cutoff=made.cutoff),
        finding(DOUBTED, Check.SUPPRESSED, range(4, 5), Treatment.USED, cutoff=made.cutoff),
        finding(DOUBTED, Check.GAP, range(6, 8), Treatment.IMPUTED, "no value", cutoff=made.cutoff),
    )
    missing = {made.cutoff - timedelta(days=ago) for ago in (6, 7)}

    def without(of: SeriesForecast) -> SeriesForecast:
        if of.unique_id != DOUBTED:
            return of
        return replace(of, recent=tuple(Actual(a.ds, None if a.ds in missing else a.y) for a in of.recent))

    return replace(made, series=tuple(map(without, made.series)), findings=found)


def full(cutoff: date = CUTOFF, scale: float = 1.0) -> Publication:
    """A publication with headroom, drivers, a fallback, doubts, a clinic, and a place with a hostile name."""
    places = tuple(replace(place, name=HOSTILE) if place.id == "RXK1" else place for place in PLACES)
    made = build_publication(
        cutoff, system=build_system(places=places), scale=scale, with_drivers=True, with_headroom=True
    )
    return counted_at_weekends(doubted(made), "RXK1")


def many(n_sites: int, measures: Sequence[str] = tuple(LEVEL_OF_MEASURE), horizon_days: int = 28) -> Publication:
    """A system of so many sites in trusts of ten."""
    trusts = [Place(f"T{n:03d}", "northshire", f"Trust {n}", "trust") for n in range(-(-n_sites // 10))]
    sites = [Place(f"S{n:04d}", f"T{n // 10:03d}", f"Hospital number {n}", "site") for n in range(n_sites)]
    tree = (PLACES[0], *trusts, *sites)
    counted = tuple(of for of in build_system().measures if of.name in measures)
    return build_publication(
        system=build_system(places=tree, measures=counted, horizon_days=horizon_days),
        streams={},
        fallbacks=(),
        recent_days=8,
        with_headroom=True,
    )


def morning(
    cutoff: date = CUTOFF,
    *,
    beds_more: Mapping[str, float] = BEDS_MORE,
    fallbacks: Sequence[SeriesKey] = (),
    recent_days: int = 56,
    scale: float = 1.0,
) -> Publication:
    """A publication of six hospitals under different pressure, with levels of escalation and what is known ahead."""
    made = build_publication(
        cutoff,
        system=build_system(places=HOSPITALS, levels=LEVELS),
        streams={},
        fallbacks=fallbacks,
        recent_days=recent_days,
        notes=NOTES,
        scale=scale,
        with_drivers=True,
        with_headroom=True,
    )
    return _with_beds(made, beds_more, OPENING)


def without_beds() -> Publication:
    """A system that counts attendances only, as a chain of walk-in centres does."""
    attendances = tuple(of for of in build_system().measures if of.name == "attendances")
    return build_publication(system=build_system(measures=attendances, places=HOSPITALS), fallbacks=())


def plausible_scores() -> LiveScores:
    """Live scores of the hospitals: errors grow with the lead and the place, and intervals hold what they promise."""
    made = build_live_scores(places=HOSPITALS, measures=("admissions", "occupancy"))
    sizes = {"system": 24.0, "trust": 15.0, "site": 8.0}
    kinds = {place.id: place.kind for place in HOSPITALS}
    newest = made.by_champion[-1].champion
    return replace(
        made,
        scores=tuple(
            of._replace(losses=_losses(of.losses, sizes[kinds[str(of.of.series).split("/")[0]]], n))
            for n, of in enumerate(made.scores)
        ),
        by_lead=tuple(
            of._replace(lead=lead, losses=_losses(of.losses, 8.0 + 0.4 * lead, lead), publications=7 * of.weeks - lead)
            for of in made.by_lead
            if of.lead == 1
            for lead in range(1, 15)
        ),
        by_champion=tuple(
            of._replace(losses=_losses(of.losses, 8.0 + 0.4 * of.lead - 0.5 * (of.champion == newest), of.lead))
            for of in made.by_champion
        ),
        quantiles=tuple(
            of._replace(at_or_below=of.quantile + 0.02 * math.sin(9 * of.quantile)) for of in made.quantiles
        ),
        control=tuple(
            of._replace(evidence=0.4, signal=None) if of.check is ControlCheck.COVERAGE else of for of in made.control
        ),
    )


def _losses(made: Losses, mae: float, nth: int) -> Losses:
    more = 0.015 * math.sin(nth)
    return made._replace(
        mae=mae,
        bias=-0.1 * mae,
        wis=0.6 * mae,
        mase=0.68,
        scaled_wis=0.4,
        coverage_50=0.5 + more,
        coverage_80=0.8 + more,
        coverage_95=0.95 + more / 2,
        last_week_mae=1.5 * mae,
        mae_vs_last_week=mae,
        yesterday_mae=1.3 * mae,
        mae_vs_yesterday=mae,
    )


def _with_beds(made: Publication, more: Mapping[str, float], opening: tuple[str, int, float]) -> Publication:
    """The publication with more beds at places at the bottom, and at those above them; some open on a later day."""
    system = made.system

    def added(place: str, lead: int) -> float:
        opened = {opening[0]: opening[2]} if lead >= opening[1] else {}
        return sum(by.get(of, 0.0) for by in (more, opened) for of in by if place in {of, *system.ancestors(of)})

    return replace(
        made,
        series=tuple(_more_beds(of, added) if of.key.measure == BEDS else of for of in made.series),
        headroom=tuple(_more_free(of, added) for of in made.headroom),
    )


def _more_beds(of: SeriesForecast, added: Added) -> SeriesForecast:
    more = [added(of.key.place, day.lead) for day in of.days]
    return replace(
        of,
        recent=tuple(Actual(a.ds, None if a.y is None else a.y + more[0]) for a in of.recent),
        days=tuple(
            replace(day, mean=day.mean + by, quantiles=tuple(value + by for value in day.quantiles))
            for day, by in zip(of.days, more, strict=True)
        ),
        drivers=tuple((row[0] + by, *row[1:]) for row, by in zip(of.drivers, more, strict=False)),
    )


def _more_free(of: Headroom, added: Added) -> Headroom:
    more = [added(of.place, lead) for lead in range(1, len(of.beds) + 1)]
    return replace(
        of,
        beds=tuple(beds + by for beds, by in zip(of.beds, more, strict=True)),
        headroom=tuple(tuple(value + by for value in row) for row, by in zip(of.headroom, more, strict=True)),
    )
