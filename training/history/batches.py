"""The files of the archive: each ingest's batch is written atomically, and read back through DuckDB in blocks.

The name of a batch has the digest of its content, as Parquet detects few changed bytes.
"""

import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from publication.vocabulary import SEPARATOR
from training.errors import HistoryError
from training.files import UNFINISHED, acquire_lock, raise_if_full, write_atomically
from training.frames import FloatArray, IntArray
from training.history.columns import NANOSECONDS_A_DAY, series_days, sort_order

LOCK_NAME = ".lock"
DIGEST_DIGITS = 16
DIGEST_IN_NAME = re.compile(rf"\d+-\w+-([0-9a-f]{{{DIGEST_DIGITS}}})\.parquet")
APPEND_TIMEOUT = timedelta(seconds=10)
BATCH_SCHEMA = pa.schema(
    [
        ("place", pa.string()),
        ("measure", pa.string()),
        ("stream", pa.string()),
        ("ds", pa.date32()),
        ("y", pa.float64()),
        ("known_at", pa.timestamp("us", tz="UTC")),
        ("ingested_at", pa.timestamp("us", tz="UTC")),
        ("source", pa.string()),
        ("file", pa.string()),
    ]
)
FLAG = pa.field("check", pa.string())
"""A further column of batches, where a source flags a value: the check that the value fails."""
ROWS_AT_ONCE = 1 << 17
KNOWN = """
    FROM read_parquet($batches, filename = true)
    WHERE ($instant::TIMESTAMPTZ IS NULL OR known_at <= $instant::TIMESTAMPTZ)
    AND ($first::DATE IS NULL OR ds >= $first::DATE) AND ($last::DATE IS NULL OR ds <= $last::DATE)
"""
UNIQUE_ID = f"concat_ws('{SEPARATOR}', place, measure, stream)"
CREATE_SERIES = f"""
    CREATE TEMP TABLE series AS
    SELECT DISTINCT {UNIQUE_ID} AS unique_id FROM (SELECT DISTINCT place, measure, stream {KNOWN})
"""  # noqa: S608  # built from constants
CREATE_NUMBERS = "CREATE TYPE number AS ENUM (SELECT unique_id FROM series ORDER BY unique_id)"
COUNT_ROWS = f"SELECT count(*) {KNOWN}"
SELECT_ROWS = f"""
    SELECT enum_code({UNIQUE_ID}::number), epoch_ns(ds::TIMESTAMP_NS), y, epoch_ns(known_at),
        list_position($batches, filename) {KNOWN}
"""  # built from constants
DAYS_OF_SOURCES = f"""
    SELECT DISTINCT {UNIQUE_ID} AS unique_id, epoch_ns(ds::TIMESTAMP_NS) AS ds FROM read_parquet($batches)
    WHERE list_contains($sources, source) ORDER BY unique_id, ds
"""  # noqa: S608  # built from constants


FLAGGED = f"""
    SELECT {UNIQUE_ID} AS unique_id, epoch_ns(ds::TIMESTAMP_NS) AS ds, epoch_ns(known_at) AS known_at, "check"
    FROM read_parquet($batches) WHERE "check" IS NOT NULL
"""  # noqa: S608  # built from constants


class Batches:
    """The batches in a folder, in the order of their ingests. `timeout`: how long to wait for another ingest."""

    def __init__(self, folder: Path, timeout: timedelta = APPEND_TIMEOUT) -> None:
        self.folder = folder
        self._timeout = timeout
        self._verified: set[str] = set()

    def files(self) -> list[str]:
        """Return the paths of the batches, oldest first.

        Raises HistoryError where the folder cannot be read: it must not pass for an empty one.
        """
        try:
            files = list(self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise HistoryError(
                f"Reading the archive {self.folder}: {error.strerror or error}. Make it readable and try again."
            ) from error
        return sorted(str(file) for file in files if file.suffix == ".parquet")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock of the folder: no other process writes. What a killed ingest left unfinished is removed.

        Raises HistoryError where another ingest does not end in time, or the folder cannot be written to.
        """
        try:
            lock = acquire_lock(self.folder / LOCK_NAME, self._timeout)
        except TimeoutError:
            raise HistoryError(
                f"Writing to {self.folder}: another ingest is writing there. Wait for it, then try again."
            ) from None
        except OSError as error:
            raise self._not_written(self.folder, error) from error
        try:
            for left in self.folder.glob(f"*{UNFINISHED}"):
                left.unlink()
            yield
        finally:
            lock.release()

    def write(self, values: pd.DataFrame, now: pd.Timestamp) -> None:
        """Write one batch atomically: a reader sees all of it or nothing. Call it only while `writing`."""
        number = 1 + max((int(Path(batch).name.split("-")[0]) for batch in self.files()), default=0)
        buffer = io.BytesIO()
        pq.write_table(_table(values, now), buffer, store_schema=False)
        content = buffer.getbuffer()
        batch = self.folder / f"{number:06d}-{now:%Y%m%dT%H%M%S%fZ}-{_shortened(hashlib.sha256(content))}.parquet"
        try:
            with write_atomically(batch) as unfinished:
                unfinished.write_bytes(content)
        except OSError as error:
            raise self._not_written(batch, error) from error

    def vintages(
        self, first: date | None = None, last: date | None = None, *, instant: datetime | None = None
    ) -> pd.DataFrame:
        """Every vintage known at `instant` of the days from `first` to `last` (None: no bound).

        Columns unique_id (categorical in the order of the text), ds, y, known_at (UTC), by these except y; those of one
        instant in the order of their ingests; and `check` where a source flags any. Raises HistoryError where a batch
        cannot be read.
        """
        with self._readable():
            files = self._verified_files()
            return _with_checks(read_vintages(files, first, last, instant), files)

    def days_of(self, sources: Sequence[str]) -> pd.DataFrame:
        """Return the days that the sources gave a value for: unique_id and ds, each once, in order.

        Raises HistoryError where a batch cannot be read.
        """
        with self._readable():
            return read_days_of(self._verified_files(), sources)

    def _verified_files(self) -> list[str]:
        """Return the paths of the batches, each compared once with the digest in its name, where it has one."""
        files = self.files()
        for file in files:
            found = DIGEST_IN_NAME.fullmatch(Path(file).name)
            if file not in self._verified and found is not None and _digest_of(Path(file)) != found[1]:
                raise HistoryError(
                    f"Reading the archive {self.folder}: {Path(file).name} is damaged, its content is not what was "
                    "written. Restore it from a backup: nothing is read without it."
                )
            self._verified.add(file)
        return files

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise HistoryError(
                f"Reading the archive {self.folder}: {reason}. Make that file readable, or restore it from a backup."
            ) from error

    def _not_written(self, what: Path, error: OSError) -> HistoryError:
        raise_if_full(f"Writing {what}", error)
        return HistoryError(
            f"Writing {what}: {error.strerror or error}. Nothing was appended, and nothing is lost. "
            "Make room there, or make it writable, and ingest again."
        )


def _table(values: pd.DataFrame, now: pd.Timestamp) -> pa.Table:
    """The values in the columns and types of a batch; texts stay encoded, since few differ."""
    columns = {name: pa.array(values[name], from_pandas=True) for name in values.columns}
    columns["ingested_at"] = pa.repeat(
        pa.scalar(now.to_pydatetime(), BATCH_SCHEMA.field("ingested_at").type), len(values)
    )
    has_flags = FLAG.name in columns and columns[FLAG.name].null_count < len(values)
    fields = [*BATCH_SCHEMA, *([FLAG] if has_flags else [])]
    return pa.table({field.name: columns[field.name].cast(_stored(field, columns)) for field in fields})


def _digest_of(file: Path) -> str:
    with file.open("rb") as content:
        return _shortened(hashlib.file_digest(content, "sha256"))


def _shortened(digest: "hashlib._Hash") -> str:
    return digest.hexdigest()[:DIGEST_DIGITS]


def _stored(field: pa.Field, columns: dict[str, pa.Array]) -> pa.DataType:
    is_encoded = pa.types.is_dictionary(columns[field.name].type)
    return pa.dictionary(pa.int32(), field.type) if is_encoded else field.type


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
        connection.execute(CREATE_SERIES, bounds)
        names = [name for (name,) in connection.sql("SELECT unique_id FROM series ORDER BY unique_id").fetchall()]
        if not names:
            return _frame(VintageColumns(*(np.empty(0, kind) for kind in _kinds())), [])
        connection.execute(CREATE_NUMBERS)
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


def _with_checks(vintages: pd.DataFrame, batches: Sequence[str]) -> pd.DataFrame:
    """The vintages with the `check` by which their source flags them (None: by none); as they are where none does."""
    flagged = [batch for batch in batches if FLAG.name in pq.read_schema(batch).names]
    if not flagged:
        return vintages
    with duckdb.connect() as connection:
        found = pd.DataFrame(connection.sql(FLAGGED, params={"batches": flagged}).fetchnumpy())
    days = found["ds"].astype("datetime64[ns]")
    keys = pd.MultiIndex.from_frame(found[["unique_id", "ds", "known_at"]])
    at = np.flatnonzero(vintages["unique_id"].isin(found["unique_id"]) & vintages["ds"].isin(days))
    rows = vintages.iloc[at]
    instants = rows["known_at"].dt.tz_localize(None).astype("int64")
    which = keys.get_indexer(
        pd.MultiIndex.from_arrays([rows["unique_id"].astype(object), rows["ds"].astype("int64"), instants])
    )
    checks = np.full(len(vintages), None, dtype=object)
    checks[at[which >= 0]] = found["check"].to_numpy(dtype=object)[which[which >= 0]]
    return vintages.assign(**{FLAG.name: pd.Categorical(checks)})


def _kinds() -> tuple[type, ...]:
    return np.int32, np.int64, np.float64, np.int64, np.int32


def _read(connection: duckdb.DuckDBPyConnection, bounds: Mapping[str, object]) -> VintageColumns:
    """The rows, block by block into one array for each column: fifteen million of them are held once."""
    ((n_rows,),) = connection.sql(COUNT_ROWS, params=bounds).fetchall()
    columns = VintageColumns(*(np.empty(n_rows, kind) for kind in _kinds()))
    at = 0
    for block in connection.sql(SELECT_ROWS, params=bounds).to_arrow_reader(ROWS_AT_ONCE):
        for into, column in zip(vars(columns).values(), block.columns, strict=True):
            into[at : at + len(block)] = column.to_numpy()
        at += len(block)
    return columns


def _in_order(columns: VintageColumns) -> VintageColumns:
    """The vintages sorted by series, day, instant and batch."""
    if _is_in_order(columns.series, columns.ds):
        return columns
    keys = series_days(columns.series.astype(np.int64), columns.ds // NANOSECONDS_A_DAY)
    positions = sort_order(keys, columns.known_at, columns.batch.astype(np.int64))
    return columns if positions is None else VintageColumns(*(column[positions] for column in vars(columns).values()))


def _is_in_order(series: NDArray[np.int32], ds: IntArray) -> bool:
    """Return whether each series and day is there once and in order, as after a single ingest."""
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
