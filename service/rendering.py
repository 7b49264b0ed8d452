"""Publications as JSON and CSV: the only place that knows the columns and keys that others read."""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from publication.days import target_day
from publication.model import Actual, DayForecast, Heading, Publication, SeriesForecast, System
from publication.pressure import SHORT_BY
from publication.vocabulary import DRIVERS, Freshness, quantile_column
from service.pressure import Aid, Amounts, PlacePressure, WhatIf, changed, mutual_aid, worst_first
from service.selection import Selection

JSON_TYPE = "application/json"
CSV_TYPE = "text/csv; charset=utf-8"
COLUMNS_BEFORE_QUANTILES = ("unique_id", "place", "measure", "stream", "cutoff", "ds", "lead", "mean")
COLUMNS_AFTER_QUANTILES = ("model", "fallback")

COMPUTED_DECIMALS = 4

Json = dict[str, object]


def json_bytes(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def instant(moment: datetime) -> str:
    """UTC to the second, as `2026-11-22T05:02:11Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def publication_block(publication: Publication, heading: Heading, freshness: Freshness) -> Json:
    """What every body says of the publication it is taken from."""
    told = {"data_digest": publication.data_digest, "remarks": list(publication.remarks)}
    return {**_identity(heading), **told, "freshness": freshness.value}


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


def pressure_body(publication: Publication, selection: Selection, what_if: WhatIf) -> Json:
    """The pressure of the selected places, worst first, as it would be; and the mutual aid that would lower it."""
    headroom = changed(publication, what_if)
    ranked = worst_first(publication, [of.first(selection.horizon) for of in headroom])
    shown = selection.places(publication)
    return {
        "what_if": {"beds": _amounts(what_if.beds), "discharges": _amounts(what_if.discharges)},
        "places": [_place_pressure(publication, place) for place in ranked if place.place in shown],
        "mutual_aid": [
            _aid(publication, aid)
            for aid in mutual_aid(publication, ranked, headroom)
            if aid.donor in shown and aid.receiver in shown
        ],
    }


def _place_pressure(publication: Publication, pressure: PlacePressure) -> Json:
    place, cutoff = publication.system.place_by_id[pressure.place], publication.cutoff
    names = [f"{level:g}" for level in publication.system.quantiles]
    thresholds = [str(threshold) for threshold in publication.system.thresholds]
    return {
        "place": place.id,
        "parent": place.parent,
        "name": place.name,
        "kind": place.kind,
        "worst_day": target_day(cutoff, pressure.worst + 1).isoformat(),
        "driver": pressure.driver,
        "discharges_needed": pressure.discharges_needed,
        "days": [
            {
                "ds": target_day(cutoff, lead).isoformat(),
                "lead": lead,
                "beds": _rounded(day.beds),
                "occupancy": _named(names, day.occupancy),
                "headroom": _named(names, day.headroom),
                "over": _named(thresholds, day.over),
                "short": _named(map(str, SHORT_BY), day.short),
            }
            for lead, day in enumerate(pressure.days, start=1)
        ],
        "peak": {str(peak.days): _named(names, peak.quantiles) for peak in pressure.peaks},
    }


def _aid(publication: Publication, aid: Aid) -> Json:
    return {
        "from": aid.donor,
        "to": aid.receiver,
        "ds": target_day(publication.cutoff, aid.day + 1).isoformat(),
        "beds": aid.beds,
        "over_0.95_before": _rounded(aid.before),
        "over_0.95_after": _rounded(aid.after),
    }


def _amounts(amounts: Amounts) -> Json:
    return {place: int(amount) if amount.is_integer() else amount for place, amount in amounts}


def _named(names: Iterable[str], values: Iterable[float]) -> Json:
    return {name: _rounded(value) for name, value in zip(names, values, strict=True)}


def _rounded(value: float) -> float:
    """What is computed here, to the decimals of what was published: shifted counts, and chances."""
    return round(value, COMPUTED_DECIMALS)


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


def _drivers(ds: date, values: Sequence[float]) -> Json:
    return {"ds": ds.isoformat(), **dict(zip(DRIVERS, values, strict=True))}


def _actual(actual: Actual) -> Json:
    known = actual.y is not None and math.isfinite(actual.y)
    return {"ds": actual.ds.isoformat(), "y": actual.y if known else None}
