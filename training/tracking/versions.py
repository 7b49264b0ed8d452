"""Registered versions as files, and the copies of them at home, with which publishing goes on without MLflow.

Files are JSON, Parquet and arrays: nothing is unpickled to read them.
"""

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter

from publication.model import Champion, System
from training.backtest.evaluation import BacktestSummary
from training.files import at_home
from training.history.identity import SystemIdentity
from training.pipeline.state import State, read_state
from training.system import SystemContext

DESCRIPTION, STATE = "version.json", "state"


@dataclass(frozen=True)
class Version:
    """All of a version but its state; `champion_record` is of the version `compared_with`, if there was a champion."""

    system: System
    identity: SystemIdentity
    context: SystemContext
    recipe: Mapping[str, str]
    trained_to: date
    data_digest: str
    code_version: str
    record: BacktestSummary
    champion_record: BacktestSummary | None = None
    compared_with: int | None = None


JSON = TypeAdapter(Version)


def write(version: Version, state: State, folder: Path) -> None:
    """Into a folder, which is made."""
    folder.mkdir(parents=True)
    (folder / DESCRIPTION).write_bytes(JSON.dump_json(version, indent=1))
    state.write(folder / STATE)


def read_version(folder: Path) -> Version:
    """What was written, but for the state. Raises ValueError where it is of another release."""
    return JSON.validate_json((folder / DESCRIPTION).read_bytes())


def read_whole(folder: Path) -> tuple[Version, State]:
    """What was written: enough to forecast with."""
    return read_version(folder), read_state(folder / STATE)


CHAMPION = "champion.json"
DAMAGED = (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile)  # raised by reading what is not whole
KEPT = 3  # versions: the champion, the one before it, and a challenger


@dataclass(frozen=True)
class LoadedModel:
    """A version with all that it publishes with."""

    champion: Champion
    version: Version
    state: State


class ModelCache:
    """A folder of versions, each whole or not there; and which of them was the champion when last heard of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetched(self, champion: Champion, fetch: Callable[[Path], Path], anew: bool = False) -> Path:
        """The version's folder, fetched where it is not here (or `anew`); `fetch` writes into a folder and says where.

        A version is known by its run too: a new registry counts its versions from one again.
        """
        doing, place = f"Fetching version {champion.version} of {champion.name}", self._place(champion)
        with at_home(doing):
            if place.exists() and not anew:
                with suppress(PermissionError):  # of another user who shares the home
                    os.utime(place)
                return place
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = TemporaryDirectory(dir=self._folder, prefix=".fetching-")
        with temporary as folder:
            found = fetch(Path(folder))
            with at_home(doing):
                self.forget(champion)  # not before: what is damaged may be all that is left
                found.replace(place)
                os.utime(place)
        return place

    def read(self, champion: Champion, folder: Path) -> LoadedModel:
        """The version in its folder. Raises one of `DAMAGED` where it is not whole, HomeError where we may not read."""
        try:
            return LoadedModel(champion, *read_whole(folder))
        except PermissionError:
            with at_home(f"Reading version {champion.version} of {champion.name}"):
                raise

    def description(self, champion: Champion) -> Version | None:
        """What the version is, but for its state; None where it is not here, or damaged."""
        try:
            return read_version(self._place(champion))
        except DAMAGED:
            return None

    def forget(self, champion: Champion) -> None:
        """Throw the version's folder away."""
        shutil.rmtree(self._place(champion), ignore_errors=True)

    def set_champion(self, champion: Champion) -> None:
        """Remember the champion, and forget the versions that were not asked for lately."""
        with at_home(f"Remembering version {champion.version} of {champion.name} as the champion"):
            self._folder.mkdir(parents=True, exist_ok=True)
            written = self._folder / f".{CHAMPION}.{os.getpid()}"
            written.write_text(json.dumps(asdict(champion)), encoding="utf-8")
            written.replace(self._folder / CHAMPION)
            versions = sorted((p for p in self._folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        for old in versions[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def last(self) -> LoadedModel | None:
        """The champion when last heard of, if it and its files are here and whole."""
        try:
            champion = Champion(**json.loads((self._folder / CHAMPION).read_text(encoding="utf-8")))
            return self.read(champion, self._place(champion))
        except DAMAGED:
            return None

    def _place(self, champion: Champion) -> Path:
        return self._folder / f"{champion.version}-{champion.run_id}"
