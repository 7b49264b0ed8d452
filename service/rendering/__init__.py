"""Publications as JSON, CSV and lines of JSON: the only place that knows the columns and keys that others read."""

from service.rendering.bodies import (
    Json,
    heading_body,
    instant,
    json_bytes,
    publication_block,
    series_body,
    system_body,
)
from service.rendering.forecasts import forecasts_json
from service.rendering.layout import RowFormat, format_rows
from service.rendering.pressure import pressure_body
from service.rendering.scores import scores_body, scores_csv, scores_ndjson
from service.rendering.tables import forecasts_csv, forecasts_ndjson

__all__ = [
    "Json",
    "RowFormat",
    "forecasts_csv",
    "forecasts_json",
    "forecasts_ndjson",
    "format_rows",
    "heading_body",
    "instant",
    "json_bytes",
    "pressure_body",
    "publication_block",
    "scores_body",
    "scores_csv",
    "scores_ndjson",
    "series_body",
    "system_body",
]
