"""Forecasts as JSON, CSV and lines of JSON, series by series."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import orjson

from publication.days import counted_leads, target_day
from publication.model import DayForecast, Publication, SeriesForecast
from publication.packed import PackedRows
from publication.vocabulary import DRIVERS, quantile_column
from service.queries.selection import Selection
from service.rendering.bodies import Json, actual_body, json_bytes, json_text, key_body, notes_body, weekdays_body
from service.rendering.findings import checks_by_day, finding_body
from service.rendering.tables import csv_cells, csv_line

Template = Callable[[str, int], str]
"""Of a day, by its date and lead: `%s` for the mean and each quantile."""

Fill = Callable[[SeriesForecast, tuple[str, ...]], str]
"""Makes the text of a series' selected days of its figures."""


class DayValues:
    """The selected numbers of any series, day after day, as JSON writes them: the mean, then the quantiles."""

    def __init__(self, publication: Publication, selection: Selection) -> None:
        self._columns = [0, *(1 + i for i, _ in selection.quantiles(publication.system))]
        self._rows = selection.horizon
        self._cutoff = publication.cutoff

    def of(self, series: SeriesForecast) -> tuple[str, ...]:
        rows = self._rows
        if series.counted_on and rows is not None:
            rows = len(counted_leads(self._cutoff, rows, series.counted_on))
        numbers = _packed(series).numbers(rows, self._columns)
        return tuple(orjson.dumps(numbers)[1:-1].decode().split(","))  # in a fifth of the time of `repr` for each


def days_filler(publication: Publication, selection: Selection, day: Template, between: str) -> Fill:
    """Return a function that fills the selected days of a series with its figures, one template per set of weekdays."""
    cutoff, horizon = publication.cutoff, selection.horizon or publication.system.horizon_days

    @cache
    def template(counted_on: tuple[int, ...]) -> str:
        leads = counted_leads(cutoff, horizon, counted_on)
        return between.join(day(target_day(cutoff, lead).isoformat(), lead) for lead in leads)

    every_day = template(())

    def fill(series: SeriesForecast, figures: tuple[str, ...]) -> str:
        if not series.counted_on:
            return every_day % figures
        counted = template(series.counted_on)
        return counted % figures if counted else ""

    return fill


def _packed(series: SeriesForecast) -> PackedRows[DayForecast]:
    """Return the days as the store gives them. Raises TypeError for others."""
    if not isinstance(series.days, PackedRows):
        raise TypeError(f"The days of {series.unique_id} are not packed: it was not read from a store.")
    return series.days


@dataclass(frozen=True, slots=True)
class RowFormat:
    """The text of each series and its selected figures, and the texts before, between and after them."""

    before: bytes
    series: Callable[[SeriesForecast, tuple[str, ...]], bytes]
    between: bytes = b""
    after: bytes = b""


def format_rows(publication: Publication, selection: Selection, *formats: RowFormat) -> Iterator[tuple[bytes, ...]]:
    """Return the parts in each format, together: the figures of a series are made once for all of them."""
    figures = DayValues(publication, selection)
    yield tuple(row_format.before for row_format in formats)
    for n, series in enumerate(selection.series(publication)):
        texts = figures.of(series)
        yield tuple((row_format.between if n else b"") + row_format.series(series, texts) for row_format in formats)
    yield tuple(row_format.after for row_format in formats)


def forecasts_json(publication: Publication, selection: Selection, block: Json, *, detailed: bool) -> RowFormat:
    """Return the format of the selected series; `detailed` adds recent actuals and drivers."""
    quantiles = ",".join(f"{json.dumps(f'{level:g}')}:%s" for _, level in selection.quantiles(publication.system))

    def day(ds: str, lead: int) -> str:
        return f'{{"ds":"{ds}","lead":{lead},"mean":%s,"quantiles":{{{quantiles}}}}}'

    days = days_filler(publication, selection, day, between=",")

    def body(series: SeriesForecast, figures: tuple[str, ...]) -> bytes:
        fields = key_body(series) | {"model": series.model, "fallback": series.fallback} | weekdays_body(series)
        more = f",{json_text(_detail(publication, series, selection))[1:-1]}" if detailed else ""
        return f'{json_text(fields)[:-1]},"days":[{days(series, figures)}]{more}}}'.encode()

    before = b'{"publication":' + json_bytes(block) + b',"forecasts":['
    return RowFormat(before, body, between=b",", after=b"]}")


def _detail(publication: Publication, series: SeriesForecast, selection: Selection) -> Json:
    days = selection.days(series) if series.drivers else ()
    doubted = checks_by_day(publication, series)
    return {
        "notes": notes_body(publication, series.unique_id),
        "recent": [actual_body(actual, doubted.get(actual.ds)) for actual in series.recent],
        "findings": [finding_body(finding) for finding in publication.findings_on(series.unique_id)],
        "drivers": [_drivers(day.ds, values) for day, values in zip(days, series.drivers, strict=False)],
    }


def _drivers(ds: date, values: Sequence[float]) -> Json:
    return {"ds": ds.isoformat(), **dict(zip(DRIVERS, values, strict=True))}


BEFORE_QUANTILES = ("unique_id", "place", "measure", "stream", "cutoff", "ds", "lead", "mean")
AFTER_QUANTILES = ("model", "fallback")
BEFORE, AFTER = "\x00", "\x01"  # their places in a row: no date or number contains these characters


def forecasts_csv(publication: Publication, selection: Selection) -> RowFormat:
    """Return the format of CSV: a header, then the rows of each selected series."""
    levels = selection.quantiles(publication.system)
    names = (*BEFORE_QUANTILES, *(quantile_column(level) for _, level in levels), *AFTER_QUANTILES)
    numbers = ",%s" * (1 + len(levels))
    days = days_filler(publication, selection, lambda ds, lead: f"{BEFORE},{ds},{lead}{numbers},{AFTER}\n", "")

    def rows(series: SeriesForecast, figures: tuple[str, ...]) -> bytes:
        before = (series.unique_id, series.key.place, series.key.measure, series.key.stream or "", publication.cutoff)
        after = (series.model, "true" if series.fallback else "false")
        return _filled(days(series, figures), csv_cells(before), csv_cells(after))

    return RowFormat(csv_line(names), rows)


def forecasts_ndjson(publication: Publication, selection: Selection) -> RowFormat:
    """Return the format of lines of JSON: each row is an object with the columns of the CSV."""
    levels = selection.quantiles(publication.system)
    quantiles = "".join(f",{json.dumps(quantile_column(level))}:%s" for _, level in levels)

    def row(ds: str, lead: int) -> str:
        return f'{BEFORE},"ds":"{ds}","lead":{lead},"mean":%s{quantiles},{AFTER}\n'

    days = days_filler(publication, selection, row, between="")

    def rows(series: SeriesForecast, figures: tuple[str, ...]) -> bytes:
        key = {"unique_id": series.unique_id, **series.key._asdict(), "cutoff": publication.cutoff.isoformat()}
        before, after = json_text(key)[:-1], json_text({"model": series.model, "fallback": series.fallback})[1:]
        return _filled(days(series, figures), before, after)

    return RowFormat(b"", rows)


def _filled(rows: str, before: str, after: str) -> bytes:
    """Return the rows of one series, with the cells that are the same in each."""
    return rows.replace(AFTER, after).replace(BEFORE, before).encode()
