"""`headroom restore`: a backup put into the place of a home and its store."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from rich.console import Console

from publication.database import sqlite_file
from publication.errors import StoreUnreachableError
from publication.store import Store
from training.backup.manifest import MLFLOW_FILE, Manifest, read_manifest, verify_files
from training.backup.placing import Target, occupied, place
from training.backup.staging import STAGING_FOLDER, check_tables, stage
from training.errors import BusyError, UsageError
from training.files import acquire_lock, at_home, remove, sync, write_atomically
from training.history.batches import APPEND_TIMEOUT, LOCK_NAME
from training.jobs.context import Context, JobLock, hold


def run(job: Context, console: Console, folder: Path, replace: bool = False) -> None:
    """Restore the backup, once it is verified and no job runs.

    Raises BackupDamagedError if it is damaged, UsageError if it is of another system, or the home has content and
    `replace` is not given.
    """
    folder = folder.absolute()
    manifest = read_manifest(folder)
    _check_system(job, folder, manifest)
    check_tables(folder, manifest)
    verify_files(folder, manifest)
    with at_home("Making the home"):
        job.settings.home.mkdir(parents=True, exist_ok=True)
    with alone(job):
        target = Target(job.settings, job.system.name, free_aside(job))
        _check_not_newer(job.settings.store_url)
        _check_free(job, target, folder, replace)
        with at_home(f"Restoring {folder}"):
            _restore(job, target, folder, manifest)
    _report(job, console, target, folder, manifest)


def _check_system(job: Context, folder: Path, manifest: Manifest) -> None:
    if manifest.system != job.system.name:
        raise UsageError(
            f"{folder} is a backup of {manifest.system}, and {job.system_file.path} describes {job.system.name}. "
            "Give the system.toml of that system; the backup has a copy in system/."
        )


def _check_not_newer(store_url: str) -> None:
    """Raise SchemaVersionError if the store is of a newer release; a damaged SQLite file is to be replaced."""
    file = sqlite_file(store_url)
    if file is not None and not file.exists():
        return
    try:
        with closing(Store(store_url)) as store:
            store.check_not_newer()
    except StoreUnreachableError:
        if file is None:
            raise


@contextmanager
def alone(job: Context) -> Iterator[None]:
    """Hold every lock of jobs, for each system of the home: the store is of all of them."""
    archive = job.settings.archive
    systems = {job.system.name, *(path.name for path in archive.glob("*") if path.is_dir())}
    with ExitStack() as locks:
        for system in sorted(systems):
            for kind in JobLock:
                locks.enter_context(hold(job, kind, system=system))
        with at_home("Locking the history"):
            try:
                lock = acquire_lock(archive / job.system.name / LOCK_NAME, APPEND_TIMEOUT)
            except TimeoutError:
                raise BusyError(
                    f"Waiting for the history of {job.system.name}: an ingest is writing there. Wait for it to end, "
                    "and run this again."
                ) from None
        locks.callback(lock.release)
        yield


def free_aside(job: Context) -> Path:
    """Return a folder of the home that is not there yet."""
    name = f"replaced-{job.now:%Y-%m-%dT%H%MZ}"
    taken = {path.name for path in job.settings.home.glob(f"{name}*")}
    numbered = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
    return job.settings.home / next(free for free in numbered if free not in taken)


def _check_free(job: Context, target: Target, folder: Path, replace: bool) -> None:
    """Raise UsageError where there is content, unless it is to be replaced, or is of this restore, which was killed."""
    there = occupied(target)
    if replace or not there or _interrupted(job) == str(folder):
        return
    raise UsageError(
        f"Restoring {folder}: the home {job.settings.home} and its store already have {', '.join(there)}. Give another "
        f"--home; or --replace, which moves them to {target.aside.name} in the home."
    )


def _interrupted(job: Context) -> str | None:
    """Return the backup that a restore which has not ended was of."""
    marker = job.settings.restore_marker
    return marker.read_text(encoding="utf-8", errors="surrogateescape") if marker.exists() else None


def _restore(job: Context, target: Target, folder: Path, manifest: Manifest) -> None:
    """Stage all parts, then place them; where one cannot be staged, nothing has changed."""
    home, marker = job.settings.home, job.settings.restore_marker
    try:
        staged = stage(folder, manifest, home, job.settings.artifacts)
        with write_atomically(marker) as unfinished:
            unfinished.write_text(str(folder), encoding="utf-8", errors="surrogateescape")
        place(staged, target)
        marker.unlink()
        sync(home)
    finally:
        remove(home / STAGING_FOLDER)


def _report(job: Context, console: Console, target: Target, folder: Path, manifest: Manifest) -> None:
    lines = [f"Restored {job.system.name} from {folder}, as it was at {manifest.instant:%Y-%m-%d %H:%M} UTC."]
    if target.aside.exists():
        lines.append(f"  What it replaces is in {target.aside}. Delete that once all is well.")
    if sqlite_file(job.settings.tracking_uri) is None:
        lines.append("  MLflow is a server: restore its own backup there.")
    elif not manifest.within(MLFLOW_FILE):
        lines.append("  The backup has no database of MLflow: `headroom daily` trains a first champion.")
    lines.append("  Run `headroom daily` next.")
    for line in lines:
        console.print(line, soft_wrap=True)
