"""The smallest publications that still have a tree of depth 3, streams, and a fallback."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from publication.model import (
    Actual,
    Champion,
    DayForecast,
    Measure,
    Note,
    Place,
    Publication,
    SeriesForecast,
    System,
)
from publication.vocabulary import Kind, NoteKind, series_key

CUTOFF = date(2026, 11, 21)
ISSUED_AT = datetime(2026, 11, 22, 5, 2, 11, tzinfo=UTC)
CHAMPION = Champion(name="northshire", version=7, run_id="a1b2")
LEVELS = (0.1, 0.5, 0.9)

OPENING = Note(NoteKind.EVENT, "18 winter beds open at RXA01 from 1 December", "RXA01")

NORTHSHIRE: dict[str, tuple[float, float]] = {  # series and its means on the two days of the horizon
    "northshire/attendances": (60.0, 66.0),
    "RXA/attendances": (60.0, 66.0),
    "RXA01/attendances": (40.0, 44.0),
    "RXA01/attendances/adult": (30.0, 33.0),
    "RXA01/attendances/paediatric": (10.0, 11.0),
    "RXA02/attendances": (20.0, 22.0),
    "RXA01/occupancy": (1 / 3, 123456.789),
}


def system(
    name: str = "northshire",
    parents: Mapping[str, str] | None = None,
    horizon_days: int = 2,
    levels: tuple[float, ...] = LEVELS,
) -> System:
    """A root, and the places of `parents` (child to parent) below it."""
    below = {"RXA": name, "RXA01": "RXA", "RXA02": "RXA"} if parents is None else parents
    return System(
        name=name,
        timezone="Europe/London",
        census_hour=8,
        horizon_days=horizon_days,
        thresholds=(0.85, 0.92, 0.95, 1.0),
        quantiles=levels,
        measures=(Measure("attendances", Kind.FLOW, "attendances"), Measure("occupancy", Kind.STOCK, "beds")),
        places=(
            Place(name, None, "Northshire", "system"),
            *(Place(child, parent, f"Sankt Jürgen «{child}»", "site") for child, parent in below.items()),
        ),
    )


def series(unique_id: str, means: Iterable[float], cutoff: date = CUTOFF) -> SeriesForecast:
    """One series whose quantiles lie 10 % either side of the mean; paediatric ones are fallbacks."""
    fallback = unique_id.endswith("paediatric")
    return SeriesForecast(
        key=series_key(unique_id),
        unit="attendances",
        model="SeasonalNaive" if fallback else "AutoETS",
        fallback=fallback,
        recent=(Actual(cutoff - timedelta(days=1), 51.0), Actual(cutoff, None)),
        days=tuple(
            DayForecast(cutoff + timedelta(days=lead), lead, mean, (0.9 * mean, mean, 1.1 * mean))
            for lead, mean in enumerate(means, start=1)
        ),
    )


def reason(of: SeriesForecast) -> Note:
    """The note with the reason for a fallback."""
    return Note(NoteKind.FALLBACK, "AutoETS did not converge", of.key.place, of.unique_id)


def publication(name: str = "northshire", cutoff: date = CUTOFF, scale: float = 1.0) -> Publication:
    """A good publication; another `scale` gives other content."""
    means = {unique_id.replace("northshire", name): days for unique_id, days in NORTHSHIRE.items()}
    made = tuple(series(unique_id, [scale * mean for mean in days], cutoff) for unique_id, days in means.items())
    return Publication(
        system=system(name),
        cutoff=cutoff,
        issued_at=ISSUED_AT,
        champion=CHAMPION,
        data_digest="sha256:history",
        series=made,
        notes=(OPENING, *(reason(of) for of in made if of.fallback)),
    )


def with_series(complete: Publication, unique_id: str, changed: SeriesForecast | None) -> Publication:
    """The publication with one series changed, or left out."""
    changed_series = ((s if s.unique_id != unique_id else changed) for s in complete.series)
    return replace(complete, series=tuple(s for s in changed_series if s is not None))


def with_day(complete: Publication, unique_id: str, lead: int, **changes: object) -> Publication:
    """The publication with fields of one target day changed."""
    old = complete.series_by_id[unique_id]
    days = tuple(_changed(day, changes) if day.lead == lead else day for day in old.days)
    return with_series(complete, unique_id, replace(old, days=days))


def _changed(day: DayForecast, changes: Mapping[str, object]) -> DayForecast:
    return replace(day, **changes)  # type: ignore[arg-type]  # any field may be changed, also to nonsense
