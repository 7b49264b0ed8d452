"""The record of a job's run in the store, from which the service makes metrics and `headroom doctor` its report."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from publication.errors import PublicationError
from publication.job_runs import JobName, JobRun
from training.errors import TrainingError, exit_code_of
from training.jobs.context import Context

log = logging.getLogger("headroom")

NEEDS_STORE = frozenset({JobName.DAILY, JobName.SCORE, JobName.PUBLISH, JobName.EXPORT})
"""Jobs that end where the store is out of reach; the others go on, and their run is not recorded."""


_outermost_began: ContextVar[float | None] = ContextVar("outermost_began", default=None)
"""The monotonic time at which the outermost run of this process began: a job's clock stands still."""


@dataclass
class RunNotes:
    """Notes of a run on itself: the sentence on what held its cutoff back, its cutoff, and what it counted."""

    message: str = ""
    cutoff: date | None = None
    counts: dict[str, Mapping[str, int]] = field(default_factory=dict)


@contextmanager
def recorded(job: Context, name: JobName) -> Iterator[RunNotes]:
    """Record the block as a run of the job: its start at once, and its end with the exit code of what it raises.

    A run inside another begins as long after the job's instant as the outer one has taken by then.
    Raises StoreUnreachableError before the block where the store is out of reach and the job needs it.
    """
    began, notes, outermost = time.monotonic(), RunNotes(), _outermost_began.get()
    since_outermost = timedelta(seconds=0 if outermost is None else began - outermost)
    run = JobRun(job.system.name, name, job.now + since_outermost)
    run_id = _started(job, run)
    token = _outermost_began.set(began if outermost is None else outermost)
    try:
        yield notes
    except BaseException as error:
        _end(job, run_id, _ended(run, notes, began, exit_code_of(error), _sentence(error)))
        raise
    else:
        _end(job, run_id, _ended(run, notes, began, 0, notes.message))
    finally:
        _outermost_began.reset(token)


def _started(job: Context, run: JobRun) -> int | None:
    try:
        return job.store.start_job(run)
    except PublicationError as error:
        if run.job in NEEDS_STORE:
            raise
        log.warning("%s The run of %s is not recorded.", error, run.job)
        return None


def _ended(run: JobRun, notes: RunNotes, began: float, exit_code: int, message: str) -> JobRun:
    duration = timedelta(seconds=time.monotonic() - began)
    return replace(
        run, duration=duration, exit_code=exit_code, message=message, cutoff=notes.cutoff, counts=notes.counts
    )


def _end(job: Context, run_id: int | None, run: JobRun) -> None:
    """Record the end; a store that is lost meanwhile must not hide what the job itself ended with."""
    if run_id is None:
        return
    try:
        job.store.end_job(run_id, run)
    except PublicationError as error:
        log.warning("%s The end of the run of %s is not recorded.", error, run.job)


def _sentence(error: BaseException) -> str:
    """Return what the command prints; of an error that nobody designed, its type alone: its text may hold anything."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, TrainingError | PublicationError) else name
