"""Errors that mean a full disk, whichever library raises them."""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

FULL_DISK_CODES = (errno.ENOSPC, errno.EDQUOT)  # of the operating system: no room, or none left for this user
POSTGRESQL_DISK_FULL = "53100"  # SQLSTATE disk_full
PRIMARY_CODE = 0xFF  # the byte of a code of SQLite that names the kind of error
FULL_DISK_EXIT_CODE = 7


def is_disk_full(error: BaseException | None, database: Path | None = None) -> bool:
    """Return whether the error, or one that caused it, says that a disk is full.

    For some files SQLite says no more than that reading or writing failed. Then the disk of the `database` is asked.
    """
    causes = list(_causes(error))
    if any(map(_says_full, causes)):
        return True
    return database is not None and any(map(_is_io_error, causes)) and _has_no_room(database.parent)


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in FULL_DISK_CODES
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(error, "sqlstate", None) == POSTGRESQL_DISK_FULL


def _is_io_error(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & PRIMARY_CODE == sqlite3.SQLITE_IOERR


def _has_no_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free == 0
    except OSError:
        return False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        original = getattr(error, "orig", None)  # the driver's error within SQLAlchemy's
        if isinstance(original, BaseException):
            yield original
        error = error.__cause__ or error.__context__
