"""Files that a command writes: checked before the work, replaced atomically, locked against other processes."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import filelock

from publication.console import is_utf_8, not_utf_8
from publication.exit_codes import ROOM_ADVICE
from publication.full_disk import is_disk_full
from training.errors import DiskFullError, HomeError, UsageError

NO_LEAVE = (errno.EACCES, errno.EPERM)
UNFINISHED = ".unfinished"
"""The suffix of files that are still being written, or whose writing was killed."""
HOME_ADVICE = "Make it writable; or give another --home (HEADROOM_HOME)."


def check_home(home: Path, *, writing: bool = True) -> None:
    """Check that this user may use the home, and write in it. Nothing is made yet where there is none.

    Raises UsageError where it is a file, HomeError where it cannot be used.
    """
    with at_home(f"Opening the home {home}"):
        if home.exists() and not home.is_dir():
            raise UsageError(f"--home (or HEADROOM_HOME) {home} is a file. Give a folder; it is made where absent.")
        if home.exists():
            os.scandir(home).close()
        if writing:
            _try_writing(home)


def check_output(option: str, file: Path | None) -> None:
    """Check that the file of an option can be written, before the work that makes its content. Raises UsageError."""
    if file is None:
        return
    with output(option, file):
        if file.exists():
            file.open("ab").close()
        else:
            _try_writing(file.parent)


@contextmanager
def at_home(doing: str, advice: str = HOME_ADVICE) -> Iterator[None]:
    """Turns every OSError of the block into a HomeError that says doing what; DiskFullError where a disk is full."""
    try:
        yield
    except OSError as error:
        raise_if_full(doing, error)
        raise HomeError(f"{doing}: {reason(error)}.{_whose(error)} {advice}") from error


def raise_if_full(doing: str, error: Exception, database: Path | None = None) -> None:
    """Raise DiskFullError, which says doing what, if the error means a full disk, as `is_disk_full` has it."""
    if is_disk_full(error, database):
        found = reason(error) if isinstance(error, OSError) else str(getattr(error, "orig", None) or error)
        raise DiskFullError(f"{doing}: {found}. {ROOM_ADVICE}") from error


@contextmanager
def output(option: str, file: Path) -> Iterator[None]:
    """Turns every OSError of the block, which writes the file or folder of an option, into a UsageError.

    So does a name that is not UTF-8: most libraries that write cannot open it.
    """
    if not is_utf_8(str(file)):
        raise UsageError(f"{option} {file}: {not_utf_8(str(file))}.")
    try:
        yield
    except OSError as error:
        raise_if_full(f"{option} {file}", error)
        raise UsageError(f"{option} {file}: {error.strerror or error}. Give one that can be written.") from error


@contextmanager
def write_atomically(target: Path) -> Iterator[Path]:
    """Yield a path next to the target, at which the block writes a file or makes a folder; then it replaces the target.

    The target is complete or as it was, whenever the process or the machine stops. Its folder is made where absent.
    Raises OSError where that fails; what the block wrote is then removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}{UNFINISHED}")
    remove(unfinished)  # a killed process may have had the same number
    try:
        yield unfinished
        if unfinished.is_dir():
            for file in unfinished.rglob("*"):
                sync(file)
            shutil.rmtree(target, ignore_errors=True)  # a folder is not replaced in one step: it may be absent
        sync(unfinished)
        unfinished.replace(target)
        sync(target.parent)
    finally:
        remove(unfinished)


def replace_link(link: Path, target: Path) -> None:
    """Have a symbolic link name another file or folder, in one step: at any moment it names the old or the new one.

    Raises OSError where that fails: on Windows, too, where this user may make no links.
    """
    unfinished = link.with_name(f"{link.name}.{os.getpid()}{UNFINISHED}")
    remove(unfinished)
    try:
        unfinished.symlink_to(os.path.relpath(target, link.parent), target_is_directory=True)
        unfinished.replace(link)
        sync(link.parent)
    finally:
        remove(unfinished)


def acquire_lock(file: Path, timeout: timedelta, on_wait: Callable[[], None] = lambda: None) -> filelock.BaseFileLock:
    """Return the lock of a file, held until its `release`; the kernel frees that of a process that is killed.

    `on_wait` is called once where another process holds it. Raises TimeoutError where that one holds it for longer than
    the timeout, and OSError where the file cannot be made.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(file)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        on_wait()
        lock.acquire(timeout=timeout.total_seconds())
    return lock


def named(text: str) -> str:
    """Return a file's name that was read from a file in UTF-8, as this process names files: in a C locale, by bytes."""
    return os.fsdecode(text.encode("utf-8"))


def reason(error: OSError) -> str:
    """Return the message of the operating system, and the file."""
    reason = error.strerror or str(error) or type(error).__name__
    return reason if error.filename is None else f"{reason}: {os.fsdecode(error.filename)}"


def sync(file: Path) -> None:
    """Have the disk store what a file, or a folder's list of names, holds."""
    is_folder = file.is_dir()
    if is_folder and os.name == "nt":  # Windows opens no folder
        return
    descriptor = os.open(file, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _try_writing(folder: Path) -> None:
    """Raises OSError where no file can be made in the folder; of a folder that is absent, in that which is to have it.

    A file is tried: permissions, read-only file systems and full disks are all found out by that alone.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(there)) from error


def _whose(error: OSError) -> str:
    """The owner of a file that this user may not use, in words; empty where unknown, or not the cause."""
    if error.errno not in NO_LEAVE or error.filename is None:
        return ""
    try:
        import pwd  # not there on Windows

        place = Path(os.fsdecode(error.filename))
        owner = pwd.getpwuid(_nearest(place).stat().st_uid).pw_name
        return f" It belongs to the user {owner}; this is {pwd.getpwuid(os.geteuid()).pw_name}."
    except (ImportError, KeyError, OSError):
        return ""


def _nearest(place: Path) -> Path:
    """The file, or the folder nearest to it that there is."""
    return next(path for path in (place, *place.parents) if os.path.lexists(path))
