"""Small publications for tests: a root, two trusts, four sites, every number a plain function of series and day."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import compress

from publication.control import ControlCheck, ControlState, Signal
from publication.levels import EscalationLevel
from publication.live_scores import ChampionPeriod, LeadScore, LiveScores, Losses, QuantileShare, Score, Slice
from publication.model import (
    Actual,
    Champion,
    DayForecast,
    Finding,
    Headroom,
    Measure,
    Note,
    Peak,
    Place,
    Publication,
    SeriesForecast,
    System,
)
from publication.pressure import PEAK_DAYS, headroom_levels
from publication.vocabulary import Check, Kind, NoteKind, SeriesKey, Treatment

CUTOFF = date(2026, 11, 21)
ISSUED_AT = datetime(2026, 11, 22, 5, 2, 11, tzinfo=UTC)
QUANTILES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
CHAMPION = Champion("northshire", 7, "4f1c9a")
FALLBACK = SeriesKey("RXK2", "occupancy")

PLACES = (
    Place("northshire", None, "Northshire", "system"),
    Place("RXH", "northshire", "Harbour Trust", "trust"),
    Place("RXK", "northshire", "Kingsmoor Trust", "trust"),
    Place("RXH1", "RXH", "Harbour General", "site"),
    Place("RXH2", "RXH", "St Anne's & Quay", "site"),
    Place("RXK1", "RXK", "Kingsmoor Royal", "site"),
    Place("RXK2", "RXK", "Moorside", "site"),
)
MEASURES = (
    Measure("attendances", Kind.FLOW, "attendances"),
    Measure("admissions", Kind.FLOW, "admissions"),
    Measure("discharges", Kind.FLOW, "discharges"),
    Measure("occupancy", Kind.STOCK, "beds"),
    Measure("beds", Kind.CAPACITY, "beds"),
)
ESCALATION_LEVELS = (
    EscalationLevel("amber", "over 0.85 >= 0.5", "gold", ""),
    EscalationLevel("red", "over 95 % >= 20 % or short 10 >= 5 %", "#d4351c", "Open beds."),
)
STREAMS: dict[str, tuple[str, ...]] = {"attendances": ("adult", "paediatric")}
LEVEL_OF_MEASURE = {"attendances": 120.0, "admissions": 40.0, "discharges": 40.0, "occupancy": 310.0, "beds": 340.0}
CHAMPION_PERIODS = (
    (6, CUTOFF - timedelta(days=90), CUTOFF - timedelta(days=21)),
    (7, CUTOFF - timedelta(days=20), CUTOFF - timedelta(days=1)),
)
SHARE_OF_STREAM = {"adult": 0.75, "paediatric": 0.25}


def build_system(
    name: str = "northshire",
    horizon_days: int = 28,
    quantiles: tuple[float, ...] = QUANTILES,
    measures: tuple[Measure, ...] = MEASURES,
    places: tuple[Place, ...] = PLACES,
    timezone: str = "Europe/London",
    levels: tuple[EscalationLevel, ...] = (),
) -> System:
    """A system whose root place carries its name, as system.toml makes it."""
    renamed = {"northshire": name}
    tree = tuple(
        Place(renamed.get(p.id, p.id), renamed.get(p.parent, p.parent) if p.parent else None, p.name, p.kind)
        for p in places
    )
    return System(name, timezone, 8, horizon_days, (0.85, 0.92, 0.95, 1.0), quantiles, measures, tree, levels)


def build_publication(
    cutoff: date = CUTOFF,
    *,
    system: System | None = None,
    issued_at: datetime | None = None,
    champion: Champion = CHAMPION,
    fallbacks: Iterable[SeriesKey] = (FALLBACK,),
    streams: dict[str, tuple[str, ...]] | None = None,
    recent_days: int = 56,
    scale: float = 1.0,
    notes: tuple[Note, ...] = (),
    revision: int = 0,
    with_drivers: bool = False,
    with_headroom: bool = False,
    findings: tuple[Finding, ...] = (),
) -> Publication:
    """A publication that holds every invariant: leaves are made, everything above them is their sum.

    `scale` multiplies every count, so that two publications can differ. Issued on the morning after the cutoff unless
    `issued_at` says otherwise.
    """
    system = build_system() if system is None else system
    keys = build_keys(system, STREAMS if streams is None else streams)
    stands_in, counts = frozenset(fallbacks), Counts(system, scale)
    made = [build_series(counts, key, cutoff, key in stands_in, recent_days) for key in keys]
    return Publication(
        system=system,
        cutoff=cutoff,
        issued_at=issued_at or ISSUED_AT + (cutoff - CUTOFF),
        champion=champion,
        data_digest="sha256:data",
        series=tuple(driven(series) if with_drivers else series for series in made),
        notes=(*notes, *(reason(of) for of in made if of.fallback)),
        revision=revision,
        headroom=build_headroom(counts, cutoff) if with_headroom else (),
        findings=findings,
    )


def finding(
    unique_id: str,
    check: Check,
    days_ago: range = range(1),
    treatment: Treatment = Treatment.LEFT_OUT,
    reason: str = "found 866 on its first day, baseline 851",
    cutoff: date = CUTOFF,
) -> Finding:
    """A finding on the days that are so many days before the cutoff."""
    first, last = cutoff - timedelta(days=max(days_ago)), cutoff - timedelta(days=min(days_ago))
    return Finding(unique_id, first, last, check, check.severity, reason, treatment)


FINDINGS = (
    finding("RXH1/occupancy", Check.FROZEN, range(1, 8)),
    finding("RXH1/attendances", Check.SPIKE, range(20, 21), reason="found 12 on its first day, baseline 130"),
    finding("RXK2/admissions", Check.GAP, range(3, 5), Treatment.IMPUTED, "no value, and others before and after it"),
    finding("RXK1/attendances/adult", Check.SUPPRESSED, range(9, 10), Treatment.USED, "a stand-in for a small count"),
    finding("RXH/beds", Check.LEVEL_SHIFT, range(30, 31), Treatment.USED, "from 640 to 700 a day (+9%)"),
)
"""As they are published: suspect ones, then the newest, of two trusts; eight days of two series are suspect."""


def reason(series: SeriesForecast) -> Note:
    """Return the note with the reason for a fallback."""
    text = "AutoETS gave a value that is not a number on 2026-11-24"
    return Note(NoteKind.FALLBACK, text, series.key.place, series.unique_id)


def build_headroom(counts: "Counts", cutoff: date) -> tuple[Headroom, ...]:
    """Of every place, from the series of `build_series`: as wide as occupancy; a tenth of those in bed leave a day."""
    return tuple(_headroom(counts, place.id, cutoff) for place in counts.system.places)


def _headroom(counts: "Counts", place: str, cutoff: date) -> Headroom:
    leads = range(1, counts.system.horizon_days + 1)
    fine = headroom_levels(counts.system)
    days, beds = (
        [build_day(counts, SeriesKey(place, measure), cutoff, lead) for lead in leads]
        for measure in ("occupancy", "beds")
    )
    left = [
        tuple(round(b.mean - d.mean + 0.12 * d.mean * math.sqrt(d.lead) * (level - 0.5), 3) for level in fine)
        for d, b in zip(days, beds, strict=True)
    ]
    return Headroom(
        place=place,
        beds=tuple(day.mean for day in beds),
        occupancy=tuple(day.quantiles for day in days),
        headroom=tuple(left),
        beds_freed=tuple(round((1 - 0.9**lead) / 0.1, 3) for lead in leads),
        peaks=tuple(
            Peak(n, max(day.quantiles for day in days[:n]), 1.5) for n in PEAK_DAYS if n <= counts.system.horizon_days
        ),
        net_flow=tuple(_net_flow(counts, place, cutoff, lead) for lead in leads),
    )


def _net_flow(counts: "Counts", place: str, cutoff: date, lead: int) -> tuple[float, ...]:
    """A tenth of the admissions, and a width of as much; negative at low levels."""
    admitted = build_day(counts, SeriesKey(place, "admissions"), cutoff, lead).mean
    return tuple(round(0.1 * admitted + 0.4 * admitted * (level - 0.5), 3) for level in counts.system.quantiles)


def driven(series: SeriesForecast) -> SeriesForecast:
    """The series with drivers that add up: a level of nine tenths, and the rest for weekday and rest."""
    level = [round(0.9 * day.mean, 3) for day in series.days]
    return replace(
        series,
        drivers=tuple(
            (part, 4.0, 0.0, 0.0, 0.0, 0.0, round(day.mean - part - 4.0, 6))
            for day, part in zip(series.days, level, strict=True)
        ),
    )


def counted_at_weekends(base: Publication, place: str, measure: str = "attendances") -> Publication:
    """The publication with a flow of one leaf, streams and all, counted on Saturday and Sunday alone.

    On other days it is no part of the places above, whose figures are lower by its own mean.
    """
    weekend = (5, 6)
    above = set(base.system.ancestors(place))
    off = {
        (of.key.stream, day.lead): day.mean
        for of in base.series
        if of.key.place == place and of.key.measure == measure
        for day in of.days
        if day.ds.weekday() not in weekend
    }

    def changed(of: SeriesForecast) -> SeriesForecast:
        if of.key.measure != measure or of.key.place not in {place, *above}:
            return of
        if of.key.place in above:
            less = [off.get((of.key.stream, day.lead), 0.0) for day in of.days]
            return replace(
                of,
                days=tuple(map(lower, of.days, less)),
                drivers=tuple((row[0] - by, *row[1:]) for row, by in zip(of.drivers, less, strict=False)),
            )
        on = [day.ds.weekday() in weekend for day in of.days]
        return replace(
            of,
            days=tuple(compress(of.days, on)),
            drivers=tuple(compress(of.drivers, on)),
            counted_on=weekend,
        )

    return replace(base, series=tuple(map(changed, base.series)))


def lower(day: DayForecast, by: float) -> DayForecast:
    """The day with a mean and quantiles that are so much lower."""
    return replace(day, mean=day.mean - by, quantiles=tuple(value - by for value in day.quantiles))


def build_keys(system: System, streams: dict[str, tuple[str, ...]]) -> list[SeriesKey]:
    """Every place with every measure, and with every stream of the measures that are split."""
    return [
        SeriesKey(place.id, measure.name, stream)
        for place in system.places
        for measure in system.measures
        for stream in (None, *streams.get(measure.name, ()))
    ]


def build_series(
    counts: "Counts", key: SeriesKey, cutoff: date, fallback: bool = False, recent_days: int = 56
) -> SeriesForecast:
    """One series: a weekly wave, a scale that widens with the lead."""
    recent = (cutoff - timedelta(days=ago) for ago in reversed(range(recent_days)))
    leads = range(1, counts.system.horizon_days + 1)
    return SeriesForecast(
        key=key,
        unit=counts.system.measure_by_name[key.measure].unit,
        model="SeasonalNaive" if fallback else "combination",
        fallback=fallback,
        recent=tuple(Actual(ds, float(round(counts.level(key, ds.weekday())))) for ds in recent),
        days=tuple(build_day(counts, key, cutoff, lead) for lead in leads),
    )


def build_day(counts: "Counts", key: SeriesKey, cutoff: date, lead: int) -> DayForecast:
    """One target day; quantiles stand around the mean in proportion to their distance from the median."""
    ds = cutoff + timedelta(days=lead)
    mean = counts.level(key, ds.weekday())
    scale = 0.12 * mean * math.sqrt(lead)
    quantiles = tuple(max(0.0, mean + scale * (quantile - 0.5)) for quantile in counts.system.quantiles)
    return DayForecast(ds, lead, mean, quantiles)


class Counts:
    """The counts of a system's series: a function of weekday alone, so that each is computed once."""

    def __init__(self, system: System, scale: float) -> None:
        self.system = system
        self._scale = scale
        self._place_factor = {place.id: 1 + 0.1 * n for n, place in enumerate(system.places)}
        self._levels: dict[tuple[SeriesKey, int], float] = {}

    def level(self, key: SeriesKey, weekday: int) -> float:
        """Return the count of a day: of a leaf by rule, of a place above as the sum of what is below it."""
        found = self._levels.get((key, weekday))
        if found is None:
            found = self._levels[key, weekday] = self._level(key, weekday)
        return found

    def _level(self, key: SeriesKey, weekday: int) -> float:
        children = self.system.children(key.place)
        if children:
            return math.fsum(self.level(key._replace(place=child), weekday) for child in children)
        nth = self._place_factor[key.place]
        weekly = 1.0 if key.measure == "beds" else 1 + 0.08 * math.cos(2 * math.pi * weekday / 7)
        # Rounded, so that it is the same on every machine.
        total = round(self._scale * LEVEL_OF_MEASURE.get(key.measure, 50.0) * nth * weekly, 3)
        return total * SHARE_OF_STREAM.get(key.stream or "", 1.0)


def build_live_scores(
    scored_at: datetime = ISSUED_AT, places: Sequence[Place] = PLACES, measures: Sequence[str] = ("beds", "occupancy")
) -> LiveScores:
    """Scores of two measures at every place, in two lead bands; every loss a plain function of where it stands.

    Those of four weeks are of a third as many forecasts, which erred half as much. Occupancy has two signals.
    """
    slices = [
        Slice(f"{place.id}/{measure}", measure, leads, "stable")
        for place in sorted(places, key=lambda place: place.id)
        for measure in measures
        for leads in ("01-07", "08-14")
    ]
    champions = [ChampionPeriod(version, first, last) for version, first, last in CHAMPION_PERIODS]
    measure_leads = [(measure, lead) for measure in measures for lead in (1, 2, 8)]
    return LiveScores(
        system=places[0].id,
        scored_at=scored_at,
        first=CUTOFF - timedelta(days=90),
        last=CUTOFF,
        n_publications=91,
        scores=tuple(_score(i, of._replace(weeks=weeks)) for i, of in enumerate(slices, start=1) for weeks in (4, 13)),
        by_lead=tuple(
            LeadScore(measure, lead, weeks, 30 * lead, lead, _losses(lead, measure), 2 * weeks)
            for measure, lead in measure_leads
            for weeks in (4, 13)
        ),
        by_champion=tuple(
            LeadScore(measure, lead, 13, 20 * lead, 0, _losses(lead + champion.version, measure), 20, champion)
            for champion in champions
            for measure, lead in measure_leads
        ),
        quantiles=tuple(
            QuantileShare(measure, level, weeks, 900, level / 2 + 0.25, 7 * weeks)
            for measure in measures
            for level in QUANTILES
            for weeks in (4, 13)
        ),
        control=tuple(
            _control_state(measure, check, places[-1].id)
            for measure in sorted(measures)
            for check in sorted(ControlCheck)
        ),
    )


def _control_state(measure: str, check: ControlCheck, place: str) -> ControlState:
    """Occupancy is too high at one place and its intervals too narrow everywhere; delays are too few to check."""
    nth = list(ControlCheck).index(check)
    if check is ControlCheck.DELAY:
        return ControlState(measure, check, 9, None)
    state = ControlState(measure, check, 28 if check.is_of_inputs else 61, round(0.05 + 0.1 * nth, 2))
    if measure != "occupancy":
        return state
    if check is ControlCheck.BIAS:
        signal = Signal(f"{place}/occupancy", CUTOFF - timedelta(days=19), CUTOFF - timedelta(days=7), 0.0241, 0.0)
        return state._replace(evidence=1.4127, signal=signal)
    if check is ControlCheck.COVERAGE:
        signal = Signal(None, CUTOFF - timedelta(days=26), CUTOFF - timedelta(days=12), 0.68, 0.8)
        return state._replace(evidence=2.5, signal=signal)
    return state


def _score(i: int, of: Slice) -> Score:
    if of.weeks == 4:
        return Score(of, 7 * i // 3, i % 2, _losses(i / 2, of.measure), 20)
    return Score(of, 7 * i, i % 3, _losses(i, of.measure), 85)


def _losses(i: float, measure: str | None) -> Losses:
    """Beds that never change have no seasonal-naive error."""
    has_scale = measure != "beds"
    return Losses(
        mae=1.0 * i,
        bias=-0.5 * i,
        wis=0.25 * i,
        mase=0.01 * i if has_scale else None,
        scaled_wis=0.005 * i if has_scale else None,
        coverage_50=0.5,
        coverage_80=0.75,
        coverage_95=0.9,
        last_week_mae=1.5 * i if has_scale else 0.0,
        mae_vs_last_week=1.0 * i,
        yesterday_mae=1.25 * i if has_scale else 0.0,
        mae_vs_yesterday=1.0 * i,
    )
