"""What must hold of a publication that is read: rows may have been lost, or changed by hand, since it was issued.

Cheap checks, of shapes, names and what can be a number: that they are those that were issued, only the digest can tell.
"""

from collections.abc import Iterator, Sequence
from math import isfinite

from publication.model import DayForecast, Headroom, Publication, System
from publication.packed import PackedRows
from publication.pressure import headroom_levels
from publication.vocabulary import DRIVERS


def integrity_errors(publication: Publication, n_series: int) -> Iterator[str]:
    """A sentence for each thing that is not as it was issued; `n_series` is what the publication's own row says."""
    of_system = tuple(_of_system(publication.system))
    yield from of_system
    if of_system:
        return  # nothing can be measured by it
    if len(publication.series) != n_series:
        yield f"{len(publication.series)} series are there, not {n_series}"
    yield from _of_series(publication)
    n_levels = len(publication.system.quantiles), len(headroom_levels(publication.system))
    for headroom in publication.headroom:
        yield from _of_headroom(headroom, publication.system, *n_levels)


def _of_system(system: System) -> Iterator[str]:
    if not system.measures or not _are_numbers(system.quantiles) or not _are_numbers(system.thresholds):
        yield "the system has no measures, or a level or threshold that is no number"
    root = system.place_by_id.get(system.name)
    if root is None or root.parent is not None or len(system.place_by_id) != len(system.places):
        yield f"the tree does not begin at {system.name}, or has a place twice"
    elif lost := {*system.place_by_id} - {*system.under(root.id)}:
        yield f"{min(lost)} and {len(lost) - 1} more places are not below {system.name}"


def _of_series(publication: Publication) -> Iterator[str]:
    places, measures = publication.system.place_by_id, publication.system.measure_by_name
    for series in publication.series:
        if series.key.place not in places or series.key.measure not in measures:
            yield f"the system has no place or measure of {series.unique_id}"
        if not _are_counts(series.days):
            yield f"{series.unique_id} has a value that is negative or not a number"
        if series.drivers and not _has_rows(series.drivers, len(series.days), len(DRIVERS)):
            yield f"a day of the drivers of {series.unique_id} is missing, or one of its {len(DRIVERS)} numbers"


def _of_headroom(of: Headroom, system: System, n_levels: int, n_fine: int) -> Iterator[str]:
    days = system.horizon_days
    if of.place not in system.place_by_id:
        yield f"headroom is told of {of.place}, which the system does not have"
    are_whole = _has_rows(of.occupancy, days, n_levels) and _has_rows(of.headroom, days, n_fine)
    are_numbers = all(_are_numbers(numbers) and len(numbers) == days for numbers in (of.beds, of.relief))
    has_peaks = all(
        _are_numbers((peak.days, peak.lead, *peak.quantiles)) and len(peak.quantiles) == n_levels for peak in of.peaks
    )
    if not (are_whole and are_numbers and has_peaks):
        yield f"a day of the headroom of {of.place} is missing, or one of its numbers"


def _has_rows(rows: Sequence[Sequence[float]], n_rows: int, width: int) -> bool:
    return isinstance(rows, PackedRows) and len(rows) == n_rows and rows.width == width and isfinite(rows.total)


def _are_counts(days: Sequence[DayForecast]) -> bool:
    return isinstance(days, PackedRows) and isfinite(days.total) and days.least >= 0


def _are_numbers(values: Sequence[object]) -> bool:
    return all(isinstance(value, float | int) and isfinite(value) for value in values)
