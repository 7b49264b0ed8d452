"""Forecasts as JSON, CSV and lines of JSON, series by series."""

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import orjson

from publication.days import counted_leads, target_day
from publication.doubted_days import checks_by_day
from publication.model import DayForecast, Publication, SeriesForecast
from publication.packed import PackedRows
from publication.vocabulary import DRIVERS, quantile_column
from service.queries.selection import Selection
from service.rendering.bodies import Json, actual_body, json_bytes, json_text, key_body, notes_body, weekdays_body
from service.rendering.findings import finding_body
from service.rendering.tables import ROWS_END, csv_cells, csv_line, rows_start

Template = Callable[[str, int], str]
"""Of a day, by its date and lead: `%s` for the mean and each quantile."""

Fill = Callable[[SeriesForecast, tuple[str, ...]], str]
"""Makes the text of a series' selected days of its figures."""


class SelectedDays:
    """The selected days of the series that are counted on the same weekdays: their leads, and their positions."""

    def __init__(self, publication: Publication, selection: Selection) -> None:
        cutoff, horizon = publication.cutoff, publication.system.horizon_days
        window = selection.leads(publication)

        @cache
        def found(counted_on: tuple[int, ...]) -> tuple[Sequence[int], slice]:
            leads = counted_leads(cutoff, horizon, counted_on)
            positions = slice(bisect_left(leads, window.start), bisect_left(leads, window.stop))
            return leads[positions], positions

        self._found = found

    def leads(self, counted_on: tuple[int, ...]) -> Sequence[int]:
        return self._found(counted_on)[0]

    def positions(self, counted_on: tuple[int, ...]) -> slice:
        return self._found(counted_on)[1]


class DayValues:
    """The selected numbers of any series, day after day, as JSON writes them: the mean, then the quantiles."""

    def __init__(self, publication: Publication, selection: Selection) -> None:
        self._columns = [0, *(1 + i for i, _ in selection.quantiles(publication.system))]
        self._days = SelectedDays(publication, selection)

    def of(self, series: SeriesForecast) -> tuple[str, ...]:
        numbers = _packed(series).numbers(self._days.positions(series.counted_on), self._columns)
        # In a fifth of the time of `repr` for each.
        return tuple(orjson.dumps(numbers)[1:-1].decode().split(",")) if numbers else ()


def days_filler(publication: Publication, selection: Selection, day: Template, between: str) -> Fill:
    """Return a function that fills the selected days of a series with its figures, one template per set of weekdays."""
    cutoff, days = publication.cutoff, SelectedDays(publication, selection)

    @cache
    def template(counted_on: tuple[int, ...]) -> str:
        return between.join(day(target_day(cutoff, lead).isoformat(), lead) for lead in days.leads(counted_on))

    return lambda series, figures: template(series.counted_on) % figures


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
    follows = [False] * len(formats)
    for series in selection.series(publication):
        texts = figures.of(series)
        parts = [row_format.series(series, texts) for row_format in formats]
        yield tuple(
            row_format.between + part if part and after else part
            for row_format, part, after in zip(formats, parts, follows, strict=True)
        )
        follows = [after or bool(part) for part, after in zip(parts, follows, strict=True)]
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
    positions = SelectedDays(publication, selection).positions(series.counted_on)
    doubted = checks_by_day(publication, series)
    return {
        "notes": notes_body(publication, series.unique_id),
        "recent": [actual_body(actual, doubted.get(actual.ds)) for actual in series.recent],
        "findings": [finding_body(finding) for finding in publication.findings_on(series.unique_id)],
        "drivers": [
            _drivers(day.ds, values)
            for day, values in zip(series.days[positions], series.drivers[positions], strict=False)
        ],
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
    return RowFormat(b"", _objects(publication, selection, between="\n", end="\n"))


def forecasts_rows(publication: Publication, selection: Selection, block: Json) -> RowFormat:
    """Return the format of JSON with rows: the objects of the lines of JSON, in one list."""
    rows = _objects(publication, selection, between=",")
    return RowFormat(rows_start(block), rows, between=b",", after=ROWS_END)


def _objects(
    publication: Publication, selection: Selection, between: str, end: str = ""
) -> Callable[[SeriesForecast, tuple[str, ...]], bytes]:
    """Return the format of a series' rows as objects."""
    levels = selection.quantiles(publication.system)
    quantiles = "".join(f",{json.dumps(quantile_column(level))}:%s" for _, level in levels)

    def row(ds: str, lead: int) -> str:
        return f'{BEFORE},"ds":"{ds}","lead":{lead},"mean":%s{quantiles},{AFTER}'

    days = days_filler(publication, selection, row, between)

    def rows(series: SeriesForecast, figures: tuple[str, ...]) -> bytes:
        if not figures:
            return b""
        key = {"unique_id": series.unique_id, **series.key._asdict(), "cutoff": publication.cutoff.isoformat()}
        before, after = json_text(key)[:-1], json_text({"model": series.model, "fallback": series.fallback})[1:]
        return _filled(days(series, figures) + end, before, after)

    return rows


def _filled(rows: str, before: str, after: str) -> bytes:
    """Return the rows of one series, with the cells that are the same in each."""
    return rows.replace(AFTER, after).replace(BEFORE, before).encode()
