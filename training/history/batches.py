"""The files of the archive: each ingest's batch written whole or not at all, by one ingest at a time."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import filelock
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from training.errors import HistoryError
from training.history.vintages import read_days_of, read_vintages

LOCK_NAME = ".lock"
UNFINISHED = ".unfinished"
PATIENCE = timedelta(seconds=10)
SCHEMA = pa.schema(
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


class Batches:
    """The batches in a folder, in the order of their ingests. `patience`: how long to wait for another ingest."""

    def __init__(self, folder: Path, patience: timedelta = PATIENCE) -> None:
        self.folder = folder
        self._patience = patience

    def files(self) -> list[str]:
        """In their order. Raises HistoryError where the folder cannot be read: it must not pass for an empty one."""
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
        """While it lasts no other process writes. What a killed ingest left unfinished is cleared away.

        Raises HistoryError where another ingest does not end in time, or the folder cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.folder / LOCK_NAME, timeout=self._patience.total_seconds())
            lock.acquire()
        except filelock.Timeout:
            raise HistoryError(
                f"Writing to {self.folder}: another ingest is writing there. Wait for it, then try again."
            ) from None
        except OSError as error:
            raise self._refusal(self.folder, error) from error
        try:
            for left in self.folder.glob(f"*{UNFINISHED}"):
                left.unlink()
            yield
        finally:
            lock.release()

    def write(self, values: pd.DataFrame, now: pd.Timestamp) -> None:
        """One batch: a reader sees all of it or nothing, whenever the machine stops. Only while `writing`."""
        number = 1 + max((int(Path(batch).name.split("-")[0]) for batch in self.files()), default=0)
        batch = self.folder / f"{number:06d}-{now:%Y%m%dT%H%M%S%fZ}.parquet"
        unfinished = batch.with_suffix(UNFINISHED)
        try:
            with unfinished.open("wb") as content:
                pq.write_table(_table(values, now), content, store_schema=False)
                content.flush()
                os.fsync(content.fileno())
            _sync_folder(self.folder)
            unfinished.replace(batch)
            _sync_folder(self.folder)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise self._refusal(batch, error) from error

    def vintages(
        self, first: date | None = None, last: date | None = None, *, instant: datetime | None = None
    ) -> pd.DataFrame:
        """Every vintage known at `instant` of the days from `first` to `last` (None: no bound).

        Columns unique_id (categorical in the order of the text), ds, y, known_at (UTC), by these except y; those of one
        instant in the order of their ingests. Raises HistoryError where a batch cannot be read.
        """
        with self._readable():
            return read_vintages(self.files(), first, last, instant)

    def days_of(self, sources: Sequence[str]) -> pd.DataFrame:
        """Return the days that the sources gave a value for: unique_id and ds, each once, in order.

        Raises HistoryError where a batch cannot be read.
        """
        with self._readable():
            return read_days_of(self.files(), sources)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0]
            raise HistoryError(
                f"Reading the archive {self.folder}: {reason}. Make that file readable, or restore it from a backup."
            ) from error

    def _refusal(self, what: Path, error: OSError) -> HistoryError:
        return HistoryError(
            f"Writing {what}: {error.strerror or error}. Nothing was appended, and nothing is lost. "
            "Make room there, or make it writable, and ingest again."
        )


def _table(values: pd.DataFrame, now: pd.Timestamp) -> pa.Table:
    """The values in the columns and types of a batch; texts stay encoded, since few differ."""
    columns = {name: pa.array(values[name], from_pandas=True) for name in values.columns}
    columns["ingested_at"] = pa.repeat(pa.scalar(now.to_pydatetime(), SCHEMA.field("ingested_at").type), len(values))
    return pa.table({field.name: columns[field.name].cast(_stored(field, columns)) for field in SCHEMA})


def _stored(field: pa.Field, columns: dict[str, pa.Array]) -> pa.DataType:
    is_encoded = pa.types.is_dictionary(columns[field.name].type)
    return pa.dictionary(pa.int32(), field.type) if is_encoded else field.type


def _sync_folder(folder: Path) -> None:
    """Have the disk remember what the folder holds."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
