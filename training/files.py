"""The home and the files that a command writes: where it may not, that is said before the work, and in a sentence."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from publication.console import is_utf_8, not_utf_8
from training.errors import HomeError, UsageError

NO_LEAVE = (errno.EACCES, errno.EPERM)


def check_home(home: Path, *, writing: bool = True) -> None:
    """See whether this user may use the home, and write in it. Nothing is made yet where there is none.

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
    """See whether the file of an option can be written, before the work that makes its content: raises UsageError."""
    if file is None:
        return
    with output(option, file):
        if file.exists():
            file.open("ab").close()
        else:
            _try_writing(file.parent)


@contextmanager
def at_home(doing: str) -> Iterator[None]:
    """Turns every OSError of the block into a HomeError that says doing what."""
    try:
        yield
    except OSError as error:
        raise HomeError(
            f"{doing}: {reason(error)}.{_whose(error)} Make it writable, or make room there; or give another --home "
            "(HEADROOM_HOME)."
        ) from error


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
        raise UsageError(f"{option} {file}: {error.strerror or error}. Give one that can be written.") from error


def named(text: str) -> str:
    """Return a file's name that was read from a file in UTF-8, as this process names files: in a C locale, by bytes."""
    return os.fsdecode(text.encode("utf-8"))


def reason(error: OSError) -> str:
    """What the system said, and of which file."""
    said = error.strerror or str(error) or type(error).__name__
    return said if error.filename is None else f"{said}: {os.fsdecode(error.filename)}"


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
    """To whom the file belongs that this user may not use; nothing where that is not known, or not the trouble."""
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
