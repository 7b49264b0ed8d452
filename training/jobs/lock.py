"""The lock of a job: of each kind, one job at a time runs over one home.

There is a lock for each kind, so that a publication need not wait for a training that takes an hour. The kernel frees
the lock of a job that is killed. Jobs on several machines are scheduled so that they do not overlap: see deploy/.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from training.errors import BusyError
from training.files import acquire_lock, at_home
from training.jobs.context import Context

log = logging.getLogger("headroom")
LOCK_TIMEOUT = timedelta(minutes=10)


class JobLock(StrEnum):
    """The kinds of job that run one at a time."""

    TRAINING = "training"
    ALIASES = "aliases"
    PUBLISHING = "publishing"
    SCORING = "scoring"


@contextmanager
def hold(job: Context, kind: JobLock, timeout: timedelta = LOCK_TIMEOUT) -> Iterator[None]:
    """Run the block while no other job of this kind, system and home does; raises BusyError after the timeout."""
    folder = job.settings.locks
    lock, holder = (folder / f"{job.system.name}.{kind}.{suffix}" for suffix in ("lock", "holder"))

    def log_waiting() -> None:
        log.info("Waiting for another job's %s: %s", kind, _process(holder))

    with at_home(f"Locking {kind}"):
        try:
            held = acquire_lock(lock, timeout, log_waiting)
        except TimeoutError as error:
            minutes = timeout.total_seconds() / 60
            raise BusyError(
                f"Waiting for another job's {kind} of {job.system.name}: {_process(holder)} has held {lock} for "
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
