"""`headroom backup`: one folder with all that cannot be made again, while jobs and the service run."""

from pathlib import Path

from rich.console import Console

from publication import __version__
from publication.database import sqlite_file
from training.backup.copies import FOLDER_MODE, restrict_modes
from training.backup.manifest import Manifest, records_of, verify_files, write_manifest
from training.backup.writing import BackupContent, write_content
from training.files import UNFINISHED, at_home, output, remove, write_atomically
from training.jobs.context import Context, JobLock, hold
from training.system.reading import files_of

BACKUPS_FOLDER = "backups"
MEGABYTE = 1e6
MLFLOW_ELSEWHERE = (
    "  MLflow is a server, which needs a backup of its own. The copy of the champion is in this backup, and publishes "
    "without MLflow."
)
BACKUP_ADVICE = "Make it readable and writable, or give another --out."


def run(job: Context, console: Console, out: Path | None) -> Path:
    """Write a backup below `out`, complete or not at all, and return its folder."""
    parent = (job.settings.home / BACKUPS_FOLDER if out is None else out).absolute()
    with output("--out", parent):
        parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    with hold(job, JobLock.BACKUP):
        for left in parent.glob(f"{job.system.name}-*{UNFINISHED}"):  # by a backup that was killed
            remove(left)
        folder = _free(parent, f"{job.system.name}-{job.now:%Y-%m-%dT%H%MZ}")
        with at_home(f"Writing the backup {folder}", BACKUP_ADVICE), write_atomically(folder) as unfinished:
            unfinished.mkdir(mode=FOLDER_MODE)
            content, manifest = _write(job, unfinished)
    _report(job, console, folder, content, manifest)
    return folder


def _free(parent: Path, name: str) -> Path:
    """Return a folder that is not there yet, by the name if that is free."""
    tried, number = parent / name, 2
    while tried.exists():
        tried, number = parent / f"{name}-{number}", number + 1
    return tried


def _write(job: Context, folder: Path) -> tuple[BackupContent, Manifest]:
    content = write_content(job.system.name, files_of(job.system_file.path), job.settings, folder)
    manifest = Manifest(
        headroom=__version__,
        tables=content.tables,
        system=job.system.name,
        instant=job.now,
        artifacts=job.settings.artifacts.as_uri(),
        files=records_of(folder),
    )
    write_manifest(manifest, folder)
    restrict_modes(folder)
    verify_files(folder, manifest)
    return content, manifest


def _report(job: Context, console: Console, folder: Path, content: BackupContent, manifest: Manifest) -> None:
    """Print what the backup has, how large it is, and what it does not have."""
    size = f"{_count(len(manifest.files), 'file', 'files')}, {manifest.size / MEGABYTE:.1f} MB"
    console.print(f"Backed up {job.system.name} to {folder}: {size}, verified.", soft_wrap=True)
    batches = _count(content.n_batches, "batch", "batches")
    publications = _count(content.n_publications, "publication", "publications")
    tables = f" in tables of version {content.tables}" if content.tables else ""
    keys = "with keys" if content.has_keys else "no keys"
    console.print(f"  History: {batches}. Store: {publications}{tables}, {keys}.", soft_wrap=True)
    if content.has_mlflow:
        files = _count(content.n_artifacts, "file", "files")
        console.print(f"  MLflow: its database and {files} of versions.", soft_wrap=True)
    elif sqlite_file(job.settings.tracking_uri) is None:
        console.print(MLFLOW_ELSEWHERE, soft_wrap=True)


def _count(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"
