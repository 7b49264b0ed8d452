"""The archive: append-only Parquet batches of vintages, read back through DuckDB as of any instant."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pandera
from numpy.typing import NDArray

from publication.days import end_of_day, zone
from publication.vocabulary import SeriesKey
from training.errors import HistoryError
from training.frames import FloatArray, IntArray
from training.history.batches import APPEND_TIMEOUT, BATCH_SCHEMA, FLAG, Batches
from training.history.columns import (
    day_numbers,
    is_last,
    positions_of,
    select_columns,
    series_days,
    series_numbers,
    sort_order,
    with_columns,
)


def _is_text(column: pd.Series) -> bool:
    """Return whether the distinct texts of a column, which are few, are all text."""
    distinct = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column.dropna().unique()
    return all(isinstance(text, str) and text != "" for text in distinct)


def _is_midnight(days: pd.Series) -> bool:
    distinct = pd.DatetimeIndex(days.unique())
    return bool((distinct == distinct.normalize()).all())


def _is_finite(counts: pd.Series) -> bool:
    return bool(np.isfinite(counts.to_numpy()).all())


TEXT = pandera.Check(_is_text, name="text", error="is text, and not blank")
VALUES = pandera.DataFrameSchema(
    {
        "place": pandera.Column(checks=TEXT),
        "measure": pandera.Column(checks=TEXT),
        "stream": pandera.Column(checks=TEXT, nullable=True),
        "ds": pandera.Column("datetime64[ns]", pandera.Check(_is_midnight, error="is a day")),
        "y": pandera.Column(float, [pandera.Check(_is_finite, error="is finite"), pandera.Check.ge(0)], coerce=True),
        "known_at": pandera.Column("datetime64[ns, UTC]", nullable=True),
        "source": pandera.Column(checks=TEXT),
        "file": pandera.Column(checks=TEXT),
    }
)


def validate_archive_rows(values: pd.DataFrame) -> pd.DataFrame:
    """The values, counts as floats, if each is one of an archive. Raises HistoryError otherwise, with what is wrong."""
    try:
        return VALUES.validate(values, lazy=True, inplace=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases.drop_duplicates(["column", "check"])
        found = ", ".join(f"{column}: {check}" for column, check in zip(cases["column"], cases["check"], strict=True))
        raise HistoryError(
            f"Appending to the archive: some values are not what a value is ({found}). Nothing was appended. "
            "Please report this with the extract: screening should have rejected them."
        ) from errors


ARCHIVED_COLUMNS = [name for name in BATCH_SCHEMA.names if name != "ingested_at"]
TEXT_COLUMNS = ["place", "measure", "stream", "source", "file"]


class Archive:
    """Every value of every day with the instant at which it became known; a value is never changed or removed.

    `timezone` is the hospital's own: it says when a day is over, and what an instant without an offset means.
    `timeout` is how long an append waits for another process that is writing.
    """

    def __init__(self, folder: Path, timezone: str, timeout: timedelta = APPEND_TIMEOUT) -> None:
        self._folder = folder
        self._timezone = timezone
        self._batches = Batches(folder, timeout)

    def append(self, values: pd.DataFrame, ingested_at: datetime) -> pd.Series:
        """Add what is new or revised in `values` as one batch, and return the status of each row.

        `values` has place, measure, stream (None: not split), ds, y, known_at (UTC; NaT: not said), source and file,
        and names each series, day and known_at once. It may have `through`: the day with which what is counted was
        over, where that is not `ds`; and the `check` by which its source flags it (None: by none): another
        check alone makes a revision.
        Where all is unchanged nothing is written. Raises HistoryError, and appends nothing, where another ingest is
        writing or the disk is full.
        """
        if values.empty:
            return pd.Series(pd.Categorical([], categories=list(RowStatus)), index=values.index)
        from training.history.archive import (
            validate_archive_rows,  # Pandera takes a while to import, and reading does without
        )

        over = values["through"] if "through" in values else values["ds"]
        given = validate_archive_rows(select_columns(values, ARCHIVED_COLUMNS))
        given = with_columns(given, **{name: given[name].astype("category").array for name in TEXT_COLUMNS})
        given = with_columns(given, unique_id=unique_ids(given))
        now = pd.Timestamp(ingested_at).tz_convert("UTC")
        if FLAG.name in values:
            given = with_columns(given, check=values[FLAG.name].array)
        with self._batches.writing():
            vintages = self._batches.vintages(given["ds"].min().date(), given["ds"].max().date())
            compared = _with_changed_checks(compare(given, vintages), given, vintages)
            known_at = known_instants(given, over, compared, now, self._timezone)
            is_fresh = compared["status"].ne(RowStatus.UNCHANGED)
            if is_fresh.any():
                fresh = with_columns(given, known_at=known_at.array)
                self._batches.write(_in_order(fresh if is_fresh.all() else fresh[is_fresh]), now)
        return compared["status"]

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
        """Return whether nothing was ever ingested."""
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
    """The values sorted by series and day, in the columns of a batch: smaller files, and faster to read."""
    series = values["unique_id"].cat.codes.to_numpy().astype(np.int64)
    positions = sort_order(series_days(series, day_numbers(values["ds"])))
    values = select_columns(values, [*ARCHIVED_COLUMNS, *([FLAG.name] if FLAG.name in values else [])])
    if positions is None:
        return values
    return pd.DataFrame({name: column.array.take(positions) for name, column in values.items()}, copy=False)


class RowStatus(StrEnum):
    """The status of an accepted value: only the first two are appended."""

    NEW = "new"
    REVISED = "revised"
    UNCHANGED = "unchanged"


STATUSES = list(RowStatus)
ROWS_COMPARED_AT_ONCE = 2_000_000


def compare(values: pd.DataFrame, vintages: pd.DataFrame) -> pd.DataFrame:
    """Return the `status` of each of `values`, and `known_before`: the known_at of its newest vintage.

    `values` have unique_id, ds, y, and known_at or NaT. `vintages` is sorted by unique_id, ds and known_at; unique_id
    is a categorical in both. A value whose source says
    when it was known is compared with the vintage of that very instant, because publications may be ingested in any
    order; any other with the newest vintage.
    """
    known = _VintageIndex(vintages, values["ds"])
    parts = [
        known.compared(values.iloc[start : start + ROWS_COMPARED_AT_ONCE])
        for start in range(0, len(values), ROWS_COMPARED_AT_ONCE)
    ]
    codes, before = (np.concatenate(column) for column in zip(*parts, strict=True))
    statuses = pd.Categorical.from_codes(codes, categories=pd.Index(STATUSES))
    compared = {"status": statuses, "known_before": pd.DatetimeIndex(before, tz="UTC")}
    return pd.DataFrame(compared, index=values.index, copy=False)


def _with_changed_checks(compared: pd.DataFrame, values: pd.DataFrame, vintages: pd.DataFrame) -> pd.DataFrame:
    """The statuses, in which an unchanged value that is flagged otherwise than its newest vintage is revised."""
    given = values[FLAG.name] if FLAG.name in values else pd.Series(None, index=values.index, dtype=object)
    if FLAG.name not in vintages and given.isna().all():
        return compared
    newest = vintages.drop_duplicates(["unique_id", "ds"], keep="last")
    keys = pd.MultiIndex.from_arrays([newest["unique_id"].astype(object), newest["ds"]])
    checks = (
        newest[FLAG.name].astype(object) if FLAG.name in newest else pd.Series(None, index=newest.index, dtype=object)
    )
    wanted = pd.MultiIndex.from_arrays([values["unique_id"].astype(object), values["ds"]])
    before = pd.Series(checks.to_numpy(), index=keys).reindex(wanted).fillna("").to_numpy()
    is_changed = compared["status"].eq(RowStatus.UNCHANGED) & (before != given.astype(object).fillna("").to_numpy())
    return compared.assign(status=compared["status"].mask(is_changed, RowStatus.REVISED))


class _VintageIndex:
    """An index of the vintages, in which values are looked up some millions at a time, to save memory."""

    def __init__(self, vintages: pd.DataFrame, days: pd.Series) -> None:
        seen = [some for some in (days, vintages["ds"]) if len(some)]
        first, last = min(some.min() for some in seen), max(some.max() for some in seen)
        self._days = tuple(int(day) for day in day_numbers(pd.Series([first, last])))
        self._names = vintages["unique_id"].cat.categories
        self._y, self._known_at = vintages["y"].to_numpy(), _naive(vintages["known_at"])
        keys = self._keys(vintages["unique_id"].cat.codes.to_numpy().astype(np.int64), vintages["ds"])
        ends = is_last(keys)
        self._newest = np.flatnonzero(ends)
        self._series_days = keys[self._newest]
        self._groups: IntArray = np.cumsum(ends) - ends  # the series and day of each vintage, by its place among them

    def compared(self, values: pd.DataFrame) -> tuple[NDArray[np.int8], NDArray[np.datetime64]]:
        """The numbers of the statuses, and the instants at which the newest vintages became known."""
        same = self._names.get_indexer(values["unique_id"].cat.categories)
        series = np.where(same < 0, len(self._names), same)[values["unique_id"].cat.codes.to_numpy()]
        group = positions_of(self._series_days, self._keys(series, values["ds"]))
        is_there = group >= 0
        before, known_before = np.full(len(values), np.nan), np.full(len(values), np.datetime64("NaT", "ns"))
        newest = self._newest[group[is_there]]
        before[is_there], known_before[is_there] = self._y[newest], self._known_at[newest]
        is_stated = values["known_at"].notna().to_numpy()
        if is_stated.any():
            before[is_stated] = self._stated(group[is_stated], _naive(values["known_at"])[is_stated])
        statuses = np.where(
            before == values["y"].to_numpy(), STATUSES.index(RowStatus.UNCHANGED), STATUSES.index(RowStatus.REVISED)
        )
        return np.where(is_there, statuses, STATUSES.index(RowStatus.NEW)).astype(np.int8), known_before

    def _keys(self, series: IntArray, days: pd.Series) -> IntArray:
        return series_days(series, day_numbers(days), *self._days)

    def _stated(self, groups: IntArray, instants: NDArray[np.datetime64]) -> FloatArray:
        """The archived value of each series, day and exact instant; NaN where there is none."""
        codes, distinct = pd.factorize(np.concatenate([self._known_at, instants]), sort=True)
        old, new = codes[: len(self._known_at)], codes[len(self._known_at) :]
        at = positions_of(self._groups * len(distinct) + old, groups * len(distinct) + new)
        return np.where((at >= 0) & (groups >= 0), np.append(self._y, np.nan)[at], np.nan)


def known_instants(
    values: pd.DataFrame, over: pd.Series, compared: pd.DataFrame, now: pd.Timestamp, timezone: str
) -> pd.Series:
    """The instant at which each of `values` became known, in UTC.

    It is what the source says. Else it is the end of the day `over` for a day's first value, and `now` for a changed
    one. A changed value is never known before the one that it replaces: a day may be reported before it is over.
    """
    instant = values["known_at"].fillna(ends_of_days(over, timezone))
    revised = values["known_at"].isna() & compared["status"].eq(RowStatus.REVISED)
    if not revised.any():
        return instant
    return instant.mask(revised, compared["known_before"].where(compared["known_before"] > now, now))


def ends_of_days(days: pd.Series, timezone: str) -> pd.Series:
    """The instant, in UTC, at which each day is over."""
    codes, distinct = pd.factorize(days)
    ends = [end_of_day(date.fromisoformat(str(day)[:10]), timezone) for day in distinct]
    instants = pd.DatetimeIndex(pd.to_datetime(ends, utc=True)).as_unit("ns")
    return pd.Series(instants.take(codes), index=days.index)


def _naive(instants: pd.Series) -> NDArray[np.datetime64]:
    return np.asarray(instants.dt.tz_localize(None).to_numpy(), dtype="datetime64[ns]")
