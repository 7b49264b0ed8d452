"""Jobs of one home keep out of each other's way."""

import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from training.errors import BusyError
from training.jobs.alone import JobLock, alone
from training.jobs.context import Context, context
from training.settings import settings

SYSTEM = """
[system]
name = "north"
timezone = "Europe/London"
[[places]]
place = "A"
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
measures = { attendances = "arrivals" }
"""
FORKSERVER = multiprocessing.get_context("forkserver")
NO_PATIENCE = timedelta(seconds=0.2)
SECONDS = 60


@pytest.fixture
def job(tmp_path: Path) -> Context:
    file = tmp_path / "system.toml"
    file.write_text(SYSTEM)
    return context(file, settings(tmp_path / "home", {}), datetime(2026, 3, 3, 5, tzinfo=UTC))


def hold(job: Context, what: JobLock, told: Connection) -> None:
    """A process that trains until it is killed."""
    with alone(job, what):
        told.send(os.getpid())
        signal.pause()


def test_another_job_of_the_kind_waits_and_then_says_who_is_in_the_way(job: Context) -> None:
    here, there = FORKSERVER.Pipe()
    other = FORKSERVER.Process(target=hold, args=(job, JobLock.TRAINS, there))
    other.start()
    try:
        assert here.poll(SECONDS)
        pid = here.recv()
        with (
            pytest.raises(BusyError, match=f"process {pid} since 2026-03-03 05:00 UTC has held"),
            alone(job, JobLock.TRAINS, NO_PATIENCE),
        ):
            pytest.fail("two at once")
        with alone(job, JobLock.PUBLISHES, NO_PATIENCE), alone(job, JobLock.MOVES_ALIASES, NO_PATIENCE):
            pass  # a training keeps nobody from publishing or rolling back
    finally:
        other.kill()
        other.join()
    with alone(job, JobLock.TRAINS, NO_PATIENCE):
        pass  # a job that was killed holds nothing


def test_the_lock_is_given_back_where_the_job_fails(job: Context) -> None:
    with pytest.raises(ZeroDivisionError), alone(job, JobLock.PUBLISHES):
        raise ZeroDivisionError
    with alone(job, JobLock.PUBLISHES, NO_PATIENCE):
        pass
