"""Places, series and publications as tables, to join others with."""

from collections.abc import Iterable

from publication.model import Finding, Publication, PublicationSummary, SeriesForecast, System
from publication.vocabulary import SeriesKey
from service.queries.reporting import Reporting, reporting_of
from service.rendering.bodies import Json, summary_body
from service.rendering.tables import Table

PLACE_ROW_COLUMNS = ("place", "parent", "name", "kind", "depth")
SERIES_COLUMNS = (
    "unique_id",
    *SeriesKey._fields,
    "unit",
    "model",
    "fallback",
    "last_actual_ds",
    "last_actual_y",
    "state",
    "since",
    "days",
    "treatment",
    "reason",
)
PUBLICATION_COLUMNS = (
    "system",
    "cutoff",
    "revision",
    "issued_at",
    "digest",
    "champion",
    "champion_version",
    "champion_run_id",
    "series",
    "fallbacks",
)


def places_table(system: System, selected: set[str]) -> Table:
    """Return the selected places. `depth` is the number of places above, 0 for the root."""
    rows = (
        (place.id, place.parent, place.name, place.kind, len(list(system.ancestors(place.id))))
        for place in system.places
        if place.id in selected
    )
    return Table(PLACE_ROW_COLUMNS, rows)


def series_table(
    publication: Publication,
    selected: Iterable[SeriesForecast],
    not_forecast: Iterable[tuple[Finding, Reporting]],
) -> Table:
    """Return the selected series, then those that are not forecast any more, which have no model."""
    forecast = (_series_row(publication, series) for series in selected)
    stopped = (_stopped_row(publication.system, finding, reporting) for finding, reporting in not_forecast)
    return Table(SERIES_COLUMNS, (row for rows in (forecast, stopped) for row in rows))


def publications_table(summaries: Iterable[PublicationSummary], *, complete: bool) -> Table:
    """Return the publications of a list; counts of the complete system are empty unless `complete`."""
    return Table(PUBLICATION_COLUMNS, (_publication_row(summary_body(of, complete=complete), of) for of in summaries))


def _series_row(publication: Publication, series: SeriesForecast) -> tuple[object, ...]:
    last = series.last_actual
    return (
        series.unique_id,
        *series.key,
        series.unit,
        series.model,
        series.fallback,
        None if last is None else last.ds.isoformat(),
        None if last is None else last.y,
        *_reporting_cells(reporting_of(publication, series)),
    )


def _stopped_row(system: System, finding: Finding, reporting: Reporting) -> tuple[object, ...]:
    measure = system.measure_by_name.get(finding.key.measure)
    unit = None if measure is None else measure.unit
    return (finding.series, *finding.key, unit, None, None, None, None, *_reporting_cells(reporting))


def _reporting_cells(reporting: Reporting) -> tuple[object, ...]:
    return (
        reporting.state.value,
        None if reporting.since is None else reporting.since.isoformat(),
        reporting.days,
        None if reporting.treatment is None else reporting.treatment.value,
        reporting.reason,
    )


def _publication_row(body: Json, summary: PublicationSummary) -> tuple[object, ...]:
    champion = summary.champion
    cells = body | {
        "champion": champion.name,
        "champion_version": champion.version,
        "champion_run_id": champion.run_id,
    }
    return tuple(cells[column] for column in PUBLICATION_COLUMNS)
