"""The errors of training jobs. Each class has its exit code and a line in docs/reference/errors.md."""

from difflib import get_close_matches
from typing import ClassVar

from publication.errors import (
    MalformedPublicationError,
    PublicationError,
    SchemaVersionError,
    StoreFullError,
    StoreUnreachableError,
    TimeZoneError,
)
from publication.full_disk import FULL_DISK_EXIT_CODE

MOST_KNOWN = 12  # words that a sentence lists


class TrainingError(Exception):
    """Base: a sentence that says doing what, for which series and day, found what, do this."""

    exit_code: ClassVar[int] = 1


class UsageError(TrainingError):
    """The command line asks for something that does not exist or cannot be."""

    exit_code = 2


class SystemFileError(TrainingError):
    """system.toml, or a file it names, does not describe a hospital system."""

    exit_code = 3


class HistoryError(TrainingError):
    """Input data is missing or unreadable, or too much of it is rejected."""

    exit_code = 3


class NoDaysError(HistoryError):
    """A file that init looks at has no days."""


class NothingPublishedError(TrainingError):
    """No forecast could be made, so nothing was published."""

    exit_code = 4


class PromotionRejectedError(TrainingError):
    """The gate did not let the challenger through."""

    exit_code = 5


class BusyError(TrainingError):
    """Another job does the same, and takes long."""

    exit_code = 6


class OutOfReachError(TrainingError):
    """The store or the model registry does not answer."""

    exit_code = 6


class ExportError(TrainingError):
    """Flat tables could not be written to a target; the publication that they are of is issued."""

    exit_code = 6


class HomeError(TrainingError):
    """The home, or a file in it, cannot be read or written: another user's, a read-only or a full disk."""

    exit_code = 6


class DiskFullError(HomeError):
    """A disk has no room left: that of the home, of a backup, or of a target of exports."""

    exit_code = FULL_DISK_EXIT_CODE


class DamagedStoreError(OutOfReachError):
    """A SQLite file is damaged: of publications, of keys or of MLflow."""


class BackupDamagedError(TrainingError):
    """A backup is incomplete or damaged; nothing was restored."""

    exit_code = 3


class VersionUnreadableError(OutOfReachError):
    """A registered version cannot be read: its files are lost, damaged, or of another release.

    `found` says so, without what to do: for the jobs that go on without it.
    """

    def __init__(self, found: str, advice: str) -> None:
        super().__init__(f"{found} {advice}")
        self.found = found
        self.advice = advice


UNEXPECTED_EXIT_CODE = 1
EXIT_CODES: dict[type[PublicationError], int] = {
    StoreFullError: DiskFullError.exit_code,  # before the error that it is one of
    StoreUnreachableError: OutOfReachError.exit_code,
    SchemaVersionError: OutOfReachError.exit_code,
    MalformedPublicationError: NothingPublishedError.exit_code,
    TimeZoneError: UsageError.exit_code,
}


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of a command that ends with the error."""
    if isinstance(error, TrainingError):
        return error.exit_code
    found = next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), None)
    return UNEXPECTED_EXIT_CODE if found is None else found


def nearest(word: str, known: list[str]) -> str:
    """Return `Did you mean ...?` where a known word is near, else the known words."""
    close = get_close_matches(word, known, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    more = f" and {len(known) - MOST_KNOWN} more" if len(known) > MOST_KNOWN else ""
    return f"Known: {', '.join(known[:MOST_KNOWN])}{more}."
