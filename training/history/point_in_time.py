"""Point-in-time history: a forecast for a cutoff sees only what was known when it would have been published."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, cached_property, lru_cache

import numpy as np
import pandas as pd

from publication.days import hour_after
from publication.model import System
from publication.vocabulary import series_key
from training.errors import NothingPublishedError
from training.frames import FloatArray, frames_within, imputed, values_of, wide
from training.history.digests import Declarations, series_digests
from training.history.event_days import TRANSIENT_KINDS, bed_steps, days_of, without_bed_steps
from training.history.flags import flags_of, suspect_cells
from training.history.hierarchy import (
    bottom_series,
    of_system,
    opened_successors,
    succeeded,
    takeover_days,
    with_inherited,
)
from training.history.plausibility.catalogue import detection_delays, mask_uncounted, mask_untrusted
from training.history.plausibility.suspect_checks import DetectionDelays
from training.history.publication_hours import first_delays, instants_after, publication_hour, typical_delays
from training.history.reporting import (
    days_behind,
    days_never_counted,
    reached_day,
    still_reporting,
)
from training.history.steps import Steps, recent_steps
from training.system.bank_holidays import bank_holidays
from training.system.model import SystemContext, Unknown
from training.system.schema import MAX_HORIZON_DAYS

SNAPSHOTS_HELD = 1024
REPORTED_WITHIN_DAYS = 14
COMPLETE_SHARE = 0.9  # of the series that reported in the past fortnight, for a day to count as complete
NOTHING_ELSE = SystemContext()
FRAMES_HELD = 32


class PointInTimeHistory:
    """The vintages of one system's history, read back as of any cutoff.

    `versions` is `Archive.versions()`: `unique_id, ds, y, known_at`. Where `issued_for` is given, that cutoff sees all
    of it up to its day (a publication uses what is known when it is made); every other cutoff sees what was known at
    the hour after its day at which the system publishes. Its places are those of one day, `places_on` (default: the
    newest of the versions), at every cutoff: `with_places_at` has those of a cutoff. `latest` is all that is known,
    suspect days too, wide; `flags` are those of its sources, which the versions bring along.
    """

    def __init__(
        self,
        versions: pd.DataFrame,
        system: System,
        issued_for: pd.Timestamp | None = None,
        context: SystemContext = NOTHING_ELSE,
        places_on: date | None = None,
    ) -> None:
        self.system = system
        self.context = context
        self._issued_for = issued_for
        versions = of_system(versions, system)
        self._places_on = versions["ds"].max().date() if places_on is None else places_on
        self._versions = versions.sort_values(["known_at", "unique_id", "ds"], kind="stable", ignore_index=True)
        self.publication_hour = publication_hour(self._versions, system, context)
        newest = _newest(self._versions)
        self.latest = self._wide(newest)
        self.flags = flags_of(newest)
        self._late = self._versions[self._versions["known_at"] > self._published(self._versions["ds"])]
        self._hold_frames(SNAPSHOTS_HELD)
        self.steps = lru_cache(maxsize=SNAPSHOTS_HELD)(self._steps)
        self.digests = lru_cache(maxsize=SNAPSHOTS_HELD)(self._digests)
        self.unknown = lru_cache(maxsize=SNAPSHOTS_HELD)(self._unknown_at)
        self.without = lru_cache(maxsize=FRAMES_HELD)(self._without)
        self._with_places = cache(self._with_successors)

    def _hold_frames(self, most: int) -> None:
        self.frames_held = frames_within(self.latest, most)
        held = lru_cache(maxsize=self.frames_held)
        self.as_of, self.imputed, self.undisturbed = map(held, (self._at, self._imputed_at, self._undisturbed))

    def with_places_at(self, cutoff: pd.Timestamp) -> "PointInTimeHistory":
        """Return the history with the places of the cutoff, at every cutoff: later mergers have not happened yet.

        What is forecast at the cutoff is calibrated with windows of the same places. It is the same object for all
        cutoffs between two mergers.
        """
        return self._with_places(tuple(self._successors_on(cutoff.date())))

    def with_places_since(self, cutoff: pd.Timestamp) -> list["PointInTimeHistory"]:
        """Return the histories with the places of the cutoff, and with those after each later merger, in this order."""
        newest = pd.Timestamp(self.latest.index[-1]).date()
        later = takeover_days(self.context.opening_periods, cutoff.date(), newest)
        return [self.with_places_at(day) for day in (cutoff, *map(pd.Timestamp, later))]

    def _successors_on(self, day: date) -> list[str]:
        return opened_successors(self.context.opening_periods, day)

    def _with_successors(self, successors: tuple[str, ...]) -> "PointInTimeHistory":
        """Return the history in which these places, and no others, have taken over."""
        if list(successors) == self._successors_on(self._places_on):
            return self
        opened = [self.context.opening_periods[place].first for place in successors]
        day = max((first for first in opened if first is not None), default=date.min)
        return PointInTimeHistory(self._versions, self.system, self._issued_for, self.context, day)

    def announced_at(self, cutoff: pd.Timestamp) -> "PointInTimeHistory":
        """Return the history as models see it for the cutoff: without events and holidays that were not known yet.

        It is the same object for all cutoffs at which the same is known of the days that a forecast may reach.
        """
        return self.without(self.unknown(cutoff))

    def _unknown_at(self, cutoff: pd.Timestamp) -> Unknown:
        """Events and holidays that a forecast for the cutoff may reach and that were not known then.

        There are none for the publication that is being made: everything that is declared is known.
        """
        day = cutoff.date()
        is_issued = cutoff == self._issued_for
        return Unknown() if is_issued else self.context.unknown_on(day, day + timedelta(days=MAX_HORIZON_DAYS))

    def _without(self, unknown: Unknown) -> "PointInTimeHistory":
        return AnnouncedHistory(self, unknown) if unknown else self

    def _context_at(self, cutoff: pd.Timestamp) -> SystemContext:
        return self.announced_at(cutoff).context

    @property
    def undelayed(self) -> "PointInTimeHistory":
        """The same without the delays of a cutoff: itself. Refits, which all cutoffs share, are fitted to it."""
        return self

    @property
    def first_day(self) -> pd.Timestamp:
        return pd.Timestamp(self.latest.index[0])

    @cached_property
    def last_complete_day(self) -> pd.Timestamp:
        """The newest day that has a usable value of nine in ten of the series that reported in the fortnight before it.

        Backtests end there, for forecasts are scored on it. A series lacks nothing on a weekday on which it is never
        counted.
        """
        reported, trusted = self.latest.notna(), self._credible.notna()
        reported_lately = reported.rolling(REPORTED_WITHIN_DAYS, min_periods=1).max() > 0
        expected = reported_lately.sum(axis=1) - (reported_lately & days_never_counted(self.latest)).sum(axis=1)
        reporting = reported_lately.any(axis=1)
        complete = (trusted.sum(axis=1) >= COMPLETE_SHARE * expected) & reporting
        return pd.Timestamp(self.latest.index[complete if complete.any() else reported.any(axis=1)][-1])

    @cached_property
    def trusted(self) -> pd.DataFrame:
        """The frame of `latest` without the days that a check or a source doubts, or that an event leaves out."""
        return self._credible if self.flags.empty else self._credible.mask(suspect_cells(self.flags, self.latest))

    @cached_property
    def _credible(self) -> pd.DataFrame:
        return mask_untrusted(self.latest, self._detection_delays, self.system, self.context)

    @cached_property
    def reached_day(self) -> pd.Timestamp:
        """The newest day that most of the series that report promptly have reached; the others are not waited for.

        What is published is forecast from there. Suspect values count, but for half-counted days and days of zeros.
        """
        present = mask_uncounted(self.latest, self.system, self.context)
        return reached_day(present if present.notna().any(axis=None) else self.latest)

    def days_behind(self, cutoff: pd.Timestamp) -> Mapping[str, int]:
        """Return for each series that has not reached the cutoff the days from its last usable value to the cutoff."""
        known = self.as_of(cutoff)
        behind = dict(zip(map(str, known.columns), days_behind(known).tolist(), strict=True))
        return {unique_id: days for unique_id, days in behind.items() if days > 0}

    def typical_delay(self, unique_id: str) -> int:
        """Return the days by which a series' values typically miss the publication that follows their day.

        0 where they are there in time, or its sources do not say when values became known.
        """
        return self._typical_delays.get(unique_id, 0)

    @cached_property
    def _typical_delays(self) -> Mapping[str, int]:
        return typical_delays(self._versions, self.publication_hour, self.system)

    def _at(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """The series that report at the cutoff and have no reporting parts: wide, up to and including the cutoff.

        Days that were known by then to be suspect, or that an event leaves out, are empty. A series of which
        that leaves nothing is left out: there is nothing to forecast it from.
        """
        if cutoff < self.first_day:
            raise NothingPublishedError(
                f"Forecasting {self.system.name} for cutoff {cutoff.date()}: the history begins on "
                f"{self.first_day.date()}. Choose a later cutoff, or ingest older extracts."
            )
        known, delays, flags = self._known(cutoff)
        open_places = [i for i in still_reporting(known) if self.is_open(i, cutoff)]
        credible = mask_untrusted(known, delays, self.system, self._context_at(cutoff))
        if not flags.empty:
            credible = credible.mask(suspect_cells(flags, known))
        trusted = credible[open_places].dropna(axis=1, how="all")
        usable = trusted[bottom_series(self.system, list(trusted.columns))]
        return usable.reindex(pd.date_range(self.first_day, cutoff, name="ds"))

    def _imputed_at(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """The frame of `as_of` for models: declared bed changes taken out, then gaps filled.

        A value that is empty in `as_of` and not here is imputed.
        """
        return self._imputed(self.as_of(cutoff), cutoff)

    def _undisturbed(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """The frame of `imputed`, with strikes and diverts imputed too: for models without regressors for them."""
        known = self.as_of(cutoff)
        calm = self._without_passing(known, cutoff)
        return self.imputed(cutoff) if calm is known else self._imputed(calm, cutoff)

    def _steps(self, cutoff: pd.Timestamp) -> Steps:
        """The recent steps of the series known at the cutoff; days of strikes and diverts are no level."""
        known = self._without_passing(self.as_of(cutoff), cutoff)
        return recent_steps(known, self._special_days(pd.DatetimeIndex(known.index)))

    def _without_passing(self, known: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
        """The frame with the days of strikes and diverts empty; itself where there are none."""
        days, ids = pd.DatetimeIndex(known.index), list(known.columns)
        passing = days_of(self._context_at(cutoff).events, TRANSIENT_KINDS, days, ids, self.system)
        return known.mask(passing) if passing.any() else known

    def ordinary(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """The frame of `as_of` without strikes and diverts, bank holidays and the days after those."""
        known = self._without_passing(self.as_of(cutoff), cutoff)
        holidays = pd.DatetimeIndex(self._special_days(pd.DatetimeIndex(known.index)))
        return known.mask(known.index.isin(holidays.append(holidays + pd.Timedelta(days=1)))[:, None] & known.notna())

    def delays(self, days: pd.DatetimeIndex, unique_ids: Sequence[str]) -> FloatArray:
        """Return the days of `first_delays`, (n_days, n_series)."""
        return values_of(first_delays(self._versions, self.publication_hour, self.system).reindex(days), unique_ids)

    def _digests(self, cutoff: pd.Timestamp, horizon_days: int) -> Mapping[str, bytes]:
        """The digest of all that models may see of each series at the cutoff, `horizon_days` ahead."""
        if cutoff < self.first_day:
            return {}
        return series_digests(self.as_of(cutoff), self._declarations, horizon_days)

    @cached_property
    def _declarations(self) -> Declarations:
        return Declarations(self.system, self.context)

    def bed_steps(self, days: pd.DatetimeIndex, unique_ids: Sequence[str]) -> FloatArray:
        """Beds added by declared changes, (n_days, n_series): to be added to what was forecast from `filled`."""
        return bed_steps(self.context.events, days, unique_ids, self.system)

    def _imputed(self, known: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
        level = without_bed_steps(known, self._context_at(cutoff).events, self.system)
        return imputed(level, self._special_days(pd.DatetimeIndex(known.index)))

    def _special_days(self, days: pd.DatetimeIndex) -> list[date]:
        """The bank holidays of the years of some days."""
        years, country = range(days[0].year, days[-1].year + 1), self.context.holidays
        return [day for year in years for day in bank_holidays(country, year)]

    @cached_property
    def _detection_delays(self) -> DetectionDelays:
        return detection_delays(self.latest, self.system, self.context)

    def _known(self, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, DetectionDelays, pd.DataFrame]:
        """The wide frame known at the cutoff, the detection delays of its faults, and the flags of its sources."""
        end = pd.Timestamp(hour_after(cutoff.date(), self.publication_hour, self.system.timezone))
        late = self._late[(self._late["known_at"] > end) & (self._late["ds"] <= cutoff)]
        if late.empty or cutoff == self._issued_for:
            known = self.latest.loc[:cutoff]
            return known, self._detection_delays[: len(known)], self.flags
        then = self._versions[(self._versions["known_at"] <= end) & (self._versions["ds"] <= cutoff)]
        newest = _newest(then)
        known = self._wide(newest)
        return known, detection_delays(known, self.system, self.context), flags_of(newest)

    def is_open(self, unique_id: str, cutoff: pd.Timestamp) -> bool:
        """Return whether the place of a series is open at the cutoff, as far as is declared."""
        place = series_key(unique_id).place
        opening = self.context.opening_periods.get(place)
        if place in succeeded(self.context.opening_periods, self._places_on):
            return False
        return opening is None or opening.last is None or cutoff.date() <= opening.last

    def _wide(self, newest: pd.DataFrame) -> pd.DataFrame:
        """The rows, each series and day once, as a wide frame, with what places inherit."""
        return wide(with_inherited(newest, self.context.opening_periods, self._places_on, self.system))

    def _published(self, days: pd.Series) -> pd.Series:
        """The instants at which forecasts with these cutoffs are published."""
        return instants_after(days, self.publication_hour, self.system)


def _newest(versions: pd.DataFrame) -> pd.DataFrame:
    """The last version of each series and day, of rows sorted by the instant they became known."""
    return versions.drop_duplicates(["unique_id", "ds"], keep="last")


def known_at_day_end(values: pd.DataFrame, system: System, context: SystemContext = NOTHING_ELSE) -> PointInTimeHistory:
    """History of `unique_id, ds, y` alone: each value taken as known when its day was over."""
    return PointInTimeHistory(values.assign(known_at=instants_after(values["ds"], 0, system)), system, context=context)


class DelayedHistory(PointInTimeHistory):
    """The history of `base` at any cutoff, less the newest days of the series that are behind.

    `delays` is by how many days each of them is behind. All else is the base's: nothing is read again.
    """

    def __init__(self, base: PointInTimeHistory, delays: Mapping[str, int]) -> None:
        self.system = base.system
        self.context = base.context
        self.latest = base.latest
        self._base = base
        self._delays = delays
        self._hold_frames(FRAMES_HELD)
        self.steps = lru_cache(maxsize=SNAPSHOTS_HELD)(self._steps)
        self.digests = lru_cache(maxsize=SNAPSHOTS_HELD)(self._digests)
        self.unknown = base.unknown
        self.without = lru_cache(maxsize=FRAMES_HELD)(self._without)

    @property
    def undelayed(self) -> PointInTimeHistory:
        """The base."""
        return self._base

    @property
    def last_complete_day(self) -> pd.Timestamp:
        """The base's."""
        return self._base.last_complete_day

    @property
    def _declarations(self) -> Declarations:
        return self._base._declarations

    def _at(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        known = self._base.as_of(cutoff)
        late = self._delayed_in(known)
        if not late:
            return known
        values = known.to_numpy(dtype=float, copy=True)
        for unique_id, column in zip(late, known.columns.get_indexer(pd.Index(late)), strict=True):
            values[-self._delays[unique_id] :, column] = np.nan
        return pd.DataFrame(values, known.index, known.columns)

    def _imputed_at(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        return self._patched(self._base.imputed(cutoff), cutoff, lambda known, _: known)

    def _undisturbed(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        return self._patched(self._base.undisturbed(cutoff), cutoff, self._without_passing)

    def _patched(
        self, filled: pd.DataFrame, cutoff: pd.Timestamp, seen: Callable[[pd.DataFrame, pd.Timestamp], pd.DataFrame]
    ) -> pd.DataFrame:
        """The base's frame, with the columns of the series that are behind imputed anew from what is seen of them."""
        late = self._delayed_in(filled)
        if not late:
            return filled
        patched = filled.copy()
        patched[late] = self._imputed(seen(self.as_of(cutoff)[late], cutoff), cutoff)
        return patched

    def _delayed_in(self, table: pd.DataFrame) -> list[str]:
        return [unique_id for unique_id in self._delays if unique_id in table]


class AnnouncedHistory(PointInTimeHistory):
    """The history of `base` without what was `unknown` at some cutoffs; its values are the base's."""

    def __init__(self, base: PointInTimeHistory, unknown: Unknown) -> None:
        self.system = base.system
        self.context = base.context.without(unknown)
        self.latest = base.latest
        self.frames_held = base.frames_held
        self._base = base
        self._hidden = unknown
        self.as_of = base.as_of
        self.imputed = base.imputed
        self.undisturbed = base.undisturbed
        self.steps = base.steps
        self.digests = lru_cache(maxsize=SNAPSHOTS_HELD)(self._digests)

    @property
    def undelayed(self) -> PointInTimeHistory:
        """The undelayed base, without the same."""
        base = self._base.undelayed
        return self if base is self._base else base.without(self._hidden)

    def announced_at(self, cutoff: pd.Timestamp) -> PointInTimeHistory:
        """Return itself: it is of cutoffs at which the same is known."""
        return self
