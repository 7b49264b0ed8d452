"""Errors that mean a full disk, whichever library raises them."""

import errno
import sqlite3
from collections.abc import Iterator

FULL_DISK_CODES = (errno.ENOSPC, errno.EDQUOT)  # of the operating system: no room, or none left for this user
POSTGRESQL_DISK_FULL = "53100"  # SQLSTATE disk_full
FULL_DISK_EXIT_CODE = 7


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether the error, or one that caused it, says that a disk is full."""
    return any(_says_full(cause) for cause in _causes(error))


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in FULL_DISK_CODES
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(error, "sqlstate", None) == POSTGRESQL_DISK_FULL


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        original = getattr(error, "orig", None)  # the driver's error within SQLAlchemy's
        if isinstance(original, BaseException):
            yield original
        error = error.__cause__ or error.__context__
