"""Runs of jobs, on either database: what begins is recorded at once, and what ended how."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from publication.errors import MalformedJobRunsError
from publication.job_runs import RUNS_SAVED, JobName, JobOutcome, JobRun
from publication.store import Store
from tests.contract.store.witness import ask, tell

STARTED = datetime(2026, 11, 22, 5, 1, tzinfo=UTC)
RUN = JobRun("northshire", JobName.DAILY, STARTED)
COUNTS = {"rows": {"new": 49, "quarantined": 2}, "suspect_values": {"frozen": 7}}
SUCCESS = replace(
    RUN,
    duration=timedelta(seconds=90.5),
    exit_code=0,
    message="The cutoff is 2026-11-20 and not 2026-11-21.",
    cutoff=date(2026, 11, 20),
    counts=COUNTS,
)


def later(run: JobRun, hours: int) -> JobRun:
    return replace(run, started_at=STARTED + timedelta(hours=hours))


def record(store: Store, run: JobRun) -> JobRun:
    store.end_job(store.start_job(replace(run, duration=None, exit_code=None, message="", counts={})), run)
    return run


def test_before_any_job_there_are_no_runs(store: Store) -> None:
    assert store.job_outcomes("northshire") == ()
    assert store.job_runs_mark("northshire") == (0, 0)


def test_a_run_is_there_as_soon_as_it_begins(store: Store, connect: Callable[[], Store]) -> None:
    store.start_job(RUN)
    assert connect().job_outcomes("northshire") == (JobOutcome(RUN, None, None),)
    assert (RUN.ended_at, RUN.succeeded) == (None, False)


def test_a_run_that_succeeded_is_read_back_as_it_was_saved(store: Store, connect: Callable[[], Store]) -> None:
    record(store, SUCCESS)
    (read,) = connect().job_outcomes("northshire")
    assert read == JobOutcome(SUCCESS, SUCCESS, SUCCESS)
    assert read.last.ended_at == datetime(2026, 11, 22, 5, 2, 30, 500_000, tzinfo=UTC)


def test_the_last_run_the_last_end_and_the_last_success_may_be_three(store: Store) -> None:
    success = record(store, SUCCESS)
    failed = record(store, replace(later(SUCCESS, 1), exit_code=6, message="StoreUnreachableError: gone"))
    running = later(RUN, 2)
    store.start_job(running)
    assert store.job_outcomes("northshire") == (JobOutcome(running, failed, success),)


def test_jobs_and_systems_have_runs_of_their_own_in_the_order_of_the_morning(store: Store) -> None:
    record(store, replace(SUCCESS, job=JobName.PUBLISH))
    record(store, replace(SUCCESS, job=JobName.INGEST))
    record(store, replace(SUCCESS, system="southshire", job=JobName.TRAIN))
    assert [of.last.job for of in store.job_outcomes("northshire")] == ["ingest", "publish"]
    assert [of.last.job for of in store.job_outcomes("southshire")] == ["train"]


def test_the_mark_changes_whenever_a_run_begins_or_ends(store: Store) -> None:
    marks = [store.job_runs_mark("northshire")]
    run_id = store.start_job(RUN)
    marks.append(store.job_runs_mark("northshire"))
    store.end_job(run_id, SUCCESS)
    marks.append(store.job_runs_mark("northshire"))
    record(store, replace(SUCCESS, system="southshire"))
    assert len(set(marks)) == 3
    assert store.job_runs_mark("northshire") == marks[-1]


def test_old_runs_are_removed_but_for_the_newest_success(store: Store, store_url: str) -> None:
    record(store, later(SUCCESS, -2))
    success = record(store, later(SUCCESS, -1))
    for hours in range(RUNS_SAVED + 1):
        store.start_job(later(RUN, hours))
    record(store, replace(SUCCESS, job=JobName.SCORE))
    assert ask(store_url, "SELECT count(*) FROM job_runs WHERE job = 'daily'") == [(RUNS_SAVED + 1,)]
    daily, _ = store.job_outcomes("northshire")
    assert (daily.last, daily.last_success) == (later(RUN, RUNS_SAVED), success)


def test_a_job_that_a_later_release_records_is_left_out(store: Store, store_url: str) -> None:
    record(store, SUCCESS)
    tell(store_url, "UPDATE job_runs SET job = 'reforecast'")
    assert store.job_outcomes("northshire") == ()


@pytest.mark.parametrize(
    "counts", ["5", "[5]", '{"rows": 5}', '{"rows": {"new": "many"}}', '{"rows": {"new": true}}', "null"]
)
def test_damaged_counts_are_found(store: Store, store_url: str, counts: str) -> None:
    record(store, SUCCESS)
    tell(store_url, f"UPDATE job_runs SET counts = '{counts}'")
    with pytest.raises(MalformedJobRunsError, match=r"the runs of jobs .* damaged"):
        store.job_outcomes("northshire")


@pytest.mark.parametrize("damage", ["exit_code = 'none'", "duration_seconds = 'long'"])
def test_a_damaged_end_is_found(store: Store, store_url: str, damage: str) -> None:
    if store_url.startswith("postgresql"):
        pytest.skip("PostgreSQL takes no text for a number")
    record(store, SUCCESS)
    tell(store_url, f"UPDATE job_runs SET {damage}")
    with pytest.raises(MalformedJobRunsError, match="ended with"):
        store.job_outcomes("northshire")
