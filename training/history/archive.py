"""The archive: append-only Parquet batches of vintages, read back through DuckDB as of any instant."""

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from publication.vocabulary import SEPARATOR
from training.errors import HistoryError
from training.history.knowledge import Fate, compare, known_instants

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
# `filename` starts with the batch's number: of vintages known at one instant, the last ingested counts.
VINTAGES = f"""
    SELECT concat_ws('{SEPARATOR}', place, measure, stream) AS unique_id, ds, y, known_at, filename
    FROM read_parquet($batches, filename = true)
"""  # noqa: S608  # built from constants
AS_OF = f"""
    SELECT unique_id, ds, y, known_at FROM ({VINTAGES})
    WHERE $instant::TIMESTAMPTZ IS NULL OR known_at <= $instant::TIMESTAMPTZ
    QUALIFY row_number() OVER (PARTITION BY unique_id, ds ORDER BY known_at DESC, filename DESC) = 1
    ORDER BY unique_id, ds
"""  # noqa: S608  # built from constants
VERSIONS = f"SELECT unique_id, ds, y, known_at FROM ({VINTAGES}) ORDER BY unique_id, ds, known_at, filename"  # noqa: S608
TYPES: dict[str, Any] = {"unique_id": object, "ds": "datetime64[ns]", "y": float, "known_at": "datetime64[ns, UTC]"}


class Archive:
    """Every value of every day with the instant at which it became known; a value is never changed or removed.

    `timezone` is the hospital's own: it says when a day is over, and what an instant without an offset means.
    """

    def __init__(self, folder: Path, timezone: str) -> None:
        self._folder = folder
        self._timezone = timezone

    def append(self, values: pd.DataFrame, ingested_at: datetime) -> pd.Series:
        """Add what is new or revised in `values` as one batch, and give the Fate of each row.

        `values` has place, measure, stream (None: the whole), ds, y, known_at (UTC; NaT: not said), source and file,
        and names each series, day and known_at once. Where all is unchanged nothing is written.
        """
        compared = compare(values.assign(unique_id=_unique_ids(values)).reset_index(drop=True), self._vintages())
        compared.index = values.index
        now = pd.Timestamp(ingested_at).tz_convert("UTC")
        complete = values.assign(known_at=known_instants(values, compared, now, self._timezone), ingested_at=now)
        fresh = complete[compared["fate"].ne(Fate.UNCHANGED)]
        if not fresh.empty:
            self._write(fresh, now)
        return compared["fate"]

    def as_of(self, instant: datetime | None = None) -> pd.DataFrame:
        """The newest value of each series and day that was known at `instant` (None: all there is).

        Columns unique_id, ds (naive midnight), y, known_at (UTC), by unique_id and ds. A missing day has no row.
        Raises HistoryError where nothing was ever ingested.
        """
        self._check_not_empty()
        return self._query(AS_OF, instant=None if instant is None else self._with_offset(instant))

    def versions(self) -> pd.DataFrame:
        """Every vintage: the columns of `as_of`, by unique_id, ds and known_at, then in the order of their ingests."""
        self._check_not_empty()
        return self._vintages()

    def digest(self, instant: datetime | None = None, last_day: date | None = None) -> str:
        """`sha256:` and the hash of the series, days (to `last_day`) and values known at `instant`, on any machine."""
        known = self.as_of(instant)
        if last_day is not None:
            known = known[known["ds"] <= pd.Timestamp(last_day)]
        content = hashlib.sha256("\n".join(known["unique_id"]).encode())
        content.update(known["ds"].to_numpy().astype("datetime64[D]").astype("<i8").tobytes())
        content.update((known["y"].to_numpy() + 0.0).astype("<f8").tobytes())  # -0.0 and 0.0 are the same count
        return f"sha256:{content.hexdigest()}"

    def _batches(self) -> list[str]:
        return sorted(map(str, self._folder.glob("*.parquet")))

    def _check_not_empty(self) -> None:
        if not self._batches():
            raise HistoryError(f"{self._folder} holds no history. Run `headroom ingest --system system.toml` first.")

    def _vintages(self) -> pd.DataFrame:
        return self._query(VERSIONS) if self._batches() else pd.DataFrame(columns=list(TYPES)).astype(TYPES)

    def _query(self, sql: str, **parameters: datetime | None) -> pd.DataFrame:
        with duckdb.connect() as connection:
            result = connection.sql(sql, params={"batches": self._batches(), **parameters}).to_arrow_table()
        frame: pd.DataFrame = result.to_pandas()
        return frame.astype(TYPES)

    def _write(self, values: pd.DataFrame, now: pd.Timestamp) -> None:
        """One batch, whole or not at all: a reader never sees a file that is still being written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((int(Path(batch).name.split("-")[0]) for batch in self._batches()), default=0)
        batch = self._folder / f"{number:06d}-{now:%Y%m%dT%H%M%S%fZ}.parquet"
        unfinished = batch.with_suffix(".unfinished")
        table = pa.Table.from_pandas(values[SCHEMA.names], schema=SCHEMA, preserve_index=False)
        pq.write_table(table, unfinished)
        unfinished.replace(batch)

    def _with_offset(self, instant: datetime) -> datetime:
        return instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(self._timezone))


def _unique_ids(values: pd.DataFrame) -> pd.Series:
    whole = values["place"] + SEPARATOR + values["measure"]
    return whole.where(values["stream"].isna(), whole + SEPARATOR + values["stream"].fillna(""))
