"""The page of one place: its morning, occupancy against beds, drivers of a day, and every other series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from publication.days import target_day
from publication.doubted_days import checks_by_day
from publication.model import Headroom, Place, Publication, SeriesForecast
from publication.pressure import SHORT_BY
from publication.vocabulary import BEDS, DRIVERS, OCCUPANCY, NoteKind, SeriesKey, Treatment
from service.page import wording
from service.page.ahead import bed_changes
from service.page.doubts import Doubts, doubts
from service.page.measures import SeriesFigures, series_figures
from service.page.morning import DRIVER_WORDS, LevelBadge, Reading, Row, all_over, level_badge, read, rows
from service.page.pictures import Fan, Line, Mark, Picture, Sign, draw
from service.page.wording import GaugeScale
from service.publications.earlier import EarlierFreeBeds, EarlierSeries
from service.publications.served import ServedPublication
from service.queries.pressure import PlacePressure, rank_by_pressure

RECENT_DAYS_DRAWN = 35
FAN_CSS = {50: "fan50", 80: "fan80", 95: "fan95"}
CENTRE_BEFORE = "last week's forecast"
LEFT_OUT = Sign("\N{MULTIPLICATION SIGN}", "left out of training")
USED = Sign("\N{WHITE CIRCLE}", "flagged, used as it is")
WITHOUT_VALUE = Sign("\N{WHITE UP-POINTING TRIANGLE}", "no value")


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of a series in a table."""

    label: str
    ds: str
    centre: str
    intervals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesView:
    """One series. `flat` says in words what never changes, in the place of a picture."""

    anchor: str
    unique_id: str
    title: str
    unit: str
    model: str
    figures: SeriesFigures
    days: tuple[DayRow, ...]
    picture: Picture | None
    flat: str | None


@dataclass(frozen=True, slots=True)
class PressureDay:
    """One day of a place that counts beds."""

    label: str
    ds: str
    beds: str
    free: wording.Figure
    over: tuple[str, ...]
    short: tuple[str, ...]
    level: LevelBadge | None


@dataclass(frozen=True, slots=True)
class Driver:
    """A part of the occupancy of a day, in beds; `share` is its size, 0 to 1, against the largest of them."""

    name: str
    beds: str
    share: float
    is_negative: bool


@dataclass(frozen=True, slots=True)
class DriversOfDay:
    """The parts of the occupancy forecast of a day, and the days to choose from."""

    label: str
    ds: str
    level: str
    causes: tuple[Driver, ...]
    days: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One place. Without counted beds or occupancy there is no morning, nor pressure."""

    place: Place
    above: tuple[Place, ...]
    below: tuple[Place, ...]
    labels: tuple[str, str]
    scale: GaugeScale
    thresholds: tuple[str, ...]
    short_by: tuple[int, ...]
    morning: Row | None
    pressure: tuple[PressureDay, ...]
    drivers: DriversOfDay | None
    series: tuple[SeriesView, ...]
    doubts: Doubts | None
    over: str | None
    notes: tuple[str, ...]


def place_page(
    served: ServedPublication,
    now: datetime,
    before: EarlierFreeBeds,
    week_ago: EarlierSeries,
    place: str,
    chosen: date | None,
) -> PlaceView:
    """Return the page of a place at the instant `now`; `chosen` is the day whose drivers are shown."""
    publication, days_over = served.publication, served.days_over(now)
    mine = [of for of in publication.headroom if of.place == place]
    is_over = days_over >= publication.system.horizon_days
    ranked = [] if is_over else rank_by_pressure(publication, mine, days_over)
    return place_view(read(served, now, before), place, ranked[0] if ranked else None, week_ago.series, chosen)


def place_view(
    reading: Reading,
    place: str,
    pressure: PlacePressure | None,
    before: Sequence[SeriesForecast],
    chosen: date | None,
) -> PlaceView:
    """Return the page of a place. `before` are its series as they were forecast a week ago.

    `pressure` is None where it is not published, or every day is over. `chosen` is the day whose drivers are shown:
    the worst one without it.
    """
    publication, system = reading.publication, reading.publication.system
    earlier = {series.unique_id: series for series in before}
    mine = sorted((of for of in publication.series if of.key.place == place), key=_occupancy_first)
    return PlaceView(
        place=system.place_by_id[place],
        above=tuple(system.place_by_id[ancestor] for ancestor in reversed(list(system.ancestors(place)))),
        below=tuple(system.place_by_id[child] for child in system.children(place)),
        labels=(reading.label(reading.first_day), reading.label(target_day(publication.cutoff, reading.first + 2))),
        scale=reading.scale,
        thresholds=tuple(map(wording.rate, system.thresholds)),
        short_by=SHORT_BY,
        morning=None if pressure is None else rows(reading, [pressure])[0],
        pressure=() if pressure is None else tuple(_pressure_days(reading, pressure)),
        drivers=_drivers(reading, place, pressure, chosen),
        series=tuple(_series(reading, of, earlier.get(of.unique_id)) for of in mine),
        doubts=doubts(publication, {place}),
        over=all_over(reading),
        notes=tuple(note.text for note in publication.notes if note.place == place and note.kind is NoteKind.EVENT),
    )


def _occupancy_first(series: SeriesForecast) -> tuple[bool, bool]:
    return series.key.measure != OCCUPANCY, series.key.measure == BEDS


def _pressure_days(reading: Reading, pressure: PlacePressure) -> list[PressureDay]:
    found = []
    for position, day in enumerate(pressure.days[reading.first :], start=reading.first):
        ds = target_day(reading.publication.cutoff, position + 1)
        found.append(
            PressureDay(
                label=reading.label(ds) if position == reading.first else wording.day(ds),
                ds=ds.isoformat(),
                beds=wording.integer(day.beds),
                free=reading.scale.figure(day.headroom, wording.integer),
                over=tuple(map(wording.chance, day.over)),
                short=tuple(map(wording.chance, day.short)),
                level=level_badge(day),
            )
        )
    return found


def _drivers(reading: Reading, place: str, pressure: PlacePressure | None, chosen: date | None) -> DriversOfDay | None:
    """Return the parts of occupancy on the chosen day; of the worst one, or the first, where none is chosen."""
    series = reading.publication.series_by_id.get(SeriesKey(place, OCCUPANCY).unique_id)
    if series is None or not series.drivers:
        return None
    to_come = [(n, day) for n, day in enumerate(series.days) if day.lead > reading.first]
    if not to_come:
        return None
    worst = None if pressure is None or pressure.worst is None else pressure.worst + 1
    wanted = (day for day in to_come if day[1].ds == chosen or (chosen is None and day[1].lead == worst))
    position, day = next(wanted, to_come[0])
    level, *causes = series.drivers[position]
    largest = max(map(abs, causes)) or 1.0
    return DriversOfDay(
        label=wording.day(day.ds),
        ds=day.ds.isoformat(),
        level=wording.count(level),
        causes=tuple(
            Driver(DRIVER_WORDS[name], wording.signed(beds), abs(beds) / largest, beds < 0)
            for name, beds in zip(DRIVERS[1:], causes, strict=True)
        ),
        days=tuple((day.ds.isoformat(), wording.day(day.ds)) for _, day in to_come),
    )


def _series(reading: Reading, series: SeriesForecast, before: SeriesForecast | None) -> SeriesView:
    publication, scale = reading.publication, reading.scale
    written = wording.wording_of(publication.system, series.key)
    to_come = [day for day in series.days if day.lead > reading.first]
    flat = _flat(series, scale, written)
    return SeriesView(
        anchor="-".join(part for part in series.key[1:] if part is not None),
        unique_id=series.unique_id,
        title=wording.title(series.key),
        unit=series.unit,
        model=series.model,
        figures=series_figures(publication, series, scale, reading.first_day),
        days=tuple(
            DayRow(
                wording.day(day.ds),
                day.ds.isoformat(),
                written(scale.centre_of_day(day)),
                tuple(interval.of(day.quantiles, written) for interval in scale.intervals),
            )
            for day in to_come
        ),
        picture=None if flat or not series.days else _picture(publication, series, scale, before),
        flat=flat,
    )


def _flat(series: SeriesForecast, scale: GaugeScale, written: wording.Wording) -> str | None:
    """Return in words a series that has one value on all recent days and all days to come; None for any other."""
    actuals = {written(actual.y) for actual in series.recent if actual.y is not None}
    centres = {written(scale.centre_of_day(day)) for day in series.days}
    ends = {interval.of(day.quantiles, written) for day in series.days for interval in scale.intervals}
    if len(actuals) != 1 or actuals != centres or len(ends) > len(scale.intervals):
        return None
    first, last = series.recent[0].ds, series.days[-1].ds
    return f"{actuals.pop()} {series.unit} on every day from {wording.day(first)} to {wording.day(last)}."


def _picture(
    publication: Publication, series: SeriesForecast, scale: GaugeScale, before: SeriesForecast | None
) -> Picture:
    known = [(actual.ds, actual.y) for actual in series.recent[-RECENT_DAYS_DRAWN:] if actual.y is not None]
    fans = [
        Fan(
            FAN_CSS[interval.percent],
            f"{interval.percent} % prediction interval",
            [(day.ds, day.quantiles[interval.low], day.quantiles[interval.high]) for day in series.days],
        )
        for interval in reversed(scale.intervals)
    ]
    lines = [
        Line("actual", "actual", known),
        Line("centre", scale.centre, [(day.ds, scale.centre_of_day(day)) for day in series.days]),
    ]
    if before is not None:
        passed = [day for day in before.days if day.ds <= publication.cutoff]
        if scale.headline is not None:
            ends = [(d.ds, d.quantiles[scale.headline.low], d.quantiles[scale.headline.high]) for d in passed]
            fans.insert(0, Fan("before", f"{CENTRE_BEFORE}, {scale.headline.percent} %", ends))
        lines.insert(0, Line("before-centre", CENTRE_BEFORE, [(d.ds, scale.centre_of_day(d)) for d in passed]))
    headroom = publication.headroom_by_place.get(series.key.place)
    if series.key.measure == OCCUPANCY and series.key.stream is None and headroom is not None:
        lines += _bed_lines(publication, headroom)
    return draw(
        fans,
        lines,
        _marks(publication, series),
        publication.cutoff,
        _description(publication, series, scale),
        () if headroom is None else bed_changes(publication, headroom),
    )


N_DASHES = 4
"""Patterns of dashes in page.css, so that the thresholds of a picture differ."""


def _bed_lines(publication: Publication, headroom: Headroom) -> list[Line]:
    """Return a line for the beds, and one for each threshold below them."""
    days = [target_day(publication.cutoff, lead) for lead in range(1, len(headroom.beds) + 1)]
    below = [threshold for threshold in publication.system.thresholds if threshold < 1]
    return [
        Line("beds", "beds", list(zip(days, headroom.beds, strict=True))),
        *(
            Line(
                f"threshold dash-{n % N_DASHES}",
                f"{wording.rate(of)} of beds",
                [(d, of * b) for d, b in zip(days, headroom.beds, strict=True)],
            )
            for n, of in enumerate(below)
        ),
    ]


def _marks(publication: Publication, series: SeriesForecast) -> list[Mark]:
    """Return a sign for each recent day that a check doubts."""
    doubted, drawn = checks_by_day(publication, series), series.recent[-RECENT_DAYS_DRAWN:]
    found = publication.findings_on(series.unique_id)
    marks = []
    for actual in drawn:
        check = doubted.get(actual.ds)
        if check is None:
            continue
        finding = next(of for of in found if of.check is check and of.first <= actual.ds <= of.last)
        treated = USED if finding.treatment is Treatment.USED else LEFT_OUT
        sign = WITHOUT_VALUE if actual.y is None else treated
        marks.append(Mark(actual.ds, actual.y, sign, f"{wording.day(actual.ds)}: {check.value}. {finding.reason}"))
    return marks


def _description(publication: Publication, series: SeriesForecast, scale: GaugeScale) -> str:
    n_marked = len(checks_by_day(publication, series))
    marked = f" {n_marked} recent days are marked as doubted or without a value." if n_marked else ""
    place = publication.system.place_by_id[series.key.place].name
    return (
        f"{wording.title(series.key)} at {place}: recent actuals, the {scale.centre} of the forecast and "
        f"its prediction intervals.{marked} The table has the same numbers."
    )
