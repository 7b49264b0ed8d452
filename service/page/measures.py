"""The table of measures: each series of each place on the first days to come, and its last actual."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from publication.days import weekday_names
from publication.model import DayForecast, Place, Publication, SeriesForecast
from publication.vocabulary import SeriesKey
from service.page import wording
from service.page.doubts import TREATMENTS
from service.page.wording import Figure, GaugeScale
from service.queries.reporting import Reporting, ReportingState, reporting_of, stopped_series


@dataclass(frozen=True, slots=True)
class SeriesFigures:
    """One series on the first day to come and the day after; None where it is not forecast on that day.

    `counted_on` names its weekdays, where those are not all. `behind` says how late it is.
    """

    unique_id: str
    first: Figure | None
    second: Figure | None
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
class MeasureColumn:
    """The head of a column: a measure, or a stream of it."""

    title: str
    unit: str


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A place with its series, one for each column."""

    place: Place
    depth: int
    figures: tuple[SeriesFigures | StoppedSeries | None, ...]


@dataclass(frozen=True, slots=True)
class MeasureTable:
    """Every measure of every place on two days."""

    columns: tuple[MeasureColumn, ...]
    rows: tuple[MeasureRow, ...]


def measured_places(publication: Publication) -> list[Place]:
    """Return the places that have a series, forecast or stopped, parents before children."""
    there = {series.key.place for series in publication.series}
    there |= {of.key.place for of, _ in stopped_series(publication)}
    return [place for place, _ in places_in_order(publication) if place.id in there]


def measure_table(publication: Publication, reading: GaugeScale, first: date, places: Sequence[Place]) -> MeasureTable:
    """Return the series of some places, from the day `first` on."""
    keys = _columns(publication)
    stopped = {of.key: reporting for of, reporting in stopped_series(publication)}
    found = [
        MeasureRow(
            place,
            len(list(publication.system.ancestors(place.id))),
            tuple(_cell(publication, key._replace(place=place.id), stopped, reading, first) for key in keys),
        )
        for place in places
    ]
    columns = tuple(MeasureColumn(wording.title(key), _unit(publication, key)) for key in keys)
    return MeasureTable(columns, tuple(found))


def series_figures(publication: Publication, series: SeriesForecast, reading: GaugeScale, first: date) -> SeriesFigures:
    """Return the figures of a series on the day `first` and the day after."""
    last, written = series.last_actual, wording.wording_of(publication.system, series.key)
    today, tomorrow = days_from(series, first, 2)
    return SeriesFigures(
        unique_id=series.unique_id,
        first=_figure(today, reading, written),
        second=_figure(tomorrow, reading, written),
        last=None if last is None or last.y is None else written(last.y),
        last_day=None if last is None else wording.day(last.ds),
        fallback=series.fallback,
        reason=publication.fallback_reason(series.unique_id),
        counted_on=weekday_names(series.counted_on) if series.counted_on else None,
        behind=behind(reporting_of(publication, series)),
    )


def behind(reporting: Reporting) -> str | None:
    """Return how far a series is behind, or what is missing from it; None for one that is prompt."""
    if reporting.state is ReportingState.PROMPT:
        return None
    done = "" if reporting.treatment is None else f": {TREATMENTS[reporting.treatment]}"
    since = "" if reporting.since is None else f" since {wording.day(reporting.since)}"
    return f"{reporting.state.value.capitalize()}{since} ({reporting.reason}){done}."


def places_in_order(publication: Publication) -> Iterator[tuple[Place, int]]:
    """Yield every place with its depth, parents before children."""
    system = publication.system
    for root in (place.id for place in system.places if place.parent is None):
        for place in system.under(root):
            yield system.place_by_id[place], len(list(system.ancestors(place)))


def days_from(series: SeriesForecast, first: date, n: int) -> list[DayForecast | None]:
    """Return the forecasts of `n` days from the day `first` on; None where the series has none."""
    start = first.toordinal()
    nearest: Sequence[DayForecast] = [d for d in series.days if start <= d.ds.toordinal() < start + n]
    by_day = {day.ds.toordinal(): day for day in nearest}
    return [by_day.get(start + ahead) for ahead in range(n)]


def _figure(day: DayForecast | None, reading: GaugeScale, written: wording.Wording) -> Figure | None:
    if day is None:
        return None
    interval = reading.headline
    centre = written(reading.centre_of_day(day))
    return Figure(centre, interval.of(day.quantiles, written) if interval else None)


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
    publication: Publication,
    key: SeriesKey,
    stopped: dict[SeriesKey, Reporting],
    reading: GaugeScale,
    first: date,
) -> SeriesFigures | StoppedSeries | None:
    series = publication.series_by_id.get(key.unique_id)
    if series is not None:
        return series_figures(publication, series, reading, first)
    found = stopped.get(key)
    return None if found is None else StoppedSeries(found.state.value, behind(found))
