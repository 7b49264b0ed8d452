"""History as it was known: a forecast for a cutoff sees only what was known when that day was over."""

from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.days import end_of_day
from publication.model import System
from publication.vocabulary import series_key
from training.errors import NothingPublishedError
from training.frames import imputed, wide
from training.history.belief import believed
from training.history.disturbances import PASSING, bed_steps, days_of
from training.history.learnt import Learnt
from training.history.parts import bottom, of_system
from training.history.plausibility import Lags, suspect_lags
from training.history.rest_days import rest_days
from training.history.succession import succeeded, with_inherited
from training.system import Circumstances
from training.system.bank_holidays import bank_holidays

REPORTING_DAYS = 28  # a series without a value for four weeks no longer reports
RECENT_DAYS = 14
COMPLETE_SHARE = 0.9  # of the series that reported in the past fortnight, for a day to count as complete
SNAPSHOTS_KEPT = 1024
NOTHING_ELSE = Circumstances()


class KnownHistory:
    """The vintages of one system's history, read back as of any cutoff.

    `versions` is `Archive.versions()`: `unique_id, ds, y, known_at`. Where `issued_for` is given, that cutoff sees all
    of it up to its day (a publication uses what is known when it is made); every other cutoff sees what was known at
    the end of its day. `newest` is all that is known, suspect days too, wide. `learnt` is what candidates learnt of it.
    """

    def __init__(
        self,
        versions: pd.DataFrame,
        system: System,
        issued_for: pd.Timestamp | None = None,
        circumstances: Circumstances = NOTHING_ELSE,
    ) -> None:
        self.system = system
        self.circumstances = circumstances
        self.learnt = Learnt()
        self._issued_for = issued_for
        versions = of_system(versions, system)
        self._today = versions["ds"].max().date()
        self._versions = versions.sort_values(["known_at", "unique_id", "ds"], kind="stable", ignore_index=True)
        self.newest = self._wide(self._versions)
        self._late = self._versions[self._versions["known_at"] > self._day_ends(self._versions["ds"])]
        self.at = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._at)
        self.filled = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._filled)
        self.undisturbed = lru_cache(maxsize=SNAPSHOTS_KEPT)(self._undisturbed)

    @property
    def first_day(self) -> pd.Timestamp:
        return pd.Timestamp(self.newest.index[0])

    @cached_property
    def last_complete_day(self) -> pd.Timestamp:
        """The newest day that has a value for nine in ten of the series that reported in the fortnight before it, and
        are counted on its weekday.

        A value that is not to be believed (of a half-counted day) is none.
        """
        reported = self.newest.notna()
        trusted = believed(self.newest, self._lags, self.system, self.circumstances).notna()
        reported_lately = reported.rolling(RECENT_DAYS, min_periods=1).max() > 0
        usual = reported_lately.sum(axis=1)
        at_rest = rest_days(self.newest, self.system)
        complete = trusted.sum(axis=1) >= COMPLETE_SHARE * (usual - (reported_lately & at_rest).sum(axis=1))
        if not (complete & (usual > 0)).any():
            complete = reported.any(axis=1)
        return pd.Timestamp(complete.index[complete & (usual > 0)][-1])

    def _at(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """The series that report at the cutoff and have no reporting parts: wide, up to and including the cutoff.

        Days that were known by then to be suspect, or that an event tells to leave out, are empty.
        """
        if cutoff < self.first_day:
            raise NothingPublishedError(
                f"Forecasting {self.system.name} for cutoff {cutoff.date()}: the history begins on "
                f"{self.first_day.date()}. Choose a later cutoff, or ingest older extracts."
            )
        known, lags = self._known(cutoff)
        reporting = known.columns[known.tail(REPORTING_DAYS).notna().any()]
        open_places = [i for i in reporting if self._is_open(series_key(i).place, cutoff)]
        trusted = believed(known, lags, self.system, self.circumstances)[bottom(self.system, open_places)]
        return trusted.reindex(pd.date_range(self.first_day, cutoff, name="ds"))

    def _filled(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """What `at` gives for models: declared bed changes taken out, then gaps filled.

        What is empty in `at` and not here is imputed.
        """
        known = self.at(cutoff)
        return self._imputed(known, pd.DatetimeIndex(known.index))

    def _undisturbed(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """What `filled` gives, with the days of strikes and diverts filled too: for models not told of them."""
        known = self.at(cutoff)
        days, ids = pd.DatetimeIndex(known.index), list(known.columns)
        passing = days_of(self.circumstances.events, PASSING, days, ids, self.system)
        if not passing.any():
            return self.filled(cutoff)
        return self._imputed(known.mask(passing), days)

    def bed_steps(self, days: pd.DatetimeIndex, unique_ids: Sequence[str]) -> NDArray[np.float64]:
        """Beds added by declared changes, (n_days, n_series): to be added to what was forecast from `filled`."""
        return bed_steps(self.circumstances.events, days, unique_ids, self.system)

    def _imputed(self, known: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
        country = self.circumstances.holidays
        special = [day for year in range(days[0].year, days[-1].year + 1) for day in bank_holidays(country, year)]
        return imputed(known - self.bed_steps(days, list(known.columns)), special)

    @cached_property
    def _lags(self) -> Lags:
        return suspect_lags(self.newest, self.system, self.circumstances)

    def _known(self, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, Lags]:
        """The wide frame known at the cutoff, and the lags of its faults."""
        end = pd.Timestamp(end_of_day(cutoff.date(), self.system.timezone))
        late = self._late[(self._late["known_at"] > end) & (self._late["ds"] <= cutoff)]
        if late.empty or cutoff == self._issued_for:
            known = self.newest.loc[:cutoff]
            return known, self._lags[: len(known)]
        then = self._versions[(self._versions["known_at"] <= end) & (self._versions["ds"] <= cutoff)]
        known = self._wide(then)
        return known, suspect_lags(known, self.system, self.circumstances)

    def _is_open(self, place: str, cutoff: pd.Timestamp) -> bool:
        tenure = self.circumstances.tenures.get(place)
        if place in succeeded(self.circumstances.tenures, self._today):
            return False
        return tenure is None or tenure.last is None or cutoff.date() <= tenure.last

    def _wide(self, versions: pd.DataFrame) -> pd.DataFrame:
        """The last version of each series and day, of rows sorted by the instant they became known."""
        newest = versions.drop_duplicates(["unique_id", "ds"], keep="last")
        return wide(with_inherited(newest, self.circumstances.tenures, self._today))

    def _day_ends(self, days: pd.Series) -> pd.Series:
        ends = {day: pd.Timestamp(end_of_day(day.date(), self.system.timezone)) for day in days.unique()}
        return days.map(ends)


def known_at_day_end(values: pd.DataFrame, system: System, circumstances: Circumstances = NOTHING_ELSE) -> KnownHistory:
    """History of `unique_id, ds, y` alone: each value taken as known when its day was over."""
    ends = {day: pd.Timestamp(end_of_day(day.date(), system.timezone)) for day in values["ds"].unique()}
    return KnownHistory(values.assign(known_at=values["ds"].map(ends)), system, circumstances=circumstances)
