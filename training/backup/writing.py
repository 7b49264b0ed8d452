"""The content of a backup, written into a folder.

What refers is copied before what it refers to: keys, publications, MLflow's database, then the files of versions and
the history. Jobs write in the other order and remove nothing that is referred to. So whatever a copied row names is
there when its turn comes, and all that was stored before the backup began is in it.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from publication.database import VERSION, sqlite_file, sqlite_url
from publication.store import Store
from training.backup.copies import copy_file, copy_folder, copy_sqlite
from training.backup.manifest import (
    ARTIFACTS,
    CHAMPIONS,
    HISTORY,
    KEYS_FILE,
    MLFLOW_FILE,
    STORE_FILE,
    SYSTEM_FILES,
)
from training.backup.tables import dump_keys, dump_store, file_version, to_one_file
from training.settings import Settings

RESTORE_ADVICE = "Restore a backup: `headroom restore`."
REPAIR_ADVICE = "Run `headroom repair`."


@dataclass(frozen=True)
class BackupContent:
    """The content of a backup: the version of the store's tables, and counts for a person to read."""

    tables: str | None
    n_batches: int
    n_publications: int
    has_keys: bool
    has_mlflow: bool
    n_artifacts: int


def write_content(system: str, system_files: Sequence[Path], settings: Settings, folder: Path) -> BackupContent:
    """Copy all parts of a system's home into the folder. Raises OSError, StoreUnreachableError, DamagedStoreError."""
    has_keys = copy_keys(settings.keys_url, folder / KEYS_FILE)
    tables = copy_store(settings.store_url, folder / STORE_FILE)
    has_mlflow = _copy_mlflow(settings.tracking_uri, folder / MLFLOW_FILE)
    copy_folder(settings.champions / system, folder / CHAMPIONS / system)
    n_artifacts = copy_folder(settings.artifacts, folder / ARTIFACTS) if has_mlflow else 0
    n_batches = copy_folder(settings.archive / system, folder / HISTORY / system, "*.parquet")
    _copy_system_files(system_files, folder / SYSTEM_FILES)
    n_publications = _verified(folder / STORE_FILE) if tables == VERSION else 0
    return BackupContent(tables, n_batches, n_publications, has_keys, has_mlflow, n_artifacts)


def copy_store(url: str, target: Path) -> str | None:
    """Copy the tables of a store into a new SQLite file, and return their version; None where there are none."""
    file = sqlite_file(url)
    if file is None:
        return dump_store(url, target)
    if not file.exists():
        return None
    copy_sqlite(file, target, REPAIR_ADVICE)
    return file_version(target)


def copy_keys(url: str, target: Path) -> bool:
    """Copy the keys into a new SQLite file, and return whether there is a file or table of keys."""
    file = sqlite_file(url)
    if file is None:
        return dump_keys(url, target)
    if file.exists():
        copy_sqlite(file, target, RESTORE_ADVICE)
    return file.exists()


def _copy_mlflow(tracking_uri: str, target: Path) -> bool:
    """Copy MLflow's database, and return whether there is one that is a file."""
    file = sqlite_file(tracking_uri)
    if file is None or not file.exists():
        return False
    copy_sqlite(file, target, RESTORE_ADVICE)
    return True


def _copy_system_files(files: Sequence[Path], target: Path) -> None:
    """Copy the system file and those that it names: below its folder where they are there, else by their names."""
    base = files[0].parent.resolve()
    for file in map(Path.resolve, files):
        copy_file(file, target / (file.relative_to(base) if file.is_relative_to(base) else file.name))


def _verified(file: Path) -> int:
    """Return the number of publications in the file. Raises MalformedPublicationError if a newest one is damaged."""
    with closing(Store(sqlite_url(file))) as store:
        summaries = store.summaries()
        for system in {summary.system for summary in summaries}:
            store.latest(system)
    to_one_file(file)
    return len(summaries)
