"""Jobs of one home and kind run one at a time."""

import os
import signal
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.unit.cli.forks import FORKSERVER
from training.errors import BusyError
from training.jobs.context import Context, JobLock, context, hold
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
SHORT_TIMEOUT = timedelta(seconds=0.2)
SECONDS = 60


@pytest.fixture
def job(tmp_path: Path) -> Context:
    file = tmp_path / "system.toml"
    file.write_text(SYSTEM)
    return context(file, settings(tmp_path / "home", {}), datetime(2026, 3, 3, 5, tzinfo=UTC))


def hold_until_killed(job: Context, kind: JobLock, started: Connection) -> None:
    """A process that trains until it is killed."""
    with hold(job, kind):
        started.send(os.getpid())
        signal.pause()


def test_another_job_of_the_kind_waits_and_then_names_the_process_that_holds_the_lock(job: Context) -> None:
    here, there = FORKSERVER.Pipe()
    other = FORKSERVER.Process(target=hold_until_killed, args=(job, JobLock.TRAINING, there))
    other.start()
    try:
        assert here.poll(SECONDS)
        pid = here.recv()
        with (
            pytest.raises(BusyError, match=f"process {pid} since 2026-03-03 05:00 UTC has held"),
            hold(job, JobLock.TRAINING, SHORT_TIMEOUT),
        ):
            pytest.fail("two at once")
        with hold(job, JobLock.PUBLISHING, SHORT_TIMEOUT), hold(job, JobLock.ALIASES, SHORT_TIMEOUT):
            pass  # a training does not stop publishing or rolling back
    finally:
        other.kill()
        other.join()
    with hold(job, JobLock.TRAINING, SHORT_TIMEOUT):
        pass  # a job that was killed holds nothing


def test_the_lock_is_released_where_the_job_fails(job: Context) -> None:
    with pytest.raises(ZeroDivisionError), hold(job, JobLock.PUBLISHING):
        raise ZeroDivisionError
    with hold(job, JobLock.PUBLISHING, SHORT_TIMEOUT):
        pass
