"""Versions fetched from the registry and kept at home, so that publishing goes on where MLflow is out of reach."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from publication.model import Champion
from training.files import at_home
from training.pipeline.state import State
from training.tracking.version import Version, read_version, read_whole

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
