"""`headroom doctor`: the state of everything in one screen, what to do, and an exit code."""

import json
import logging
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import inspect, select
from sqlalchemy.exc import SQLAlchemyError

from publication.control import sentence
from publication.database import engine, sqlite_file
from publication.days import freshness
from publication.errors import PublicationError, UnknownPublicationError
from publication.full_disk import FULL_DISK_EXIT_CODE
from publication.job_runs import INGESTED_ROWS, JobName, JobOutcome
from publication.key_tables import KEYS_SCHEMA, key_table
from publication.redaction import Redactor
from publication.store import Store
from publication.vocabulary import Freshness, NoteKind
from training.backup.salvage import check_store_file
from training.errors import HomeError, NothingPublishedError, OutOfReachError, TrainingError, exit_code_of
from training.files import check_home
from training.history.recent_findings import findings_sentence
from training.jobs.context import Context

log = logging.getLogger("headroom")

ROOM_BYTES = 500 * 10**6
"""Free space below which a morning's job may not end."""
DAILY_OVERDUE_AFTER = timedelta(hours=26)
TRAINING_OLD_AFTER = timedelta(days=100)
KEY_EXPIRES_SOON = timedelta(days=14)
QUARANTINED_SHARE = 0.02
SERVICE_TIMEOUT_SECONDS = 5.0
RUNBOOK = {True: "*Inputs drift*", False: "*Forecasts are off target*"}
"""The section on signals, by whether they are of inputs."""


class Health(StrEnum):
    """The health of one subject, in the order of its severity."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "FAULT"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A finding on one subject, and what to do; `exit_code` is that of a job that meets this fault."""

    subject: str
    health: Health
    found: str
    action: str = ""
    exit_code: int = 0

    @property
    def sentence(self) -> str:
        """Return what was found and what to do."""
        return f"{self.found.rstrip('.')}. {self.action}".strip()


Examination = Callable[[], Iterator[Diagnosis]]


def run(job: Context, console: Console, service: str | None = None) -> int:
    """Print the state of everything, and return 0, or the exit code of the first fault. Nothing is changed.

    `service` is the address of a running service, whose readiness is asked for.
    """
    doctor = Doctor(job, service)
    found = [of for subject, examine in doctor.examinations.items() for of in _guarded(subject, examine)]
    console.print(_table(found))
    for of in found:
        if of.action:
            console.print(f"{of.subject}: {of.action}", soft_wrap=True)
    fault = next((of for of in found if of.health is Health.FAULT), None)
    if fault is None:
        return 0
    log.error("%s: %s", fault.subject, fault.sentence)  # for the mail of cron, which has stderr alone
    return fault.exit_code


def _guarded(subject: str, examine: Examination) -> Iterator[Diagnosis]:
    """Yield what is found; an error that it meets is a fault, and the other subjects are still examined."""
    try:
        yield from examine()
    except (TrainingError, PublicationError) as error:
        yield Diagnosis(subject, Health.FAULT, f"{type(error).__name__}: {error}", exit_code=exit_code_of(error))
    except OSError as error:
        yield Diagnosis(subject, Health.FAULT, f"{error}", exit_code=HomeError.exit_code)


def _table(found: Sequence[Diagnosis]) -> Table:
    table = Table("subject", "health", "found")
    for of in found:
        table.add_row(of.subject, of.health.value, of.found)
    return table


class Doctor:
    """Examines a system and its home, subject by subject, in the order in which a morning needs them."""

    def __init__(self, job: Context, service: str | None) -> None:
        self._job = job
        self._service = service
        self._opened = Store(job.settings.store_url)  # not that of the job, which would make tables
        file = sqlite_file(job.settings.store_url)
        self._has_store = file is None or file.exists()
        self.examinations: dict[str, Examination] = {
            "home": self._home,
            "history": self._history,
            "store": self._store,
            "publication": self._publication,
            "control": self._control,
            "models": self._models,
            "jobs": self._jobs,
            "locks": self._locks,
            "keys": self._keys,
            "service": self._readiness,
        }

    def _home(self) -> Iterator[Diagnosis]:
        home = self._job.settings.home
        if not home.is_dir():
            yield Diagnosis("home", Health.FAULT, f"{home} is absent", "Run `headroom daily`: it makes it.", 4)
            return
        check_home(home)
        free = shutil.disk_usage(home).free
        room = f"{home}, {free / 10**9:.1f} GB free"
        if free < ROOM_BYTES:
            yield Diagnosis("home", Health.FAULT, room, "Make room on its disk.", FULL_DISK_EXIT_CODE)
        else:
            yield Diagnosis("home", Health.OK, room)

    def _history(self) -> Iterator[Diagnosis]:
        archive = self._job.archive
        if archive.is_empty:
            yield Diagnosis("history", Health.FAULT, "nothing is ingested", "Run `headroom ingest`.", 3)
            return
        versions = archive.versions()
        n_series, last = versions["unique_id"].nunique(), versions["ds"].max()
        yield Diagnosis("history", Health.OK, f"{n_series} series to {last:%Y-%m-%d}")

    def _store(self) -> Iterator[Diagnosis]:
        file = sqlite_file(self._job.settings.store_url)
        if not self._has_store:
            action = "Run `headroom daily`: it makes it."
            yield Diagnosis("store", Health.FAULT, f"{file} is absent", action, NothingPublishedError.exit_code)
            return
        if file is not None:
            check_store_file(file)
        self._opened.check_version()
        yield Diagnosis("store", Health.OK, "it answers, and its tables are of this release")

    def _publication(self) -> Iterator[Diagnosis]:
        """Read the newest publication completely: a damaged one is found here."""
        job, run_daily = self._job, "Run `headroom daily`, and read what it prints."
        if not self._has_store:
            return
        try:
            newest = self._opened.latest(job.system.name)
        except UnknownPublicationError:
            yield Diagnosis("publication", Health.FAULT, "nothing is published", run_daily, 4)
            return
        found = (
            f"cutoff {newest.cutoff}, revision {newest.revision}, {len(newest.series)} series, champion version "
            f"{newest.champion.version}"
        )
        fresh = freshness(newest.cutoff, job.now, job.system.timezone)
        if fresh is Freshness.FRESH:
            yield Diagnosis("publication", Health.OK, found)
        elif fresh is Freshness.LATE:
            yield Diagnosis("publication", Health.WARNING, f"{found}: late", run_daily)
        else:
            yield Diagnosis("publication", Health.FAULT, f"{found}: stale", run_daily, 4)
        for note in newest.notes:
            if note.kind in (NoteKind.CUTOFF, NoteKind.LATE, NoteKind.SUSPECT, NoteKind.SILENT, NoteKind.CHAMPION):
                yield Diagnosis("data", Health.WARNING, note.text)
        n_fallbacks = sum(series.fallback for series in newest.series)
        if n_fallbacks:
            action = "`GET /v1/series` names them; the notes of the publication say why."
            yield Diagnosis("fallbacks", Health.WARNING, f"{n_fallbacks} of {len(newest.series)} series", action)
        yield Diagnosis("findings", Health.OK, findings_sentence(newest))

    def _control(self) -> Iterator[Diagnosis]:
        """Name each signal of statistical control; there is nothing to check before forecasts have actuals."""
        scores = self._opened.live_scores(self._job.system.name) if self._has_store else None
        if scores is None:
            return
        if not scores.signals:
            yield Diagnosis("control", Health.OK, f"no signal in {len(scores.control)} checks")
        for state in scores.signals:
            yield Diagnosis(
                "control",
                Health.WARNING,
                sentence(state),
                f"The runbook says what to do: {RUNBOOK[state.check.is_of_inputs]}.",
            )

    def _models(self) -> Iterator[Diagnosis]:
        from training.jobs.registry import model_cache, registry  # MLflow takes seconds to import

        cached = model_cache(self._job).last_champion()
        copy = "no copy at home" if cached is None else f"version {cached.champion.version} is cached at home"
        database = sqlite_file(self._job.settings.tracking_uri)
        try:
            is_made = database is None or database.exists()  # MLflow would make one
            champion = registry(self._job).named_champion() if is_made else None
        except OutOfReachError as error:
            health = Health.FAULT if cached is None else Health.WARNING
            yield Diagnosis("models", health, f"{error} ({copy})", exit_code=error.exit_code)
            return
        if champion is None:
            action = "Run `headroom daily`: it trains and promotes the first one."
            yield Diagnosis("models", Health.FAULT, "no version is the champion", action, 4)
            return
        is_cached = cached is not None and cached.champion == champion
        action = "" if is_cached else "`headroom publish` fetches it, so that publishing goes on without MLflow."
        health = Health.OK if is_cached else Health.WARNING
        yield Diagnosis("models", health, f"the champion is version {champion.version}; {copy}", action)

    def _jobs(self) -> Iterator[Diagnosis]:
        if not self._has_store:
            return
        outcomes = {of.last.job: of for of in self._opened.job_outcomes(self._job.system.name)}
        for outcome in outcomes.values():
            yield self._outcome(outcome)
        yield from self._overdue(outcomes, JobName.DAILY, DAILY_OVERDUE_AFTER)
        yield from self._overdue(outcomes, JobName.TRAIN, TRAINING_OLD_AFTER)
        yield from _quarantined(outcomes)

    def _outcome(self, outcome: JobOutcome) -> Diagnosis:
        last, subject = outcome.last, f"job {outcome.last.job}"
        if last.exit_code is None or last.duration is None:
            action = f"If no process runs it, it was killed: run `headroom {last.job}` again."
            return Diagnosis(subject, Health.WARNING, f"began {last.started_at:%Y-%m-%d %H:%M} UTC, no end", action)
        ended = f"ended {last.started_at + last.duration:%Y-%m-%d %H:%M} UTC with exit code {last.exit_code}"
        if last.succeeded:
            return Diagnosis(subject, Health.OK, ended)
        health = Health.WARNING if last.job == JobName.PROMOTE else Health.FAULT  # the champion goes on
        return Diagnosis(subject, health, f"{ended}. {last.message}", exit_code=last.exit_code)

    def _overdue(self, outcomes: dict[str, JobOutcome], name: JobName, after: timedelta) -> Iterator[Diagnosis]:
        success = outcomes[name].last_success if name in outcomes else None
        if success is not None and self._job.now - success.started_at <= after:
            return
        since = "never succeeded" if success is None else f"last succeeded {success.started_at:%Y-%m-%d %H:%M} UTC"
        yield Diagnosis(f"job {name}", Health.WARNING, since, f"Run `headroom {name}`, or see what should have.")

    def _locks(self) -> Iterator[Diagnosis]:
        """Name the holder of each lock that another process holds now."""
        holders = sorted(self._job.settings.locks.glob(f"{self._job.system.name}.*.holder"))
        held = [self._held(holder) for holder in holders if _is_locked(holder.with_suffix(".lock"))]
        yield Diagnosis("locks", Health.OK, "; ".join(held) or "no job is running")

    def _held(self, holder: Path) -> str:
        kind = holder.name.removeprefix(f"{self._job.system.name}.").removesuffix(".holder")
        return f"{kind}: {holder.read_text(encoding='utf-8')}"

    def _keys(self) -> Iterator[Diagnosis]:
        url = self._job.settings.keys_url
        file = sqlite_file(url)
        if file is not None and not file.exists():
            yield Diagnosis("keys", Health.OK, "none: the service serves its own machine alone")
            return
        opened = engine(url)
        try:
            with opened.connect() as connection:
                schema = KEYS_SCHEMA if connection.dialect.name == "postgresql" else None
                known = connection.execution_options(schema_translate_map={None: schema})
                has_table = inspect(connection).has_table(key_table.name, schema=schema)
                query = select(key_table.c.name, key_table.c.expires_at).where(key_table.c.revoked_at.is_(None))
                keys = known.execute(query).all() if has_table else []
        except SQLAlchemyError as error:
            cause = Redactor(url).redact_error(getattr(error, "orig", None) or error)
            yield Diagnosis("keys", Health.FAULT, f"they cannot be read: {cause}", exit_code=OutOfReachError.exit_code)
            return
        finally:
            opened.dispose()
        yield Diagnosis("keys", Health.OK, f"{len(keys)} that are not revoked")
        for name, expires_at in keys:
            if expires_at is not None and expires_at - self._job.now < KEY_EXPIRES_SOON:
                action = f"Run `headroom-service keys expire {name} --date DAY`, or make another."
                yield Diagnosis(f"key {name}", Health.WARNING, f"expires {expires_at:%Y-%m-%d %H:%M} UTC", action)

    def _readiness(self) -> Iterator[Diagnosis]:
        if self._service is None:
            return
        address = f"{self._service.rstrip('/')}/readyz"
        try:
            with urllib.request.urlopen(address, timeout=SERVICE_TIMEOUT_SECONDS) as response:  # noqa: S310  a person's
                ready = json.load(response)
        except urllib.error.HTTPError as error:
            yield Diagnosis("service", Health.FAULT, f"{address} answers {error.code}: {_detail(error)}", exit_code=6)
        except (OSError, ValueError) as error:
            yield Diagnosis("service", Health.FAULT, f"{address} does not answer: {error}", "Start it.", 6)
        else:
            health = Health.OK if ready.get("store") == "ok" else Health.FAULT
            yield Diagnosis("service", health, f"ready; its store is {ready.get('store')}", exit_code=6)


def _quarantined(outcomes: dict[str, JobOutcome]) -> Iterator[Diagnosis]:
    success = outcomes[JobName.INGEST].last_success if JobName.INGEST in outcomes else None
    rows = {} if success is None else success.counts.get(INGESTED_ROWS, {})
    quarantined, total = rows.get("quarantined", 0), sum(rows.values())
    if total and quarantined > QUARANTINED_SHARE * total:
        action = "The newest file in the quarantine has each row and its reason."
        yield Diagnosis("rows", Health.WARNING, f"{quarantined} of {total} were quarantined", action)


def _is_locked(lock: Path) -> bool:
    """Return whether a process holds the lock now."""
    from filelock import FileLock, Timeout

    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def _detail(error: urllib.error.HTTPError) -> str:
    """Return the sentence of a problem, where the answer is one."""
    try:
        return str(json.load(error)["detail"])
    except (KeyError, OSError, TypeError, ValueError):
        return error.reason
