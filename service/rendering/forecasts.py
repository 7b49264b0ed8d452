"""Forecasts as JSON."""

import json
from collections.abc import Sequence
from datetime import date

from publication.model import Publication, SeriesForecast
from publication.vocabulary import DRIVERS
from service.queries.selection import Selection
from service.rendering.bodies import Json, actual_body, json_bytes, json_text, key_body, weekdays_body
from service.rendering.days import days_filler
from service.rendering.layout import RowFormat


def forecasts_json(publication: Publication, selection: Selection, block: Json, *, detailed: bool) -> RowFormat:
    """The selected series; `detailed` ones with what a chart needs beside the forecast."""
    quantiles = ",".join(f"{json.dumps(f'{level:g}')}:%s" for _, level in selection.quantiles(publication.system))

    def day(ds: str, lead: int) -> str:
        return f'{{"ds":"{ds}","lead":{lead},"mean":%s,"quantiles":{{{quantiles}}}}}'

    days = days_filler(publication, selection, day, between=",")

    def body(series: SeriesForecast, figures: tuple[str, ...]) -> bytes:
        told = key_body(series) | {"model": series.model, "fallback": series.fallback} | weekdays_body(series)
        more = f",{json_text(_detail(series, selection))[1:-1]}" if detailed else ""
        return f'{json_text(told)[:-1]},"days":[{days(series, figures)}]{more}}}'.encode()

    before = b'{"publication":' + json_bytes(block) + b',"forecasts":['
    return RowFormat(before, body, between=b",", after=b"]}")


def _detail(series: SeriesForecast, selection: Selection) -> Json:
    days = selection.days(series) if series.drivers else ()
    return {
        "reason": series.reason,
        "recent": [actual_body(actual) for actual in series.recent],
        "drivers": [_drivers(day.ds, values) for day, values in zip(days, series.drivers, strict=False)],
    }


def _drivers(ds: date, values: Sequence[float]) -> Json:
    return {"ds": ds.isoformat(), **dict(zip(DRIVERS, values, strict=True))}
