"""The manifest of a backup: the list of its files, with what restoring them needs to know."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from training.errors import BackupDamagedError, UsageError
from training.files import at_home, named

MANIFEST_FILE = "manifest.json"
FORMAT = 1
HISTORY, CHAMPIONS, ARTIFACTS, SYSTEM_FILES = "history", "champions", "mlartifacts", "system"
STORE_FILE, KEYS_FILE, MLFLOW_FILE = "publications.db", "keys.db", "mlflow.db"
MOST_DAMAGED_NAMED = 20


@dataclass(frozen=True)
class FileRecord:
    """One file of a backup; `path` is relative to its folder."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The manifest of one backup.

    `tables` is the version of the store's tables, None without a store. `artifacts` is the address that MLflow's
    database gives the folder of its files.
    """

    headroom: str
    tables: str | None
    system: str
    instant: datetime
    artifacts: str
    files: tuple[FileRecord, ...]
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(file.size for file in self.files)

    def within(self, part: str) -> tuple[FileRecord, ...]:
        """Return the files of a part: a folder of the backup, or one file."""
        return tuple(file for file in self.files if part in (file.path, file.path.split("/")[0]))


MANIFEST = TypeAdapter(Manifest)


def records_of(folder: Path) -> tuple[FileRecord, ...]:
    """Return the records of all files of a folder, by their paths."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != MANIFEST_FILE)
    return tuple(FileRecord(_text(file.relative_to(folder)), file.stat().st_size, sha256_of(file)) for file in files)


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest into the folder of the backup."""
    content = {**asdict(manifest), "instant": f"{manifest.instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"}
    (folder / MANIFEST_FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a backup. Raises UsageError where there is none, BackupDamagedError if it is damaged."""
    file = folder / MANIFEST_FILE
    if not file.is_file():
        raise UsageError(f"{folder} has no {MANIFEST_FILE}, so it is no complete backup. Give another folder.")
    with at_home(f"Reading the backup {folder}", "Make it readable."):
        content = file.read_bytes()
    try:
        manifest = MANIFEST.validate_json(content)
    except ValidationError as error:
        found = error.errors()[0]["msg"]
        raise _damaged(folder, [f"{MANIFEST_FILE} ({found})"]) from None
    if manifest.format > FORMAT:
        raise UsageError(
            f"{folder} is a backup of Headroom {manifest.headroom}, in a newer format. Install that release."
        )
    return manifest


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Read all files of the backup. Raises BackupDamagedError, which names those that are damaged or absent."""
    with at_home(f"Reading the backup {folder}", "Make it readable."):
        damaged = list(_damages(folder, manifest))
    if damaged:
        raise _damaged(folder, damaged)


def _damages(folder: Path, manifest: Manifest) -> Iterator[str]:
    for record in manifest.files:
        file = folder / named(record.path)
        if PurePosixPath(record.path).is_absolute() or ".." in PurePosixPath(record.path).parts:
            yield f"{record.path} (outside the backup)"
        elif not file.is_file():
            yield f"{record.path} (absent)"
        elif file.stat().st_size != record.size:
            yield f"{record.path} ({file.stat().st_size} bytes, not {record.size})"
        elif sha256_of(file) != record.sha256:
            yield f"{record.path} (other content)"


def _damaged(folder: Path, damaged: list[str]) -> BackupDamagedError:
    more = len(damaged) - MOST_DAMAGED_NAMED
    listed = ", ".join(damaged[:MOST_DAMAGED_NAMED]) + (f" and {more} more" if more > 0 else "")
    return BackupDamagedError(
        f"Restoring {folder}: the backup is damaged, so nothing was changed. Damaged: {listed}. Restore another backup."
    )


def _text(path: Path) -> str:
    """Return the path as text in UTF-8, also where this process names files by bytes."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8")
