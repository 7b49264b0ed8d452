"""Recent actuals of many series, each day with the check that doubts it."""

from collections.abc import Iterable, Iterator

from publication.doubted_days import checks_by_day
from publication.model import Actual, Publication, SeriesForecast
from publication.vocabulary import Check, SeriesKey
from service.queries.selection import Selection
from service.rendering.bodies import Json, actual_body, key_body
from service.rendering.tables import Table

ACTUAL_COLUMNS = ("unique_id", *SeriesKey._fields, "unit", "ds", "y", "check")


def actuals_body(publication: Publication, selection: Selection) -> list[Json]:
    """Return the selected series, each with its recent days."""
    return [
        {**key_body(series), "days": [actual_body(actual, check) for actual, check in days]}
        for series, days in _selected(publication, selection)
    ]


def actuals_table(publication: Publication, selection: Selection) -> Table:
    """Return a row for each selected series and recent day."""
    rows = (
        (series.unique_id, *series.key, series.unit, *_cells(actual, check))
        for series, days in _selected(publication, selection)
        for actual, check in days
    )
    return Table(ACTUAL_COLUMNS, rows)


def _selected(
    publication: Publication, selection: Selection
) -> Iterator[tuple[SeriesForecast, Iterable[tuple[Actual, Check | None]]]]:
    for series in selection.series(publication):
        doubted = checks_by_day(publication, series)
        days = [actual for actual in series.recent if selection.has_day(actual.ds, actual.ds)]
        yield series, [(actual, doubted.get(actual.ds)) for actual in days]


def _cells(actual: Actual, check: Check | None) -> tuple[object, ...]:
    body = actual_body(actual, check)
    return body["ds"], body["y"], body.get("check")
