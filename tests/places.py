"""Folders that a command may not use: of another user, on a read-only or a full disk."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NO_MOUNTS = "file systems cannot be mounted here"
PRIVILEGES = ("dac_override", "dac_read_search", "fowner", "chown")  # of root, to whom no permission is denied
CAPABILITY_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3 of capset(2)


class PlaceAbsentError(Exception):
    """A folder that the test needs cannot be made on this machine."""


def as_anyone() -> list[str]:
    """A prefix for a command that has it obey the permissions of files, also where we are root."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise PlaceAbsentError("root passes every permission, and there is no setpriv to run without that")
    return [setpriv, f"--bounding-set={','.join(f'-{name}' for name in PRIVILEGES)}", "--inh-caps=-all", "--"]


def obeying_permissions() -> Callable[[], None] | None:
    """Return a call after which a process obeys the permissions of files; None where it does so anyway."""
    if os.geteuid() != 0:
        return None
    if not hasattr(ctypes.CDLL(None), "capset"):
        raise PlaceAbsentError("root passes every permission, and there is no capset to give that up")
    return give_up_capabilities


def give_up_capabilities() -> None:
    """Take from this process, and from the threads it will start, all that root may do and others may not."""
    header, no_capabilities = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, no_capabilities):
        raise OSError(ctypes.get_errno(), "the capabilities of root cannot be given up")


@contextmanager
def closed(*places: Path, mode: int = 0) -> Iterator[None]:
    """The files and folders have this mode as long as the block runs."""
    before = [place.stat().st_mode for place in places]
    for place in places:
        place.chmod(mode)
    try:
        yield
    finally:
        for place, earlier in zip(places, before, strict=True):
            place.chmod(earlier)


@contextmanager
def read_only(content: Path, folder: Path) -> Iterator[Path]:
    """A folder with a copy of the content, on a file system that is read-only."""
    with _mounted(folder, "size=64m"):
        shutil.copytree(content, folder, dirs_exist_ok=True)
        _mount("-o", "remount,ro", str(folder))
        yield folder


@contextmanager
def full(content: Path, folder: Path, size: str = "64m") -> Iterator[Path]:
    """A folder with a copy of the content, on a disk that has no room left."""
    with _mounted(folder, f"size={size}"):
        shutil.copytree(content, folder, dirs_exist_ok=True)
        with (folder / "filling").open("wb", buffering=0) as filling:
            for length in (1 << 16, 1 << 12, 1):  # a last page is sometimes left when a longer write has failed
                with suppress(OSError):
                    while True:
                        filling.write(bytes(length))
        yield folder


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)


def _mount(*arguments: str) -> None:
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        raise PlaceAbsentError(NO_MOUNTS)
    ran = subprocess.run([mount, *arguments], check=False, capture_output=True, text=True)
    if ran.returncode:
        raise PlaceAbsentError(f"{NO_MOUNTS}: {ran.stderr.strip()}")
