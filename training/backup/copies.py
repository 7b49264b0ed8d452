"""Copies of files and SQLite databases that other processes write to meanwhile."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from publication.full_disk import is_disk_full
from training.errors import DamagedStoreError
from training.files import UNFINISHED, remove

COPY_ATTEMPTS = 5
BUSY_SECONDS = 60.0
SQLITE_SUFFIXES = ("", "-wal", "-shm", "-journal")
"""Of the files of one database: it is damaged if one of an earlier database stays next to a new one."""
FOLDER_MODE, FILE_MODE = 0o700, 0o600


def copy_file(source: Path, target: Path) -> None:
    """Copy the content of a file; folders are made where absent."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def copy_folder(source: Path, target: Path, pattern: str = "**/*") -> int:
    """Copy the files of a folder that match, and return how many there are.

    A file that disappears meanwhile is one that a job replaced: all are then copied anew.
    """
    for attempt in range(1, COPY_ATTEMPTS + 1):
        try:
            files = [file for file in source.glob(pattern) if file.is_file() and not _is_temporary(file, source)]
            for file in files:
                copy_file(file, target / file.relative_to(source))
            return len(files)
        except FileNotFoundError:
            remove(target)
            if attempt == COPY_ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _is_temporary(file: Path, folder: Path) -> bool:
    """Return whether a job is still writing the file, or a folder that it is in."""
    return any(part.startswith(".") or part.endswith(UNFINISHED) for part in file.relative_to(folder).parts)


def copy_sqlite(source: Path, target: Path, advice: str) -> None:
    """Copy a database as it is at one moment, also while others write to it, and check the copy.

    Raises DamagedStoreError, with the advice, where it is damaged.
    """
    with (
        sqlite_errors(source, advice),
        closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as opened,
        closing(sqlite3.connect(target, timeout=BUSY_SECONDS)) as copy,
    ):
        opened.backup(copy)  # all pages in one step, under one read lock
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, which can be read from a medium that is read-only
        check_sqlite(copy, source, advice)


def check_sqlite(connection: sqlite3.Connection, file: Path, advice: str, check: str = "integrity_check") -> None:
    """Have SQLite check a database. Raises DamagedStoreError, with the advice, where that finds something."""
    found = [str(line) for (line,) in connection.execute(f"PRAGMA {check}(1)")]
    if found != ["ok"]:
        raise DamagedStoreError(f"Reading {file}: it is damaged ({' '.join(found[0].split())}). {advice}")


@contextmanager
def sqlite_errors(file: Path, advice: str) -> Iterator[None]:
    """Turns errors of SQLite into DamagedStoreError, with the advice; into an OSError if a disk is full or closed."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if is_disk_full(error, file):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file)) from error
        raise OSError(errno.EIO, str(error), str(file)) from error
    except sqlite3.DatabaseError as error:
        raise DamagedStoreError(f"Reading {file}: it is damaged ({error}). {advice}") from error


def restrict_modes(folder: Path) -> None:
    """Let this user alone read a folder and all in it: it has hashes of keys."""
    folder.chmod(FOLDER_MODE)
    for path in folder.rglob("*"):
        path.chmod(FOLDER_MODE if path.is_dir() else FILE_MODE)
