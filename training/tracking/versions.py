"""Registered versions as files, and the copies of them at home, with which publishing goes on without MLflow.

Files are JSON, Parquet and arrays: nothing is unpickled to read them.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter

from publication.model import Champion, System
from training.backtest.evaluation import BacktestSummary
from training.files import at_home, write_atomically
from training.history.identity import SystemIdentity
from training.pipeline.state import READ_ERRORS, PipelineState, read_state
from training.system.model import SystemContext

DESCRIPTION_FILE, STATE_FOLDER = "version.json", "state"


@dataclass(frozen=True)
class Version:
    """A version without its state; `champion_summary` is of the version `compared_with`, if there was a champion."""

    system: System
    identity: SystemIdentity
    context: SystemContext
    recipe: Mapping[str, str]
    trained_to: date
    data_digest: str
    code_version: str
    summary: BacktestSummary
    champion_summary: BacktestSummary | None = None
    compared_with: int | None = None


DESCRIPTION = TypeAdapter(Version)


def write_version(version: Version, state: PipelineState, folder: Path) -> None:
    """Write the version into a folder, which is made."""
    folder.mkdir(parents=True)
    (folder / DESCRIPTION_FILE).write_bytes(DESCRIPTION.dump_json(version, indent=1))
    state.write(folder / STATE_FOLDER)


def read_version(folder: Path) -> Version:
    """Return the version of a folder. Raises ValueError where it is of another release."""
    return DESCRIPTION.validate_json((folder / DESCRIPTION_FILE).read_bytes())


def read_complete(folder: Path) -> tuple[Version, PipelineState]:
    """Return the version and state of a folder: enough to forecast with."""
    return read_version(folder), read_state(folder / STATE_FOLDER)


CHAMPION_FILE = "champion.json"
VERSIONS_CACHED = 3  # the champion, the one before it, and a challenger


@dataclass(frozen=True)
class LoadedModel:
    """A version with its state: all that it publishes with."""

    champion: Champion
    version: Version
    state: PipelineState


class ModelCache:
    """A folder of versions, each complete or absent, and the name of the last known champion."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, champion: Champion, download: Callable[[Path], Path], again: bool = False) -> Path:
        """Return the version's folder, downloaded where it is absent (or `again`).

        `download` writes into a folder and returns the path of the version. A version is known by its run too: a new
        registry counts its versions from one again.
        """
        doing, place = f"Fetching version {champion.version} of {champion.name}", self._folder_of(champion)
        with at_home(doing):
            if place.exists() and not again:
                with suppress(PermissionError):  # of another user who shares the home
                    os.utime(place)
                return place
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = TemporaryDirectory(dir=self._folder, prefix=".fetching-")
        with temporary as folder:
            found = download(Path(folder))
            with at_home(doing):
                self.remove(champion)  # not before: a damaged copy may be all that is left
                found.replace(place)
                os.utime(place)
        return place

    def read(self, champion: Champion, folder: Path) -> LoadedModel:
        """Return the version of a folder. Raises one of `READ_ERRORS`, or HomeError where permission is missing."""
        try:
            return LoadedModel(champion, *read_complete(folder))
        except PermissionError:
            with at_home(f"Reading version {champion.version} of {champion.name}"):
                raise

    def description(self, champion: Champion) -> Version | None:
        """Return the version without its state; None where it is absent or damaged."""
        try:
            return read_version(self._folder_of(champion))
        except READ_ERRORS:
            return None

    def remove(self, champion: Champion) -> None:
        """Delete the version's folder."""
        shutil.rmtree(self._folder_of(champion), ignore_errors=True)

    def set_champion(self, champion: Champion) -> None:
        """Record the champion, and delete the versions that were used least lately."""
        with at_home(f"Recording version {champion.version} of {champion.name} as the champion"):
            with write_atomically(self._folder / CHAMPION_FILE) as written:
                written.write_text(json.dumps(asdict(champion)), encoding="utf-8")
            versions = sorted((p for p in self._folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        for old in versions[:-VERSIONS_CACHED]:
            shutil.rmtree(old, ignore_errors=True)

    def last_champion(self) -> LoadedModel | None:
        """Return the last known champion, if its files are here and complete."""
        try:
            champion = Champion(**json.loads((self._folder / CHAMPION_FILE).read_text(encoding="utf-8")))
            return self.read(champion, self._folder_of(champion))
        except READ_ERRORS:
            return None

    def _folder_of(self, champion: Champion) -> Path:
        return self._folder / f"{champion.version}-{champion.run_id}"
