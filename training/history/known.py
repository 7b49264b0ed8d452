"""History as it was known: a forecast for a cutoff sees only what was known when that day was over."""

from collections.abc import Iterable
from functools import lru_cache

import pandas as pd

from publication.days import end_of_day
from publication.model import System
from publication.vocabulary import SeriesKey, series_key
from training.errors import NothingPublishedError
from training.frames import imputed, wide

REPORTING_DAYS = 28  # a series without a value for four weeks no longer reports
RECENT_DAYS = 14
COMPLETE_SHARE = 0.9  # of the series that reported in the past fortnight, for a day to count as complete
SNAPSHOTS_KEPT = 1024


class KnownHistory:
    """The vintages of one system's history, read back as of any cutoff.

    `versions` is `Archive.versions()`: `unique_id, ds, y, known_at`. Where `issued_for` is given, that cutoff sees all
    of it up to its day (a publication uses what is known when it is made); every other cutoff sees what was known at
    the end of its day.
    """

    def __init__(self, versions: pd.DataFrame, system: System, issued_for: pd.Timestamp | None = None) -> None:
        self.system = system
        self._issued_for = issued_for
        self._versions = versions.sort_values(["known_at", "unique_id", "ds"], kind="stable", ignore_index=True)
        self.newest = wide(_newest(self._versions))
        self._late = self._versions[self._versions["known_at"] > self._day_ends(self._versions["ds"])]
        self.at = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._at)
        self.filled = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._filled)

    @property
    def first_day(self) -> pd.Timestamp:
        return pd.Timestamp(self.newest.index[0])

    @property
    def last_complete_day(self) -> pd.Timestamp:
        """The newest day that has a value for nine in ten of the series that reported in the fortnight before it."""
        reported = self.newest.notna()
        usual = reported.rolling(RECENT_DAYS, min_periods=1).max().sum(axis=1)
        complete = reported.sum(axis=1) >= COMPLETE_SHARE * usual
        return pd.Timestamp(complete.index[complete & (usual > 0)][-1])

    def _at(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """The series that report at the cutoff and have no reporting parts: wide, up to and including the cutoff."""
        if cutoff < self.first_day:
            raise NothingPublishedError(
                f"Forecasting {self.system.name} for cutoff {cutoff.date()}: the history begins on "
                f"{self.first_day.date()}. Choose a later cutoff, or ingest older extracts."
            )
        known = self._known(cutoff).reindex(pd.date_range(self.first_day, cutoff, freq="D", name="ds"))
        reporting = known.columns[known.tail(REPORTING_DAYS).notna().any()]
        return known[bottom(self.system, reporting)]

    def _filled(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """What `at` gives, with its gaps filled for models."""
        return imputed(self.at(cutoff))

    def _known(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        end = pd.Timestamp(end_of_day(cutoff.date(), self.system.timezone))
        late = self._late[(self._late["known_at"] > end) & (self._late["ds"] <= cutoff)]
        if late.empty or cutoff == self._issued_for:
            return self.newest.loc[:cutoff]
        then = self._versions[(self._versions["known_at"] <= end) & (self._versions["ds"] <= cutoff)]
        return wide(_newest(then))

    def _day_ends(self, days: pd.Series) -> pd.Series:
        ends = {day: pd.Timestamp(end_of_day(day.date(), self.system.timezone)) for day in days.unique()}
        return days.map(ends)


def bottom(system: System, unique_ids: Iterable[str]) -> list[str]:
    """Those of the series that no other of them is a part of: what is forecast directly, parents being their sums."""
    keys = [series_key(unique_id) for unique_id in unique_ids]
    wholes = {whole for key in keys for whole in wholes_of(system, key)}
    return sorted(key.unique_id for key in keys if key not in wholes)


def wholes_of(system: System, key: SeriesKey) -> set[SeriesKey]:
    """Every series that `key` is a part of: the same measure in the places above, with and without its stream."""
    places = [key.place, *system.ancestors(key.place)]
    streams = {key.stream, None}
    return {SeriesKey(place, key.measure, stream) for place in places for stream in streams} - {key}


def _newest(versions: pd.DataFrame) -> pd.DataFrame:
    """The last version of each series and day, of rows sorted by the instant they became known."""
    return versions.drop_duplicates(["unique_id", "ds"], keep="last")


def known_at_day_end(values: pd.DataFrame, system: System) -> KnownHistory:
    """History of `unique_id, ds, y` alone: each value taken as known when its day was over."""
    ends = {day: pd.Timestamp(end_of_day(day.date(), system.timezone)) for day in values["ds"].unique()}
    return KnownHistory(values.assign(known_at=values["ds"].map(ends)), system)
