"""Publications as rows of the store's tables, and back."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import RowMapping

from publication.damage import integrity_errors
from publication.days import counted_leads, target_day
from publication.errors import MalformedPublicationError
from publication.model import (
    Actual,
    Champion,
    DayForecast,
    Headroom,
    Measure,
    Note,
    Peak,
    Place,
    Publication,
    PublicationSummary,
    SeriesForecast,
    System,
)
from publication.packed import PackedRows, Reader, packed
from publication.rows import Row
from publication.vocabulary import Kind, NoteKind, SeriesKey

DAYS_REMEMBERED = 1000
HEADING_KINDS = {
    int: ("revision", "champion_version", "n_series", "n_fallbacks"),
    str: ("system", "champion_name", "champion_run_id", "digest"),
}

Record = dict[str, object]


def publication_record(publication: Publication, digest: str) -> Record:
    return {
        "system": publication.system.name,
        "cutoff": publication.cutoff,
        "revision": publication.revision,
        "issued_at": publication.issued_at,
        "champion_name": publication.champion.name,
        "champion_version": publication.champion.version,
        "champion_run_id": publication.champion.run_id,
        "data_digest": publication.data_digest,
        "digest": digest,
        "n_series": len(publication.series),
        "n_fallbacks": sum(series.fallback for series in publication.series),
        "description": asdict(publication.system),
        "notes": [asdict(note) for note in publication.notes],
    }


def series_records(publication: Publication, publication_id: int) -> list[Record]:
    return [
        {
            "publication_id": publication_id,
            "unique_id": series.unique_id,
            "position": position,
            **series.key._asdict(),
            "unit": series.unit,
            "model": series.model,
            "fallback": series.fallback,
            "recent": [[actual.ds.isoformat(), actual.y] for actual in series.recent],
            "counted_on": "".join(map(str, series.counted_on)) or None,
        }
        for position, series in enumerate(publication.series)
    ]


def forecast_records(publication: Publication, publication_id: int) -> list[Record]:
    return [
        {
            "publication_id": publication_id,
            "unique_id": series.unique_id,
            "by_day": [[day.mean, *day.quantiles] for day in series.days],
        }
        for series in publication.series
    ]


def driver_records(publication: Publication, publication_id: int) -> list[Record]:
    return [
        {
            "publication_id": publication_id,
            "unique_id": series.unique_id,
            "by_day": [list(day) for day in series.drivers],
        }
        for series in publication.series
        if series.drivers
    ]


def headroom_records(publication: Publication, publication_id: int) -> list[Record]:
    return [
        {"publication_id": publication_id, "place": of.place, "position": position, "by_day": _headroom_fields(of)}
        for position, of in enumerate(publication.headroom)
    ]


def _headroom_fields(of: Headroom) -> Record:
    """As `dataclasses.asdict` has them, which would copy each of millions of numbers."""
    return {
        "place": of.place,
        "beds": of.beds,
        "occupancy": tuple(of.occupancy),
        "headroom": tuple(of.headroom),
        "relief": of.relief,
        "peaks": [asdict(peak) for peak in of.peaks],
    }


def heading(row: RowMapping) -> PublicationSummary:
    """Raises ValueError where the row holds something else: SQLite keeps what it is given."""
    for kind, columns in HEADING_KINDS.items():
        for column in columns:
            if type(row[column]) is not kind:
                raise ValueError(f"{column} is {row[column]!r}")
    return PublicationSummary(
        system=row["system"],
        cutoff=row["cutoff"],
        revision=row["revision"],
        issued_at=row["issued_at"],
        champion=_champion(row),
        n_series=row["n_series"],
        n_fallbacks=row["n_fallbacks"],
        digest=row["digest"],
    )


def publication(
    row: RowMapping,
    series: Iterable[Row],
    forecasts: Iterable[Row],
    drivers: Iterable[Row],
    headroom: Iterable[Row],
) -> Publication:
    """The rows of one publication, series by position, as it was issued; its numbers are packed.

    Raises MalformedPublicationError where rows or numbers are missing, or do not belong together.
    """
    system = system_of(row["description"])
    driven = {item["unique_id"]: packed(item["by_day"]) for item in drivers}
    listed = [_series(item, driven.get(item["unique_id"], ())) for item in series]
    days = _days(row["cutoff"], system, forecasts, {of.unique_id: of.counted_on for of in listed if of.counted_on})
    if without_days := [of.unique_id for of in listed if of.unique_id not in days]:
        raise _damaged(row["cutoff"], system, without_days[0], "all its days are missing")
    made = tuple(replace(of, days=days[of.unique_id]) for of in listed)
    read = Publication(
        system=system,
        cutoff=row["cutoff"],
        issued_at=row["issued_at"],
        champion=_champion(row),
        data_digest=row["data_digest"],
        series=made,
        notes=tuple(Note(**{**note, "kind": NoteKind(note["kind"])}) for note in row["notes"]),
        revision=row["revision"],
        headroom=tuple(_headroom(item["by_day"]) for item in headroom),
    )
    if (found := next(integrity_errors(read, heading(row).n_series), None)) is not None:
        raise _damaged(row["cutoff"], system, "it", found)
    return read


def _days(
    cutoff: date, system: System, forecasts: Iterable[Row], counted_on: Mapping[str, tuple[int, ...]]
) -> dict[str, PackedRows[DayForecast]]:
    """The days of each series. The day of a lead is not kept: it follows from the cutoff, and from the weekdays that a
    series is counted on, where those are not all."""
    every_day = _reader(cutoff, system.horizon_days, ())
    width = 1 + len(system.quantiles)
    days: dict[str, PackedRows[DayForecast]] = {}
    for row in forecasts:
        weekdays = counted_on.get(row["unique_id"])
        n_days, read = every_day if weekdays is None else _reader(cutoff, system.horizon_days, weekdays)
        try:
            days[row["unique_id"]] = PackedRows(_flat(row["by_day"], n_days, width), width, read)
        except (TypeError, ValueError) as error:
            raise _damaged(cutoff, system, row["unique_id"], str(error)) from error
    return days


def _reader(cutoff: date, horizon_days: int, counted_on: tuple[int, ...]) -> tuple[int, Reader[DayForecast]]:
    """How many days a series has, and what makes each of its numbers."""
    targets = [(target_day(cutoff, lead), lead) for lead in counted_leads(cutoff, horizon_days, counted_on)]

    def read(index: int, numbers: tuple[float, ...]) -> DayForecast:
        return DayForecast(*targets[index], numbers[0], numbers[1:])

    return len(targets), read


def _flat(by_day: Sequence[Sequence[float]], n_days: int, width: int) -> Iterable[float]:
    if len(by_day) != n_days or not set(map(len, by_day)) <= {width}:
        raise ValueError(f"a lead of 1 to {n_days} is missing, or one of its {width} numbers")
    return chain.from_iterable(by_day)


def _damaged(cutoff: date, system: System, unique_id: str, found: str) -> MalformedPublicationError:
    return MalformedPublicationError(
        f"Reading the publication of {system.name} for {cutoff}: {unique_id} is damaged: {found}. Issue it again."
    )


def _headroom(fields: Mapping[str, Any]) -> Headroom:
    """Headroom as JSON gives it: `dataclasses.asdict`, with lists for tuples."""
    return Headroom(
        place=fields["place"],
        beds=tuple(fields["beds"]),
        occupancy=packed(fields["occupancy"]),
        headroom=packed(fields["headroom"]),
        relief=tuple(fields["relief"]),
        peaks=tuple(Peak(peak["days"], tuple(peak["quantiles"]), peak["lead"]) for peak in fields["peaks"]),
    )


def _champion(row: RowMapping) -> Champion:
    return Champion(row["champion_name"], row["champion_version"], row["champion_run_id"])


def _series(row: Row, drivers: Sequence[Sequence[float]]) -> SeriesForecast:
    """The series of a row, without its days."""
    key = SeriesKey(row["place"], row["measure"], row["stream"])
    if key.unique_id != row["unique_id"]:
        raise ValueError(f"{row['unique_id']} stands for {key.unique_id}")
    return SeriesForecast(
        key=key,
        unit=row["unit"],
        model=row["model"],
        fallback=row["fallback"],
        recent=_recent(row["recent"]),
        days=(),
        drivers=drivers,
        counted_on=tuple(map(int, row["counted_on"] or "")),
    )


def _recent(actuals: Sequence[tuple[str, float | None]]) -> Sequence[Actual]:
    numbers = [number for ds, y in actuals for number in (_ordinal(ds), math.nan if y is None else y)]
    return PackedRows(numbers, 2, _read_actual)


@lru_cache(DAYS_REMEMBERED)  # the same few days for every series
def _ordinal(ds: str) -> int:
    return date.fromisoformat(ds).toordinal()


def _read_actual(_index: int, numbers: tuple[float, ...]) -> Actual:
    ds, y = numbers
    return Actual(date.fromordinal(int(ds)), None if math.isnan(y) else y)


def system_of(fields: Mapping[str, Any]) -> System:
    """A system from its description as JSON gives it: `dataclasses.asdict`, with lists for tuples."""
    return System(
        **{
            **fields,
            "thresholds": tuple(fields["thresholds"]),
            "quantiles": tuple(fields["quantiles"]),
            "measures": tuple(Measure(m["name"], Kind(m["kind"]), m["unit"]) for m in fields["measures"]),
            "places": tuple(Place(**place) for place in fields["places"]),
        }
    )
