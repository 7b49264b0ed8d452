"""`headroom repair`: a damaged SQLite store is put aside, and made anew of what can be read of it."""

from contextlib import closing, suppress
from pathlib import Path

from rich.console import Console

from publication.database import sqlite_file
from publication.errors import PublicationError, UnknownPublicationError
from publication.store import Store
from training.backup.copies import FOLDER_MODE, SQLITE_SUFFIXES, copy_file
from training.backup.salvage import Salvaged, check_store_file, salvage
from training.errors import DamagedStoreError, UsageError
from training.files import at_home, write_atomically
from training.jobs.context import Context
from training.jobs.restore import alone, free_aside


def run(job: Context, console: Console) -> None:
    """Repair the store if it is damaged, while no job runs. Raises UsageError where it is no SQLite file."""
    file = sqlite_file(job.settings.store_url)
    if file is None or not file.exists():
        raise UsageError(
            "Repairing the publication store: it is no SQLite file that is there. `headroom publish` issues a damaged "
            "publication anew; `headroom restore` brings back a backup."
        )
    with alone(job):
        damage = _damage(job, file)
        if damage is None:
            console.print(f"{file} is sound. Nothing was changed.", soft_wrap=True)
            return
        aside = free_aside(job)
        with at_home(f"Repairing {file}"):
            salvaged = _renew(file, aside)
    _report(console, damage, aside, salvaged)


def _damage(job: Context, file: Path) -> str | None:
    """Return in words what is damaged: the file, or the content of a publication in it."""
    try:
        check_store_file(file)
        with closing(Store(job.settings.store_url)) as store:
            for summary in store.summaries():
                store.latest(summary.system, summary.cutoff, summary.revision)
    except (DamagedStoreError, PublicationError) as error:
        return None if isinstance(error, UnknownPublicationError) else str(error)
    return None


def _renew(file: Path, aside: Path) -> Salvaged:
    """Copy the damaged files aside, and put a new file into their place, at one moment."""
    aside.mkdir(mode=FOLDER_MODE)
    for suffix in SQLITE_SUFFIXES:
        with suppress(FileNotFoundError):
            copy_file(file.with_name(file.name + suffix), aside / (file.name + suffix))
    with write_atomically(file) as unfinished:
        salvaged = salvage(file, unfinished)
        for suffix in SQLITE_SUFFIXES[1:]:  # a log of the damaged file must not be taken for one of the new file
            file.with_name(file.name + suffix).unlink(missing_ok=True)
    return salvaged


def _report(console: Console, damage: str, aside: Path, salvaged: Salvaged) -> None:
    lines = [
        damage,
        f"It was made anew. {salvaged.saved} of its publications were saved; {salvaged.lost} rows were not readable.",
        f"  The damaged file is in {aside}. Delete it when all is well.",
        "  Run `headroom daily` next: it scores and publishes again. A backup may have more: see `headroom restore`.",
    ]
    for line in lines:
        console.print(line, soft_wrap=True)
