"""The files of a source as their bytes: unpacked where they are compressed, without those that are no extracts."""

import bz2
import gzip
import io
import logging
import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from training.errors import HistoryError

logger = logging.getLogger(__name__)

GZIP_MAGIC, ZIP_MAGIC, BZIP2_MAGIC, XZ_MAGIC, ZSTANDARD_MAGIC = (
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
)
OPENERS: Mapping[bytes, Callable[[Path], BinaryIO]] = {
    GZIP_MAGIC: lambda path: cast(BinaryIO, gzip.GzipFile(path)),
    BZIP2_MAGIC: lambda path: cast(BinaryIO, bz2.BZ2File(path)),
    XZ_MAGIC: lambda path: cast(BinaryIO, lzma.LZMAFile(path)),  # noqa: SIM115  # closed by its reader
}
UNPACKING_ERRORS = (EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, gzip.BadGzipFile, NotImplementedError)
COMPRESSED_SUFFIXES = (".gz", ".bz2", ".xz")
CLUTTER = re.compile(r"~\$|\._|\.~lock\.|\.DS_Store$|Thumbs\.db$|desktop\.ini$", re.IGNORECASE)
UNFINISHED_SUFFIXES = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp")
OTHER_THAN_TABLES = "__MACOSX"
WORKBOOK_PARTS = ("[Content_Types].xml", "mimetype")
LONGEST_MAGIC = 8


@dataclass(frozen=True)
class Content:
    """The bytes of one file of a source, or of one `member` of a zip. `file` is its name in the archive."""

    path: Path
    file: str
    member: str | None = None

    @property
    def name(self) -> str:
        """Where it is, for a sentence."""
        return str(self.path) if self.member is None else f"{self.path} ({self.member})"

    @property
    def suffix(self) -> str:
        """The last part of its name, in lower case, without that of the compression."""
        name = PurePath(self.member or self.path.name)
        suffix = name.suffix.lower()
        return PurePath(name.stem).suffix.lower() if suffix in COMPRESSED_SUFFIXES else suffix

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Yield the bytes, unpacked. Raises HistoryError where they cannot be unpacked."""
        try:
            with self._unpacked() as content:
                yield content
        except UNPACKING_ERRORS as error:
            raise HistoryError(
                f"Reading {self.name}: it cannot be unpacked ({str(error).rstrip('.')}). Send the extract again."
            ) from error

    @contextmanager
    def seekable(self) -> Iterator[BinaryIO]:
        """Yield the bytes so that a reader can go back in them."""
        with self.open() as content:
            yield content if content.seekable() and self.member is None else io.BytesIO(content.read())

    def _unpacked(self) -> BinaryIO:
        if self.member is not None:
            with zipfile.ZipFile(self.path) as packed:
                try:
                    return cast(BinaryIO, packed.open(self.member))
                except RuntimeError as error:  # zipfile's: a password
                    raise zipfile.BadZipFile(str(error)) from error
        magic = _magic(self.path)
        if magic.startswith(ZSTANDARD_MAGIC):
            raise HistoryError(
                f"Reading {self.path}: it is compressed by Zstandard. Compress it by gzip or not at all."
            )
        opener = next((OPENERS[known] for known in OPENERS if magic.startswith(known)), None)
        return self.path.open("rb") if opener is None else opener(self.path)


def contents_of(path: Path, file: str) -> Iterator[Content]:
    """Yield the file, or each file in it where it is a zip that is no workbook.

    Raises HistoryError where the zip cannot be read or has no file.
    """
    if not _magic(path).startswith(ZIP_MAGIC):
        yield Content(path, file)
        return
    try:
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, NotImplementedError):
        yield Content(path, file)  # its reader says what is wrong with it
        return
    if any(part in names for part in WORKBOOK_PARTS):
        yield Content(path, file)
        return
    members = [name for name in sorted(names) if _is_table(name)]
    if not members:
        raise HistoryError(f"Reading {path}: there is no file in it. Send the extract again.")
    for member in members:
        yield Content(path, f"{file}/{member}", member)


def usable(files: list[Path]) -> list[Path]:
    """Return the files without what programs leave next to them, and without those that are still being written.

    Each that is skipped is a line of the log.
    """
    return [file for file in files if not _is_skipped(file)]


def _is_skipped(file: Path) -> bool:
    if is_clutter(file.name):
        logger.warning("Skipped %s: a program leaves such files next to others; it is no extract.", file)
        return True
    if file.suffix.lower() in UNFINISHED_SUFFIXES or is_being_written(file):
        logger.warning("Skipped %s: it is still being written. It is read by the next ingest.", file)
        return True
    return False


def is_clutter(name: str) -> bool:
    """Return whether a file of this name is one that programs leave next to others, such as Excel's `~$x.xlsx`."""
    return CLUTTER.match(name) is not None


def is_being_written(file: Path) -> bool:
    """Return whether a process of this machine has the file open for writing, as far as the system tells.

    A read lease is granted by Linux only while nobody does. Network drives and other systems grant none, nor say why.
    """
    try:
        import fcntl
    except ImportError:
        return False
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        with file.open("rb") as opened:
            fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def state_of(file: Path) -> tuple[int, int]:
    """Return the size and the instant of the last change of a file: another pair means that it was written to."""
    found = file.stat()
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else (0, 0)


def _is_table(member: str) -> bool:
    path = PurePath(member)
    return not member.endswith("/") and OTHER_THAN_TABLES not in path.parts and not is_clutter(path.name)


def _magic(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(LONGEST_MAGIC)
