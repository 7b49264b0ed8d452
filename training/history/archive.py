"""The archive: append-only Parquet batches of vintages, read back through DuckDB as of any instant."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from publication.days import zone
from publication.vocabulary import SeriesKey
from training.errors import HistoryError
from training.history.batches import PATIENCE, SCHEMA, Batches
from training.history.categoricals import selected, with_columns
from training.history.knowledge import RowStatus, compare, known_instants
from training.history.orders import day_numbers, order, series_days, series_numbers

VALUE_COLUMNS = [name for name in SCHEMA.names if name != "ingested_at"]
TEXT_COLUMNS = ["place", "measure", "stream", "source", "file"]


class Archive:
    """Every value of every day with the instant at which it became known; a value is never changed or removed.

    `timezone` is the hospital's own: it says when a day is over, and what an instant without an offset means.
    `patience` is how long an append waits for another process that is writing.
    """

    def __init__(self, folder: Path, timezone: str, patience: timedelta = PATIENCE) -> None:
        self._folder = folder
        self._timezone = timezone
        self._batches = Batches(folder, patience)

    def append(self, values: pd.DataFrame, ingested_at: datetime) -> pd.Series:
        """Add what is new or revised in `values` as one batch, and give the Fate of each row.

        `values` has place, measure, stream (None: the whole), ds, y, known_at (UTC; NaT: not said), source and file,
        and names each series, day and known_at once. It may have `through`: the day with which what is counted was
        over, where that is not `ds`. Where all is unchanged nothing is written. Raises HistoryError,
        and appends nothing, where another ingest is writing or the disk is full.
        """
        if values.empty:
            return pd.Series(pd.Categorical([], categories=list(RowStatus)), index=values.index)
        from training.history.guard import (
            validate_archive_rows,  # Pandera takes a while to import, and reading does without
        )

        over = values["through"] if "through" in values else values["ds"]
        given = validate_archive_rows(selected(values, VALUE_COLUMNS))
        given = with_columns(given, **{name: given[name].astype("category").array for name in TEXT_COLUMNS})
        given = with_columns(given, unique_id=unique_ids(given))
        now = pd.Timestamp(ingested_at).tz_convert("UTC")
        with self._batches.writing():
            compared = compare(given, self._batches.vintages(given["ds"].min().date(), given["ds"].max().date()))
            known_at = known_instants(given, over, compared, now, self._timezone)
            is_fresh = compared["fate"].ne(RowStatus.UNCHANGED)
            if is_fresh.any():
                fresh = with_columns(given, known_at=known_at.array)
                self._batches.write(_in_order(fresh if is_fresh.all() else fresh[is_fresh]), now)
        return compared["fate"]

    def as_of(self, instant: datetime | None = None) -> pd.DataFrame:
        """The newest value of each series and day that was known at `instant` (None: all there is).

        Columns unique_id (categorical), ds (naive midnight), y, known_at (UTC), by unique_id and ds. A missing day has
        no row. Raises HistoryError where nothing was ever ingested.
        """
        self._check_not_empty()
        known = self._batches.vintages(instant=None if instant is None else self._with_offset(instant))
        series, days = known["unique_id"].cat.codes.to_numpy(), known["ds"].to_numpy()
        newest = np.append((series[1:] != series[:-1]) | (days[1:] != days[:-1]), True)[: len(known)]
        return known if newest.all() else known[newest].reset_index(drop=True)

    def versions(self) -> pd.DataFrame:
        """Every vintage: the columns of `as_of`, by unique_id, ds and known_at, then in the order of their ingests."""
        self._check_not_empty()
        return self._batches.vintages()

    def days(self, first: date) -> pd.DataFrame:
        """Return the days from `first` on that each series has a value on: unique_id (categorical) and ds."""
        return self._batches.vintages(first)[["unique_id", "ds"]].drop_duplicates(ignore_index=True)

    def days_of(self, sources: Sequence[str]) -> pd.DataFrame:
        """Return the days that these sources gave a value for, each once: unique_id and ds, in order."""
        return self._batches.days_of(sources)

    def digest(self, instant: datetime | None = None, last_day: date | None = None) -> str:
        """`sha256:` and the hash of the series, days (to `last_day`) and values known at `instant`, on any machine."""
        known = self.as_of(instant)
        if last_day is not None:
            known = known[known["ds"] <= pd.Timestamp(last_day)]
        content = hashlib.sha256()
        n_rows = known["unique_id"].value_counts(sort=False)
        names = "\n".join("\n".join([str(name)] * n) for name, n in n_rows.items() if n)  # the rows are in this order
        content.update(names.encode())
        content.update(known["ds"].to_numpy().astype("datetime64[D]").astype("<i8").tobytes())
        content.update((known["y"].to_numpy() + 0.0).astype("<f8").tobytes())  # -0.0 and 0.0 are the same count
        return f"sha256:{content.hexdigest()}"

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever ingested."""
        return not self._batches.files()

    def _check_not_empty(self) -> None:
        if self.is_empty:
            raise HistoryError(f"{self._folder} holds no history. Run `headroom ingest --system system.toml` first.")

    def _with_offset(self, instant: datetime) -> datetime:
        return instant if instant.tzinfo else instant.replace(tzinfo=zone(self._timezone))


def unique_ids(values: pd.DataFrame) -> pd.Categorical:
    """The series of each value, as a categorical in the order of the text."""
    codes, numbers = pd.factorize(series_numbers(values))
    first = np.zeros(len(numbers), np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    keys = values[["place", "measure", "stream"]].iloc[first].astype(object)
    names = [
        SeriesKey(place, measure, None if pd.isna(stream) else stream).unique_id
        for place, measure, stream in keys.itertuples(index=False)
    ]
    by_name = np.argsort(np.array(names, dtype=object), kind="stable")
    rank = np.empty(len(names), np.intp)
    rank[by_name] = np.arange(len(names))
    return pd.Categorical.from_codes(rank[codes], categories=pd.Index([names[i] for i in by_name], dtype=object))


def _in_order(values: pd.DataFrame) -> pd.DataFrame:
    """By series and day, in the columns of a batch: it is read sooner, and smaller."""
    series = values["unique_id"].cat.codes.to_numpy().astype(np.int64)
    positions = order(series_days(series, day_numbers(values["ds"])))
    values = selected(values, VALUE_COLUMNS)
    if positions is None:
        return values
    return pd.DataFrame({name: column.array.take(positions) for name, column in values.items()}, copy=False)
