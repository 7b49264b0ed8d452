"""Jobs that must not run twice at once over one home: each kind waits for its own, and for no other.

A publication need not wait for a training that takes an hour, nor a rollback at night. The kernel frees the lock of a
job that is killed. Homes on other machines are kept apart by whoever starts jobs there: see deploy/.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import filelock

from training.errors import BusyError
from training.files import at_home
from training.jobs.context import Context

log = logging.getLogger("headroom")
PATIENCE = timedelta(minutes=10)


class JobLock(StrEnum):
    """What one job at a time does."""

    TRAINS = "training"
    MOVES_ALIASES = "aliases"
    PUBLISHES = "publishing"
    SCORES = "scoring"


@contextmanager
def alone(job: Context, what: JobLock, patience: timedelta = PATIENCE) -> Iterator[None]:
    """The block runs while no other job of this system and home does the same; raises BusyError after long waiting."""
    folder = job.settings.locks
    lock, holder = (folder / f"{job.system.name}.{what}.{kind}" for kind in ("lock", "holder"))
    held = filelock.FileLock(lock)
    with at_home(f"Locking {what}"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _acquire(held, what, holder, patience)
        except filelock.Timeout as timeout:
            minutes = patience.total_seconds() / 60
            raise BusyError(
                f"Waiting for another job's {what} of {job.system.name}: {_who(holder)} has held {lock} for more than "
                f"{minutes:g} minutes. Wait for it to end, or end it, and run this again."
            ) from timeout
    try:
        with at_home(f"Locking {what}"):
            holder.write_text(f"process {os.getpid()} since {job.now:%Y-%m-%d %H:%M} UTC", encoding="utf-8")
        yield
    finally:
        held.release()


def _acquire(held: filelock.BaseFileLock, what: JobLock, holder: Path, patience: timedelta) -> None:
    try:
        held.acquire(timeout=0)
    except filelock.Timeout:
        log.info("Waiting for another job's %s: %s", what, _who(holder))
        held.acquire(timeout=patience.total_seconds())


def _who(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except OSError:
        return "a process that just began"
