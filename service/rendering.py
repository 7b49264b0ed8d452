"""Publications as JSON and CSV: the only place that knows the columns and keys that others read."""

import csv
import io
import json
import math
from collections.abc import Iterable
from datetime import UTC, date, datetime

from publication.model import Actual, DayForecast, Heading, Publication, SeriesForecast, System
from publication.vocabulary import DRIVERS, Freshness, quantile_column
from service.selection import Selection

JSON_TYPE = "application/json"
CSV_TYPE = "text/csv; charset=utf-8"
COLUMNS_BEFORE_QUANTILES = ("unique_id", "place", "measure", "stream", "cutoff", "ds", "lead", "mean")
COLUMNS_AFTER_QUANTILES = ("model", "fallback")

Json = dict[str, object]


def json_bytes(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def instant(moment: datetime) -> str:
    """UTC to the second, as `2026-11-22T05:02:11Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def publication_block(heading: Heading, freshness: Freshness) -> Json:
    """What every body says of the publication it is taken from."""
    return {**_identity(heading), "freshness": freshness.value}


def system_body(system: System) -> Json:
    return {
        "name": system.name,
        "timezone": system.timezone,
        "census_hour": system.census_hour,
        "horizon_days": system.horizon_days,
        "thresholds": list(system.thresholds),
        "quantiles": list(system.quantiles),
        "measures": [{"name": m.name, "kind": m.kind.value, "unit": m.unit} for m in system.measures],
        "places": [{"id": p.id, "parent": p.parent, "name": p.name, "kind": p.kind} for p in system.places],
    }


def heading_body(heading: Heading) -> Json:
    return {**_identity(heading), "series": heading.n_series, "fallbacks": heading.n_fallbacks}


def _identity(heading: Heading) -> Json:
    """Which publication it is, and what made it."""
    return {
        "system": heading.system,
        "cutoff": heading.cutoff.isoformat(),
        "revision": heading.revision,
        "issued_at": instant(heading.issued_at),
        "digest": heading.digest,
        "champion": _champion(heading),
    }


def series_body(series: SeriesForecast) -> Json:
    """One line of the list of series."""
    last = series.last_actual
    return {
        **_key(series),
        "model": series.model,
        "fallback": series.fallback,
        "reason": series.reason,
        "last_actual": None if last is None else _actual(last),
    }


def forecast_body(series: SeriesForecast, system: System, selection: Selection) -> Json:
    """The selected days and quantiles of one series."""
    levels = [(i, f"{level:g}") for i, level in selection.quantiles(system)]
    return {
        **_key(series),
        "model": series.model,
        "fallback": series.fallback,
        "days": [_day(day, levels) for day in selection.days(series)],
    }


def detail_body(series: SeriesForecast, system: System, selection: Selection) -> Json:
    """One series with what its chart needs beside the forecast."""
    more: Json = {
        "reason": series.reason,
        "recent": [_actual(actual) for actual in series.recent],
        "drivers": [_drivers(day.ds, series.drivers[day.lead - 1]) for day in selection.days(series) if series.drivers],
    }
    return forecast_body(series, system, selection) | more


def forecasts_csv(publication: Publication, selection: Selection) -> bytes:
    """One row per series and day, columns as contracted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    levels = selection.quantiles(publication.system)
    writer.writerow(
        (*COLUMNS_BEFORE_QUANTILES, *(quantile_column(level) for _, level in levels), *COLUMNS_AFTER_QUANTILES)
    )
    for series in selection.series(publication):
        writer.writerows(_rows(series, publication, selection, [i for i, _ in levels]))
    return text.getvalue().encode()


def _rows(
    series: SeriesForecast, publication: Publication, selection: Selection, positions: list[int]
) -> Iterable[tuple[object, ...]]:
    key = series.key
    before = (series.unique_id, key.place, key.measure, key.stream or "", publication.cutoff.isoformat())
    after = (series.model, "true" if series.fallback else "false")
    for day in selection.days(series):
        quantiles = (day.quantiles[i] for i in positions)
        yield (*before, day.ds.isoformat(), day.lead, day.mean, *quantiles, *after)


def _champion(heading: Heading) -> Json:
    champion = heading.champion
    return {"name": champion.name, "version": champion.version, "run_id": champion.run_id}


def _key(series: SeriesForecast) -> Json:
    return {"unique_id": series.unique_id, **series.key._asdict(), "unit": series.unit}


def _day(day: DayForecast, levels: list[tuple[int, str]]) -> Json:
    quantiles = {name: day.quantiles[i] for i, name in levels}
    return {"ds": day.ds.isoformat(), "lead": day.lead, "mean": day.mean, "quantiles": quantiles}


def _drivers(ds: date, values: tuple[float, ...]) -> Json:
    return {"ds": ds.isoformat(), **dict(zip(DRIVERS, values, strict=True))}


def _actual(actual: Actual) -> Json:
    known = actual.y is not None and math.isfinite(actual.y)
    return {"ds": actual.ds.isoformat(), "y": actual.y if known else None}
