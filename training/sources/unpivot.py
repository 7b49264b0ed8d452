"""Columns of places as rows: where each place has a column of counts, each count becomes a row of its own."""

from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from training.errors import HistoryError
from training.sources.extract import Extract
from training.sources.headers import named_columns
from training.system.model import Source
from training.system.schema import ALL_COLUMNS

PLACE_COLUMN, COUNT_COLUMN = "place", "count"
"""What the columns that take the place of the places' are called; a file may have columns of these names."""


def with_place_column(extract: Extract) -> Extract:
    """Return the extract with one row for each row and column of a place; as it is where there are no such columns.

    The rows of a line follow each other in the order of the columns.
    Raises HistoryError where `*` leaves no column.
    """
    source = extract.source
    if not source.place_columns:
        return extract
    others = [column for column in named_columns(source) if column not in source.place_columns]
    places = _places(extract, others)
    n_rows, n_places = len(extract.rows), len(places)
    at = np.repeat(np.arange(n_rows), n_places)
    others_by_row = {column: extract.rows[column].array.take(at) for column in others}
    counts = union_categoricals([extract.rows[column].array for column in places])
    in_rows = np.arange(n_rows * n_places).reshape(n_places, n_rows).T.ravel()
    place, count = _unused(PLACE_COLUMN, others), _unused(COUNT_COLUMN, others)
    names = pd.Categorical.from_codes(np.tile(np.arange(n_places), n_rows), categories=pd.Index(places, dtype=object))
    rows = pd.DataFrame(
        {**others_by_row, place: names, count: counts.take(in_rows)},
        index=pd.Index(extract.rows.index.to_numpy()[at], copy=False),
        copy=False,
    )
    return replace(extract, source=_long(source, place, count), rows=rows)


def _places(extract: Extract, others: list[str]) -> list[str]:
    source = extract.source
    if source.place_columns != (ALL_COLUMNS,):
        return list(source.place_columns)
    places = [column for column in extract.rows.columns if column not in others]
    if not places:
        raise HistoryError(
            f"Reading {extract.file}: every column is named otherwise, so that place_columns = '*' of source "
            f"{source.name} leaves none. Name the columns of the places in system.toml."
        )
    repeated = next((name for name in places if extract.header.count(name) > 1), None)
    if repeated is not None:
        raise HistoryError(f"Reading {extract.file}: column {repeated!r} is there more than once. Rename all but one.")
    return places


def _unused(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _long(source: Source, place: str, count: str) -> Source:
    """The same source as if its files had one row a place."""
    if source.measure is not None:
        return replace(source, place=place, place_columns=(), value=count)
    return replace(source, place=place, place_columns=(), columns=dict.fromkeys(source.columns, (count,)))
