"""The parts of JSON bodies: publications, systems and series under the names that others read."""

import math
from datetime import UTC, datetime

import orjson

from publication.days import WEEKDAYS
from publication.model import Actual, Finding, Publication, PublicationSummary, SeriesForecast, System
from publication.vocabulary import Check, Freshness
from service.queries.reporting import Reporting, reporting_of

Json = dict[str, object]


def json_text(body: Json) -> str:
    return json_bytes(body).decode()


def json_value(value: str | float | bool | None) -> str:
    """Return one value as JSON."""
    return orjson.dumps(value).decode()


def json_bytes(body: Json) -> bytes:
    return orjson.dumps(body)


def instant(moment: datetime) -> str:
    """Return UTC to the second, as `2026-11-22T05:02:11Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def publication_block(publication: Publication, summary: PublicationSummary, freshness: Freshness) -> Json:
    """Return the part of every body that describes its publication."""
    origin = {"data_digest": publication.data_digest or None, "notes": notes_body(publication, None)}
    return {**_identity(summary), **origin, "freshness": freshness.value}


def notes_body(publication: Publication, unique_id: str | None) -> list[Json]:
    """Return the notes on a series; for None, those on no series alone."""
    return [
        {"kind": note.kind.value, "place": note.place, "series": note.series, "text": note.text}
        for note in publication.notes_on(unique_id)
    ]


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
        "levels": [
            {"name": of.name, "when": of.when, "colour": of.colour, "action": of.action} for of in system.levels
        ],
    }


def summary_body(summary: PublicationSummary, *, complete: bool) -> Json:
    """Return one item of the list of publications. Counts of the complete system are left out unless `complete`."""
    identity = _identity(summary)
    if not complete:
        return identity | {"digest": None, "series": None, "fallbacks": None}
    return identity | {"series": summary.n_series, "fallbacks": summary.n_fallbacks}


def _identity(summary: PublicationSummary) -> Json:
    """Return the identity of a publication, and of the champion that made it."""
    return {
        "system": summary.system,
        "cutoff": summary.cutoff.isoformat(),
        "revision": summary.revision,
        "issued_at": instant(summary.issued_at),
        "digest": summary.digest,
        "champion": _champion(summary),
    }


def series_body(publication: Publication, series: SeriesForecast) -> Json:
    """Return one item of the list of series."""
    last = series.last_actual
    return {
        **key_body(series),
        "model": series.model,
        "fallback": series.fallback,
        "notes": notes_body(publication, series.unique_id),
        "last_actual": None if last is None else actual_body(last),
        "reporting": reporting_body(reporting_of(publication, series)),
        **weekdays_body(series),
    }


def reporting_body(reporting: Reporting) -> Json:
    """Return how far a series is behind, why, and what was done."""
    return {
        "state": reporting.state.value,
        "since": None if reporting.since is None else reporting.since.isoformat(),
        "days": reporting.days,
        "reason": reporting.reason,
        "treatment": None if reporting.treatment is None else reporting.treatment.value,
    }


def stopped_body(finding: Finding, reporting: Reporting) -> Json:
    """Return one item of the list of series that are not forecast any more."""
    return {"unique_id": finding.series, **finding.key._asdict(), "reporting": reporting_body(reporting)}


def _champion(summary: PublicationSummary) -> Json:
    champion = summary.champion
    return {"name": champion.name, "version": champion.version, "run_id": champion.run_id}


def key_body(series: SeriesForecast) -> Json:
    return {"unique_id": series.unique_id, **series.key._asdict(), "unit": series.unit}


def weekdays_body(series: SeriesForecast) -> Json:
    """Return the weekdays on which a series is counted, where those are not all; else nothing."""
    return {"counted_on": [WEEKDAYS[weekday] for weekday in series.counted_on]} if series.counted_on else {}


def actual_body(actual: Actual, check: Check | None = None) -> Json:
    """Return an actual, with the check that doubts it where one does."""
    known = actual.y is not None and math.isfinite(actual.y)
    doubted = {} if check is None else {"check": check.value}
    return {"ds": actual.ds.isoformat(), "y": actual.y if known else None, **doubted}
