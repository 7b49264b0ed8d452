"""Forecasts as tables, one row for each series and day: CSV, and the same columns as lines of JSON."""

import csv
import io
import json
from collections.abc import Iterable

from publication.model import Publication, SeriesForecast
from publication.vocabulary import quantile_column
from service.queries.selection import Selection
from service.rendering.bodies import json_text
from service.rendering.days import days_filler
from service.rendering.layout import RowFormat

BEFORE_QUANTILES = ("unique_id", "place", "measure", "stream", "cutoff", "ds", "lead", "mean")
AFTER_QUANTILES = ("model", "fallback")
BEFORE, AFTER = "\x00", "\x01"  # where they stand in a row: no date and no number has such characters


def forecasts_csv(publication: Publication, selection: Selection) -> RowFormat:
    """A heading, then the rows of each selected series."""
    levels = selection.quantiles(publication.system)
    names = (*BEFORE_QUANTILES, *(quantile_column(level) for _, level in levels), *AFTER_QUANTILES)
    numbers = ",%s" * (1 + len(levels))
    days = days_filler(publication, selection, lambda ds, lead: f"{BEFORE},{ds},{lead}{numbers},{AFTER}\n", "")

    def rows(series: SeriesForecast, figures: tuple[str, ...]) -> bytes:
        before = (series.unique_id, series.key.place, series.key.measure, series.key.stream or "", publication.cutoff)
        after = (series.model, "true" if series.fallback else "false")
        return _filled(days(series, figures), _cells(before), _cells(after))

    return RowFormat(csv_line(names), rows)


def forecasts_ndjson(publication: Publication, selection: Selection) -> RowFormat:
    """The rows of each selected series, each a JSON object with the columns of the CSV."""
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


def csv_line(values: Iterable[object]) -> bytes:
    """One line of CSV; None is an empty cell."""
    return f"{_cells(values)}\n".encode()


def _filled(rows: str, before: str, after: str) -> bytes:
    """The rows of one series, with what is the same in each."""
    return rows.replace(AFTER, after).replace(BEFORE, before).encode()


def _cells(values: Iterable[object]) -> str:
    """One line of CSV, quoted where that is needed, without its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
