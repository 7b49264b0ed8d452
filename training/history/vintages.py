"""Reading batches: every vintage as of an instant, through DuckDB, in blocks that are put where they belong."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.vocabulary import SEPARATOR
from training.arrays import FloatArray, IntArray
from training.history.orders import order, series_days

NANOSECONDS_A_DAY = 86_400 * 10**9
ROWS_AT_ONCE = 1 << 17
KNOWN = """
    FROM read_parquet($batches, filename = true)
    WHERE ($instant::TIMESTAMPTZ IS NULL OR known_at <= $instant::TIMESTAMPTZ)
    AND ($first::DATE IS NULL OR ds >= $first::DATE) AND ($last::DATE IS NULL OR ds <= $last::DATE)
"""
UNIQUE_ID = f"concat_ws('{SEPARATOR}', place, measure, stream)"
SERIES = f"""
    CREATE TEMP TABLE series AS
    SELECT DISTINCT {UNIQUE_ID} AS unique_id FROM (SELECT DISTINCT place, measure, stream {KNOWN})
"""  # noqa: S608  # built from constants
NUMBERED = "CREATE TYPE number AS ENUM (SELECT unique_id FROM series ORDER BY unique_id)"
COUNTED = f"SELECT count(*) {KNOWN}"
ROWS = f"""
    SELECT enum_code({UNIQUE_ID}::number), epoch_ns(ds::TIMESTAMP_NS), y, epoch_ns(known_at),
        list_position($batches, filename) {KNOWN}
"""  # built from constants
DAYS_OF_SOURCES = f"""
    SELECT DISTINCT {UNIQUE_ID} AS unique_id, epoch_ns(ds::TIMESTAMP_NS) AS ds FROM read_parquet($batches)
    WHERE list_contains($sources, source) ORDER BY unique_id, ds
"""  # noqa: S608  # built from constants


@dataclass(frozen=True)
class VintageColumns:
    """Vintages as arrays of one length: the number of the series, days and instants in nanoseconds since 1970."""

    series: NDArray[np.int32]
    ds: IntArray
    y: FloatArray
    known_at: IntArray
    batch: NDArray[np.int32]


def read_vintages(
    batches: Sequence[str], first: date | None, last: date | None, instant: datetime | None
) -> pd.DataFrame:
    """Every vintage of the files known at `instant`, of the days from `first` to `last` (None: no bound).

    Columns unique_id (categorical in the order of the text), ds, y, known_at (UTC), by these except y; those of one
    instant in the order of the files. Raises duckdb.Error where a file cannot be read.
    """
    if not batches:
        return _frame(VintageColumns(*(np.empty(0, kind) for kind in _kinds())), [])
    bounds = {"batches": batches, "instant": instant, "first": first, "last": last}
    with duckdb.connect() as connection:
        with suppress(duckdb.InvalidInputException):  # a notebook without widgets has no bar to be switched off
            connection.execute("SET enable_progress_bar = false")  # it would stand among what the job prints
        connection.execute(SERIES, bounds)
        names = [name for (name,) in connection.sql("SELECT unique_id FROM series ORDER BY unique_id").fetchall()]
        if not names:
            return _frame(VintageColumns(*(np.empty(0, kind) for kind in _kinds())), [])
        connection.execute(NUMBERED)
        return _frame(_in_order(_read(connection, bounds)), names)


def read_days_of(batches: Sequence[str], sources: Sequence[str]) -> pd.DataFrame:
    """Return the days that the sources gave a value for in the files: unique_id and ds, each once, in order.

    Raises duckdb.Error where a file cannot be read.
    """
    if not batches:
        return pd.DataFrame({"unique_id": pd.Series(dtype=object), "ds": pd.Series(dtype="datetime64[ns]")})
    with duckdb.connect() as connection:
        with suppress(duckdb.InvalidInputException):
            connection.execute("SET enable_progress_bar = false")
        found = connection.sql(DAYS_OF_SOURCES, params={"batches": batches, "sources": list(sources)}).fetchnumpy()
    return pd.DataFrame({"unique_id": found["unique_id"], "ds": found["ds"].view("datetime64[ns]")})


def _kinds() -> tuple[type, ...]:
    return np.int32, np.int64, np.float64, np.int64, np.int32


def _read(connection: duckdb.DuckDBPyConnection, bounds: Mapping[str, object]) -> VintageColumns:
    """The rows, each column written into one array: fifteen million of them are in memory once."""
    ((n_rows,),) = connection.sql(COUNTED, params=bounds).fetchall()
    columns = VintageColumns(*(np.empty(n_rows, kind) for kind in _kinds()))
    at = 0
    for block in connection.sql(ROWS, params=bounds).to_arrow_reader(ROWS_AT_ONCE):
        for into, column in zip(vars(columns).values(), block.columns, strict=True):
            into[at : at + len(block)] = column.to_numpy()
        at += len(block)
    return columns


def _in_order(columns: VintageColumns) -> VintageColumns:
    """By series, day, instant and batch."""
    if _is_in_order(columns.series, columns.ds):
        return columns
    keys = series_days(columns.series.astype(np.int64), columns.ds // NANOSECONDS_A_DAY)
    positions = order(keys, columns.known_at, columns.batch.astype(np.int64))
    return columns if positions is None else VintageColumns(*(column[positions] for column in vars(columns).values()))


def _is_in_order(series: NDArray[np.int32], ds: IntArray) -> bool:
    """Whether each series and day is there once, in order, as where one ingest brought them all."""
    later = ds[1:] > ds[:-1]
    return bool(np.all((series[1:] > series[:-1]) | ((series[1:] == series[:-1]) & later)))


def _frame(columns: VintageColumns, names: list[str]) -> pd.DataFrame:
    known = {
        "unique_id": pd.Categorical.from_codes(columns.series, categories=pd.Index(names, dtype=object)),
        "ds": columns.ds.view("datetime64[ns]"),
        "y": columns.y,
        "known_at": pd.DatetimeIndex(columns.known_at.view("datetime64[ns]"), tz="UTC"),
    }
    return pd.DataFrame(known, copy=False)
