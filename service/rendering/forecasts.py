"""Forecasts as JSON, series by series: a body of thousands of them is never one object."""

import json
from collections.abc import Iterator, Sequence
from datetime import date

from publication.model import Publication, SeriesForecast, System
from publication.vocabulary import DRIVERS
from service.rendering.bodies import Json, actual_body, json_bytes, json_text, key_body
from service.selection import Selection


def forecasts_json(publication: Publication, selection: Selection, block: Json, *, detailed: bool) -> Iterator[bytes]:
    """The selected series in parts; `detailed` ones with what a chart needs beside the forecast."""
    yield b'{"publication":' + json_bytes(block) + b',"forecasts":['
    template = _day_template(selection, publication.system)
    positions = [i for i, _ in selection.quantiles(publication.system)]
    for n, series in enumerate(selection.series(publication)):
        days = ",".join(template % row for row in rows(series, selection, positions))
        told = key_body(series) | {"model": series.model, "fallback": series.fallback}
        more = f",{json_text(_detail(series, selection))[1:-1]}" if detailed else ""
        yield f'{"," if n else ""}{json_text(told)[:-1]},"days":[{days}]{more}}}'.encode()
    yield b"]}"


def rows(series: SeriesForecast, selection: Selection, positions: Sequence[int]) -> Iterator[tuple[object, ...]]:
    """Of each selected day: its date, lead, mean, and the quantiles at `positions`."""
    for day in selection.days(series):
        yield day.ds.isoformat(), day.lead, day.mean, *(day.quantiles[i] for i in positions)


def _day_template(selection: Selection, system: System) -> str:
    """A day, to be filled with one of `rows`: a float's `repr` is what JSON writes, several times as fast."""
    quantiles = ",".join(f"{json.dumps(f'{level:g}')}:%r" for _, level in selection.quantiles(system))
    return f'{{"ds":"%s","lead":%d,"mean":%r,"quantiles":{{{quantiles}}}}}'


def _detail(series: SeriesForecast, selection: Selection) -> Json:
    days = selection.days(series) if series.drivers else ()
    return {
        "reason": series.reason,
        "recent": [actual_body(actual) for actual in series.recent],
        "drivers": [_drivers(day.ds, series.drivers[day.lead - 1]) for day in days],
    }


def _drivers(ds: date, values: Sequence[float]) -> Json:
    return {"ds": ds.isoformat(), **dict(zip(DRIVERS, values, strict=True))}
