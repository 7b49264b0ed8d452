"""The files of a backup, made ready within the home before anything there is changed."""

from pathlib import Path

from publication.database import VERSION
from publication.errors import SchemaVersionError
from training.backup.copies import copy_file
from training.backup.manifest import MLFLOW_FILE, STORE_FILE, SYSTEM_FILES, Manifest, sha256_of
from training.backup.tables import upgrade_file
from training.errors import BackupDamagedError
from training.files import named, remove, sync
from training.tracking.relocate import relocate

STAGING_FOLDER = "restoring.unfinished"


def check_tables(folder: Path, manifest: Manifest) -> None:
    """Raise SchemaVersionError where the backup has tables of a newer release."""
    if manifest.tables is not None and manifest.tables > VERSION:
        raise SchemaVersionError(
            f"Restoring {folder}: its tables are of version {manifest.tables}, of Headroom {manifest.headroom}; this "
            f"release reads version {VERSION}. Install that release, or a newer one."
        )


def stage(folder: Path, manifest: Manifest, home: Path, artifacts: Path) -> Path:
    """Copy a backup into a folder of the home, in the tables and with the addresses that this home needs.

    Return that folder. What a killed restore left there is removed. Raises OSError, BackupDamagedError.
    """
    staged = home / STAGING_FOLDER
    remove(staged)
    for record in manifest.files:
        if not record.path.startswith(f"{SYSTEM_FILES}/"):
            copy_file(folder / named(record.path), staged / named(record.path))
            if sha256_of(staged / named(record.path)) != record.sha256:
                raise BackupDamagedError(
                    f"Restoring {folder}: {record.path} could not be read twice alike, so nothing was changed. "
                    "Check its disk, and restore another backup."
                )
    if (staged / STORE_FILE).exists():
        upgrade_file(staged / STORE_FILE)
    if (staged / MLFLOW_FILE).exists():
        relocate(staged / MLFLOW_FILE, manifest.artifacts, artifacts.as_uri())
    for file in staged.rglob("*"):
        sync(file)
    return staged
