"""The parts of a backup, put into the place of those of a home, which are moved aside and never deleted.

What is referred to is placed before what refers to it: the history and the files of versions, then MLflow's database,
then publications and keys. Whenever it stops, what is in place refers only to what is there.
"""

import filecmp
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from publication.database import sqlite_file
from publication.errors import StoreUnreachableError
from publication.store import Store
from training.backup.copies import FOLDER_MODE, SQLITE_SUFFIXES, copy_file
from training.backup.manifest import ARTIFACTS, CHAMPIONS, HISTORY, KEYS_FILE, MLFLOW_FILE, STORE_FILE
from training.backup.tables import has_keys, has_publications, replace_keys, replace_rows
from training.backup.writing import copy_keys, copy_store
from training.errors import DamagedStoreError
from training.files import sync, write_atomically
from training.settings import Settings


@dataclass(frozen=True)
class Target:
    """The home of a system that a backup is restored to; `aside` gets what it replaces."""

    settings: Settings
    system: str
    aside: Path

    @property
    def history(self) -> Path:
        return self.settings.archive / self.system

    @property
    def champions(self) -> Path:
        return self.settings.champions / self.system


def occupied(target: Target) -> list[str]:
    """Return what the target already has, in words."""
    settings, mlflow = target.settings, sqlite_file(target.settings.tracking_uri)
    found = {
        "history": any(target.history.glob("*.parquet")),
        "publications": _has_content(settings.store_url, has_publications),
        "keys": _has_content(settings.keys_url, has_keys),
        "champions": target.champions.exists(),
        "MLflow's database": mlflow is not None and mlflow.exists(),
    }
    return [name for name, is_there in found.items() if is_there]


def place(staged: Path, target: Target) -> None:
    """Put every part that is staged into its place. Raises OSError, StoreUnreachableError."""
    settings = target.settings
    _place_batches(staged / HISTORY / target.system, target)
    _place_folder(staged / ARTIFACTS, settings.artifacts, target.aside / ARTIFACTS)
    mlflow = sqlite_file(settings.tracking_uri)
    if mlflow is not None:
        _place_database(staged / MLFLOW_FILE, mlflow, target.aside / MLFLOW_FILE)
    _place_folder(staged / CHAMPIONS / target.system, target.champions, target.aside / CHAMPIONS / target.system)
    _move_aside(settings.states / target.system, target.aside / "states" / target.system)  # of the history of before
    _place_publications(staged / STORE_FILE, target)
    _place_keys(staged / KEYS_FILE, target)


def _has_content(url: str, look: Callable[[str], bool]) -> bool:
    """Return whether a database has content. A SQLite file that cannot be read has: what it is must not be lost."""
    file = sqlite_file(url)
    if file is None:
        return look(url)
    try:
        return file.exists() and look(url)
    except StoreUnreachableError:
        return True


def _place_batches(staged: Path, target: Target) -> None:
    """Replace the batches one by one: the lock of the folder, which this process holds, is a file among them."""
    wanted = {file.name: file for file in staged.glob("*.parquet")}
    for batch in target.history.glob("*.parquet") if wanted else ():
        if batch.name in wanted and filecmp.cmp(batch, wanted[batch.name], shallow=False):
            del wanted[batch.name]
        else:
            _move_aside(batch, target.aside / HISTORY / target.system / batch.name)
    for name, file in wanted.items():
        shutil.move(file, target.history / name)
    if wanted:
        sync(target.history)


def _place_folder(staged: Path, folder: Path, aside: Path) -> None:
    if staged.exists():
        _move_aside(folder, aside)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(staged, folder)
        sync(folder.parent)


def _place_database(staged: Path, file: Path, aside: Path) -> None:
    if staged.exists():
        _move_database_aside(file, aside)
        with write_atomically(file) as unfinished:
            copy_file(staged, unfinished)


def _place_publications(staged: Path, target: Target) -> None:
    if not staged.exists():
        return
    url = target.settings.store_url
    _make_ready(url, target.aside / STORE_FILE, has_publications, copy_store)
    with closing(Store(url)) as store:
        store.migrate(partial(replace_rows, file=staged))


def _place_keys(staged: Path, target: Target) -> None:
    if not staged.exists():
        return
    url = target.settings.keys_url
    _make_ready(url, target.aside / KEYS_FILE, has_keys, copy_keys)
    replace_keys(url, staged)


def _make_ready(url: str, aside: Path, look: Callable[[str], bool], copy: Callable[[str, Path], object]) -> None:
    """Copy the content of a database aside, if it has any, and make the folder of one that is a file."""
    if _has_content(url, look):
        _copy_aside(url, aside, copy)
    file = sqlite_file(url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)


def _copy_aside(url: str, aside: Path, copy: Callable[[str, Path], object]) -> None:
    """Copy a database aside, whose rows are replaced in one transaction; move a SQLite file aside if it is damaged."""
    _make_private(aside.parent)
    try:
        with write_atomically(aside) as unfinished:
            copy(url, unfinished)
    except DamagedStoreError:
        _move_database_aside(sqlite_file(url) or aside, aside)


def _move_database_aside(file: Path, aside: Path) -> None:
    for suffix in SQLITE_SUFFIXES:
        _move_aside(file.with_name(file.name + suffix), aside.with_name(aside.name + suffix))


def _move_aside(path: Path, aside: Path) -> None:
    if path.exists():
        _make_private(aside.parent)
        shutil.move(path, aside)


def _make_private(folder: Path) -> None:
    """Make a folder, and those above it that are absent, which this user alone can read: keys may be in it."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=FOLDER_MODE)
