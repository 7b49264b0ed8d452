"""Forecasts as JSON, series by series: a body of thousands of them is never one object."""

import json
from collections.abc import Iterator, Sequence
from datetime import date

from publication.model import Publication, SeriesForecast
from publication.vocabulary import DRIVERS
from service.rendering.bodies import Json, actual_body, json_bytes, json_text, key_body
from service.rendering.days import Days
from service.selection import Selection


def forecasts_json(publication: Publication, selection: Selection, block: Json, *, detailed: bool) -> Iterator[bytes]:
    """The selected series in parts; `detailed` ones with what a chart needs beside the forecast."""
    yield b'{"publication":' + json_bytes(block) + b',"forecasts":['
    quantiles = ",".join(f"{json.dumps(f'{level:g}')}:%r" for _, level in selection.quantiles(publication.system))

    def day(ds: str, lead: int) -> str:
        return f'{{"ds":"{ds}","lead":{lead},"mean":%r,"quantiles":{{{quantiles}}}}}'

    days = Days(publication, selection, day, between=",")
    for n, series in enumerate(selection.series(publication)):
        told = key_body(series) | {"model": series.model, "fallback": series.fallback}
        more = f",{json_text(_detail(series, selection))[1:-1]}" if detailed else ""
        yield f'{"," if n else ""}{json_text(told)[:-1]},"days":[{days.text(series)}]{more}}}'.encode()
    yield b"]}"


def _detail(series: SeriesForecast, selection: Selection) -> Json:
    days = selection.days(series) if series.drivers else ()
    return {
        "reason": series.reason,
        "recent": [actual_body(actual) for actual in series.recent],
        "drivers": [_drivers(day.ds, series.drivers[day.lead - 1]) for day in days],
    }


def _drivers(ds: date, values: Sequence[float]) -> Json:
    return {"ds": ds.isoformat(), **dict(zip(DRIVERS, values, strict=True))}
