"""Forecasts as tables, one row for each series and day: CSV, and the same columns as lines of JSON."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from publication.model import Publication
from publication.vocabulary import quantile_column
from service.rendering.bodies import json_text
from service.rendering.forecasts import rows
from service.selection import Selection

BEFORE_QUANTILES = ("unique_id", "place", "measure", "stream", "cutoff", "ds", "lead", "mean")
AFTER_QUANTILES = ("model", "fallback")


def forecasts_csv(publication: Publication, selection: Selection) -> Iterator[bytes]:
    """A heading, then the rows of each selected series."""
    levels = selection.quantiles(publication.system)
    names = (*BEFORE_QUANTILES, *(quantile_column(level) for _, level in levels), *AFTER_QUANTILES)
    yield f"{_cells(names)}\n".encode()
    template = f"%s,%s,%d,%r{',%r' * len(levels)},%s\n"
    positions = [i for i, _ in levels]
    for series in selection.series(publication):
        before = _cells(
            (series.unique_id, series.key.place, series.key.measure, series.key.stream or "", publication.cutoff)
        )
        after = _cells((series.model, "true" if series.fallback else "false"))
        yield "".join(template % (before, *row, after) for row in rows(series, selection, positions)).encode()


def forecasts_ndjson(publication: Publication, selection: Selection) -> Iterator[bytes]:
    """The rows of each selected series, each a JSON object with the columns of the CSV."""
    levels = selection.quantiles(publication.system)
    quantiles = "".join(f",{json.dumps(quantile_column(level))}:%r" for _, level in levels)
    template = f'%s,"ds":"%s","lead":%d,"mean":%r{quantiles},%s\n'
    positions = [i for i, _ in levels]
    for series in selection.series(publication):
        key = {"unique_id": series.unique_id, **series.key._asdict(), "cutoff": publication.cutoff.isoformat()}
        before, after = json_text(key)[:-1], json_text({"model": series.model, "fallback": series.fallback})[1:]
        yield "".join(template % (before, *row, after) for row in rows(series, selection, positions)).encode()


def _cells(values: Iterable[object]) -> str:
    """One line of CSV, quoted where that is needed, without its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
