"""Versions fetched from the registry and kept at home, so that publishing goes on where MLflow is out of reach."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from publication.model import Champion

CHAMPION = "champion.json"
KEPT = 3  # versions: the champion, the one before it, and a challenger


class Champions:
    """A folder of versions, each whole or not there; and which of them was the champion when last heard of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetched(self, champion: Champion, fetch: Callable[[Path], Path]) -> Path:
        """The version's folder, fetched where it is not here; `fetch` writes into a folder and says where.

        A version is known by its run too: a new registry counts its versions from one again.
        """
        place = self._folder / f"{champion.version}-{champion.run_id}"
        if not place.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self._folder, prefix=".fetching-") as temporary:
                fetch(Path(temporary)).replace(place)
        os.utime(place)
        return place

    def crown(self, champion: Champion) -> None:
        """Remember the champion, and forget the versions that were not asked for lately."""
        self._folder.mkdir(parents=True, exist_ok=True)
        written = self._folder / f".{CHAMPION}.{os.getpid()}"
        written.write_text(json.dumps(asdict(champion)), encoding="utf-8")
        written.replace(self._folder / CHAMPION)
        versions = sorted((p for p in self._folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        for old in versions[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def last(self) -> tuple[Champion, Path] | None:
        """The champion when last heard of and its folder, if both are here."""
        remembered = self._folder / CHAMPION
        if not remembered.exists():
            return None
        champion = Champion(**json.loads(remembered.read_text(encoding="utf-8")))
        place = self._folder / f"{champion.version}-{champion.run_id}"
        return (champion, place) if place.exists() else None
