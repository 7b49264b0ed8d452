"""Publications as rows of the store's tables, and back."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import RowMapping

from publication.days import target_day
from publication.digest import digest
from publication.errors import MalformedPublicationError
from publication.model import (
    Actual,
    Champion,
    DayForecast,
    Heading,
    Headroom,
    Measure,
    Peak,
    Place,
    Publication,
    SeriesForecast,
    System,
)
from publication.packed import Packed, packed
from publication.vocabulary import Kind, SeriesKey

Record = dict[str, object]


def publication_record(publication: Publication) -> Record:
    return {
        "system": publication.system.name,
        "cutoff": publication.cutoff,
        "revision": publication.revision,
        "issued_at": publication.issued_at,
        "champion_name": publication.champion.name,
        "champion_version": publication.champion.version,
        "champion_run_id": publication.champion.run_id,
        "data_digest": publication.data_digest,
        "digest": digest(publication),
        "n_series": len(publication.series),
        "n_fallbacks": sum(series.fallback for series in publication.series),
        "description": asdict(publication.system),
        "notes": list(publication.notes),
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
            "reason": series.reason,
            "recent": [[actual.ds.isoformat(), actual.y] for actual in series.recent],
        }
        for position, series in enumerate(publication.series)
    ]


def forecast_records(publication: Publication, publication_id: int) -> list[Record]:
    return [
        {
            "publication_id": publication_id,
            "unique_id": series.unique_id,
            "lead": day.lead,
            "ds": day.ds,
            "mean": day.mean,
            "quantiles": list(day.quantiles),
        }
        for series in publication.series
        for day in series.days
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
        {"publication_id": publication_id, "place": headroom.place, "position": position, "by_day": asdict(headroom)}
        for position, headroom in enumerate(publication.headroom)
    ]


def remark_records(publication: Publication, publication_id: int) -> list[Record]:
    return [
        {"publication_id": publication_id, "position": position, "remark": remark}
        for position, remark in enumerate(publication.remarks)
    ]


def heading(row: RowMapping) -> Heading:
    return Heading(
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
    series: Iterable[RowMapping],
    forecasts: Iterable[Sequence[Any]],
    drivers: Iterable[RowMapping],
    headroom: Iterable[RowMapping],
    remarks: Iterable[RowMapping],
) -> Publication:
    """The rows of one publication, series by position, as it was issued; its numbers are packed.

    `forecasts` give unique_id, lead, mean and quantiles (as JSON writes them), by series and lead. Raises
    MalformedPublicationError where days of a series are missing.
    """
    system = system_of(row["description"])
    driven = {item["unique_id"]: packed(item["by_day"]) for item in drivers}
    days = _days(row["cutoff"], system, forecasts)
    return Publication(
        system=system,
        cutoff=row["cutoff"],
        issued_at=row["issued_at"],
        champion=_champion(row),
        data_digest=row["data_digest"],
        series=tuple(
            _series(item, days.get(item["unique_id"], ()), driven.get(item["unique_id"], ())) for item in series
        ),
        notes=tuple(row["notes"]),
        revision=row["revision"],
        headroom=tuple(_headroom(item["by_day"]) for item in headroom),
        remarks=tuple(item["remark"] for item in remarks),
    )


def _days(cutoff: date, system: System, forecasts: Iterable[Sequence[Any]]) -> dict[str, Packed[DayForecast]]:
    """The days of each series. The day of a lead is not read: it follows from the cutoff."""
    targets = [target_day(cutoff, lead) for lead in range(1, system.horizon_days + 1)]

    def read(index: int, numbers: tuple[float, ...]) -> DayForecast:
        return DayForecast(targets[index], index + 1, numbers[0], numbers[1:])

    width, leads = 1 + len(system.quantiles), range(1, system.horizon_days + 1)
    days: dict[str, Packed[DayForecast]] = {}
    for unique_id, rows in groupby(forecasts, key=itemgetter(0)):
        _, found, means, quantiles, *_ = zip(*rows, strict=True)
        levels = json.loads(f"[{','.join(quantiles)}]")  # one call for a series takes a third of one for each day
        if found != tuple(leads)[: len(found)] or {len(of_day) for of_day in levels} != {width - 1}:
            raise MalformedPublicationError(
                f"Reading the publication of {system.name} for {cutoff}: {unique_id} is damaged: "
                f"a lead or a quantile is missing among leads {found[0]} to {found[-1]}. Issue it again."
            )
        numbers = chain.from_iterable((mean, *of_day) for mean, of_day in zip(means, levels, strict=True))
        days[unique_id] = Packed(numbers, width, read)
    return days


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


def _series(row: RowMapping, days: Sequence[DayForecast], drivers: Sequence[Sequence[float]]) -> SeriesForecast:
    return SeriesForecast(
        key=SeriesKey(row["place"], row["measure"], row["stream"]),
        unit=row["unit"],
        model=row["model"],
        fallback=row["fallback"],
        reason=row["reason"],
        recent=_recent(row["recent"]),
        days=days,
        drivers=drivers,
    )


def _recent(actuals: Sequence[tuple[str, float | None]]) -> Sequence[Actual]:
    return Packed(
        (number for ds, y in actuals for number in (date.fromisoformat(ds).toordinal(), math.nan if y is None else y)),
        2,
        _read_actual,
    )


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
