"""The context of a job: its system, its settings and the time."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import pandas as pd

from publication.database import sqlite_file
from publication.days import end_of_day, hour_after, today, zone
from publication.home import unfinished_restore
from publication.model import System
from publication.store import Store
from training.errors import BusyError, HomeError, NothingPublishedError, UsageError
from training.files import acquire_lock, at_home, check_home
from training.history.archive import Archive
from training.history.point_in_time import PointInTimeHistory
from training.history.publication_hours import publication_hour
from training.settings import Settings
from training.system.model import SystemFile
from training.system.reading import read_system


@dataclass(frozen=True)
class Context:
    """A system, with its settings, archive and store, at an instant."""

    system_file: SystemFile
    settings: Settings
    now: datetime

    @property
    def system(self) -> System:
        return self.system_file.system

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.settings.archive / self.system.name, self.system.timezone)

    @cached_property
    def store(self) -> Store:
        """The publication store, its tables made where they are absent."""
        if self.settings.store_url.startswith("sqlite:///"):
            with at_home("Making the home"):
                self.settings.home.mkdir(parents=True, exist_ok=True)
        store = Store(self.settings.store_url)
        store.prepare()
        return store

    def check_store(self) -> None:
        """Raise DamagedStoreError where the store is a SQLite file that is damaged: each page is read once."""
        from training.backup.salvage import check_store_file

        file = sqlite_file(self.settings.store_url)
        if file is not None and file.exists():
            check_store_file(file, "quick_check")

    def as_of(self, cutoff: date | None) -> datetime:
        """Return the instant up to which values are known: now, or when the given cutoff's forecasts were published.

        The hour is that of the past weeks before the cutoff.
        """
        if cutoff is None:
            return self.now
        return min(self.now, hour_after(cutoff, self._publication_hour(cutoff), self.system.timezone))

    def _publication_hour(self, cutoff: date) -> int:
        """The hour after the cutoff at which the system published; midnight before anything is ingested."""
        if self.archive.is_empty:
            return 0
        versions = self.archive.versions()
        before = versions[versions["ds"] <= pd.Timestamp(cutoff)].sort_values("known_at", kind="stable")
        return publication_hour(before, self.system, self.system_file.context)

    def instant(self, text: str | None) -> datetime | None:
        """Return the instant of a text: ISO 8601, in local time where it has no offset; a day alone means its end."""
        if text is None:
            return None
        try:
            if len(text) == len("2026-01-31"):
                return end_of_day(date.fromisoformat(text), self.system.timezone)
            instant = datetime.fromisoformat(text)
        except ValueError as error:
            raise UsageError(
                f"--as-of {text!r} is not an instant. Write 2026-01-31 or 2026-01-31T08:00+00:00."
            ) from error
        return instant if instant.tzinfo else instant.replace(tzinfo=zone(self.system.timezone))

    def history(
        self, as_of: datetime, cutoff: date | None = None, issued_for: date | None = None
    ) -> PointInTimeHistory:
        """Return what was known at the instant, of the days up to the cutoff where one is given."""
        versions = self.archive.versions()
        first = versions["ds"].min()
        versions = versions[versions["known_at"] <= pd.Timestamp(as_of)]
        if cutoff is not None:
            versions = versions[versions["ds"] <= pd.Timestamp(cutoff)]
            if versions.empty:
                raise NothingPublishedError(
                    f"Forecasting {self.system.name} for cutoff {cutoff}: the history begins on {first:%Y-%m-%d}. "
                    "Choose a later cutoff, or ingest older extracts."
                )
        issued, declared = None if issued_for is None else pd.Timestamp(issued_for), self.system_file.context
        if as_of < self.now:  # what was announced since then is hidden, too
            declared = declared.without(declared.unknown_on(today(as_of, self.system.timezone)))
        return PointInTimeHistory(versions, self.system, issued, declared)


def context(
    system_path: Path, settings: Settings, now: datetime, *, writing: bool = True, restoring: bool = False
) -> Context:
    """Read the system file; nothing is made yet. Raises HomeError where the home cannot be used.

    A home that was restored in part is for `restoring` alone.
    """
    check_home(settings.home, writing=writing)
    if not restoring:
        check_restored(settings)
    return Context(read_system(system_path), settings, now)


def check_restored(settings: Settings) -> None:
    """Raise HomeError where a restore of the home has not ended."""
    unfinished = unfinished_restore(settings.home)
    if unfinished is not None:
        raise HomeError(unfinished)


log = logging.getLogger("headroom")
LOCK_TIMEOUT = timedelta(minutes=10)


class JobLock(StrEnum):
    """The kinds of job that run one at a time."""

    TRAINING = "training"
    ALIASES = "aliases"
    PUBLISHING = "publishing"
    SCORING = "scoring"
    BACKUP = "backup"


@contextmanager
def hold(job: Context, kind: JobLock, timeout: timedelta = LOCK_TIMEOUT, system: str | None = None) -> Iterator[None]:
    """Run the block while no other job of this kind, system and home does; raises BusyError after the timeout.

    The system is that of the job, if no other is named.
    """
    folder, name = job.settings.locks, job.system.name if system is None else system
    lock, holder = (folder / f"{name}.{kind}.{suffix}" for suffix in ("lock", "holder"))

    def log_waiting() -> None:
        log.info("Waiting for another job's %s: %s", kind, _process(holder))

    with at_home(f"Locking {kind}"):
        try:
            held = acquire_lock(lock, timeout, log_waiting)
        except TimeoutError as error:
            minutes = timeout.total_seconds() / 60
            raise BusyError(
                f"Waiting for another job's {kind} of {name}: {_process(holder)} has held {lock} for "
                f"more than {minutes:g} minutes. Wait for it to end, or end it, and run this again."
            ) from error
    try:
        with at_home(f"Locking {kind}"):
            holder.write_text(f"process {os.getpid()} since {job.now:%Y-%m-%d %H:%M} UTC", encoding="utf-8")
        yield
    finally:
        held.release()


def _process(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except OSError:
        return "a process that just began"
