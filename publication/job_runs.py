"""Runs of jobs: when each began and ended, with which exit code, and what it counted. One table of the store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    RowMapping,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from publication.database import Instant, metadata

Counts = Mapping[str, Mapping[str, int]]
"""Counts of a run: its rows by outcome, and its suspect values by check."""


class JobName(StrEnum):
    """The jobs whose runs are recorded. A run of `daily` is one of ingest, score and publish, too."""

    DAILY = "daily"
    INGEST = "ingest"
    SCORE = "score"
    TRAIN = "train"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    PUBLISH = "publish"
    EXPORT = "export"


INGESTED_ROWS, SUSPECT_VALUES = "rows", "suspect_values"


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job. `duration` and `exit_code` are None while it runs, and for ever where it was killed.

    `message` is the sentence it failed with, or what held its cutoff back; '' for none. `cutoff` is that of the
    publication it made.
    """

    system: str
    job: str
    started_at: datetime
    duration: timedelta | None = None
    exit_code: int | None = None
    message: str = ""
    cutoff: date | None = None
    counts: Counts = field(default_factory=dict)

    @property
    def ended_at(self) -> datetime | None:
        return None if self.duration is None else self.started_at + self.duration

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The newest run of a job, the newest that ended, and the newest that succeeded."""

    last: JobRun
    last_ended: JobRun | None
    last_success: JobRun | None


job_runs = Table(
    "job_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("system", String, nullable=False),
    Column("job", String, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("duration_seconds", Float),
    Column("exit_code", Integer),
    Column("message", String, nullable=False),
    Column("cutoff", Date),
    Column("counts", JSON, nullable=False),
)

RUNS_SAVED = 100
"""Of each job of a system; the newest that succeeded is saved in any case."""


def start(connection: Connection, run: JobRun) -> int:
    """Insert a run that has begun, delete the oldest, and return the id of its row."""
    row = {
        "system": run.system,
        "job": run.job,
        "started_at": run.started_at,
        "message": run.message,
        "counts": dict(run.counts),
    }
    run_id: int = connection.execute(insert(job_runs).returning(job_runs.c.id), row).scalar_one()
    mine = _is_of(run.system, run.job)
    newest = select(job_runs.c.id).where(mine).order_by(job_runs.c.id.desc()).limit(RUNS_SAVED)
    success = select(func.max(job_runs.c.id)).where(mine, job_runs.c.exit_code == 0)
    old = and_(mine, job_runs.c.id.not_in(newest), job_runs.c.id != func.coalesce(success.scalar_subquery(), -1))
    connection.execute(delete(job_runs).where(old))
    return run_id


def end(connection: Connection, run_id: int, run: JobRun) -> None:
    """Complete the row of a run that has ended."""
    row = {
        "duration_seconds": None if run.duration is None else run.duration.total_seconds(),
        "exit_code": run.exit_code,
        "message": run.message,
        "cutoff": run.cutoff,
        "counts": {name: dict(of) for name, of in run.counts.items()},
    }
    connection.execute(update(job_runs).where(job_runs.c.id == run_id).values(row))


def changed(connection: Connection, system: str | None) -> tuple[int, int]:
    """Return a mark that differs once a run of the system, or of any, has begun or ended."""
    newest, ended = func.coalesce(func.max(job_runs.c.id), 0), func.count(job_runs.c.exit_code)
    n_newest, n_ended = connection.execute(select(newest, ended).where(*_of_system(system))).one()
    return n_newest, n_ended


def outcomes(connection: Connection, system: str | None) -> tuple[JobOutcome, ...]:
    """Return the outcome of each job of the system that ever ran, in the order of `JobName`.

    None: of the system whose job began last.
    """
    if system is None:
        last_begun = select(job_runs.c.system).order_by(job_runs.c.id.desc()).limit(1)
        system = connection.execute(last_begun).scalar() or ""
    ended, succeeded = job_runs.c.exit_code.is_not(None), job_runs.c.exit_code == 0
    last, last_ended, last_success = (_newest(connection, system, *which) for which in ((), (ended,), (succeeded,)))
    order = [name.value for name in JobName]
    return tuple(
        JobOutcome(run, last_ended.get(job), last_success.get(job))
        for job, run in sorted(last.items(), key=lambda item: order.index(item[0]))
    )


def _newest(connection: Connection, system: str, *which: ColumnElement[bool]) -> dict[str, JobRun]:
    """Return the newest run of each job."""
    newest = select(func.max(job_runs.c.id)).where(job_runs.c.system == system, *which).group_by(job_runs.c.job)
    found = connection.execute(select(job_runs).where(job_runs.c.id.in_(newest))).mappings()
    known = {name.value for name in JobName}  # a later release may have more
    return {row["job"]: _run(row) for row in found if row["job"] in known}


def _of_system(system: str | None) -> list[ColumnElement[bool]]:
    return [] if system is None else [job_runs.c.system == system]


def _is_of(system: str, job: str) -> ColumnElement[bool]:
    return and_(job_runs.c.system == system, job_runs.c.job == job)


def _run(row: RowMapping) -> JobRun:
    """Raises ValueError where the row holds something else: SQLite stores what it is given."""
    seconds, exit_code = row["duration_seconds"], row["exit_code"]
    if not isinstance(exit_code, int | None) or not isinstance(seconds, float | None):
        raise ValueError(f"a run of {row['job']} ended with {exit_code!r} after {seconds!r} seconds")
    return JobRun(
        system=row["system"],
        job=row["job"],
        started_at=row["started_at"],
        duration=None if seconds is None else timedelta(seconds=seconds),
        exit_code=exit_code,
        message=str(row["message"]),
        cutoff=row["cutoff"],
        counts=_counts(row["counts"]),
    )


def _counts(value: Any) -> Counts:  # noqa: ANN401  # whatever the JSON of a row holds
    if not isinstance(value, dict) or not all(isinstance(of, dict) for of in value.values()):
        raise ValueError(f"the counts of a run are {value!r}")
    if not all(type(count) is int for count in _flat(value.values())):
        raise ValueError(f"the counts of a run are {value!r}")
    return value


def _flat(of: Iterable[dict[str, Any]]) -> Iterable[Any]:
    return (count for counts in of for count in counts.values())
