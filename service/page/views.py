"""The two pages as plain values: the tree of places, and one place with its series."""

from collections.abc import Iterator
from dataclasses import dataclass

from publication.days import weekday_names
from publication.model import DayForecast, Place, Publication, SeriesForecast
from publication.vocabulary import SeriesKey
from service.page import wording
from service.page.doubts import TREATMENTS, Doubts, doubts
from service.page.wording import GaugeScale, PlanRow, scale
from service.publications.served import ServedPublication
from service.queries.reporting import Reporting, ReportingState, reporting_of, stopped_series
from service.rendering.findings import checks_by_day

FRESHNESS = {
    "fresh": "Fresh: the forecast starts today or later",
    "late": "Late: today's forecast has not been issued yet",
    "stale": "Stale: no forecast for two days or more. Call whoever runs the daily job",
}


@dataclass(frozen=True, slots=True)
class PageContext:
    """The head of every page."""

    system: str
    cutoff: str
    issued_at: str
    freshness: str
    freshness_sentence: str
    champion: str
    n_series: int
    n_fallbacks: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One series on the planning day; `centre` is None where it is not forecast then. `counted_on` names its weekdays,
    where those are not all."""

    unique_id: str
    centre: str | None
    interval: str | None
    last: str | None
    last_day: str | None
    fallback: bool
    reason: str | None
    counted_on: str | None
    behind: str | None


@dataclass(frozen=True, slots=True)
class StoppedSeries:
    """A series that is not forecast any more: its state, and a sentence on since when and why."""

    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    unit: str


@dataclass(frozen=True, slots=True)
class Row:
    place: Place
    depth: int
    figures: tuple[DayFigures | StoppedSeries | None, ...]


@dataclass(frozen=True, slots=True)
class Index:
    planning: PlanRow
    scale: GaugeScale
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    doubts: Doubts | None


@dataclass(frozen=True, slots=True)
class DayRow:
    label: str
    ds: str
    centre: str
    intervals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesView:
    """One section of a place's page."""

    anchor: str
    title: str
    unit: str
    model: str
    figures: DayFigures
    days: tuple[DayRow, ...]
    n_marked: int


@dataclass(frozen=True, slots=True)
class PlaceView:
    place: Place
    above: tuple[Place, ...]
    below: tuple[Place, ...]
    planning: PlanRow
    scale: GaugeScale
    series: tuple[SeriesView, ...]
    doubts: Doubts | None


def frame(served: ServedPublication, freshness: str) -> PageContext:
    summary, system, champion = served.summary, served.publication.system, served.summary.champion
    root = system.place_by_id.get(system.name)
    return PageContext(
        system=root.name if root else system.name,
        cutoff=wording.day_with_year(summary.cutoff),
        issued_at=wording.local_time(summary.issued_at, system.timezone),
        freshness=freshness,
        freshness_sentence=FRESHNESS[freshness],
        champion=f"{champion.name} version {champion.version}",
        n_series=summary.n_series,
        n_fallbacks=summary.n_fallbacks,
        notes=tuple(note.text for note in served.publication.notes_on(None)),
    )


def index_view(publication: Publication, planning: PlanRow) -> Index:
    reading = scale(publication.system.quantiles)
    keys = _columns(publication)
    rows = tuple(
        Row(place, depth, tuple(_cell(publication, place.id, key, reading, planning) for key in keys))
        for place, depth in _tree(publication)
    )
    columns = tuple(Column(wording.title(key), _unit(publication, key)) for key in keys)
    return Index(planning, reading, columns, rows, doubts(publication))


def place_view(publication: Publication, place: str, planning: PlanRow) -> PlaceView:
    system = publication.system
    reading = scale(system.quantiles)
    above = tuple(system.place_by_id[ancestor] for ancestor in reversed(list(system.ancestors(place))))
    return PlaceView(
        place=system.place_by_id[place],
        above=above,
        below=tuple(system.place_by_id[child] for child in system.children(place)),
        planning=planning,
        scale=reading,
        series=tuple(_series(publication, s, reading, planning) for s in publication.series if s.key.place == place),
        doubts=doubts(publication, {place}),
    )


def _series(publication: Publication, series: SeriesForecast, reading: GaugeScale, planning: PlanRow) -> SeriesView:
    written = wording.wording_of(publication.system, series.key)
    rows = (
        DayRow(
            wording.day(day.ds),
            day.ds.isoformat(),
            reading.centre_of(day, written),
            tuple(interval.of(day, written) for interval in reading.intervals),
        )
        for day in series.days
    )
    figures = _figures(publication, series, reading, planning)
    anchor = "-".join(part for part in series.key[1:] if part is not None)
    n_marked = len(checks_by_day(publication, series))
    return SeriesView(anchor, wording.title(series.key), series.unit, series.model, figures, tuple(rows), n_marked)


def _figures(publication: Publication, series: SeriesForecast, reading: GaugeScale, planning: PlanRow) -> DayFigures:
    day, last = _on(series, planning), series.last_actual
    written = wording.wording_of(publication.system, series.key)
    return DayFigures(
        unique_id=series.unique_id,
        centre=None if day is None else reading.centre_of(day, written),
        interval=reading.headline.of(day, written) if reading.headline and day is not None else None,
        last=None if last is None or last.y is None else written(last.y),
        last_day=None if last is None else wording.day(last.ds),
        fallback=series.fallback,
        reason=publication.fallback_reason(series.unique_id),
        counted_on=weekday_names(series.counted_on) if series.counted_on else None,
        behind=_behind(reporting_of(publication, series)),
    )


def _behind(reporting: Reporting) -> str | None:
    """Say how far a series is behind, or what is missing from it; nothing of one that is prompt."""
    if reporting.state is ReportingState.PROMPT:
        return None
    done = "" if reporting.treatment is None else f": {TREATMENTS[reporting.treatment]}"
    since = "" if reporting.since is None else f" since {wording.day(reporting.since)}"
    return f"{reporting.state.value.capitalize()}{since} ({reporting.reason}){done}."


def _on(series: SeriesForecast, planning: PlanRow) -> DayForecast | None:
    """Return the series' forecast of the planning day; None where it is not counted on that weekday."""
    if not series.counted_on:
        return series.days[planning.lead - 1]
    return next((day for day in series.days if day.lead == planning.lead), None)


def _tree(publication: Publication) -> Iterator[tuple[Place, int]]:
    """Return every place with its depth, parents before children."""
    system = publication.system
    for root in (place.id for place in system.places if place.parent is None):
        for place in system.under(root):
            yield system.place_by_id[place], len(list(system.ancestors(place)))


def _columns(publication: Publication) -> list[SeriesKey]:
    """Return a column for each measure, or for each of its streams where nothing is published for their total."""
    totals = {series.key.measure for series in publication.series if series.key.stream is None}
    keys = [SeriesKey("", s.key.measure, s.key.stream) for s in publication.series]
    order = list(publication.system.measure_by_name)
    shown = {key for key in keys if key.stream is None or key.measure not in totals}
    return sorted(shown, key=lambda key: (order.index(key.measure), key.stream or ""))


def _unit(publication: Publication, column: SeriesKey) -> str:
    return publication.system.measure_by_name[column.measure].unit


def _cell(
    publication: Publication, place: str, column: SeriesKey, reading: GaugeScale, planning: PlanRow
) -> DayFigures | StoppedSeries | None:
    key = column._replace(place=place)
    series = publication.series_by_id.get(key.unique_id)
    if series is not None:
        return _figures(publication, series, reading, planning)
    stopped = next((of for finding, of in stopped_series(publication) if finding.key == key), None)
    return None if stopped is None else StoppedSeries(stopped.state.value, _behind(stopped))
