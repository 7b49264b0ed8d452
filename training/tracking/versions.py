"""Registered versions as files, and the copies of them at home, with which publishing goes on without MLflow.

Files are JSON, Parquet and arrays: nothing is unpickled to read them. A version has the identity of the system that it
was trained on, since two hospitals may have the same name.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from pydantic import TypeAdapter

from publication.model import Champion, System
from training.backtest.evaluation import BacktestSummary
from training.files import at_home, write_atomically
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.state import READ_ERRORS, PipelineState, read_state
from training.system.model import SystemContext

IDENTITY_LEVEL_DAYS = 56  # before the end of training, whose counts are compared
FEWEST_VALUES = 7
SAME_SHARE = 0.5  # of the series that must be there, and at the same level, for a system to be the same
LEVEL_FACTOR = 1.5  # by which the median of the same days may differ after revisions
LEVEL_MARGIN = 5.0  # in counts
MOST_NAMED = 3
DESCRIPTION_FILE, STATE_FOLDER = "version.json", "state"


@dataclass(frozen=True)
class SystemIdentity:
    """The places, measures and sources of a system, and the median count of each series in the days to `last_day`."""

    places: tuple[str, ...]
    measures: tuple[str, ...]
    sources: tuple[str, ...]
    last_day: date
    levels: Mapping[str, float]


def identity_of(history: PointInTimeHistory, sources: Sequence[str], last_day: date) -> SystemIdentity:
    """Return the identity of the system as its history has it on a day; `sources` are their names."""
    system = history.system
    return SystemIdentity(
        places=tuple(place.id for place in system.places),
        measures=tuple(measure.name for measure in system.measures),
        sources=tuple(sources),
        last_day=last_day,
        levels=_levels(history, last_day),
    )


def difference(theirs: SystemIdentity, history: PointInTimeHistory, sources: Sequence[str]) -> str | None:
    """Return in words what shows that the identity is of another system than the history; None where it is the same.

    Places may be opened, closed and renamed, sources replaced and days revised: a system is another one where most of
    its series are not there, or most of those stand at another level on the same days, or nothing can be compared.
    """
    return next(_differences(theirs, history, sources), None)


def _differences(theirs: SystemIdentity, history: PointInTimeHistory, sources: Sequence[str]) -> Iterator[str]:
    absent = [i for i in theirs.levels if i not in history.latest]
    if len(absent) > (1 - SAME_SHARE) * len(theirs.levels):
        present = [str(i) for i in history.latest if i not in theirs.levels] or list(map(str, history.latest))
        yield f"it forecasts {_named(absent)}, which are not there; here there are {_named(present)}"
    ours = _levels(history, theirs.last_day)
    both = [i for i in theirs.levels if i in ours]
    other = [i for i in both if not _is_near(theirs.levels[i], ours[i])]
    if len(other) > (1 - SAME_SHARE) * len(both):
        first = other[0]
        yield (
            f"in the eight weeks to {theirs.last_day} {first} stood at {theirs.levels[first]:g} a day there, and at "
            f"{ours[first]:g} here, and so for {len(other)} of {len(both)} series"
        )
    if not both and not set(theirs.sources) & set(sources):
        yield (
            f"it has no day and no source in common with this one (there {_named(theirs.sources)}, here "
            f"{_named(sources)})"
        )


def _levels(history: PointInTimeHistory, last_day: date) -> dict[str, float]:
    """The median count of each series with enough values in the days up to the last."""
    last = pd.Timestamp(last_day)
    recent = history.latest.loc[last - pd.Timedelta(days=IDENTITY_LEVEL_DAYS - 1) : last]
    enough = recent.columns[recent.notna().sum() >= FEWEST_VALUES]
    return {str(i): float(level) for i, level in recent[enough].median().items()}


def _is_near(level: float, other: float) -> bool:
    low, high = sorted((level, other))
    return high <= low * LEVEL_FACTOR or high - low <= LEVEL_MARGIN


def _named(words: Sequence[str]) -> str:
    more = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


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
